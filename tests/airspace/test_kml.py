import sys
from collections.abc import Sequence
from xml.sax.saxutils import escape

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pyproj import Geod

from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.airspace.kml import read
from detector.airspace.reading import Reading
from detector.airspace.schedule import parse
from detector.airspace.zones import DEFAULT_WATCH, Identity, Initial, Zone

SQUARE = "20,50 21,50 21,51 20,51 20,50"
HOLE = "20.2,50.2 20.2,50.4 20.4,50.4 20.2,50.2"
TALL = "20,50,3000 21,50,3000 21,51,3000 20,51,3000 20,50,3000"


def boundary(kind: str, coordinates: str) -> str:
    return f"<{kind}><LinearRing><coordinates>{coordinates}</coordinates></LinearRing></{kind}>"


def polygon(outer: str = SQUARE, *inner: str, mode: str = "", extrude: int = 0) -> str:
    holes = "".join(boundary("innerBoundaryIs", hole) for hole in inner)
    mode = mode and f"<altitudeMode>{mode}</altitudeMode>"
    return f"<Polygon><extrude>{extrude}</extrude>{mode}{boundary('outerBoundaryIs', outer)}{holes}</Polygon>"


def placemark(name: str | None = "z", geometry: str | None = None, **data: str) -> str:
    extended = "".join(f'<Data name="{key}"><value>{escape(value)}</value></Data>' for key, value in data.items())
    title = "" if name is None else f"<name>{escape(name)}</name>"
    body = polygon() if geometry is None else geometry
    return f"<Placemark>{title}<ExtendedData>{extended}</ExtendedData>{body}</Placemark>"


def document(*features: str, version: str = "2.2") -> bytes:
    space = f"http://www.opengis.net/kml/{version}"
    body = "".join(features)
    return f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="{space}"><Document>{body}</Document></kml>'.encode()


def reading(*features: str) -> Reading:
    return read(document(*features), "a.kml")


def zone(*features: str) -> Zone:
    found = reading(*features)
    assert (found.problems, found.warnings) == ([], [])
    return found.zones[0]


def rings(zone: Zone) -> list[list[list[list[float]]]]:
    return [[ring.tolist() for ring in polygon] for polygon in zone.polygons]


def positions(text: str) -> list[list[float]]:
    return [[float(number) for number in each.split(",")][:2] for each in text.split()]


def test_a_point_with_a_radius_is_a_geodesic_circle() -> None:
    one = zone(placemark("Petrobaltic", "<Point><coordinates>18.17,55.48,30</coordinates></Point>", radius_m="9260"))
    assert (one.id, one.geodesic, one.floor, one.ceiling) == ("Petrobaltic", True, GROUND, UNLIMITED)
    lon, lat = one.polygons[0][0].T
    far_m = Geod(ellps="WGS84").inv(np.full(len(lon), 18.17), np.full(len(lat), 55.48), lon, lat)[2]
    assert np.abs(far_m - 9260).max() < 0.1


NEXT_RING = "</LinearRing><LinearRing>"
NEXT_BOUNDARY = "</LinearRing></outerBoundaryIs><outerBoundaryIs><LinearRing>"


@pytest.mark.parametrize("between", ["", NEXT_RING, NEXT_BOUNDARY])
def test_an_outer_ring_that_would_be_lost_is_refused(between: str) -> None:
    two = f"</coordinates>{between}<coordinates>".join([SQUARE, "22,50 23,50 23,51 22,50"])
    assert reading(placemark("a", polygon(two))).problems == [
        'a.kml: zone "a" (Placemark 1): geometry: a Polygon has another outer ring, "22,50 23,50 23,51 22,50", '
        "expected a Polygon for each, in one MultiGeometry"
    ]


