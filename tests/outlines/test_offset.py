"""Offsets against distances by geodesic to boundaries drawn as dense points; shapely says what is inside of these."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from detector.airspace.zones import Zone
from detector.outlines.offset import strip
from tests.geometry.shapes import Compiled, parts
from tests.geometry.shapes import ring as ring_of
from tests.zoo import GEOD, box

NM = 1852.0
SPACING_M = 200.0
BAND_M = 15.0  # where a point this close to the strip's edge lies is not asked


def around(lon: float, lat: float, *places_km: tuple[float, float]) -> np.ndarray:
    """Return a ring of places so far east and north of a middle."""
    east, north = np.array([*places_km, places_km[0]]).T * 1000.0
    lons, lats, _ = GEOD.fwd(
        np.full(len(east), lon), np.full(len(east), lat), np.degrees(np.arctan2(east, north)), np.hypot(east, north)
    )
    return np.column_stack([lon + (lons - lon + 180) % 360 - 180, lats])


def square(lon: float, lat: float, half_km: float, east_km: float = 0.0) -> np.ndarray:
    e, h = east_km, half_km
    return around(lon, lat, (e - h, -h), (e + h, -h), (e + h, h), (e - h, h))


BAY = [(-60, -40), (60, -40), (60, 40), (12, 40), (12, -20), (-12, -20), (-12, 40), (-60, 40)]
"""A bay 24 km wide and 60 km deep."""

SHAPES = {
    "square at 55 N": [[square(20, 55, 60)]],
    "square at 70 N": [[square(20, 70, 60)]],
    "on the equator": [[square(20, 0, 60)]],
    "across the antimeridian": [[square(180, 66, 60)]],
    "around the pole": [[square(0, 89.9, 60)]],
    "with a hole": [[square(20, 55, 90), square(20, 55, 40)[::-1]]],
    "with an enclave given as a shell": [[square(20, 55, 90)], [square(20, 55, 40)]],
    "an island in a lake, shells alone": [[square(20, 55, 20)], [square(20, 55, 90)], [square(20, 55, 50)]],
    "islands": [[square(20, 55, 30)], [square(20, 55, 30, east_km=75)], [square(20, 55, 5, east_km=-60)]],
    "a bay": [[around(20, 55, *BAY)]],
    "a triangle": [[around(20, 55, (-50, -20), (60, -30), (10, 70))]],
}


def dense(shapes: list[list[np.ndarray]]) -> np.ndarray:
    """Return points along straight lines in degrees, (N, 2)."""
    points = []
    for ring in (ring for part in shapes for ring in part):
        _, _, length_m = GEOD.inv(*ring[:-1].T, *ring[1:].T)
        for start, end, metres in zip(ring[:-1], ring[1:], length_m, strict=True):
            share = np.arange(0, 1, SPACING_M / max(metres, SPACING_M))[:, None]
            points.append(start + share * (end - start))
    return np.concatenate(points)


def distance_m(places: np.ndarray, boundary: np.ndarray) -> np.ndarray:
    """Return the least distance of places (P, 2) to points (N, 2), and the error of their spacing at most."""
    least = []
    for lon, lat in places:
        near = np.full(len(boundary), lon), np.full(len(boundary), lat)
        least.append(GEOD.inv(*near, *boundary.T)[2].min())
    return np.array(least)


def within(places: np.ndarray, shapes: list[list[np.ndarray]], lon: float) -> np.ndarray:
    """Tell which places are in shapes by the even-odd rule, all taken to the longitudes around a middle."""
    turned = np.column_stack([lon + (places[:, 0] - lon + 180) % 360 - 180, places[:, 1]])
    inside = np.zeros(len(places), dtype=bool)
    for ring in (ring for part in shapes for ring in part):
        closed = np.column_stack([lon + (ring[:, 0] - lon + 180) % 360 - 180, ring[:, 1]])
        inside ^= shapely.contains_xy(shapely.Polygon(closed), *turned.T)
    return inside


@pytest.mark.parametrize(("outside_m", "inside_m", "filled"), [
    (10 * NM, 0.0, False), (0.0, 6 * NM, False), (20 * NM, 3 * NM, False), (100 * NM, 0.0, False), (12 * NM, 0.0, True),
])  # fmt: skip
@pytest.mark.parametrize("name", [name for name in SHAPES if "pole" not in name])
def test_the_strip_is_where_the_distance_says(name, outside_m, inside_m, filled):
    shapes = SHAPES[name]
    zone = Zone("z", tuple(map(tuple, shapes)), "z")
    strips = strip([zone], outside_m, inside_m, filled=filled)
    boundary, middle = dense(shapes), shapes[0][0][0, 0]
    rng = np.random.default_rng(3)
    span_m = outside_m + 150_000.0
    azimuth, far = rng.uniform(0, 360, 120), span_m * np.sqrt(rng.uniform(0, 1, 120))
    centre = np.tile(shapes[0][0][:-1].mean(axis=0), (120, 1))
    lons, lats, _ = GEOD.fwd(*centre.T, azimuth, far)
    places = np.column_stack([lons, lats])
    off_m = distance_m(places, boundary)
    inside = within(places, shapes, middle)
    wanted = np.where(inside, filled | (off_m <= inside_m), off_m <= outside_m)
    asked = np.all([np.abs(off_m - edge_m) > BAND_M for edge_m in (outside_m, inside_m, 0.0)], axis=0)
    found = within(places, [list(part) for part in strips], middle)
    assert (found == wanted)[asked].all()
    assert wanted[asked].any()


@pytest.mark.parametrize("name", SHAPES)
def test_its_vertices_and_the_middles_of_its_lines_are_at_the_distance(name):
    shapes = SHAPES[name]
    zone = Zone("z", tuple(map(tuple, shapes)), "z", geodesic="pole" in name)
    boundary = np.concatenate([finely(ring) for part in shapes for ring in part]) if zone.geodesic else dense(shapes)
    rings = [ring for part in strip([zone], 40 * NM, 2 * NM, filled=False) for ring in part]
    a, b = np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])
    azimuth, _, length_m = GEOD.inv(*a.T, *b.T)
    middles = np.column_stack(GEOD.fwd(*a.T, azimuth, length_m / 2)[:2])
    some = np.random.default_rng(1).permutation(len(a))[:100]
    for places, most_m in ((a[some], 3.0), (middles[some], 6.0)):
        off_m = distance_m(places, boundary)
        assert np.minimum(np.abs(off_m - 40 * NM), np.abs(off_m - 2 * NM)).max() < most_m


def finely(ring: np.ndarray) -> np.ndarray:
    """Return points along the geodesics of a ring."""
    ways = [GEOD.npts(*a, *b, 800) for a, b in itertools.pairwise(ring)]
    return np.concatenate([ring[:-1], *ways])


def test_of_a_union_only_the_outer_boundary_counts():
    west, east = Zone("w", ((box(19, 54, 20, 55),),), "w"), Zone("e", ((box(20, 54, 21, 55),),), "e")
    strips = strip([west, east], 0.0, 5 * NM, filled=False)
    places = np.array([[20.0, 54.5], [19.05, 54.5], [20.95, 54.5], [20.0, 54.05]])
    assert within(places, [list(part) for part in strips], 20.0).tolist() == [False, True, True, True]


SLANTING = ring_of((12, 50.3), (16, 50), (16, 54), (13, 54.1), (12.4, 51.82))  # the last on the line between others
ACROSS = [
    ([ring_of((10, 50), (12, 50.3), (13, 54.1), (10, 54))], [SLANTING], (12.4, 51.82)),
    ([box(170, 60, 180, 70)], [ring_of((-180, 60), (-170, 60), (-170, 70), (-180, 70), (-180, 66.13))], (180, 66.13)),
    ([box(10, 50, 12, 54)], [ring_of((12, 50), (14, 50), (14, 54), (12, 54), (12, 51.37))], (12, 51.37)),
]


@pytest.mark.parametrize(("one", "other", "vertex"), ACROSS)
@pytest.mark.parametrize("apart", [False, True])
def test_a_border_that_one_side_has_a_vertex_more_on_is_none_within(one, other, vertex, apart):
    shapes = [parts(one), parts(other)] if apart else [parts(one, other)]
    belt = parts(*strip(shapes, 0.0, 5 * NM, filled=False), geodesic=True)
    east_deg, north_deg = np.random.default_rng(2).uniform(-0.3, 0.3, (2, 2000))
    assert Compiled([belt]).inside(vertex[0] + east_deg, vertex[1] + north_deg) == set()


def test_a_gap_of_metres_stays():
    one, other = box(10, 50, 12, 54), box(12 + 3.0 / 71_500, 50, 14, 54)  # a degree there is 65 to 72 km
    belt = parts(*strip([parts([one], [other])], 0.0, 5 * NM, filled=False), geodesic=True)
    assert len(Compiled([belt]).inside([11.99, 12.01], [52.5, 50.7])) == 2


def test_parts_that_overlap_are_one():
    whole, both = parts([box(10, 50, 13, 52)]), parts([box(10, 50, 12, 52)], [box(11, 50, 13, 52)])
    one, other = (
        shapely.MultiPolygon([(r[0], r[1:]) for r in strip([z], 9e3, 9e3, filled=False)]) for z in (whole, both)
    )
    assert one.symmetric_difference(other).area < 1e-4 * one.area


def test_what_is_narrower_than_the_strip_is_all_strip():
    zone = Zone("z", ((square(20, 55, 5),),), "z")
    ((shell, *holes),) = strip([zone], 0.0, 10 * NM, filled=False)
    assert not holes
    assert abs(GEOD.polygon_area_perimeter(*shell.T)[0]) == pytest.approx(1e8, rel=1e-3)
