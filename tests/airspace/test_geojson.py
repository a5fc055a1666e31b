import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import given
from pyproj import Geod
from shapely.geometry import MultiPoint, mapping

from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.airspace.geojson import read
from detector.airspace.properties import DRAWN, READERS
from detector.airspace.reading import Reading
from detector.airspace.schedule import parse
from detector.airspace.zones import DEFAULT_WATCH, Identity, Initial, Zone
from detector.picture.airspace import Airspace

SQUARE = [[20, 50], [21, 50], [21, 51], [20, 51], [20, 50]]
HOLE = [[20.2, 50.2], [20.2, 50.4], [20.4, 50.4], [20.2, 50.2]]


def feature(*rings: Any, **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": list(rings or [SQUARE])}
    return {"type": "Feature", "properties": {"id": "z", **properties}, "geometry": geometry}


def reading(*features: Any) -> Reading:
    return read(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "a.geojson")


def zone(*features: Any) -> Zone:
    found = reading(*features)
    assert found.problems == []
    return found.zones[0]


def as_shapely(zone: Zone) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in zone.polygons])


def test_defaults() -> None:
    one = zone(feature())
    assert (one.id, one.name, one.kind, one.floor, one.ceiling) == ("z", "z", "national", GROUND, UNLIMITED)
    assert (one.watch, one.initial, one.near_nm, one.geodesic) == (DEFAULT_WATCH, Initial.ALERT, 30.0, False)
    assert np.array_equal(one.polygons[0][0], SQUARE)


def point(lon: Any, lat: Any, **properties: Any) -> dict[str, Any]:
    return feature(**properties) | {"geometry": {"type": "Point", "coordinates": [lon, lat]}}


@pytest.mark.parametrize("radius_m", [1, 500, 5_000.5, 300_000, 1_000_000])
@pytest.mark.parametrize(("lon", "lat"), [(2.5, 60.1), (179.99, -17.0), (-60.0, 89.99), (0.0, -90.0)])
def test_a_point_with_a_radius_is_a_geodesic_circle(lon: float, lat: float, radius_m: float) -> None:
    one = zone(point(lon, lat, kind="asset", radius_m=radius_m))
    assert (one.kind, one.geodesic) == ("asset", True)
    ((ring,),) = one.polygons
    geod = Geod(ellps="WGS84")
    middles = [geod.npts(*a, *b, 1)[0] for a, b in pairwise(ring)]
    for places, off_m in ((ring, 1e-3), (np.array(middles), 1.0)):
        away_m = geod.inv(np.full(len(places), lon), np.full(len(places), lat), *places.T)[2]
        assert np.abs(away_m - radius_m).max() < off_m


@pytest.mark.parametrize("radius_m", [None, 0, -5, 1_000_001, "500", True, [500]])
def test_a_point_needs_a_radius_that_can_be(radius_m: Any) -> None:
    (problem,) = reading(point(2.5, 60.1, radius_m=radius_m)).problems
    assert "radius_m: got" in problem
    assert problem.endswith("expected metres, above 0 and at most 1000000")


@pytest.mark.parametrize("centre", [(2.5, 95), (190, 60), ("2", 60), (None, 60)])
def test_a_point_has_a_place(centre: tuple[Any, Any]) -> None:
    (problem,) = reading(point(*centre, radius_m=500)).problems
    assert "geometry: position 1" in problem


def test_only_points_have_a_radius() -> None:
    (problem,) = reading(feature(radius_m=500)).problems
    assert "radius_m: given to what is no Point" in problem


def test_properties() -> None:
    one = zone(
        feature(
            name="Żubr",
            kind="restricted",
            floor="2500 ft AMSL",
            ceiling="FL195",
            watch=["hostile", "assumed-friend"],
            initial="adopt",
            near_nm=5,
            active=["2026-11-23T06:00Z/..", "mon-fri 06:00-18:00"],
            colour=None,
        )
    )
    assert (one.name, one.kind, one.initial, one.near_nm) == ("Żubr", "restricted", Initial.ADOPT, 5.0)
    assert one.floor == Limit(pytest.approx(762.0), Reference.SEA)
    assert one.ceiling == Limit(pytest.approx(5943.6), Reference.STANDARD)
    assert one.watch == {Identity.HOSTILE, Identity.ASSUMED_FRIEND}
    assert one.active == (parse("2026-11-23T06:00Z/.."), parse("MON-FRI 06:00-18:00"))


