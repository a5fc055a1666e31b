"""Signed distances out to 200 NM against pyproj.Geod: 0.01 % beyond a kilometre, a metre below it, and the right sign.

The authority follows each line as drawn, straight in degrees or geodesic, in ever finer steps.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from detector.airspace.activation import Activation
from detector.airspace.zones import Zone
from detector.picture.airspace import Airspace
from detector.picture.look import look
from detector.tracks.fixes import Segments
from tests import zoo
from tests.geometry.shapes import GEOD, parts, ring

NM_M = 1852.0
COARSE_M, FINE = 12_500.0, 40  # between the first places on a line; parts of each finer stretch
PLACES = {
    "equator": (32.0, 0.3),
    "mid-latitude": (21.0, 52.0),
    "south": (-70.0, -41.0),
    "70 north": (25.0, 70.0),
    "near the north pole": (-40.0, 86.5),
    "near the south pole": (100.0, -87.0),
    "antimeridian": (180.0, -17.0),
    "antimeridian, north": (180.0, 66.0),
}


def around(lon: float, lat: float, reach_m: float, vertices: int, rng: np.random.Generator) -> np.ndarray:
    """A ring of so many vertices around a place, its longitudes not wrapped."""
    angle = np.sort(rng.uniform(0, 360 / vertices, vertices) * 0.7 + np.arange(vertices) * 360 / vertices)
    out_m = reach_m * rng.uniform(0.6, 1, vertices)
    lons, lats, _ = GEOD.fwd(np.full(vertices, lon), np.full(vertices, lat), angle, out_m)
    return ring(*zip(lon + (np.array(lons) - lon + 180) % 360 - 180, lats, strict=True))


def split(points: np.ndarray) -> list[list[np.ndarray]]:
    """Cut a ring at the antimeridian, as RFC 7946 wants it."""
    halves = []
    for west, east, shift in ((-180, 180, 0), (180, 540, 360)):
        part = shapely.intersection(shapely.polygons(points), shapely.box(west, -90, east, 90))
        halves += [[np.array(p.exterior.coords) - [shift, 0]] for p in shapely.get_parts(part) if p.area > 0]
    return halves


def zone_of(place: str, kind: str, size: str, seed: int) -> tuple[Zone, np.ndarray]:
    """Return a zone and the ring it was made of: long edges have up to 500 km, short ones some hundred metres."""
    rng = np.random.default_rng([seed, *map(ord, place)])
    pole = "pole" in place and size == "long"
    reach_m, vertices = (180_000 if pole else 330_000, 5) if size == "long" else (6_000, 40)
    loop = around(*PLACES[place], reach_m, vertices, rng)
    if kind == "geodesic":
        wrapped = np.column_stack([(loop[:, 0] + 180) % 360 - 180, loop[:, 1]])
        return parts([wrapped], geodesic=True), loop
    return parts(*split(loop)), loop


def points_off(zone: Zone, loop: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places in every direction off the boundary, from a metre to 200 NM."""
    away_m = np.concatenate([10 ** rng.uniform(0, np.log10(200 * NM_M), 20), [999, 1001, 2_000, 200 * NM_M]])
    line, at = rng.integers(len(loop) - 1, size=len(away_m)), rng.uniform(0, 1, len(away_m))
    lon, lat = on_line(zone, loop[line], loop[line + 1], at)
    lon, lat, _ = GEOD.fwd(lon, lat, rng.uniform(0, 360, len(away_m)), away_m)
    return np.array(lon), np.array(lat)


def on_line(zone: Zone, a: np.ndarray, b: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not zone.geodesic:
        lon, lat = (a + at[:, None] * (b - a)).T
        return lon, lat
    azimuth, _, length_m = GEOD.inv(*a.T, *b.T)
    lon, lat, _ = GEOD.fwd(*a.T, azimuth, length_m * at)
    return np.array(lon), np.array(lat)


def by_geod(zone: Zone, loop: np.ndarray, lon: float, lat: float) -> float:
    a, b = loop[:-1], loop[1:]
    steps = int(np.ceil(GEOD.inv(*a.T, *b.T)[2].max() / COARSE_M)) + 6
    line, at = (v.ravel() for v in np.meshgrid(np.arange(len(a)), np.linspace(0, 1, steps + 1)))
    half = 1 / steps
    for _ in range(5):
        away_m = GEOD.inv(np.full(len(line), lon), np.full(len(line), lat), *on_line(zone, a[line], b[line], at))[2]
        best = np.argsort(away_m)[:16]
        line, middle = line[best].repeat(FINE + 1), at[best].repeat(FINE + 1)
        at = np.clip(middle + np.tile(np.linspace(-half, half, FINE + 1), len(best)), 0, 1)
        half /= FINE / 2
    return float(away_m.min())


def depths_m(airspace: Airspace, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """What `look` says of first reports."""
    fixes = zoo.fixes(airspace.theatre, lon, lat)
    row = np.arange(len(lon))
    segments = Segments(row, np.ones(len(lon), dtype=bool), fixes, fixes, fixes)
    return look(segments, airspace, Activation(airspace.zones), (row, np.zeros(len(lon), dtype=np.intp))).depth_m


def is_inside(zone: Zone, loop: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Even-odd by shapely, in degrees around the middle of the ring; geodesics in steps of some metres."""
    middle, dense = float(loop[:, 0].mean()), loop
    if zone.geodesic:
        line, at = (v.ravel() for v in np.meshgrid(np.arange(len(loop) - 1), np.linspace(0, 1, 2000), indexing="ij"))
        lons, lats = on_line(zone, loop[line], loop[line + 1], at)
        dense = np.column_stack([middle + (lons - middle + 180) % 360 - 180, lats])
    return shapely.contains_xy(shapely.polygons(dense), middle + (lon - middle + 180) % 360 - 180, lat)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("size", ["long", "short"])
@pytest.mark.parametrize("kind", ["straight", "geodesic"])
@pytest.mark.parametrize("place", PLACES)
def test_depth(place: str, kind: str, size: str, seed: int) -> None:
    zone, loop = zone_of(place, kind, size, seed)
    lon, lat = points_off(zone, loop, np.random.default_rng(seed))
    found = depths_m(Airspace([zone], 1013.25), lon, lat)
    expected = np.array([by_geod(zone, loop, *at) for at in zip(lon, lat, strict=True)])
    off, far, sure = np.abs(np.abs(found) - expected), expected > 1000, expected > 1
    assert ((found > 0) == is_inside(zone, loop, lon, lat))[sure].all()
    assert 3 < (found > 0).sum() < 15
    assert off[~far].max() < 1
    assert (off[far] < 1e-4 * expected[far]).all()
