import gzip
import json

import pytest
import shapely

from detector.airspace.zones import Zone
from detector.outlines.nesting import depths, nested_shells, stray_holes
from tests.geometry.shapes import FIJI, HOLE, HOLE_TOUCHES_SHELL, ISLAND_IN_HOLE, MARITIME, SEAM, parts, ring, states
from tests.shared import data_file
from tests.zoo import box


@pytest.mark.parametrize(
    ("zone", "count"),
    [
        (parts([box(20, 50, 23, 53)], [box(21, 51, 22, 52)]), 1),
        (parts([box(21, 51, 22, 52)], [box(20, 50, 23, 53)]), 1),
        (parts([box(20, 50, 23, 53)], [box(21, 50, 22, 51)]), 1),  # touches its shell from within
        (parts([box(20, 50, 23, 53)], [box(20, 50, 23, 53)]), 1),  # the same twice
        (parts([box(20, 50, 23, 53)], [box(21, 50, 22, 53), box(21, 45, 22, 46)]), 1),  # with a hole that lies outside
        (parts([box(20, 50, 25, 55)], [box(21, 51, 24, 54)], [box(22, 52, 23, 53)]), 1),  # the innermost is filled
        (parts([box(20, 50, 23, 53), box(21, 51, 22, 52)], [box(21, 51, 22, 52)]), 0),  # fills the hole
        (ISLAND_IN_HOLE, 0),
        (FIJI, 0),
        (SEAM, 0),
        (parts([ring((20, 50), (23, 50), (23, 53))], [ring((20, 50.5), (22, 53), (20, 53))]), 0),  # only their boxes
    ],
)
def test_nested_shells(zone: Zone, count: int) -> None:
    places = [(nested.lon_deg, nested.lat_deg) for nested in nested_shells(zone).values()]
    assert len(places) == count
    for place in places:
        assert sum(shapely.Polygon(p[0], p[1:]).contains(shapely.Point(place)) for p in zone.polygons) > 1


def test_of_several_around_the_smallest_is_named() -> None:
    boxes = [box(20 + n, 50 + n, 30 - n, 60 - n) for n in (0, 2, 1, 3)]
    assert {part: nested.inside for part, nested in nested_shells(parts(*([each] for each in boxes))).items()} == {
        2: 0,
        3: 1,
    }


def test_depths_count_what_is_around() -> None:
    boxes = [[box(20 + n, 50 + n, 30 - n, 60 - n)] for n in (0, 2, 1, 3)]
    assert depths(parts(*boxes, [box(40, 50, 41, 51)])) == [0, 2, 1, 3, 0]
    assert depths(ISLAND_IN_HOLE) == [0, 0]


def test_nested_geodesics_are_judged_as_geodesics() -> None:
    """The northern edge of the outer box bulges north of its parallel."""
    inner = box(5, 60.1, 15, 60.2)
    assert len(nested_shells(parts([box(0, 50, 20, 60)], [inner], geodesic=True))) == 1
    assert nested_shells(parts([box(0, 50, 20, 60)], [inner])) == {}


@pytest.mark.parametrize(
    ("zone", "count"),
    [
        (parts([box(20, 50, 23, 53), box(24, 51, 25, 52)]), 1),
        (parts([box(20, 50, 23, 53), box(21, 51, 22, 52), box(18, 51, 19, 52)]), 1),
        (parts([box(20, 50, 23, 53), box(24, 51, 25, 52)], [box(23.5, 50, 26, 53)]), 1),  # inside of another part
        (HOLE, 0),
        (HOLE_TOUCHES_SHELL, 0),
        (ISLAND_IN_HOLE, 0),
    ],
)
def test_stray_holes(zone: Zone, count: int) -> None:
    places = stray_holes(zone)
    assert len(places) == count
    for place in places:
        assert not shapely.Polygon(zone.polygons[0][0]).contains(shapely.Point(place))


def test_maritime_states_as_shapely() -> None:
    document = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    reasons = [shapely.is_valid_reason(shapely.geometry.shape(f["geometry"])) for f in document["features"]]
    nested = {z for z, reason in enumerate(reasons) if reason.startswith("Nested shells")}
    assert {z for z, zone in enumerate(states(document)) if nested_shells(zone)} == nested
    assert len(nested) == 12
