import functools
import gzip
import json
from collections.abc import Sequence

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from detector.airspace.zones import Zone
from detector.geometry.chains import Chains
from detector.geometry.edges import Edges
from detector.geometry.index import HAIR_X_M, HAIR_Y_M, CellIndex
from detector.geometry.quadtree import Square, grow
from tests.geometry.shapes import (
    FIJI,
    HOLE,
    MARITIME,
    NORTH_CAP,
    SLIVER,
    SOUTH_CAP,
    WIDE,
    ZOO,
    Compiled,
    even_odd_in_degrees,
    even_odd_in_plane,
    flat,
    pairs,
    parts,
    ring,
    segments,
    star,
    states,
    swept,
)
from tests.shared import REPO, data_file
from tests.zoo import box

EDGE_M = 1.0
STARS = Compiled([star(seed, zone_id=str(seed)) for seed in range(12)])


@functools.cache
def of_zoo(name: str) -> Compiled:
    return Compiled([ZOO[name]])


def random_points(edges: Edges, count: int, seed: int, room: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Points of the box around edges and a little more."""
    rng = np.random.default_rng(seed)
    low_x, high_x, low_y, high_y = edges.ax_m.min(), edges.ax_m.max(), edges.ay_m.min(), edges.ay_m.max()
    room_x, room_y = room * (high_x - low_x), room * (high_y - low_y)
    return (
        rng.uniform(low_x - room_x, high_x + room_x, count),
        rng.uniform(low_y - room_y, high_y + room_y, count),
    )


def crossed_by_shapely(edges: Edges, x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray) -> list:
    """Every (path, zone) as often as the path meets an edge of the zone."""
    paths = shapely.linestrings(np.stack([x0, y0, x1, y1], axis=1).reshape(-1, 2, 2))
    path, edge = shapely.STRtree(segments(edges)).query(paths, predicate="intersects")
    return sorted(zip(path.tolist(), edges.zone[edge].tolist(), strict=True))


def agrees_in_plane(compiled: Compiled, count: int, seed: int) -> None:
    x, y = random_points(compiled.edges, count, seed)
    found = pairs(*compiled.index.inside(x, y))
    for zone in np.unique(compiled.edges.zone).tolist():
        expected = set(np.flatnonzero(even_odd_in_plane(compiled.edges, zone, x, y)).tolist())
        assert {p for p, z in found if z == zone} == expected


def parity_holds(
    index: CellIndex, n_zones: int, x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray
) -> None:
    before, after = np.zeros((2, len(x0), n_zones), dtype=bool)
    before[index.inside(x0, y0)] = True
    after[index.inside(x1, y1)] = True
    path, zone, _ = swept(index, x0, y0, x1, y1)
    crossings = np.zeros((len(x0), n_zones), dtype=int)
    np.add.at(crossings, (path, zone), 1)
    assert np.array_equal(after, before ^ (crossings % 2 == 1))


# --- shapely, on the very same edges ----------------------------------------------------------------------------------


def test_stars_inside_as_shapely() -> None:
    agrees_in_plane(STARS, 20_000, seed=1)


@pytest.mark.parametrize("reach_m", [10.0, 7_500.0, 400_000.0])
def test_stars_crossed_as_shapely(reach_m: float) -> None:
    x0, y0 = random_points(STARS.edges, 2_000, seed=2, room=0.5)
    course = np.random.default_rng(3).uniform(0, 2 * np.pi, len(x0))
    x1, y1 = x0 + reach_m * np.sin(course), y0 + reach_m * np.cos(course)
    path, zone, at = swept(STARS.index, x0, y0, x1, y1)
    assert list(zip(path.tolist(), zone.tolist(), strict=True)) == crossed_by_shapely(STARS.edges, x0, y0, x1, y1)
    x, y = x0 + HAIR_X_M, y0 + HAIR_Y_M
    points = shapely.points(x[path] + at * (x1 - x0)[path], y[path] + at * (y1 - y0)[path])
    _, off_m = shapely.STRtree(segments(STARS.edges)).query_nearest(points, return_distance=True, all_matches=False)
    assert (off_m < 1e-6).all()
    assert (np.diff(at)[(np.diff(path) == 0) & (np.diff(zone) == 0)] >= 0).all()


def test_reach_of_crossings_is_not_empty() -> None:
    x0, y0 = random_points(STARS.edges, 2_000, seed=2)
    assert len(swept(STARS.index, x0, y0, x0 + 7_500, y0)[0]) > 200


@pytest.mark.parametrize("name", ZOO)
def test_zoo_inside_and_crossed_as_shapely(name: str) -> None:
    compiled = of_zoo(name)
    agrees_in_plane(compiled, 2_000, seed=4)
    x0, y0 = random_points(compiled.edges, 300, seed=5)
    x1, y1 = random_points(compiled.edges, 300, seed=6)
    path, zone, _ = swept(compiled.index, x0, y0, x1, y1)
    assert list(zip(path.tolist(), zone.tolist(), strict=True)) == crossed_by_shapely(compiled.edges, x0, y0, x1, y1)


# --- shapely, in degrees ----------------------------------------------------------------------------------------------


def agrees_in_degrees(compiled: Compiled, zones: Sequence[Zone], lon: np.ndarray, lat: np.ndarray) -> int:
    """Compare all points more than EDGE_M off any piece; return how many pairs are inside."""
    x, y = compiled.theatre.project(lon, lat)
    near, _ = shapely.STRtree(segments(compiled.edges)).query(
        shapely.points(x, y), predicate="dwithin", distance=EDGE_M
    )
    lon, lat = np.delete(lon, near), np.delete(lat, near)
    found = compiled.inside(lon, lat)
    for number, zone in enumerate(zones):
        expected = set(np.flatnonzero(even_odd_in_degrees(zone, lon, lat)).tolist())
        assert {point for point, z in found if z == number} == expected
    return len(found)


def around(zone: Zone, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of the box around a zone, half of them within about 10 m of its lines."""
    rng = np.random.default_rng(seed)
    points = np.concatenate([r for polygon in zone.polygons for r in polygon])
    low, high = points.min(axis=0), points.max(axis=0)
    wide = rng.uniform(low - 0.1 * (high - low), high + 0.1 * (high - low), (count, 2))
    start = rng.integers(len(points) - 1, size=count)
    close = points[start] + rng.uniform(0, 1, (count, 1)) * (points[start + 1] - points[start])
    both = np.concatenate([wide, close + rng.normal(0, 1e-4, (count, 2))])
    lon, lat = both.T
    keep = (np.abs(lon) < 180) & (np.abs(lat) < 90)
    return lon[keep], lat[keep]


@pytest.mark.parametrize("name", ZOO)
def test_zoo_inside_as_drawn(name: str) -> None:
    assert agrees_in_degrees(of_zoo(name), [ZOO[name]], *around(ZOO[name], 2_000, seed=7)) > 100


@pytest.mark.parametrize("country", ["poland", "lithuania"])
def test_countries_as_drawn(country: str) -> None:
    document = json.loads((REPO / "config/zones" / f"{country}.geojson").read_text())
    (zone,) = states(document)
    assert agrees_in_degrees(Compiled([zone]), [zone], *around(zone, 20_000, seed=8)) > 10_000


def test_maritime_zones_as_drawn() -> None:
    zones = states(json.loads(gzip.decompress(data_file(MARITIME).read_bytes())))
    rng = np.random.default_rng(9)
    assert agrees_in_degrees(Compiled(zones), zones, rng.uniform(-12, 42, 20_000), rng.uniform(35, 71, 20_000)) > 10_000


@pytest.mark.parametrize(
    ("zone", "lon", "lat", "inside"),
    [
        (FIJI, 179.99, -17.5, True),
        (FIJI, -179.99, -17.5, True),
        (FIJI, 180.0, -17.5, True),  # on the seam itself, from both sides
        (FIJI, -180.0, -17.5, True),
        (FIJI, 0.0, 17.5, False),  # the antipode
        (NORTH_CAP, 12.3, 90.0, True),
        (NORTH_CAP, 179.9999, 85.0, True),
        (NORTH_CAP, 0.0, 79.99, False),
        (NORTH_CAP, 0.0, -90.0, False),
        (SOUTH_CAP, -77.0, -90.0, True),
        (WIDE, 15.0, 69.999, True),
        (WIDE, 15.0, 70.001, False),
    ],
)
def test_known_places(zone: Zone, lon: float, lat: float, inside: bool) -> None:
    assert bool(Compiled([zone]).inside([lon], [lat])) == inside


def test_no_zones() -> None:
    compiled = Compiled([])
    assert compiled.inside([20.0], [50.0]) == set()
    zeros = np.zeros(3)
    assert len(swept(compiled.index, zeros, zeros, zeros + 1, zeros + 1)[0]) == 0


# --- parity -----------------------------------------------------------------------------------------------------------

WHOLE_ZOO = Compiled([shape for name, shape in ZOO.items() if name not in {"MANY", "NORTH_CAP", "SOUTH_CAP"}])


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), reach_m=st.sampled_from([0.0, 1e-3, 1.0, 1e3, 1e5, 1e7]))
def test_inside_before_and_crossings_give_inside_after(seed: int, reach_m: float) -> None:
    for compiled, zones in ((STARS, 12), (WHOLE_ZOO, len(ZOO) - 3)):
        rng = np.random.default_rng(seed)
        start = rng.integers(len(compiled.edges), size=200)
        x0, y0 = compiled.edges.ax_m[start], compiled.edges.ay_m[start]
        x0, y0 = x0 + rng.normal(0, 0.1 + reach_m, 200), y0 + rng.normal(0, 0.1 + reach_m, 200)
        x1, y1 = x0 + rng.normal(0, 1, 200) * reach_m, y0 + rng.normal(0, 1, 200) * reach_m
        parity_holds(compiled.index, zones, x0, y0, x1, y1)