def test_single_feature_multipolygon_hole_and_third_coordinate() -> None:
    second = [[[x + 2, y, 300.0] for x, y in SQUARE]]
    document = feature()
    document["geometry"] = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], second]}
    (one,) = read(json.dumps(document).encode(), "a.geojson").zones
    assert [len(rings) for rings in one.polygons] == [2, 1]
    assert as_shapely(one).area == pytest.approx(2 - 0.02)


@given(st.lists(st.tuples(st.floats(-179, 179), st.floats(-89, 89)), min_size=4, max_size=12), st.data())
def test_closing_and_repeated_vertices_leave_the_shape_alone(points: list[tuple[float, float]], data: Any) -> None:
    hull = MultiPoint(points).convex_hull
    if hull.geom_type != "Polygon" or np.abs(np.diff(shapely.get_coordinates(hull)[:, 0])).max() > 180:
        return
    drawn = [list(p) for p in mapping(hull)["coordinates"][0][:-1] for _ in range(data.draw(st.integers(1, 3)))]
    found = reading(feature(drawn))
    assert found.problems == []
    (ring,) = found.zones[0].polygons[0]
    assert np.array_equal(ring, shapely.get_coordinates(hull))
    assert len(found.warnings) == 1
    assert "not closed" in found.warnings[0]


WEST, EAST = [[-180, 60], [180, 60]], [[180, 60], [-180, 60]]


@pytest.mark.parametrize(
    "ring",
    [
        [*WEST, [180, 90], [-180, 90], [-180, 60]],  # all north of 60
        [[-180, -90], [180, -90], [180, -60], [0, -70], [-180, -60], [-180, -90]],  # Antarctica's way
        [[0, 0], [180, 0], [180, 10], [0, 10], [0, 0]],
    ],
)
def test_caps_and_halves_of_the_globe(ring: Any) -> None:
    assert np.array_equal(zone(feature(ring)).polygons[0][0], ring)


