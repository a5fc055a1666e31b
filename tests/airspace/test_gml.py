import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from pyproj import Geod

from detector.airspace.zones import Ring
from tests.airspace.aixm_text import (
    LAT_LON,
    LON_LAT,
    airspace,
    angles,
    around,
    component,
    member,
    reading,
    ring,
    string,
    surface,
    timeslice,
    zone,
)

GEOD = Geod(ellps="WGS84")
SQUARE = [[20, 50], [21, 50], [21, 51], [20, 51], [20, 50]]
HOLE = "50.2 20.2 50.2 20.4 50.4 20.4 50.2 20.2"


def with_surface(shape: str) -> str:
    return airspace(timeslice("A", component(f"<aixm:horizontalProjection>{shape}</aixm:horizontalProjection>")))


def rings(*members: str, srs: str = LAT_LON, others: tuple[str, ...] = ()) -> list[list[Ring]]:
    """Return the rings of a surface of one Ring of curve members, read without a problem or a warning."""
    one = zone(with_surface(surface(ring(*members), srs=srs)), *others)
    return [list(polygon) for polygon in one.polygons]


def only(*members: str, srs: str = LAT_LON, others: tuple[str, ...] = ()) -> Ring:
    ((one,),) = rings(*members, srs=srs, others=others)
    return one


def warned(*members: str) -> tuple[Ring, list[str]]:
    found = reading(with_surface(surface(ring(*members))))
    assert found.problems == []
    ((one,),) = found.zones[0].polygons
    return one, [line.removeprefix('a.xml: zone "A" (Airspace u-1): ') for line in found.warnings]


@pytest.mark.parametrize(
    "srs",
    [LAT_LON, "urn:ogc:def:crs:EPSG:6.9:4326", "http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326"],
)
def test_latitude_first(srs: str) -> None:
    assert np.array_equal(only(member(string()), srs=srs), SQUARE)


@pytest.mark.parametrize("srs", [LON_LAT, "urn:ogc:def:crs:OGC::CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"])
def test_longitude_first(srs: str) -> None:
    assert np.array_equal(only(member(string("20 50 21 50 21 51 20 51 20 50")), srs=srs), SQUARE)


def test_the_nearest_srs_name_counts() -> None:
    curve = member(string("20 50 21 50 21 51 20 51 20 50")).replace("<gml:Curve", f'<gml:Curve srsName="{LON_LAT}"')
    assert np.array_equal(only(curve), SQUARE)
    positions = member(string("20 50 21 50 21 51 20 51 20 50")).replace(
        "<gml:posList", f'<gml:posList srsName="{LON_LAT}"'
    )
    assert np.array_equal(only(positions), SQUARE)


def test_holes_patches_and_positions_one_by_one() -> None:
    single = "".join(f"<gml:pos>{lat} {lon}</gml:pos>" for lon, lat in SQUARE)
    outer = ring(member(f"<gml:Geodesic>{single}</gml:Geodesic>"))
    shape = surface(outer, ring(member(string(HOLE))))
    patch = shape[shape.index("<gml:PolygonPatch") : shape.index("</gml:patches")]
    one = zone(with_surface(shape.replace(patch, patch + patch.replace("50", "40"))))
    assert [[len(r) for r in polygon] for polygon in one.polygons] == [[5, 4], [5, 4]]
    assert np.array_equal(one.polygons[0][0], SQUARE)
    assert one.polygons[1][0][:, 1].max() == 51


def test_a_ring_of_several_curves_and_segments() -> None:
    one = only(member(string("50 20 50 21"), string("50 21 51 21")), member(string("51 21 51 20 50 20", "Geodesic")))
    assert np.array_equal(one, SQUARE)


# --- lines straight in degrees ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [ring(member(string("60 10 60 20 61 20 60 10", "LineStringSegment")))])
@pytest.mark.parametrize("linear", [True, False])
def test_parallels_are_followed(shape: str, linear: bool) -> None:
    positions = "<gml:LinearRing><gml:posList>60 10 60 20 61 20 60 10</gml:posList></gml:LinearRing>"
    ((one,),) = zone(with_surface(surface(positions if linear else shape))).polygons
    south = one[one[:, 1] == 60]
    assert south[[0, -2], 0].tolist() == [10, 20]
    azimuth, _, length_m = GEOD.inv(*south[:-2].T, *south[1:-1].T)
    middle = np.column_stack(GEOD.fwd(*south[:-2].T, azimuth, length_m / 2)[:2])
    assert np.abs(middle[:, 1] - 60).max() * 111_400 < 1.0
    straight_m = GEOD.inv(10, 60, 20, 60)[2]
    assert length_m.sum() - straight_m > 100  # the parallel is longer than the geodesic between its ends


