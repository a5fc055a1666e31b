"""Double claims and strips between neighbours, with shapely and closed forms as authorities."""

import gzip
import json

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from detector.airspace.zones import Zone
from detector.outlines import disputes as module
from detector.outlines.disputes import Dispute, disputes
from tests.geometry.shapes import ISLAND_IN_HOLE, MARITIME, SEAM, moved, parts, ring, star, states
from tests.shared import data_file
from tests.zoo import box

GEOD = Geod(ellps="WGS84")
EQUAL_AREA = Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)
WEST, EAST = box(20, 50, 21, 52), box(21, 50, 22, 52)
METRE_DEG = 1 / 71_700  # of longitude at 50 N


def flat(zone: Zone) -> shapely.Geometry:
    """A zone in a plane of equal areas, its lines cut finely."""
    polygons = [shapely.Polygon(rings[0], rings[1:]) for rings in zone.polygons]
    fine = shapely.segmentize(shapely.MultiPolygon(polygons), 0.02)
    return shapely.make_valid(shapely.transform(fine, lambda at: np.column_stack(EQUAL_AREA.transform(*at.T))))


def only(*zones: Zone) -> Dispute:
    (found,) = disputes(zones)
    return found


def test_an_overlap_has_its_area_and_a_place_inside() -> None:
    found = only(parts([WEST]), parts([box(20.9, 50, 22, 52)]))
    assert (found.one, found.other, found.is_gap, found.places) == (0, 1, False, 1)
    area_m2, _ = GEOD.geometry_area_perimeter(shapely.segmentize(shapely.box(20.9, 50, 21, 52), 0.01))
    assert found.area_m2 == pytest.approx(abs(area_m2), rel=0.02)
    assert 20.9 < found.lon_deg < 21
    assert 50 < found.lat_deg < 52


@pytest.mark.parametrize("geodesic", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_a_strip_that_no_neighbour_claims(turned: bool, geodesic: bool) -> None:
    shapes = [WEST, moved(EAST, 300 * METRE_DEG, 0)]
    if turned:  # 300 m high instead of wide
        shapes = [box(20, 50, 22, 51), box(20, 51 + 0.3 / 111.25, 22, 52)]
    found = only(*(parts([shape], geodesic=geodesic) for shape in shapes))
    assert found.is_gap
    length_m = GEOD.inv(20, 51, 22, 51)[2] if turned else GEOD.inv(21, 50, 21, 52)[2]
    assert found.area_m2 == pytest.approx(300 * length_m, rel=0.05)
    assert found.places == 1
    assert (found.lat_deg if turned else found.lon_deg) == pytest.approx(51 if turned else 21, abs=0.01)


def test_a_line_drawn_twice_differently_is_an_overlap_and_a_strip() -> None:
    lat = np.linspace(50, 52, 201)
    wave = np.column_stack([21 + 200 * METRE_DEG * np.sin(6 * np.pi * (lat - 50)), lat])
    straight = parts([WEST])
    waved = parts([ring(*map(tuple, wave), (22, 52), (22, 50))])
    overlap, gap = disputes([straight, waved])
    assert (overlap.is_gap, gap.is_gap) == (False, True)
    assert overlap.places == gap.places == 6
    shared = flat(straight).intersection(flat(waved)).area
    assert overlap.area_m2 == pytest.approx(shared, rel=0.05)
    assert gap.area_m2 == pytest.approx(shared, rel=0.05)


AGREED = {
    "a shared border": [parts([WEST]), parts([EAST])],
    "a border with other vertices": [
        parts([WEST]),
        parts([ring((21, 50), (22, 50), (22, 52), (21, 52), (21, 51.3), (21, 50.9))]),
    ],
    "a border rounded": [parts([WEST]), parts([moved(EAST, 0.8 * METRE_DEG, 0)])],
    "a strait": [parts([WEST]), parts([moved(EAST, 1500 * METRE_DEG, 0)])],
    "seas that part": [parts([ring((20, 50), (21, 50), (20, 52))]), parts([ring((21, 50), (22, 50), (22, 52))])],
    "an enclave": [parts([box(19, 49, 23, 53), WEST]), parts([WEST])],
    "an island in a lake": [ISLAND_IN_HOLE, parts([box(20.5, 50.5, 22.5, 51.5), box(21, 50.8, 22, 51.2)])],
    "parts of one zone": [SEAM],
    "a narrow bay": [parts([WEST], [moved(EAST, 300 * METRE_DEG, 0)])],
    "far apart": [parts([WEST]), parts([moved(EAST, 100, 0)])],
    "the antimeridian": [parts([ring((178, 0), (180, 0), (180, 2), (178, 2))]), parts([box(-180, 0, -178, 2)])],
    "the pole": [parts([box(n, 80, n + 60, 90)]) for n in range(-180, 180, 60)],
    "nothing": [],
}


@pytest.mark.parametrize("zones", AGREED.values(), ids=AGREED.keys())
def test_neighbours_that_agree(zones: list[Zone]) -> None:
    assert disputes(zones) == []


@pytest.mark.parametrize("seed", range(8))
def test_overlaps_of_stars_as_shapely(seed: int) -> None:
    zones = [star(seed + n) for n in range(12)]
    claims = {(each.one, each.other): each for each in disputes(zones) if not each.is_gap}
    shapes = [flat(zone) for zone in zones]
    for one in range(12):
        for other in range(one + 1, 12):
            shared = shapes[one].intersection(shapes[other])
            if shared.area > 1e6:
                found = claims.pop((one, other))
                assert found.area_m2 == pytest.approx(shared.area, rel=0.02, abs=2e5)
                at = shapely.Point(EQUAL_AREA.transform(found.lon_deg, found.lat_deg))
                assert shared.contains(at)
    assert all(found.area_m2 < 2e6 for found in claims.values())


def test_zones_in_a_heap_are_looked_at_from_farther_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1000)
    heap = [parts([moved(box(20, 50, 24, 54), n / 10, n / 10)]) for n in range(10)]
    found = disputes(heap)
    assert [(each.one, each.other) for each in found] == [(a, b) for a in range(10) for b in range(a + 1, 10)]
    for each in found:
        shared = flat(heap[each.one]).intersection(flat(heap[each.other])).area
        assert each.area_m2 == pytest.approx(shared, rel=0.1)


def test_crimea_is_claimed_twice() -> None:
    document = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    names = [feature["properties"]["A3"] for feature in document["features"]]
    found = {(names[each.one], names[each.other], each.is_gap): each for each in disputes(states(document))}
    crimea = found["RUS", "UKR", False]
    russia, ukraine = (flat(states(document)[names.index(name)]) for name in ("RUS", "UKR"))
    assert crimea.area_m2 == pytest.approx(russia.intersection(ukraine).area, rel=0.002)
    assert 32.5 < crimea.lon_deg < 36.6
    assert 44.4 < crimea.lat_deg < 46.2
    assert ("DEU", "NLD", False) in found  # the Ems Dollart
    assert ("SWE", "NOR", True) in found
    assert len(found) < len(names)
