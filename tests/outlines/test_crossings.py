import dataclasses
import gzip
import json

import numpy as np
import pytest
import shapely

from detector.airspace.zones import Zone
from detector.outlines.crossings import Crossing, meetings, self_crossings
from tests.geometry.shapes import BOWTIE, MARITIME, SEAM, ZOO, moved, parts, ring, star, states
from tests.shared import data_file
from tests.zoo import box


@pytest.mark.parametrize(
    ("zone", "lon", "lat"),
    [
        (parts([BOWTIE]), 20.5, 50.5),  # at the middle of both lines, where both are cut for the plane
        (parts([box(20, 50, 24, 54), moved(BOWTIE, 1, 1)]), 21.5, 51.5),
        (parts([box(20, 50, 22, 52), box(21.5, 51, 23, 51.5)]), 22, 51),  # a hole that reaches out of its shell
        (parts([box(20, 50, 22, 52)], [box(21, 51, 23, 53)]), 22, 51),
        (parts([ring((179, 0), (180, 1), (180, 0), (179, 1))]), 179.5, 0.5),
        (parts([box(20, 89, 40, 90), box(30, 89.5, 50, 89.7)]), 40, 89.5),
        (parts([BOWTIE], geodesic=True), 20.5, 50.5064),
    ],
)
def test_crossing_is_named(zone: Zone, lon: float, lat: float) -> None:
    (crossings,) = self_crossings([zone])
    assert any((each.lon_deg, each.lat_deg) == pytest.approx((lon, lat), abs=1e-4) for each in crossings)
    rings = [ring for polygon in zone.polygons for ring in polygon]
    for each in crossings if not zone.geodesic else ():
        at = shapely.Point(each.lon_deg, each.lat_deg)
        for number, line in ((each.ring, each.line), (each.other_ring, each.other_line)):
            assert at.distance(shapely.LineString(rings[number][line : line + 2])) < 1e-9


def test_every_crossing_is_found() -> None:
    """The teeth of a saw bite through one long line."""
    teeth = [(20 + n / 10, 50.5 if n % 2 else 51.5) for n in range(1, 20)]
    comb = parts([ring((20, 50), *teeth, (22, 50), (22, 51), (20, 51))])
    (crossings,) = self_crossings([comb])
    assert [(each.line, each.other_line) for each in crossings] == [(n, 21) for n in range(1, 19)]


@pytest.mark.parametrize("name", ZOO)
def test_zoo_does_not_cross_itself(name: str) -> None:
    assert self_crossings([ZOO[name]]) == [[]]


def test_parts_may_share_a_seam_cut_differently() -> None:
    assert self_crossings([SEAM]) == [[]]
    assert self_crossings([parts(*SEAM.polygons, geodesic=True)]) == [[]]


def test_rounding_is_no_crossing_and_a_metre_is() -> None:
    def overlapping(by_deg: float) -> Zone:
        return parts([box(20, 50, 21, 51)], [box(21 - by_deg, 50.2, 22, 50.8)])

    assert self_crossings([overlapping(5e-8)]) == [[]]
    assert len(self_crossings([overlapping(1e-5)])[0]) == 2


def test_zones_may_cross_each_other() -> None:
    twice = parts([BOWTIE], [moved(BOWTIE, 3, 0)])
    assert list(map(len, self_crossings([star(1), star(2), twice, SEAM, twice]))) == [0, 0, 2, 0, 2]


def place(crossing: Crossing) -> tuple[float, ...]:
    return dataclasses.astuple(crossing)


@pytest.mark.parametrize("geodesic", [False, True])
def test_many_zones_are_judged_as_one_by_one(geodesic: bool) -> None:
    """More lines than lie on one sheet, and every third zone crosses itself."""
    zones = [parts(*star(n).polygons, *([[BOWTIE]] if n % 3 == 0 else []), geodesic=geodesic) for n in range(120)]
    together = self_crossings(zones)
    alone = [found for zone in zones for found in self_crossings([zone])]
    for one, two in zip(together, alone, strict=True):
        assert [place(each) for each in one] == [pytest.approx(place(each)) for each in two]
    assert all(together[::3])


def test_places_that_are_one_on_the_plane_cross_nothing() -> None:
    close = ring((20, 50), (22, 50), (22, 52), (21, 52), (21 - 1e-16, 52), (20, 52 + 1e-15), (20, 52))
    tiny = ring((0, 50), (5e-324, 50), (2, 50), (2, 52), (0, 52))
    assert self_crossings([parts([close]), parts([tiny]), parts([tiny], geodesic=True)]) == [[], [], []]


def test_nothing_to_judge() -> None:
    assert self_crossings([]) == []


@pytest.mark.parametrize("seed", range(40))
def test_random_rings_as_shapely(seed: int) -> None:
    """Rings of a few random vertices; about half of them cross themselves."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([20, 50], [24, 52], (4 + seed % 3, 2))
    loop = np.vstack([points, points[:1]])
    assert (self_crossings([parts([loop])]) == [[]]) == shapely.is_simple(shapely.linearrings(loop))


def test_random_rings_are_of_both_sorts() -> None:
    simple = []
    for seed in range(40):
        points = np.random.default_rng(seed).uniform([20, 50], [24, 52], (4 + seed % 3, 2))
        simple.append(bool(shapely.is_simple(shapely.linearrings(points))))
    assert 5 < sum(simple) < 35


def test_maritime_states_as_shapely() -> None:
    document = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    reasons = [shapely.is_valid_reason(shapely.geometry.shape(f["geometry"])) for f in document["features"]]
    crossed = {z for z, reason in enumerate(reasons) if reason.startswith("Self-intersection")}
    assert {z for z, found in enumerate(self_crossings(states(document))) if found} <= crossed


def test_what_touches_is_told() -> None:
    square, beside = box(20, 50, 22, 52), box(22, 51, 23, 53)
    pinched = ring((20, 50), (22, 50), (22, 52), (21, 50), (20, 52))
    zones = [parts([square], [beside]), parts([pinched]), parts([square], [moved(beside, 1, 0)]), parts([square])]
    zones += [parts([square], [moved(beside, by_deg, 0)]) for by_deg in (5e-8, 1e-6)]  # 5 mm and 0.1 m
    together = meetings(zones)
    assert [met.touching for met in together] == [{(0, 1)}, {(0, 0)}, set(), set(), {(0, 1)}, set()]
    assert not any(met.crossings for met in together)