@pytest.mark.parametrize(
    ("geometry", "radius_m", "expected"),
    [
        (polygon(), "500", "radius_m: given to what is no Point, expected the one Point around which"),
        ("<Point/>" + polygon(), "500", "radius_m: given to what is no Point, expected the one Point around which"),
        ("<Point><coordinates>20,50</coordinates></Point>", "wide", 'radius_m: got "wide", expected metres'),
        ("<Point><coordinates>20,50</coordinates></Point>", "-5", "radius_m: got -5.0, expected metres, above 0"),
        ("<Point><coordinates>20,95</coordinates></Point>", "500", "geometry: position 1 is 20 95, expected longitude"),
        ("<Point/>", "500", "geometry: position 1 is [], expected longitude"),
        ("", "500", "radius_m: given to what is no Point, expected the one Point around which"),
    ],
)
def test_a_radius_is_that_of_one_point(geometry: str, radius_m: str, expected: str) -> None:
    found = reading(placemark("z", geometry, radius_m=radius_m))
    assert not found.zones
    assert expected in "".join(found.problems), found.problems


def test_defaults() -> None:
    one = zone(placemark("Żubr  1"))
    assert (one.id, one.name, one.kind, one.floor, one.ceiling) == ("Żubr 1", "Żubr 1", "national", GROUND, UNLIMITED)
    assert (one.watch, one.initial, one.near_nm, one.geodesic) == (DEFAULT_WATCH, Initial.ALERT, 30.0, False)
    assert rings(one) == [[positions(SQUARE)]]


DATA = {
    "id": "EPR1",
    "name": "Żubr",
    "kind": "restricted",
    "floor": "2500 ft AMSL",
    "ceiling": "FL195",
    "watch": "hostile, assumed-friend",
    "initial": "adopt",
    "near_nm": "5",
    "colour": "red",
    "active": "",
}


@pytest.mark.parametrize("value", ["SAT,SUN 22:00-04:00; 06:00-18:00", '[ "SAT,SUN 22:00-04:00", "06:00-18:00" ]'])
def test_windows_are_listed_with_semicolons_or_as_json(value: str) -> None:
    extended = f"<ExtendedData><Data name='active'><value>{value}</value></Data></ExtendedData>"
    one = zone(f"<Placemark><name>drawn</name>{extended}{polygon(TALL)}</Placemark>")
    assert one.active == (parse("SAT,SUN 22:00-04:00"), parse("06:00-18:00"))


@pytest.mark.parametrize(
    "extended",
    [
        "".join(f'<Data name="{key}"><value>{value}</value></Data>' for key, value in DATA.items()),
        '<SchemaData schemaUrl="#s">'
        + "".join(f'<SimpleData name="{key}">{value}</SimpleData>' for key, value in DATA.items())
        + "</SchemaData>",
    ],
)
def test_extended_data(extended: str) -> None:
    drawn = polygon(TALL, mode="absolute", extrude=1)
    one = zone(f"<Placemark><name>drawn</name><ExtendedData>{extended}</ExtendedData>{drawn}</Placemark>")
    assert (one.id, one.name, one.kind, one.initial, one.near_nm) == ("EPR1", "Żubr", "restricted", Initial.ADOPT, 5.0)
    assert one.floor == Limit(pytest.approx(762.0), Reference.SEA)
    assert one.ceiling == Limit(pytest.approx(5943.6), Reference.STANDARD)
    assert one.watch == {Identity.HOSTILE, Identity.ASSUMED_FRIEND}


@pytest.mark.parametrize("geometry", [polygon(), polygon(TALL, mode="absolute", extrude=1)])
def test_names_that_look_like_properties_are_told(geometry: str) -> None:
    wrong = {"Kind": "prohibited", "ceilling": "FL100", "Floor": "FL50", "colour": "red", "Name": "Z", "floors": ""}
    found = reading(placemark(geometry=geometry, **wrong))
    assert found.problems == []
    expected = {"Kind": "kind", "ceilling": "ceiling", "Floor": "floor"}
    for name, like in expected.items():
        assert f'a.kml: zone "z" (Placemark 1): "{name}" is not read, expected {like}?' in found.warnings
    assert len(found.warnings) == len(expected)