@given(st.floats(-85, 84), st.floats(-1, 1), st.floats(-170, 160), st.floats(0.1, 9))
def test_slanting_lines_too(lat: float, rise: float, lon: float, width: float) -> None:
    text = f"{lat} {lon} {lat + rise} {lon + width} {lat + 0.9} {lon} {lat} {lon}"
    one = only(member(string(text, "LineStringSegment")))
    azimuth, _, length_m = GEOD.inv(*one[:-1].T, *one[1:].T)
    scale_m = np.array([np.cos(np.radians(lat)), 1.0]) * 111_400
    along_m = np.diff(one, axis=0) * scale_m
    normal = np.column_stack([-along_m[:, 1], along_m[:, 0]]) / np.maximum(np.hypot(*along_m.T), 1e-9)[:, None]
    for part in (0.25, 0.5, 0.75):
        place = np.column_stack(GEOD.fwd(*one[:-1].T, azimuth, length_m * part)[:2])
        off_m = (place - one[:-1] - part * np.diff(one, axis=0)) * scale_m
        assert np.abs((off_m * normal).sum(axis=1)).max() < 1.1


def test_a_parallel_across_the_antimeridian_goes_the_short_way() -> None:
    one = only(member(string("60 179 60 -179 61 -179 61 179 60 179", "LineStringSegment")))
    assert np.abs(one[:, 0]).min() == 179
    assert abs(GEOD.polygon_area_perimeter(*one.T)[0]) == pytest.approx(
        111_600 * 2 * 111_420 * np.cos(np.radians(60.5)), rel=0.01
    )


def test_a_parallel_all_round_bounds_a_cap() -> None:
    one = only(member(string("80 -180 80 180 90 180 90 -180 80 -180", "LineStringSegment")))
    assert (np.diff(np.sort(one[one[:, 1] == 80, 0])) < 0.05).all()


# --- arcs -------------------------------------------------------------------------------------------------------------

CENTRE = (20.0, 50.0)


def bearings_deg(points: Ring) -> np.ndarray:
    return GEOD.inv(*np.full((2, len(points)), np.array(CENTRE)[:, None]), *points.T)[0] % 360


@pytest.mark.parametrize(
    ("radius", "radius_m"),
    [
        ('"NM">10', 18520.0),
        ('"[nmi_i]">10', 18520.0),
        ('"KM">2.5', 2500.0),
        ('"km">2.5', 2500.0),
        ('"m">900', 900.0),
        ('"FT">1000', 304.8),
    ],
)
def test_circles(radius: str, radius_m: float) -> None:
    one = only(member(around("CircleByCenterPoint", radius=radius)))
    assert np.array_equal(one[0], one[-1])
    assert GEOD.inv(*np.full((2, len(one)), np.array(CENTRE)[:, None]), *one.T)[2] == pytest.approx(radius_m, abs=0.01)


@pytest.mark.parametrize(
    ("srs", "start", "end", "first", "last", "clockwise"),
    [
        (LAT_LON, 0, 90, 0, 90, True),
        (LAT_LON, 90, 0, 90, 0, False),
        (LAT_LON, 270, 497, 270, 137, True),
        (LAT_LON, 10, -30, 10, 330, False),
        (LON_LAT, 0, 90, 90, 0, False),  # from east to north, against the clock
        (LON_LAT, 90, 0, 0, 90, True),
        (LON_LAT, 45, 225, 45, 225, False),
    ],
)
def test_arcs_turn_as_the_axes_do(
    srs: str, start: float, end: float, first: float, last: float, clockwise: bool
) -> None:
    centre = "<gml:pos>50 20</gml:pos>" if srs == LAT_LON else "<gml:pos>20 50</gml:pos>"
    corner = "50 20" if srs == LAT_LON else "20 50"
    arc = around("ArcByCenterPoint", centre, angles=angles(start, end))
    shape = surface(ring(member(arc, string(f"{corner} {corner}"))), srs=srs)
    ((one,),) = reading(with_surface(shape)).zones[0].polygons
    bearing = bearings_deg(one[(np.abs(one - CENTRE) > 1e-6).any(axis=1)][:-1])
    assert (bearing[[0, -1]] - [first, last] + 180) % 360 - 180 == pytest.approx([0, 0], abs=1.5)
    turns = np.diff(np.unwrap(bearing, period=360))
    assert (turns > 0).all() if clockwise else (turns < 0).all()
    assert abs(turns.sum()) == pytest.approx(abs(end - start), abs=3)


