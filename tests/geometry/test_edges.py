import numpy as np
import pytest
import shapely

from detector.airspace.zones import Zone
from detector.geometry.edges import Edges
from tests.geometry.shapes import DUPLICATES, FIJI, HOLE, NORTH_CAP, ZOO, Compiled, drawn, parts, ring, segments
from tests.zoo import box

GEODESIC = parts([ring((0, 40), (40, 45), (35, 65), (-5, 60))], geodesic=True)  # lines of 3,000 km
DENSE = {name: zone for name, zone in ZOO.items() if name != "MANY"} | {
    "GEODESIC": GEODESIC,
    "GEODESIC_FIJI": parts(FIJI.polygons[0], geodesic=True),
    "WORLD_WIDE": parts([box(-80, -60, 80, 60)]),
    "BEYOND": parts([box(20, 54, 21, 55)], [box(150, -40, 151, -39)]),  # most of the way to the antipode
}


@pytest.mark.parametrize("name", DENSE)
def test_no_chord_is_far_from_the_line_as_drawn(name: str) -> None:
    zone = DENSE[name]
    compiled = Compiled([zone])
    x, y = compiled.theatre.project(*drawn(zone, 20_000 // sum(len(r) for p in zone.polygons for r in p)))
    _, off_m = shapely.STRtree(segments(compiled.edges)).query_nearest(
        shapely.points(x, y), return_distance=True, all_matches=False
    )
    assert off_m.max() < 0.3


def test_geodesics_are_not_straight_in_degrees() -> None:
    rings = GEODESIC.polygons[0]
    straight, curved = Compiled([parts(rings)]), Compiled([GEODESIC])
    place = [20.0], [43.5]  # north of the straight line's 42.5, south of the geodesic's 45
    assert straight.inside(*place) == {(0, 0)}
    assert curved.inside(*place) == set()


@pytest.mark.parametrize("name", DENSE)
def test_rings_are_closed_chains_without_pieces_of_no_length(name: str) -> None:
    edges = Compiled([DENSE[name]]).edges
    a, b = np.column_stack([edges.ax_m, edges.ay_m]), np.column_stack([edges.bx_m, edges.by_m])
    assert (a != b).any(axis=1).all()
    for number in np.unique(edges.ring):
        of = edges.ring == number
        assert np.allclose(b[of], np.roll(a[of], -1, axis=0), atol=1e-6)


def test_zones_and_rings_are_counted_through() -> None:
    edges = Compiled([HOLE, FIJI]).edges
    assert sorted(set(zip(edges.zone.tolist(), edges.ring.tolist(), strict=True))) == [(0, 0), (0, 1), (1, 2), (1, 3)]


def test_duplicate_vertices_change_nothing() -> None:
    plain: Zone = parts([box(20, 50, 21, 51)])
    one, two = Compiled([plain]), Compiled([DUPLICATES])
    assert np.allclose(one.edges.ax_m, Edges.of([DUPLICATES], one.theatre).ax_m)
    assert len(one.edges) == len(two.edges)


def test_pole_is_one_point() -> None:
    """The line along 90 N has no length; the seam runs to the pole and back, twice the same."""
    compiled = Compiled([NORTH_CAP])
    x, y = compiled.theatre.project(np.array([0.0]), np.array([90.0]))
    at_pole = np.hypot(compiled.edges.ax_m - x, compiled.edges.ay_m - y) < 1e-6
    assert at_pole.sum() == 1


def test_earth_centred_ends_are_those_of_the_plane() -> None:
    compiled = Compiled([HOLE])
    edges, theatre = compiled.edges, compiled.theatre
    lon, lat = theatre.unproject(edges.ax_m, edges.ay_m)
    from detector.geometry.projection import earth_centred

    assert np.abs(earth_centred(lon, lat) - edges.a_m).max() < 1e-3