def test_a_misspelt_radius_is_told() -> None:
    found = reading(placemark(), placemark("pin", "<Point><coordinates>20,50</coordinates></Point>", Radius="500"))
    assert 'a.kml: zone "pin" (Placemark 2): "Radius" is not read, expected radius_m?' in found.warnings


def test_what_only_geojson_draws_is_told() -> None:
    (warning,) = reading(placemark(of="land", outside_nm="12")).warnings
    assert warning.endswith("of, outside_nm: not read of KML; GeoJSON can say how to draw a zone")


@pytest.mark.parametrize(
    "watch", ["hostile,unknown", "unknown hostile", '[ "hostile", "unknown" ]', "hostile;unknown;"]
)
def test_watch_lists(watch: str) -> None:
    assert zone(placemark(watch=watch)).watch == {Identity.HOSTILE, Identity.UNKNOWN}


def test_any_depth_and_version_and_nested_geometries() -> None:
    nested = f"<MultiGeometry>{polygon(SQUARE, HOLE)}<MultiGeometry>{polygon('30,0 31,0 31,1 30,0')}</MultiGeometry>"
    folders = f"<Folder><Folder>{placemark('in', nested + '</MultiGeometry>')}</Folder>{placemark('out')}</Folder>"
    for version in ("2.1", "2.2", "2.3"):
        found = read(document(folders, version=version), "a.kml")
        assert (found.problems, found.warnings) == ([], [])
        assert [one.id for one in found.zones] == ["in", "out"]
        assert rings(found.zones[0]) == [
            [positions(SQUARE), positions(HOLE)],
            [positions("30,0 31,0 31,1 30,0")],
        ]


@pytest.mark.parametrize(
    "text",
    [
        "\n\t20,50,0\n\t21,50,0\n\t21,51,0\n\t20,51,0\n\t20,50,0\n",
        "20, 50, 0 21, 50, 0 21, 51, 0 20, 51, 0 20, 50, 0",
        "20 ,50 21 ,50 21 ,51 20 ,51 20 ,50",
        "20,50 21,50 21,51,7 20,51 2e1,+50.0",
        "20,50 21,50 21,50 21,51 20,51 20,50",
    ],
)
def test_white_space_and_altitudes_leave_the_shape_alone(text: str) -> None:
    assert rings(zone(placemark("z", polygon(text)))) == [[positions(SQUARE)]]


@given(st.lists(st.tuples(st.floats(-179, 179), st.floats(-89, 89)), min_size=3, max_size=8, unique=True), st.data())
def test_what_is_written_is_read(points: list[tuple[float, float]], data: st.DataObject) -> None:
    gaps = st.sampled_from([" ", "\n", "\t  ", "\r\n"])
    written = "".join(f"{lon!r},{lat!r}{data.draw(gaps)}" for lon, lat in [*points, points[0]])
    found = reading(placemark("z", polygon(written)))
    wide = np.abs(np.diff(np.array([*points, points[0]])[:, 0])).max() > 180
    assert len(found.zones) == (not wide)
    if not wide:
        assert rings(found.zones[0]) == [[[list(point) for point in [*points, points[0]]]]]


def ids(names: Sequence[str | None], **data: str) -> list[str]:
    return [one.id for one in reading(*(placemark(name) for name in names), placemark("last", **data)).zones]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["EP/R1", "a+b#c"], ["EP-R1", "a-b-c"]),
        (["A", "A", "A-2", "A"], ["A", "A-2", "A-2-2", "A-3"]),
        ([None, "", "none", " \n "], ["placemark-1", "placemark-2", "placemark-3", "placemark-4"]),
        (["x\u200b\u00a0y", "taken"], ["x y", "taken-2"]),
    ],
)
def test_ids_from_names(names: list[str | None], expected: list[str]) -> None:
    assert ids(names, id="taken") == [*expected, "taken"]
    assert ids(names, id="taken") == ids(names, id="taken")