@pytest.mark.parametrize(
    ("ring", "problem"),
    [
        ([], "got [], expected a list of positions"),
        ("POLYGON", 'got "POLYGON", expected a list of positions'),
        ([[20, 50], [21, 50], ["21", 51], [20, 50]], 'position 3 is ["21", 51.0], expected longitude'),
        ([[20, 50], [21, True], [21, 51], [20, 50]], "position 2 is [21.0, true]"),
        ([[20, 50], [21], [21, 51], [20, 50]], "position 2 is [21.0]"),
        ([[20, 50], None, [21, 51], [20, 50]], "position 2 is null"),
        ([[20, 50], [21, 95], [21, 51], [20, 50]], "position 2 is 21 95, expected longitude from -180 to 180"),
        ([[20, 50], [181, 50], [21, 51], [20, 50]], "position 2 is 181 50"),
        ([[20, 50], [float("nan"), 50], [21, 51], [20, 50]], "position 2 is nan 50"),
        ([[20, 50], [10**400, 50], [21, 51], [20, 50]], "position 2 is inf 50"),
        ([[179, 60], [-179, 60], [-179, 61], [179, 61], [179, 60]], "the edge from 179 60 to -179 60 spans 358"),
        # Natural Earth's Fiji through TopoJSON: both ends on the antimeridian, and a phantom border round the globe
        (
            [[179, -16.1], [180, -16], [-180, -16], [-179, -17], [-180, -17], [180, -17], [179, -16.1]],
            "the edge from 180 -16 to -180 -16",
        ),
    ],
)
def test_ring_problems(ring: Any, problem: str) -> None:
    (line,) = reading(feature(SQUARE, ring)).problems
    assert line.startswith(f'a.geojson: zone "z" (feature 1): geometry: part 1 ring 2: {problem}')
    assert ", expected " in line


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"id": None}, "id: missing, expected a text"),
        ({"id": 7}, "id: got 7.0, expected a text"),
        ({"id": "EP/R129"}, 'id: got "EP/R129", expected a text without'),
        ({"id": "none"}, 'id: got "none", expected'),
        ({"id": "a\nb"}, 'id: got "a\\nb", expected'),
        ({"id": "\ud800"}, 'id: got "\\ud800", expected'),
        ({"name": ""}, 'name: got "", expected a text'),
        ({"kind": "country"}, 'kind: got "country", expected national | restricted'),
        ({"kind": ["national"]}, 'kind: got ["national"], expected national'),
        ({"floor": 0}, "floor: got 0.0, expected GND, UNL, FL195"),
        ({"ceiling": "2500 ft"}, 'ceiling: got "2500 ft", expected GND, UNL, FL195'),
        ({"floor": "FL200", "ceiling": "FL100"}, 'ceiling: "FL100" is not above the floor, "FL200", expected'),
        ({"floor": "UNL"}, 'ceiling: null is not above the floor, "UNL", expected'),
        ({"ceiling": "GND"}, 'ceiling: "GND" is not above the floor, null, expected'),
        ({"watch": "hostile"}, 'watch: got "hostile", expected a list of friend | assumed-friend'),
        ({"watch": ["hostil"]}, 'watch: got ["hostil"], expected a list of'),
        ({"watch": [{}]}, "watch: got [{}], expected a list of"),
        ({"watch": []}, "watch: got [], expected a list of"),
        ({"initial": "warn"}, 'initial: got "warn", expected alert | adopt | ignore'),
        ({"near_nm": -1}, "near_nm: got -1.0, expected a number"),
        ({"near_nm": float("inf")}, "near_nm: got Infinity, expected a number"),
        ({"active": ["08:00/16:00"]}, 'active: got ["08:00/16:00"], expected 2026-11-23T06:00Z/2026-11-23T18:00Z'),
        ({"active": "08:00-16:00"}, 'active: got "08:00-16:00", expected a list of 2026-11-23T06:00Z/'),
        ({"active": []}, "active: got [], expected a list of 2026-11-23T06:00Z/"),
        ({"id": "  "}, "id: got"),
        ({"active": [8]}, "active: got [8.0], expected a list of 2026-11-23T06:00Z/"),
    ],
)
def test_property_problems(properties: dict[str, Any], problem: str) -> None:
    (line,) = reading(feature(**properties)).problems
    named = f"zone {json.dumps(properties['id'])} (feature 1)" if isinstance(properties.get("id"), str) else ""
    named = named or ("feature 1" if "id" in properties else 'zone "z" (feature 1)')
    assert line.startswith(f"a.geojson: {named}: {problem}")


@pytest.mark.parametrize(
    ("geometry", "problem"),
    [
        (None, "geometry: got null, expected Polygon, MultiPolygon, or a Point with radius_m"),
        (
            {"type": "Point", "coordinates": [20, 50]},
            "radius_m: got null, expected metres, above 0 and at most 1000000",
        ),
        ({"type": "LineString", "coordinates": SQUARE}, 'geometry: got "LineString", expected'),
        ({"type": []}, "geometry: got [], expected Polygon, MultiPolygon, or a Point with radius_m"),
        ({"type": "Polygon"}, "geometry: coordinates are empty or no lists, expected the rings of a Polygon"),
        ({"type": "Polygon", "coordinates": []}, "geometry: coordinates are empty"),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE], []]}, "geometry: coordinates are empty"),
    ],
)
def test_geometry_problems(geometry: Any, problem: str) -> None:
    (line,) = reading({**feature(), "geometry": geometry}).problems
    assert line.startswith(f'a.geojson: zone "z" (feature 1): {problem}')


def test_every_problem_of_every_feature_at_once() -> None:
    broken = feature([[0, 0], [1, 91]], [[0, 95]], kind="country", floor="low")
    found = reading(broken, feature(id="fine"), "text")
    assert [one.id for one in found.zones] == ["fine"]
    places = [line.split(": ")[1:3] for line in found.problems]
    first = 'zone "z" (feature 1)'
    assert places == [
        [first, "kind"],
        [first, "floor"],
        [first, "geometry"],
        [first, "geometry"],
        ["feature 3", "type"],
        ["feature 3", "id"],
        ["feature 3", "geometry"],
    ]


