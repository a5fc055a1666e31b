"""Borders within a zone on which one side has vertices that the other has not: they are no boundary."""

import numpy as np
import pytest

from detector.airspace.zones import Zone
from detector.geometry import junctions
from detector.geometry.lines import Lines
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import earth_centred
from tests.geometry.shapes import GEOD, ZOO, Compiled, parts, ring, star
from tests.zoo import box

EAST = ring((12, 50), (16, 50), (16, 54), (12, 54), (12, 51.37))
BRICKS = [[box(12, 50, 16, 51.37)], [box(12, 51.37, 16, 54)]]


def on_geodesic(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    azimuth, _, length_m = GEOD.inv(*one, *other)
    return GEOD.fwd(*one, azimuth, share * length_m)[:2]


MET = on_geodesic((12, 50), (12.5, 54), 0.3)
FAR = on_geodesic((-170, 60), (175, 62), 0.6)
BORDERS = {  # a zone, whether its lines are geodesics, and a place on a border within it, far from others
    "a vertex more in the east": ([[box(8, 50, 12, 54)], [EAST]], False, (12, 52)),
    "the same, from the other side": ([[EAST[::-1]], [box(8, 50, 12, 54)]], False, (12, 52)),
    "three": ([[box(8, 50, 12, 54)], *BRICKS], False, (12, 52)),
    "slanting": (
        [
            [ring((8, 50), (12, 50), (12.5, 54), (8, 54))],
            [ring((12, 50), (16, 50), (16, 54), (12.5, 54), (12.125, 51), (12.0625, 50.5))],
        ],
        False,
        (12.25, 52),
    ),
    "geodesic": (
        [[ring((8, 50), (12, 50), (12.5, 54), (8, 54))], [ring((12, 50), (16, 50), (16, 54), (12.5, 54), MET)]],
        True,
        on_geodesic((12, 50), (12.5, 54), 0.5),
    ),
    "geodesic, east to west, across the antimeridian": (
        [
            [ring((-170, 60), (175, 62), (175, 68), (-170, 68))],
            [ring((-170, 60), FAR, (175, 62), (175, 55), (-170, 55))],
        ],
        True,
        on_geodesic((-170, 60), (175, 62), 0.5),
    ),
    "at the antimeridian": (
        [[box(170, 60, 180, 70)], [ring((-180, 60), (-170, 60), (-170, 70), (-180, 70), (-180, 66.13))]],
        False,
        (180, 65),
    ),
    "three, two of which meet the line of the third a millimetre apart": (
        [
            [box(8, 50, 12, 54)],
            [ring((12 - 4e-9, 50), (16, 50), (16, 51.37), (12 - 4e-9, 51.37))],
            [ring((12 + 4e-9, 51.370000008), (16, 51.37), (16, 54), (12 + 4e-9, 54))],
        ],
        False,
        (12, 51.37),
    ),
    "all round a pole": (
        [[ring((-180, 80), (180, 80), (180, 90), (-180, 90))], [box(0.3, 70, 10.3, 80)]],
        False,
        (5, 80),
    ),
    "all round a pole, at the antimeridian": (
        [[ring((-180, 80), (180, 80), (180, 90), (-180, 90))], [box(-180, 70, -169.7, 80)], [box(169.7, 70, 180, 80)]],
        False,
        (180, 80),
    ),
    "a hole filled": (
        [[box(8, 50, 16, 56), box(9, 51, 15, 55)], [ring((9, 51), (15, 51), (15, 55), (9, 55), (9, 52.3))]],
        False,
        (9, 53),
    ),
}


@pytest.mark.parametrize("name", BORDERS)
def test_a_border_within_a_zone_is_no_boundary(name: str) -> None:
    polygons, geodesic, place = BORDERS[name]
    zone = Compiled([parts(*polygons, geodesic=geodesic)])
    found_m = Boundaries(zone.edges).distance(earth_centred(*np.array([place]).T), np.array([0]))
    assert found_m[0] > 60_000
    around = np.array(place) - [[-0.01, 0], [0.01, 0], [0, 0.01], [0, -0.01]]
    assert len(zone.inside(*around.T)) == 4


@pytest.mark.parametrize("name", [name for name in ZOO if name != "SEAM"])
def test_where_nothing_meets_lines_stay(name: str) -> None:
    lines = Lines.of([ZOO[name]])
    met = {"TOUCHING_ALONG_EDGE": 2, "HOLE_TOUCHES_SHELL": 1, "FIJI": 0}.get(name, 0)
    assert len(junctions.split(lines)) == len(lines) + met


def test_zones_do_not_meet_each_other() -> None:
    lines = Lines.of([parts([box(8, 50, 12, 54)], [box(0, 0, 1, 1)]), parts([EAST], [box(2, 0, 3, 1)])])
    assert junctions.split(lines) is lines


@pytest.mark.parametrize("off_m", [0.0005, 0.05])
def test_what_is_off_by_more_than_rounding_does_not_meet(off_m: float) -> None:
    east = EAST.copy()
    east[4, 0] += off_m / 69_700  # a degree of longitude there
    lines = Lines.of([parts([box(8, 50, 12, 54)], [east])])
    assert len(junctions.split(lines)) - len(lines) == (off_m < junctions.ON_M)


def test_rings_stay_whole_and_in_order() -> None:
    rng = np.random.default_rng(4)
    shell = star(1, vertices=60).polygons[0][0]
    share = np.sort(rng.uniform(0.1, 0.9, (60, 3)), axis=1)[..., None]
    finer = (shell[:-1, None] + share * (shell[1:] - shell[:-1])[:, None]).reshape(-1, 2)
    lines = Lines.of([Zone("z", ((shell,), (np.vstack([finer, finer[:1]])[::-1],)), "z")])
    found = junctions.split(lines)
    assert len(found) == len(lines) + 180
    of = found.ring == 0
    starts, ends = (np.column_stack(each) for each in ((found.lon0, found.lat0), (found.lon1, found.lat1)))
    assert np.array_equal(ends[of], np.roll(starts[of], -1, axis=0))
    assert np.array_equal(starts[of][::4], shell[:-1])
    assert np.abs(starts[of].reshape(60, 4, 2)[:, 1:].reshape(-1, 2) - finer).max() == 0


def test_many_pairs_are_looked_at_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    polygons, geodesic, _ = BORDERS["three"]
    lines = Lines.of([parts(*polygons, geodesic=geodesic), parts(*polygons)])
    whole = junctions.split(lines)
    monkeypatch.setattr(junctions, "AT_ONCE", 5)
    in_blocks = junctions.split(lines)
    assert len(whole) > len(lines)
    assert all(np.array_equal(getattr(whole, name), getattr(in_blocks, name)) for name in ("lon0", "lat1", "ring"))


@pytest.mark.parametrize("way", ["equator", "meridian"])
@pytest.mark.parametrize("lon", [-110.0, -14.0, 166.0])  # to 138 W, to 14 E, across the antimeridian
def test_few_pairs_are_looked_at_along_parallels_and_meridians(
    monkeypatch: pytest.MonkeyPatch, way: str, lon: float
) -> None:
    looked_at = []
    is_between = junctions._is_between
    monkeypatch.setattr(junctions, "_is_between", lambda *of: (looked_at.append(len(of[1])), is_between(*of))[1])
    border = [(east, 0.0) for east in np.linspace(0, 28, 3000)]
    rings = [ring(*border, (28, 9), (0, 9)), ring(border[0], border[-1], (28, -9), (0, -9))]
    rings = [of[:, ::-1] if way == "meridian" else of for of in rings]
    rings = [np.column_stack([(lon + east + 180) % 360 - 180, north]) for east, north in (of.T for of in rings)]
    lines = Lines.of([parts(rings[:1], rings[1:], geodesic=True)])
    assert len(junctions.split(lines)) == len(lines) + 2998
    assert sum(looked_at) < 50_000