GRID = ring((0, 0), (40, 0), (40, 20), (60, 20), (60, 40), (40, 40), (40, 60), (20, 40), (0, 60))
GRID_HOLE = ring((10, 10), (10, 30), (20, 20), (30, 30), (30, 10))
GRID_TOUCHING = box(60, 40, 80, 60)
GRID_EDGES = flat(GRID, GRID_HOLE, GRID_TOUCHING)
GRID_INDEX = CellIndex(GRID_EDGES, 1)
POINT = st.tuples(st.integers(-10, 90), st.integers(-10, 70))


@settings(max_examples=100, deadline=None)
@given(paths=st.lists(st.tuples(POINT, POINT), min_size=1, max_size=50))
def test_parity_on_a_grid_where_paths_meet_vertices_end_there_and_run_along_edges(paths: list) -> None:
    x0, y0, x1, y1 = np.array(paths, dtype=float).reshape(-1, 4).T
    off = shapely.distance(shapely.union_all(segments(GRID_EDGES)), shapely.points(x1, y1)) > 0
    found = set(GRID_INDEX.inside(x1[off], y1[off])[0].tolist())
    assert found == set(np.flatnonzero(even_odd_in_plane(GRID_EDGES, 0, x1[off], y1[off])).tolist())
    parity_holds(GRID_INDEX, 1, x0, y0, x1, y1)