def test_a_pin_does_not_take_the_name_of_its_area() -> None:
    found = reading(placemark("EPR1", "<Point><coordinates>20,50</coordinates></Point>"), placemark("EPR1"))
    assert [one.id for one in found.zones] == ["EPR1"]


def test_an_id_given_twice_is_claimed_twice() -> None:
    found = reading(placemark("a", id="x"), placemark("b", id="x"))
    assert found.claims == [("x", f'a.kml: zone "x" (Placemark {n})') for n in (1, 2)]


SEA_3000 = Limit(3000.0, Reference.SEA)
TALLEST = Limit(3000.0 + 8850.0, Reference.SEA)
SLOPE = "20,50,100 21,50,3000 21,51 20,51,5 20,50,100"
FAR = "30,50,3000 31,50,3000 31,51,3000 30,50,3000"
FLAT = "20,50,0 21,50,0 21,51,0 20,50,0"


@pytest.mark.parametrize(
    ("geometry", "ceiling", "geodesic", "warnings"),
    [
        (polygon(TALL), UNLIMITED, False, []),
        (polygon(TALL, mode="clampToGround", extrude=1), UNLIMITED, False, []),
        (polygon(TALL, mode="clampToSeaFloor"), UNLIMITED, False, []),
        (polygon(TALL, mode="absolute", extrude=1), SEA_3000, True, []),
        (polygon(SLOPE, mode="absolute", extrude=1), SEA_3000, True, ["altitudes from 0 m to 3000 m; the highest is"]),
        (polygon(TALL, mode="absolute"), UNLIMITED, True, ["a Polygon that hangs at 3000 m, not extruded is taken"]),
        (polygon(FLAT, mode="absolute", extrude=1), UNLIMITED, True, ["a Polygon that is drawn at altitude 0 m is"]),
        (polygon(SQUARE, mode="absolute", extrude=1), UNLIMITED, True, ["a Polygon that is drawn at altitude 0 m"]),
        (
            polygon(TALL, mode="relativeToGround", extrude=1),
            TALLEST,
            True,
            ['"3000 m AGL" is taken as 11850 m AMSL, as'],
        ),
        (
            polygon(TALL, mode="absolute", extrude=1) + polygon(FAR.replace("3000", "100"), mode="absolute", extrude=1),
            SEA_3000,
            True,
            ["its Polygons differ in height; the highest, 3000 m, is taken for all"],
        ),
        (
            polygon(TALL, mode="absolute", extrude=1) + polygon(FAR, mode="relativeToGround", extrude=1),
            TALLEST,
            True,
            ['"3000 m AGL" is taken as 11850 m AMSL'],
        ),
        (
            polygon(FAR, mode="absolute", extrude=1) + polygon(),
            UNLIMITED,
            False,
            ["its Polygons differ in height; the highest, UNL, is taken for all"],
        ),
    ],
)
def test_heights_as_drawn(geometry: str, ceiling: Limit, geodesic: bool, warnings: list[str]) -> None:
    found = reading(placemark("z", f"<MultiGeometry>{geometry}</MultiGeometry>"))
    assert found.problems == []
    (one,) = found.zones
    assert (one.floor, one.ceiling, one.geodesic) == (GROUND, ceiling, geodesic)
    assert len(found.warnings) == len(warnings)
    for line, warning in zip(found.warnings, warnings, strict=True):
        assert line.startswith(f'a.kml: zone "z" (Placemark 1): ceiling: {warning}')


def tier(west: float, half: float, top_m: float, mode: str = "absolute", hole: float = 0.0) -> str:
    """Return a square around 20.5 E or as far from it as `west` says, 50.5 N."""
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    rings = [
        " ".join(f"{20.5 + west + size * x},{50.5 + size * y},{top_m}" for x, y in corners)
        for size in (half, hole)
        if size
    ]
    return polygon(*rings, mode=mode, extrude=1)