def test_an_arc_all_round_is_a_circle() -> None:
    arc, circle = (around(kind, angles=angles(90, 450)) for kind in ("ArcByCenterPoint", "CircleByCenterPoint"))
    assert np.array_equal(only(member(arc)), only(member(circle)))


def test_positions_as_drawn_win_over_the_ends_of_arcs() -> None:
    north, east = (np.array(GEOD.fwd(*CENTRE, bearing, 18520 + off)[:2]) for bearing, off in ((0, 30), (90, -30)))
    line = string(f"{east[1]} {east[0]} 50 20 {north[1]} {north[0]}")
    one = only(member(around("ArcByCenterPoint", angles=angles(0, 90))), member(line))
    for drawn in (north, east):
        assert (np.hypot(*(one - drawn).T) < 1e-12).any()
    radius_m = GEOD.inv(*np.full((2, len(one)), np.array(CENTRE)[:, None]), *one.T)[2]
    off_m = {round(off) for off in radius_m - 18520}
    assert off_m == {0, 30, -30, -18520}


@pytest.mark.parametrize("turn", range(4))
def test_where_a_ring_begins_does_not_matter(turn: int) -> None:
    border = geo_border("49.9 20.4 50.1 20.2 50.1 19.8")
    members = [
        member(around("ArcByCenterPoint", angles=angles(270, 360))),
        member(string("50.16649 20 50.3 20.3")),
        member(string("50.3 20.3 50 20.3")),
        '<gml:curveMember xlink:href="urn:uuid:b-1"/>',
        member(string("50.1 19.9 50 19.7412")),
    ]
    found, first = (only(*members[n:], *members[:n], others=(border,)) for n in (turn, 0))
    assert len(found) == len(first)
    assert {tuple(vertex) for vertex in found} == {tuple(vertex) for vertex in first}


def test_curves_that_do_not_meet_are_joined_aloud() -> None:
    one, warnings = warned(member(string("50 20 50 21")), member(string("51 21 51 20 50 20")))
    assert np.array_equal(one, SQUARE)
    assert warnings == ["geometry: an edge from 21 50 to 21 51 is added, where curves do not meet"]


def test_a_ring_that_is_not_closed_is_closed_aloud() -> None:
    one, warnings = warned(member(string("50 20 50 21 51 21 51 20")))
    assert np.array_equal(one, SQUARE)
    assert warnings == ["geometry: part 1 ring 1: not closed; an edge from 20 51 to 20 50 is added"]


def test_a_circle_across_the_antimeridian() -> None:
    one = only(member(around("CircleByCenterPoint", "<gml:pos>60 180</gml:pos>")))
    assert GEOD.inv(*np.full((2, len(one)), [[180], [60]]), *one.T)[2] == pytest.approx(18520, abs=0.01)


# --- references -------------------------------------------------------------------------------------------------------


def geo_border(positions: str, identifier: str = "b-1") -> str:
    curve = f'<aixm:Curve srsName="{LAT_LON}"><gml:segments>{string(positions)}</gml:segments></aixm:Curve>'
    inside = f"<aixm:interpretation>BASELINE</aixm:interpretation><aixm:border>{curve}</aixm:border>"
    held = f"<aixm:timeSlice><aixm:GeoBorderTimeSlice>{inside}</aixm:GeoBorderTimeSlice></aixm:timeSlice>"
    return f"<aixm:GeoBorder><gml:identifier>{identifier}</gml:identifier>{held}</aixm:GeoBorder>"


TO_BORDER = '<gml:curveMember xlink:href="urn:uuid:b-1"/>'


@pytest.mark.parametrize("positions", ["49 21 50 21 50.5 21.2 51 21 52 21", "52 21 51 21 50.5 21.2 50 21 49 21"])
def test_a_border_is_followed_between_its_neighbours(positions: str) -> None:
    expected = [[20, 50], [21, 50], [21.2, 50.5], [21, 51], [20, 51], [20, 50]]
    found = only(
        member(string("50 20 50 21")), TO_BORDER, member(string("51 21 51 20 50 20")), others=(geo_border(positions),)
    )
    assert np.array_equal(found, expected)
    first = only(TO_BORDER, member(string("51 21 51 20 50 20 50 21")), others=(geo_border(positions),))
    assert np.array_equal(first, [*expected[1:], expected[1]])