@pytest.mark.parametrize(
    ("said", "again", "names"),
    [
        ('"geometry": {', '"geometry": {"type": "Polygon", "coordinates": []}, "geometry": {', "geometry"),
        ('"properties": {', '"properties": {}, "properties": {', "properties"),
        (
            '"coordinates": [',
            '"coordinates": [[[24, 50], [25, 50], [25, 51], [24, 50]]], "coordinates": [',
            "coordinates",
        ),
        ('"type": "Polygon"', '"type": "Polygon", "type": "Polygon"', "type"),
        (
            '"id": "z"',
            '"id": "z", "ceiling": "FL95", "kind": "fir", "kind": "adiz", "ceiling": "FL55"',
            "ceiling, kind",
        ),
        ('"id": "z"', '"id": "z", "note": 1, "note": 2', ""),
    ],
)
def test_what_is_said_twice_is_refused(said: str, again: str, names: str) -> None:
    one = json.dumps(feature())
    assert said in one
    found = read(one.replace(said, again).encode(), "a.geojson")
    line = f'a.geojson: zone "z" (feature 1): {names}: given more than once, expected once'
    assert found.problems == ([line] if names else [])
    assert len(found.zones) == (not names)


def test_an_id_has_an_end() -> None:
    assert [len(reading(feature(id="x" * length)).zones) for length in (200, 201)] == [1, 0]


@pytest.mark.parametrize(
    ("properties", "warnings"),
    [
        ({"ceilling": "FL100"}, ['"ceilling" is not read, expected ceiling?']),
        ({"Floor": 1, "actve": 2}, ['"Floor" is not read, expected floor?', '"actve" is not read, expected active?']),
        ({"floor": "FL100", "Floor": 3}, []),
        ({"radius": 3}, ['"radius" is not read, expected radius_m?']),
        ({"class": "D", "type": "CTR", "iso": "PL", "height": 3}, []),
        ({"flo\nor": 3}, ['"flo\\nor" is not read, expected floor?']),
    ],
)
def test_names_that_look_like_properties_are_told(properties: dict[str, Any], warnings: list[str]) -> None:
    found = reading(feature(**properties))
    assert found.warnings == [f'a.geojson: zone "z" (feature 1): {line}' for line in warnings]
    assert len(found.zones) == 1


@pytest.mark.parametrize(
    ("name", "fine"),
    [("urn:ogc:def:crs:OGC:1.3:CRS84", True), ("urn:ogc:def:crs:EPSG::4326", True), ("EPSG:3857", False)],
)
def test_coordinates_of_another_system_are_refused(name: str, fine: bool) -> None:
    collection = {"type": "FeatureCollection", "features": [feature()], "crs": {"properties": {"name": name}}}
    data = json.dumps(collection).encode()
    if fine:
        assert len(read(data, "a.geojson").zones) == 1
    else:
        with pytest.raises(ValueError, match=r"crs: got .*, expected none"):
            read(data, "a.geojson")