def on_a_slant(decimals: int, *, geodesic: bool) -> list[str]:
    """Return two tiers with a slanted side in common, along which the upper has vertices, rounded."""
    low, high = (20.0, 50.0), (20.3571, 51.0)
    geod = Geod(ellps="WGS84")
    azimuth, _, length_m = geod.inv(*low, *high)
    shares = (0.6371, 0.2913)
    along = [geod.fwd(*low, azimuth, share * length_m)[:2] for share in shares]
    if not geodesic:
        along = [tuple(a + share * (b - a) for a, b in zip(low, high, strict=True)) for share in shares]
    one, two = (tuple(round(degrees, decimals) for degrees in place) for place in along)
    outlines = (low, (21, 50), (21, 51), high), (one, two, (20.9, two[1]), (20.9, one[1]))
    return [
        polygon(" ".join(f"{lon},{lat},{top_m}" for lon, lat in (*outline, outline[0])), mode="absolute", extrude=1)
        for outline, top_m in zip(outlines, (1000, 3000), strict=True)
    ]


TIERS = {
    "two": [tier(0, 0.5, 1000), tier(0, 0.2, 3000)],
    "two, the upper first": [tier(0, 0.2, 3000), tier(0, 0.5, 1000)],
    "three": [tier(0, 0.5, 1000), tier(0, 0.3, 2000), tier(0, 0.2, 3000)],
    "three, two of them alike": [tier(0, 0.5, 1000), tier(0, 0.3, 1000), tier(0, 0.2, 3000)],
    "with a side in common": [tier(0, 0.5, 1000), tier(0.3, 0.2, 3000)],
    "on a slant": on_a_slant(7, geodesic=False),
    "on a slant, rounded more": on_a_slant(6, geodesic=False),
    "on a geodesic": on_a_slant(7, geodesic=True),
    "on a geodesic, rounded more": on_a_slant(6, geodesic=True),
    "a courtyard": [tier(0, 0.5, 3000), tier(0, 0.2, 1000)],
    "above ground": [tier(0, 0.5, 1000, "relativeToGround"), tier(0, 0.2, 1000)],
}


@pytest.mark.parametrize("name", TIERS)
def test_tiers_are_as_large_as_what_they_stand_on(name: str) -> None:
    found = reading(placemark("z", f"<MultiGeometry>{''.join(TIERS[name])}</MultiGeometry>"))
    assert found.problems == []
    (((outline,),),) = (one.polygons for one in found.zones)
    assert np.abs(outline - [20.5, 50.5]).max() == pytest.approx(0.5)
    said = f"geometry: {len(TIERS[name]) - 1} within another Polygon, of another height, counted as part of it"
    assert [said in line for line in found.warnings].count(True) == 1


@pytest.mark.parametrize(
    ("polygons", "rings_each"),
    [
        ([tier(0, 0.5, 1000), tier(0, 0.2, 1000)], [1, 1]),  # alike in height: a hole, as states are published
        ([tier(0, 0.5, 1000), tier(0, 0.2, 1000), tier(2, 0.2, 3000)], [1, 1, 1]),  # as well beside another
        ([tier(0, 0.5, 1000, hole=0.3), tier(0, 0.2, 3000)], [2, 1]),
        ([tier(0, 0.5, 1000), tier(0.5, 0.2, 3000)], [1, 1]),  # overlap: for the self-check to refuse
        ([tier(0, 0.5, 1000), tier(2, 0.2, 3000)], [1, 1]),
        ([polygon(), tier(0, 0.2, 3000)], [1, 1]),
    ],
)
def test_what_is_no_cake_stays_as_drawn(polygons: list[str], rings_each: list[int]) -> None:
    found = reading(placemark("z", f"<MultiGeometry>{''.join(polygons)}</MultiGeometry>"))
    assert [len(rings) for one in found.zones for rings in one.polygons] == rings_each
    assert not any("counted as part" in line for line in found.warnings)