# --- paths of every sort, across a square of 100 m --------------------------------------------------------------------

SQUARE = CellIndex(flat(box(0, 0, 100, 100)), 1)
NAN = float("nan")


@pytest.mark.parametrize(
    ("path", "crossings"),
    [
        ((-50, 50, 150, 50), [0.25, 0.75]),
        ((50, -50, 50, 150), [0.25, 0.75]),
        ((-50, 50, 50, 50), [0.5]),
        ((50, 50, -50, 50), [0.5]),
        ((-10, -10, 20, 20), [1 / 3]),  # through the corner, inwards: once
        ((-10, -10, 110, 110), [1 / 12, 11 / 12]),  # through both corners
        ((50, 50, 60, 60), []),
        ((50, 50, 50, 50), []),  # of no length
        ((200, 200, 300, 300), []),
        ((-1e7, 50, 1e7, 50), [0.5, 0.5 + 5e-6]),  # starts and ends far outside the root square
        ((-1e7, 50, 50, 50), [1e7 / (1e7 + 50)]),
        ((-1e7, -1e7, -1e7, 1e7), []),
        ((NAN, 50, 50, 50), []),
        ((50, 50, NAN, NAN), []),
        ((NAN, NAN, NAN, NAN), []),
    ],
)
def test_path(path: tuple[float, ...], crossings: list[float]) -> None:
    _, _, at = swept(SQUARE, *(np.array([v], dtype=float) for v in path))
    length_m = np.hypot(path[2] - path[0], path[3] - path[1])
    hair = np.nan_to_num(2 * np.hypot(HAIR_X_M, HAIR_Y_M) / max(length_m, 1.0))  # edges are met at 45 deg at least
    assert at.tolist() == pytest.approx(crossings, abs=1e-9 + hair)