def test_curves_and_points_by_reference() -> None:
    curve = member(string()).replace("<gml:Curve", f'<gml:Curve gml:id="c" srsName="{LAT_LON}"')
    keeper = airspace(
        timeslice("K", component(f"<aixm:horizontalProjection>{surface(ring(curve))}</aixm:horizontalProjection>")),
        identifier="u-2",
    )
    assert np.array_equal(only('<gml:curveMember xlink:href="#c"/>', others=(keeper,)), SQUARE)
    point = f'<aixm:Point gml:id="p" srsName="{LON_LAT}"><gml:pos>20 50</gml:pos></aixm:Point>'
    held, referred = (
        only(member(around("CircleByCenterPoint", centre)), others=others)
        for centre, others in (
            (f"<gml:pointProperty>{point}</gml:pointProperty>", ()),
            ('<gml:pointProperty xlink:href="#p"/>', (f"<aixm:DesignatedPoint>{point}</aixm:DesignatedPoint>",)),
        )
    )
    assert np.array_equal(held, referred)
    assert np.array_equal(held, only(member(around("CircleByCenterPoint"))))


# --- refusals ---------------------------------------------------------------------------------------------------------

ARC = "ArcByCenterPoint"


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (
            surface(ring(member(string())), srs="urn:ogc:def:crs:EPSG::3395"),
            'srsName: got "urn:ogc:def:crs:EPSG::3395"',
        ),
        (surface(ring(member(string())), srs=""), 'srsName: got "", expected urn:ogc:def:crs:EPSG::4326 or'),
        (surface(ring(member(string("50 20 50")))), 'posList: got "50 20 50", expected pairs of degrees'),
        (surface(ring(member(string("50 20 x 21")))), 'posList: got "50 20 x 21", expected pairs'),
        (surface(ring(member(string("20 50 20 150 95 51 20 50")))), "posList: got 95 51, expected pairs of degrees in"),
        (surface(ring(member(string("nan 50 20 51")))), "posList: got nan 50, expected"),
        (surface(ring(member(string("")))), "GeodesicString: got no position, expected pos, posList or pointProperty"),
        (surface(ring(member("<gml:GeodesicString/>"))), "GeodesicString: got no position, expected"),
        (surface(ring(member(string(kind="Clothoid")))), "Clothoid: is not supported, expected GeodesicString"),
        (surface(ring(member())), "Curve: got no segments, expected"),
        (surface(ring()), "Ring: got no curve, expected a Ring of curveMembers or a LinearRing"),
        (
            surface(ring(member(around("CircleByCenterPoint", radius='"MI">1')))),
            'radius: got "1 MI", expected a length',
        ),
        (surface(ring(member(around("CircleByCenterPoint", radius='"M">0')))), 'radius: got "0 M", expected a length'),
        (surface(ring(member(around(ARC)))), 'startAngle: got "", expected an angle in deg'),
        (surface(ring(member(around(ARC, angles=angles(0, "nan"))))), 'endAngle: got "nan deg", expected an angle'),
        (surface(ring(member(string()), TO_BORDER)), 'curveMember: "urn:uuid:b-1" is not in this file, expected'),
        ("<aixm:Surface/>", 'Surface: got "", expected patches of PolygonPatch'),
        (surface("").replace("PolygonPatch", "Rectangle"), 'Surface: got "Rectangle", expected patches of'),
        (surface(""), "exterior: holds nothing, expected"),
        (surface(2 * ring(member(string()))), "exterior: holds or refers to 2 things, expected one"),
        (surface(f"{ring()}</gml:exterior><gml:exterior>{ring()}"), "PolygonPatch: got 2 of exterior, expected one"),
    ],
)
def test_geometries_that_are_refused(shape: str, problem: str) -> None:
    (line,) = reading(with_surface(shape)).problems
    assert line.startswith(f'a.xml: zone "A" (Airspace u-1): geometry: {problem}')
    assert ", expected " in line


@pytest.mark.parametrize(
    ("border", "members", "problem"),
    [
        ("50 20 51 21", [TO_BORDER], "got no curves around it, expected where to join and leave it"),
        ("50 20", [TO_BORDER, member(string())], "got one position, expected a line"),
    ],
)
def test_borders_that_are_refused(border: str, members: list[str], problem: str) -> None:
    (line,) = reading(with_surface(surface(ring(*members))), geo_border(border)).problems
    assert f"geometry: GeoBorder: {problem}" in line