def test_a_box_of_top_bottom_and_walls_is_its_outline() -> None:
    sheets = [TALL, " ".join(TALL.replace("3000", "1000").split()[::-1])]
    walls = ["20,50,1000 21,50,1000 21,50,3000 20,50,3000 20,50,1000", "21,50,1000 21,51,1000 21,51,3000 21,50,1000"]
    box = "".join(polygon(each, mode="absolute") for each in [sheets[0], *walls, sheets[1], "30,0 31,0 31,1 30,0"])
    found = reading(placemark("z", f"<MultiGeometry>{box}</MultiGeometry>", ceiling="3000 m AMSL"))
    assert found.problems == []
    assert [line.split(": geometry: ")[1] for line in found.warnings] == [
        "1 with the outline of another Polygon left out",
        "part 2 ring 1: encloses nothing at 20 50 and is left out",
        "part 3 ring 1: encloses nothing at 21 50 and is left out",
    ]
    assert rings(found.zones[0]) == [[positions(SQUARE)], [positions("30,0 31,0 31,1 30,0")]]


def test_a_floor_in_extended_data_goes_with_a_ceiling_as_drawn() -> None:
    one = zone(placemark("z", polygon(TALL, mode="absolute", extrude=1), floor="1000 m AMSL"))
    assert (one.floor, one.ceiling) == (Limit(1000.0, Reference.SEA), SEA_3000)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"id": "EP/R129"}, 'id: got "EP/R129", expected a text without'),
        ({"kind": "country"}, 'kind: got "country", expected national | restricted'),
        ({"floor": "0"}, 'floor: got "0", expected GND, UNL, FL195'),
        ({"floor": "FL200", "ceiling": "FL100"}, 'ceiling: "FL100" is not above the floor, "FL200", expected'),
        ({"watch": "hostil"}, 'watch: got ["hostil"], expected a list of friend | assumed-friend'),
        ({"initial": "warn"}, 'initial: got "warn", expected alert | adopt | ignore'),
        ({"near_nm": "-1"}, "near_nm: got -1.0, expected a number"),
        ({"near_nm": "far"}, 'near_nm: got "far", expected a number'),
        ({"active": "08:00/16:00"}, 'active: got ["08:00/16:00"], expected 2026-11-23T06:00Z/2026-11-23T18:00Z'),
        ({"active": ";"}, "active: got [], expected a list of 2026-11-23T06:00Z/"),
    ],
)
def test_property_problems(data: dict[str, str], problem: str) -> None:
    (line,) = reading(placemark(**data)).problems
    assert line.startswith(f'a.kml: zone "{data.get("id", "z")}" (Placemark 1): {problem}')


@pytest.mark.parametrize(
    ("geometry", "problem"),
    [
        (polygon("20,50 21,50 21,95 20,50"), "geometry: part 1 ring 1: position 3 is 21 95, expected longitude from"),
        (polygon("20,50 21 21,51 20,50"), 'geometry: part 1 ring 1: position 2 is "21", expected longitude'),
        (polygon("20,50 21,5O 21,51 20,50"), 'geometry: part 1 ring 1: position 2 is "21,5O", expected'),
        (polygon("2_0,50 21,50 21,51 2_0,50"), 'geometry: part 1 ring 1: position 1 is "2_0,50", expected'),
        (polygon("20,50,21,50,21,51,20,50"), 'geometry: part 1 ring 1: position 1 is "20,50,21,50,'),
        (polygon("20,50 21,50,inf 21,51 20,50"), 'geometry: part 1 ring 1: position 2 is "21,50,inf"'),
        (polygon(SQUARE, ""), "geometry: part 1 ring 2: got [], expected a list of positions"),
        ("<Polygon/>", "geometry: part 1 ring 1: got [], expected a list of positions"),
        (polygon("20,50 21,50 20,50"), "geometry: encloses nothing, expected an area"),
        (polygon("179,60 -179,60 -179,61 179,60"), "geometry: part 1 ring 1: the edge from 179 60 to -179 60 spans"),
        (polygon(mode="relativeToSeaFloor"), 'altitudeMode: got "relativeToSeaFloor", expected clampToGround | '),
    ],
)
def test_geometry_problems(geometry: str, problem: str) -> None:
    (line,) = reading(placemark("z", geometry)).problems
    assert line.startswith(f'a.kml: zone "z" (Placemark 1): {problem}')
    assert ", expected " in line


