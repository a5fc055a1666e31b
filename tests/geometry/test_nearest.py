"""Distances to boundaries against pyproj.Geod, which follows each line as drawn in ever finer steps."""

import numpy as np
import pytest

from detector.airspace.zones import Zone
from detector.geometry.edges import Edges
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import Theatre, earth_centred
from tests.geometry.shapes import FIJI, GEOD, HOLE, NORTH_CAP, SLIVER, WIDE, ZOO, drawn, parts, ring, star

SHAPES = {
    "box": parts([ring((20, 50), (24, 50), (24, 53), (20, 53))]),
    "star": star(5),
    "hole": HOLE,
    "wide": WIDE,
    "geodesic": parts([ring((10, 48), (30, 50), (28, 58), (12, 57))], geodesic=True),
    "fiji": FIJI,
    "cap": NORTH_CAP,
    "sliver": SLIVER,
}
DISTANCES_M = np.array([10.0, 100.0, 1e3, 1e4, 1e5, 3e5])
STEPS = 400


def boundaries(*zones: Zone) -> Boundaries:
    return Boundaries(Edges.of(zones, Theatre.around(zones)))


def around(zone: Zone, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points at about the distances, off random places of the boundary, in random directions."""
    rng = np.random.default_rng(seed)
    lon, lat = drawn(zone, 50)
    away = np.repeat(DISTANCES_M, 3)
    start = rng.integers(len(lon), size=len(away))
    lon, lat, _ = GEOD.fwd(lon[start], lat[start], rng.uniform(0, 360, len(away)), away)
    return lon, lat


def by_geod(zone: Zone, lon: float, lat: float) -> float:
    """The least distance to lines cut into STEPS; then to the best of them, cut finer where it was least."""
    rings = [r for polygon in zone.polygons for r in polygon]
    a, b = np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])
    seam = ((np.abs(a) == [180, 90]) & (a == b)).any(axis=1)  # no boundary of a zone cut there
    a, b = a[~seam], b[~seam]
    at = np.broadcast_to(np.linspace(0, 1, STEPS + 1), (len(a), STEPS + 1))
    for finer in (STEPS, STEPS**2, STEPS**3):
        line = np.repeat(np.arange(len(a)), STEPS + 1)
        lons, lats = on_line(zone, a[line], b[line], at.ravel())
        away = GEOD.inv(np.full(len(line), lon), np.full(len(line), lat), lons, lats)[2].reshape(at.shape)
        best = np.argsort(away.min(axis=1))[:4]  # lines that meet are equally near at first
        a, b = a[best], b[best]
        around = at[best, away[best].argmin(axis=1)]
        at = np.clip(around[:, None] + np.linspace(-1, 1, STEPS + 1) / finer, 0, 1)
    return float(away.min())


def on_line(zone: Zone, a: np.ndarray, b: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not zone.geodesic:
        lon, lat = (a + at[:, None] * (b - a)).T
        return lon, lat
    azimuth, _, length_m = GEOD.inv(*a.T, *b.T)
    lon, lat, _ = GEOD.fwd(*a.T, azimuth, length_m * at)
    return lon, lat


@pytest.mark.parametrize("name", SHAPES)
def test_distance_as_geod(name: str) -> None:
    zone = SHAPES[name]
    lon, lat = around(zone, seed=1)
    found = boundaries(zone).distance(earth_centred(lon, lat), np.zeros(len(lon), dtype=int))
    expected = np.array([by_geod(zone, *place) for place in zip(lon, lat, strict=True)])
    assert expected.max() > 1e4
    assert (np.abs(found - expected) <= np.maximum(1.0, 1e-3 * expected)).all()


def test_each_zone_answers_for_itself() -> None:
    zones = [SHAPES["box"], SHAPES["star"], HOLE]
    together = boundaries(*zones)
    lon, lat = around(HOLE, seed=2)
    point, zone = np.repeat(np.arange(len(lon)), 3), np.tile(np.arange(3), len(lon))
    found = together.distance(earth_centred(lon, lat)[point], zone).reshape(-1, 3)
    for number, each in enumerate(zones):
        alone = boundaries(each).distance(earth_centred(lon, lat), np.zeros(len(lon), dtype=int))
        assert found[:, number] == pytest.approx(alone, abs=0.5)  # other theatres, other cuts


def test_order_of_questions_does_not_matter() -> None:
    nearest = boundaries(ZOO["MANY"], SHAPES["box"])
    rng = np.random.default_rng(3)
    points = earth_centred(rng.uniform(15, 25, 500), rng.uniform(48, 56, 500))
    zone, order = rng.integers(0, 2, 500), rng.permutation(500)
    assert np.array_equal(nearest.distance(points, zone)[order], nearest.distance(points[order], zone[order]))


def test_on_the_boundary_it_is_nothing() -> None:
    lon, lat = drawn(SHAPES["box"], 100)
    found = boundaries(SHAPES["box"]).distance(earth_centred(lon, lat), np.zeros(len(lon), dtype=int))
    assert found.max() < 0.3


def test_not_known_is_far_and_spoils_nothing() -> None:
    points = earth_centred(np.array([20.0, np.nan, 22.0]), np.array([50.0, 50.0, np.nan]))
    found = boundaries(SHAPES["box"]).distance(points, np.zeros(3, dtype=int))
    assert found[0] == pytest.approx(0, abs=0.3)
    assert (found[1:] > 2e7).all()


def test_without_zones_everything_is_far() -> None:
    assert np.isinf(boundaries().distance(earth_centred(np.zeros(2), np.zeros(2)), np.zeros(2, dtype=int))).all()


@pytest.mark.parametrize("reach_m", [20_000.0, 100_000.0, 1e9])
def test_the_nearest_of_all_is_the_least_distance(reach_m: float) -> None:
    zones = [SHAPES["box"], SHAPES["star"], HOLE, ZOO["MANY"]]
    together = boundaries(*zones)
    rng = np.random.default_rng(5)
    points = earth_centred(rng.uniform(10, 30, 300), rng.uniform(45, 58, 300))
    each_m = np.array([together.distance(points, np.full(300, zone)) for zone in range(len(zones))])
    found_m, zone = together.nearest(points, reach_m)
    near = np.flatnonzero(each_m.min(axis=0) <= reach_m)
    far = np.setdiff1d(np.arange(300), near)
    assert len(near)
    assert each_m[zone[near], near] == pytest.approx(found_m[near], abs=1e-6)
    assert found_m[near] == pytest.approx(each_m.min(axis=0)[near], abs=1e-6)
    assert np.isinf(found_m[far]).all()
    assert (zone[far] == -1).all()


def test_nothing_is_near_without_zones_or_without_a_place() -> None:
    for found, points in ((boundaries(), np.zeros((2, 3))), (boundaries(HOLE), np.full((2, 3), np.nan))):
        far_m, zone = found.nearest(points, 1e6)
        assert (far_m.tolist(), zone.tolist()) == ([np.inf, np.inf], [-1, -1])