@pytest.mark.parametrize("path", [(-50, 0, 150, 0), (-50, 100, 150, 100), (0, -50, 0, 150), (100, 150, 100, -50)])
def test_path_along_an_edge_is_outside_at_both_ends(path: tuple[float, ...]) -> None:
    _, _, at = swept(SQUARE, *(np.array([v], dtype=float) for v in path))
    assert len(at) % 2 == 0


@pytest.mark.parametrize("path", [(-50, 50, 50, -50), (50, 150, 150, 50)])
def test_path_that_touches_a_corner_crosses_twice_or_not_at_all(path: tuple[float, ...]) -> None:
    _, _, at = swept(SQUARE, *(np.array([v], dtype=float) for v in path))
    assert len(at) in (0, 2)


@pytest.mark.parametrize("place", [(NAN, 50), (50, NAN), (1e9, 1e9), (-1e9, 50), (150, 50)])
def test_nowhere_is_outside(place: tuple[float, float]) -> None:
    assert len(SQUARE.inside(np.array([place[0]]), np.array([place[1]]))[0]) == 0


def test_one_bad_point_among_good_ones() -> None:
    x, y = np.array([50.0, NAN, 50.0]), np.array([50.0, 50.0, 60.0])
    assert pairs(*SQUARE.inside(x, y)) == {(0, 0), (2, 0)}


# --- the tree ---------------------------------------------------------------------------------------------------------


def test_sliver_is_crossed_by_what_no_fix_sees() -> None:
    compiled = Compiled([SLIVER])
    x, y = compiled.theatre.project(np.array([20.1, 20.1]), np.array([49.9, 50.1]))
    path, _, at = swept(compiled.index, x[:1], y[:1], x[1:], y[1:])
    assert path.tolist() == [0, 0]
    assert (at[1] - at[0]) * np.hypot(x[1] - x[0], y[1] - y[0]) == pytest.approx(4.45, abs=0.1)


def test_many_vertices_leave_small_leaves() -> None:
    many = of_zoo("MANY")
    chains = Chains(many.edges, widest_m=0.0)
    leaves = grow(chains, 1, Square.around(chains))
    assert np.diff(leaves.piece_start).max() < 50
    assert len(np.unique(leaves.piece)) == len(many.edges)


def test_edges_through_one_point_end_the_splitting() -> None:
    angle = np.linspace(0, 2 * np.pi, 301)
    fan = np.zeros((601, 2))
    fan[1::2] = 1e5 * np.column_stack([np.cos(angle), np.sin(angle)])[:-1]
    index = CellIndex(flat(fan), 1)
    assert len(swept(index, *(np.array([v]) for v in (-1e5, 333.0, 1e5, 333.0)))[0]) == 298


def test_border_that_many_zones_share_is_not_ground_to_dust() -> None:
    """Sectors above each other: no leaf can have few edges."""
    compiled = Compiled([parts([box(20, 50, 21, 51)], zone_id=str(n)) for n in range(40)])
    chains = Chains(compiled.edges)
    assert len(grow(chains, 40, Square.around(chains)).piece) < 1_000_000
    assert compiled.inside([20.5, 19.5], [50.5, 50.5]) == {(0, n) for n in range(40)}
    x, y = compiled.theatre.project(np.array([20.5, 20.5]), np.array([50.5, 49.5]))
    path, zone, _ = swept(compiled.index, x[:1], y[:1], x[1:], y[1:])
    assert (path.tolist(), zone.tolist()) == ([0] * 40, list(range(40)))


def test_hole_is_left_and_entered() -> None:
    compiled = Compiled([HOLE])
    x, y = compiled.theatre.project(np.array([19.0, 24.0]), np.array([51.0, 51.0]))
    assert len(swept(compiled.index, x[:1], y[:1], x[1:], y[1:])[0]) == 4