CLOSED = f"<LineString><coordinates>{SQUARE}</coordinates></LineString>"


@pytest.mark.parametrize(
    ("geometry", "warnings"),
    [
        ("<Point><coordinates>20,50</coordinates></Point>", ["a Point is no area and is left out"]),
        (
            "<LineString><coordinates>20,50 21,50</coordinates></LineString>",
            ["a LineString is no area and is left out"],
        ),
        (CLOSED, ['a LineString is no area, though closed, and is left out; to mend it, draw it with "Add polygon"']),
        (f"<MultiGeometry>{polygon()}{CLOSED}</MultiGeometry>", ["a LineString is no area, though closed"]),
        ("", []),
    ],
)
def test_what_is_no_area_is_left_out_aloud(geometry: str, warnings: list[str]) -> None:
    found = reading(placemark("fine"), placemark("line", geometry))
    if "Polygon" not in geometry:
        warnings = [*warnings, "encloses no area; the Placemark is left out"]
    assert [one.id for one in found.zones] == ["fine", "line"][: 1 + ("Polygon" in geometry)]
    assert len(found.warnings) == len(warnings)
    for line, warning in zip(found.warnings, warnings, strict=True):
        assert line.startswith(f'a.kml: zone "line" (Placemark 2): geometry: {warning}')


def test_overlays_are_left_out_and_links_refused_aloud() -> None:
    link = "<NetworkLink><name>more</name><Link><href>b.kml</href></Link></NetworkLink>"
    found = reading(placemark(), "<GroundOverlay><name>map</name></GroundOverlay>", link)
    assert found.warnings == ['a.kml: GroundOverlay "map": is no area and is left out']
    assert found.problems == ['a.kml: NetworkLink "more": what it links to is not read, expected zones in this file']


BOMB = b'<!DOCTYPE k [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><kml><name>&b;</name></kml>'


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no element found"),
        (b"PK\x03\x04", "not well-formed"),
        (b"<kml>", "no element found"),
        (b"<gpx/>", 'got "gpx", expected kml'),
        (BOMB, "DTDForbidden.*without a document type"),
        (b'<?xml version="1.0" encoding="no-such"?><kml/>', "unknown encoding"),
    ],
)
def test_no_kml(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        read(data, "a.kml")
    assert ", expected " in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("features", [[], [placemark("z", CLOSED)]])
def test_a_file_without_an_area_is_refused(features: list[str]) -> None:
    (line,) = reading(*features).problems
    assert line.startswith("a.kml: no Placemark has an area, expected at least one with a Polygon: draw it with")


def test_a_misspelt_radius_of_the_only_pin_is_told() -> None:
    found = reading(placemark("pin", "<Point><coordinates>20,50</coordinates></Point>", Radius="500"))
    assert "no Placemark has an area" in "".join(found.problems)
    assert 'a.kml: zone "pin" (Placemark 1): "Radius" is not read, expected radius_m?' in found.warnings


def test_without_defusedxml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml", None)
    with pytest.raises(ValueError, match=r'defusedxml is missing, expected .* pip install "incursiond\[zones\]"'):
        read(document(placemark()), "a.kml")
