import numpy as np
import pytest
import shapely

from detector.airspace.zones import Ring, Zone
from detector.outlines.tidy import without_spikes, without_twins
from tests.geometry.shapes import SPIKE, ZOO, parts, ring, star
from tests.zoo import box

SQUARE = box(20, 50, 22, 52)
HOLE = box(20.5, 50.5, 21, 51)


def same(one: Zone, two: Zone) -> bool:
    return shapely.equals(polygons(one), polygons(two))


def polygons(zone: Zone) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in zone.polygons])


SPIKES = {
    "an edge out and back": (SPIKE, [(23, 51)]),
    "at the ring's start": (parts([ring((23, 51), (22, 51), (22, 52), (20, 52), (20, 50), (22, 50), (22, 51))]),
                            [(23, 51)]),
    "bent": (parts([ring((20, 50), (22, 50), (22, 51), (23, 51), (23, 53), (23, 51), (22, 51), (22, 52), (20, 52))]),
             [(23, 53), (23, 51)]),
    "into the area": (parts([ring((20, 50), (22, 50), (22, 51), (21, 51), (22, 51), (22, 52), (20, 52))]), [(21, 51)]),
    "part of an edge": (parts([ring((20, 50), (22, 50), (22, 53), (22, 52), (20, 52))]), [(22, 53)]),
    "a hole that is a line": (parts([SQUARE, ring((21, 51), (21.5, 51), (21.2, 51))]), None),
    "a part that is a line": (parts([SQUARE], [ring((30, 50), (31, 50), (30.5, 50)), HOLE]), None),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "tips"), SPIKES.values(), ids=SPIKES.keys())
def test_spikes_are_left_out(zone: Zone, tips: list[tuple[float, float]] | None) -> None:
    tidy, found = without_spikes(zone)
    assert tips is None or [tuple(tip) for tip in found] == tips
    assert found
    assert shapely.is_valid(polygons(tidy))
    assert without_spikes(tidy) == (tidy, [])
    corners = np.concatenate([r[:-1] for rings in tidy.polygons for r in rings])
    assert {tuple(c) for c in SQUARE} - {tuple(c) for c in corners} == set()


def test_what_is_all_spikes_has_no_part() -> None:
    tidy, tips = without_spikes(parts([ring((20, 50), (21, 51), (22, 52), (21.5, 51.5))]))
    assert tidy.polygons == ()
    assert tips


def test_a_narrow_tip_is_no_spike() -> None:
    narrow = parts([ring((20, 50), (22, 50), (22, 51), (23, 51 + 1e-6), (22, 51 + 2e-6), (22, 52), (20, 52))])  # 0.2 m
    assert without_spikes(narrow) == (narrow, [])


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"SPIKE"}))
def test_the_zoo_is_tidy(name: str) -> None:
    zone = ZOO[name]
    assert without_twins(zone) == (zone, [])
    if name != "DUPLICATES":  # its vertices are repeated as no reader leaves them
        assert without_spikes(zone) == (zone, [])


def turned(outline: Ring, by: int = 0, *, back: bool = False) -> Ring:
    vertices = np.roll(outline[:-1], by, axis=0)[:: -1 if back else 1]
    return np.concatenate([vertices, vertices[:1]])


@pytest.mark.parametrize("by", [0, 1, 3])
@pytest.mark.parametrize("back", [False, True])
def test_twins_count_once(by: int, back: bool) -> None:
    shell, hole = (turned(one, by, back=back) for one in (SQUARE, HOLE))
    whole = parts([SQUARE, HOLE])
    for twice in (
        parts([SQUARE, HOLE], [shell, hole]),
        parts([SQUARE, HOLE, hole]),
        parts([SQUARE, HOLE], [shell, hole], [SQUARE, hole]),
    ):
        single, again = without_twins(twice)
        assert same(single, whole)
        assert len(single.polygons) == 1
        assert len(again) == sum(map(len, twice.polygons)) - 2 - (len(twice.polygons) - 1) * (len(twice.polygons) > 1)


@pytest.mark.parametrize("laps", [2, 3])
def test_a_ring_that_goes_around_again_counts_once(laps: int) -> None:
    shell, hole = (np.concatenate([one[:-1]] * laps + [one[:1]]) for one in (SQUARE, HOLE))
    single, again = without_twins(parts([shell, HOLE]))
    assert same(single, parts([SQUARE, HOLE]))
    assert [tuple(place) for place in again] == [tuple(SQUARE[0])]
    assert same(without_twins(parts([SQUARE, hole]))[0], parts([SQUARE, HOLE]))


def test_a_ring_that_meets_itself_where_it_starts_stays() -> None:
    eight = parts([ring((20, 50), (21, 50), (21, 51), (20, 50), (19, 50), (19, 49))])
    assert without_twins(eight) == (eight, [])


def test_zero_has_one_sign() -> None:
    east, west = ring((0.0, 50), (1, 50), (1, 51), (0, 51)), ring((-0.0, 50), (1, 50), (1, 51), (-0.0, 51))
    assert len(without_twins(parts([east], [west]))[1]) == 1


def test_alike_is_no_twin() -> None:
    zone = parts([SQUARE, HOLE], [SQUARE], *star(1).polygons, *star(2).polygons)
    assert without_twins(zone) == (zone, [])
