"""Rings that go around twice where they only touch themselves count as what they enclose, aloud."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import shapely

from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, State, Zone
from detector.outlines.crossings import meetings
from detector.outlines.doubled import around_once, overlaps
from detector.outlines.drawn import Plane
from detector.outlines.selfcheck import check
from tests.geometry.shapes import even_odd_in_degrees, moved, parts, ring
from tests.outlines.drawings import meant, winding
from tests.zoo import box

A, B, C, D = (20, 50), (22, 50), (22, 52), (20, 52)
SQUARE = box(20, 50, 22, 52)
HOLE = box(20.5, 50.5, 21.5, 51.5)
DOUBLED = {  # a zone, the area that it encloses and that of it which is doubled, in square degrees
    "two laps that meet at a vertex": (parts([ring(A, B, C, D, A, (21.5, 50.5), (21.5, 51.5), (20.5, 51.5))]), 4, 1.5),
    "two laps with a vertex more": (parts([ring(A, B, C, D, A, (21, 50), B, C, D)]), 4, 4),
    "three laps with vertices more": (parts([ring(A, B, C, D, A, (21, 50), B, C, D, A, B, (22, 51), C, D)]), 4, 4),
    "a lap and a half": (parts([ring(A, B, C, D, A, B, C)]), 4, 2),
    "an edge walked again": (parts([ring(A, B, C, D, A, B, (21, 51))]), 4, 1),
    "a spiral along an edge": (
        parts([ring(A, B, C, D, (20, 51), (20, 50), (21, 50), (21, 51.5), (20.5, 51.5), (20, 51.5))]),
        4,
        1.5,
    ),
    "a spiral around a gap": (
        parts([ring(A, B, C, D, (20, 50.5), (20.5, 50.5), (20.5, 51.5), (21.5, 51.5), (21.5, 50.5), (20.5, 50.5),
                    (20, 50.5))]),
        3,
        0,
    ),
    "clockwise": (parts([ring(C, B, A, D, C, B, A)]), 4, 2),
    "a hole": (parts([SQUARE, ring(*HOLE[:-1], *HOLE[:3])]), 3, 0.5),
    "an annulus twice around": (
        parts([ring(A, B, C, D, A, (20.5, 50.5), (20.5, 51.5), (21.5, 51.5), (21.5, 50.5), (20.5, 50.5),
                    A, (21, 50), B, C, D, A, (20.5, 50.5), (20.5, 51.5), (21.5, 51.5), (21.5, 50.5), (20.5, 50.5))]),
        3,
        3,
    ),
    "a second part, with a hole of its own": (
        parts([moved(SQUARE, 5, 0)], [ring(A, B, C, D, A, B, C), box(20.2, 51.5, 20.4, 51.7)]),
        7.96,
        2,
    ),
}  # fmt: skip


def judged(zone: Zone) -> Reading:
    return check(Reading(zones=[zone]))


def area_deg2(zone: Zone) -> float:
    return sum(shapely.Polygon(shell, holes).area for shell, *holes in zone.polygons)


def places() -> np.ndarray:
    return np.random.default_rng(3).uniform((19.9, 49.9), (22.1, 52.1), (2000, 2)).T


@pytest.mark.parametrize(("zone", "area", "doubled"), DOUBLED.values(), ids=DOUBLED.keys())
def test_what_is_enclosed_twice_counts(zone: Zone, area: float, doubled: float) -> None:
    once, found = around_once(zone, meetings([zone])[0].touching)
    assert area_deg2(once) == pytest.approx(area)
    assert (even_odd_in_degrees(once, *places()) == meant(zone, *places())).all()
    assert len(found) == (doubled > 0)
    for each in found:
        assert each.area_m2 / 1e6 == pytest.approx(doubled * 111.32 * 111.32 * np.cos(np.radians(51)), rel=0.02)
        twice = [winding(one, np.array([each.lon_deg]), np.array([each.lat_deg])) for one in sum(zone.polygons, ())]
        assert np.abs(twice).max() > 1


def test_it_is_said() -> None:
    zone = DOUBLED["a lap and a half"][0]
    checked = judged(zone)
    what = "a ring goes around 15,729 km2 at 21.5 51 more than once; taken as enclosed"
    assert (checked.problems, checked.warnings) == ([], [f'zone "shape": {what}'])
    assert checked.zones[0].state is State.REPAIRED
    assert judged(replace(checked.zones[0], state=State.OK)).warnings == []


def test_vertices_stay_to_the_bit() -> None:
    place = (20.123456789, 50.987654321)
    corners = ring(place, B, C, D, place, B, C)
    for geodesic in (False, True):
        once, _ = around_once(parts([corners], geodesic=geodesic), {(0, 0)})
        assert {tuple(corner) for corner in once.polygons[0][0]} == {tuple(corner) for corner in corners}


FINE = {
    "a figure of eight": parts([ring((20, 50), (21, 50), (21, 51), (20, 50), (19, 50), (19, 49))]),
    "loops beside each other": parts([ring(A, B, C, A, D, (19, 52))]),
    "an island in a hole": parts([SQUARE, HOLE], [box(20.7, 50.7, 21, 51)]),
    "a part equal to a hole": parts([SQUARE, HOLE], [HOLE]),
    "a hole that touches its shell": parts([SQUARE, ring(A, (21, 50.5), (20.5, 51))]),
    "parts that share a line": parts([SQUARE], [box(22, 51, 23, 52)]),
    "parts that share a line, rounded": parts([SQUARE], [box(22 - 5e-8, 51, 23, 51.5)]),  # 5 mm
    "an island that touches the shore of its lake": parts([SQUARE, HOLE], [ring((20.5, 51), (21, 50.8), (21, 51.2))]),
}


@pytest.mark.parametrize("zone", FINE.values(), ids=FINE.keys())
def test_what_only_touches_stays(zone: Zone) -> None:
    checked = judged(zone)
    assert (checked.problems, checked.warnings, checked.zones) == ([], [], [zone])
    assert (even_odd_in_degrees(zone, *places()) == meant(zone, *places())).all()


CONTRADICTORY = {  # and of how many square degrees
    "parts that overlap along their edges": (parts([box(20, 50, 22, 51)], [box(21, 50, 23, 51)]), 1),
    "holes that do": (parts([box(19, 49, 24, 54), box(20, 50, 22, 51), box(21, 50, 23, 51)]), 1),
    "a hole that reaches out of its shell": (parts([box(20, 50, 22, 51), box(21, 50, 23, 51)]), 1),
    "a hole larger than its shell": (parts([SQUARE, box(20, 50, 23, 52)]), 2),
    "a hole in a hole": (parts([SQUARE, HOLE, box(20.7, 50.7, 21, 51)]), 0.09),
    "a part around another's hole": (parts([SQUARE, HOLE], [box(20.4, 50.4, 21.6, 51.6)]), 0.44),
    "a hole equal to another part": (parts([SQUARE, HOLE], [moved(SQUARE, 4, 0), HOLE]), 1),
    "in a part that is read as a hole": (
        parts([box(19, 49, 24, 54)], [box(20, 50, 22, 51)], [box(21, 50, 23, 51)]),
        1,
    ),
}


@pytest.mark.parametrize(("zone", "area"), CONTRADICTORY.values(), ids=CONTRADICTORY.keys())
def test_rings_that_contradict_each_other_are_refused(zone: Zone, area: float) -> None:
    (each,) = overlaps(zone, meetings([zone])[0].touching)
    assert each.area_m2 / 1e6 == pytest.approx(area * 111.32 * 111.32 * np.cos(np.radians(51)), rel=0.03)
    (line,) = judged(zone).problems
    assert line.endswith(f" km2 at {each.lon_deg:.6g} {each.lat_deg:.6g}, expected parts apart and holes inside them")
    assert judged(zone).zones == []


def test_enclaves_that_touch_each_other_are_holes_as_others_are() -> None:
    zone = parts([SQUARE], [box(20.5, 50.5, 21, 51)], [box(21, 51, 21.5, 51.5)])
    checked = judged(zone)
    assert checked.problems == []
    assert len(checked.warnings) == 2
    assert checked.zones[0].polygons == zone.polygons


@pytest.mark.parametrize("zone", [DOUBLED["a lap and a half"][0], CONTRADICTORY["a hole in a hole"][0]])
def test_without_shapely_it_is_said_that_nobody_looked(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shapely", None)
    (line,) = judged(zone).warnings
    assert line.endswith('lines touch; to tell whether all counts takes shapely: pip install "incursiond[zones]"')
    assert judged(parts([SQUARE, HOLE])).warnings == []


def walked(rng: np.random.Generator) -> tuple[Ring, list[Ring]]:
    """A convex polygon walked two or three times, leaving out vertices and a hair off, and the laps alone."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(5, 30)))
    lap = np.column_stack([21 + np.cos(angles), 51 + np.sin(angles)])
    laps = [lap]
    for _ in range(rng.integers(1, 3)):
        kept = np.append(True, rng.random(len(lap) - 1) < 0.7)
        lap = lap[kept] if kept.sum() > 2 else lap
        laps.append(lap + np.append([[0, 0]], rng.normal(0, 1e-9, (len(lap) - 1, 2)), axis=0))  # 0.1 mm
    rng.shuffle(laps)
    vertices = np.roll(np.concatenate(laps), rng.integers(50), axis=0)[:: rng.choice([-1, 1])]
    return np.vstack([vertices, vertices[:1]]), laps


@pytest.mark.parametrize("geodesic", [False, True])
def test_laps_at_random(geodesic: bool) -> None:
    rng = np.random.default_rng(5)
    for _ in range(150):
        outline, laps = walked(rng)
        drawn = parts([outline], geodesic=geodesic)
        checked = judged(drawn)
        assert checked.problems == []
        (zone,) = checked.zones
        assert zone.state is State.REPAIRED
        plane = Plane(drawn)
        union = shapely.union_all([shapely.Polygon(plane.draw(lap)) for lap in laps])
        counted = [shapely.Polygon(plane.draw(shell), list(map(plane.draw, holes))) for shell, *holes in zone.polygons]
        assert shapely.symmetric_difference(shapely.union_all(counted), union).area < 1e-6 * union.area