@pytest.mark.parametrize("ring", [[[20, 50], [21, 50], [20, 50]], [[20, 50], [21, 50], [21, 50], [21, 50], [20, 50]]])
def test_rings_that_enclose_nothing_are_left_out_aloud(ring: Any) -> None:
    found = reading(feature(SQUARE, ring))
    assert [len(rings) for rings in found.zones[0].polygons] == [1]
    assert found.warnings == [
        'a.geojson: zone "z" (feature 1): geometry: part 1 ring 2: encloses nothing at 20 50 and is left out'
    ]
    assert reading(feature(ring)).problems == [
        'a.geojson: zone "z" (feature 1): geometry: encloses nothing, expected an area'
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "Expecting value: line 1 column 1"),
        (b'{"type": "FeatureCollection",\n "features": [}', "line 2 column 15"),
        (b"\xff\xfe\xfa", "decode"),
        (b"[" * 100_000, "recursion"),
        (b"[]", "type: got null, expected FeatureCollection or Feature"),
        (b'{"type": "Topology"}', 'type: got "Topology", expected'),
        (b'{"type": "FeatureCollection"}', "features: got null, expected at least one"),
        (b'{"type": "FeatureCollection", "features": []}', "features: got \\[\\], expected at least one"),
        (
            b'{"type": "FeatureCollection", "features": [{}], "note": 1, "note": 2, "features": []}',
            "features: given more than once, expected once",
        ),
    ],
)
def test_no_geojson(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        read(data, "a.geojson")
    assert "expected" in str(raised.value)
    assert "\n" not in str(raised.value)


KEYS = ["type", "id", "geometry", "coordinates", "name", "kind", "floor", "ceiling", "watch", "initial", "near_nm"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.sampled_from(["Polygon", "GND", "national"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
RINGS = st.lists(st.lists(st.floats(-200, 200) | st.integers(-180, 180), min_size=2, max_size=2) | ANYTHING, max_size=6)
FEATURES = st.fixed_dictionaries(
    {
        "type": st.just("Feature"),
        "properties": st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=4) | ANYTHING,
        "geometry": st.fixed_dictionaries(
            {"type": st.just("Polygon") | ANYTHING, "coordinates": st.lists(RINGS, max_size=2) | ANYTHING}
        ),
    }
)


@given(st.lists(FEATURES | ANYTHING, min_size=1, max_size=2))
def test_whatever_it_holds_each_feature_is_a_zone_or_has_a_problem(features: list[Any]) -> None:
    found = reading(*features)
    assert len(found.zones) + len(found.problems) >= len(features)
    assert all(len(line.splitlines()) == 1 for line in found.problems + found.warnings)
    assert all(", expected " in line for line in found.problems)


@pytest.mark.parametrize(
    ("properties", "warning", "is_so"),
    [
        ({"floor": "500 ft AGL"}, 'floor: "500 ft AGL" is taken as GND, as over', lambda z: z.floor == GROUND),
        ({"floor": "500 m AGL"}, 'floor: "500 m AGL" is taken as 50 m AMSL', lambda z: z.floor.height_m == 50),
        ({"ceiling": "500 ft AGL"}, 'ceiling: "500 ft AGL" is taken as 9002 m', lambda z: z.ceiling.height_m > 9002),
        (
            {"kind": "belt"},
            "kind: being inside a zone of kind belt alarms nobody by itself",
            lambda z: z.kind == "belt",
        ),
    ],
)
def test_warnings(properties: dict[str, Any], warning: str, is_so: Callable[[Zone], bool]) -> None:
    found = reading(feature(**properties))
    assert found.problems == []
    assert [line.startswith(f'a.geojson: zone "z" (feature 1): {warning}') for line in found.warnings] == [True]
    assert is_so(found.zones[0])


@pytest.mark.parametrize("floor", ["0 ft AMSL", "FL0", "-10 m AMSL", "450 m AGL"])
def test_a_floor_at_the_sea_hides_nobody_who_reads_less(floor: str) -> None:
    (zone,) = reading(feature(floor=floor, ceiling="FL95")).zones
    low = np.array([-142.0]), np.array([np.nan])  # 40 m above the sea under 1035 hPa
    above, sigma_m = Airspace([zone], 1013.25).above_floor_m(*low, np.array([0]))
    assert (above.tolist(), sigma_m.tolist()) == ([np.inf], [1.0])


@pytest.mark.parametrize(("floor", "ceiling"), [("0 ft AMSL", "0 ft AMSL"), ("FL0", "-10 m AMSL"), ("FL0", "GND")])
def test_a_ceiling_at_the_sea_is_not_above_a_floor_there(floor: str, ceiling: str) -> None:
    (problem,) = reading(feature(floor=floor, ceiling=ceiling)).problems
    assert "is not above the floor" in problem


NOTHING = dict.fromkeys([*(name for name in READERS if name != "id"), *DRAWN, "ceilling"])
NOWHERE = {"type": "Feature", "geometry": None}


@pytest.mark.parametrize(
    "asked",
    [
        feature(),
        {**feature(radius_m=500), "geometry": {"type": "Point", "coordinates": [20, 50]}},
        {**NOWHERE, "properties": {"id": "ship", "follows": "219000123", "radius_m": 9260}},
        {**NOWHERE, "properties": {"id": "belt", "of": "z", "outside_nm": 12}},
        {**NOWHERE, "properties": {"id": "belt", "of": "z", "inside_nm": 3, "kind": "belt"}},
    ],
)
def test_null_is_the_same_as_absent(asked: dict[str, Any]) -> None:
    found, plain = (reading({**asked, "properties": properties | asked["properties"]}) for properties in (NOTHING, {}))
    assert found.problems == plain.problems == []
    assert found.warnings == plain.warnings
    assert [repr(one) for one in found.zones + found.derived] == [repr(one) for one in plain.zones + plain.derived]
