import re
import sys

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from detector.airspace.aixm import read
from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.airspace.schedule import parse
from detector.airspace.zones import DEFAULT_WATCH, Initial
from tests.airspace.aixm_text import (
    airspace,
    component,
    contributor,
    limits,
    member,
    message,
    reading,
    ring,
    string,
    surface,
    timeslice,
    zone,
)

SQUARE = [[20, 50], [21, 50], [21, 51], [20, 51], [20, 50]]


def test_a_zone() -> None:
    one = zone(airspace(timeslice(name="Żubr")))
    assert (one.id, one.name, one.kind, one.floor, one.ceiling) == ("EAR1", "Żubr", "restricted", GROUND, UNLIMITED)
    assert (one.watch, one.initial, one.near_nm, one.geodesic) == (DEFAULT_WATCH, Initial.ALERT, 30.0, True)
    ((ring,),) = one.polygons
    assert np.array_equal(ring, SQUARE)


def test_the_older_namespace() -> None:
    data = message(airspace()).replace(b"schema/5.1.1", b"schema/5.1")
    assert [one.id for one in read(data, "a.xml").zones] == ["EAR1"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("P", "prohibited"),
        ("R", "restricted"),
        ("TSA", "restricted"),
        ("TRA", "restricted"),
        ("D", "danger"),
        ("W", "danger"),
        ("FIR", "fir"),
        ("UIR_P", "fir"),
        ("ADIZ", "adiz"),
        ("NAS", "national"),
    ],
)
def test_kinds(kind: str, expected: str) -> None:
    assert zone(airspace(timeslice(kind=kind))).kind == expected


def test_types_without_a_kind_are_belts_aloud() -> None:
    found = reading(airspace(timeslice("A", kind="CTR")), airspace(timeslice("B", kind="OTHER:X"), identifier="u-2"))
    assert [one.kind for one in found.zones] == ["belt", "belt"]
    assert found.warnings == [
        'a.xml: zone "A" (Airspace u-1): kind: being inside a zone of kind belt alarms nobody by itself',
        'a.xml: zone "B" (Airspace u-2): kind: being inside a zone of kind belt alarms nobody by itself',
        "a.xml: types without a kind of their own are taken as belt: CTR, OTHER:X",
    ]


@pytest.mark.parametrize(
    ("airspaces", "ids"),
    [
        ([("EADD", "R", ""), ("EADD", "D", ""), ("EADD1", "R", "")], ["EADD-R", "EADD-D", "EADD1"]),
        ([("EADD", "R", ""), ("EADD", "R", "")], ["u-0", "u-1"]),
        ([("", "R", "Bravo"), ("", "R", "")], ["Bravo", "u-1"]),
        ([("EP/R+1#", "R", "")], ["EP-R-1-"]),
    ],
)
def test_ids(airspaces: list[tuple[str, str, str]], ids: list[str]) -> None:
    members = [
        airspace(timeslice(designator, kind=kind, name=name), identifier=f"u-{n}")
        for n, (designator, kind, name) in enumerate(airspaces)
    ]
    assert [one.id for one in reading(*members).zones] == ids


# --- limits -----------------------------------------------------------------------------------------------------------

SEA, STANDARD = Reference.SEA, Reference.STANDARD


@pytest.mark.parametrize(
    ("lower", "below", "upper", "above", "floor", "ceiling"),
    [
        ('"FT">GND', "", '"FT">UNL', "", GROUND, UNLIMITED),
        ('"FT">GND', "SFC", '"FL">195', "STD", GROUND, Limit(5943.6, STANDARD)),
        ('"FL">95', "", '"FL">245', "", Limit(2895.6, STANDARD), Limit(7467.6, STANDARD)),
        ('"FT">2500', "MSL", '"M">2000.5', "MSL", Limit(762.0, SEA), Limit(2000.5, SEA)),
        ('"M">-10', "MSL", '"FT">3000', "MSL", GROUND, Limit(914.4, SEA)),
        ('"FL">0', "STD", '"FL">95', "STD", GROUND, Limit(2895.6, STANDARD)),
        ('"FT">0', "SFC", '"FT">24500', "STD", GROUND, Limit(7467.6, STANDARD)),
        ('"FT">5550', "STD", '"M">3001', "STD", Limit(55 * 30.48, STANDARD), Limit(99 * 30.48, STANDARD)),  # outwards
    ],
)
def test_limits(lower: str, below: str, upper: str, above: str, floor: Limit, ceiling: Limit) -> None:
    one = zone(airspace(timeslice("A", component(bounds=limits(lower, upper, below, above)))))
    for got, expected in ((one.floor, floor), (one.ceiling, ceiling)):
        assert (got.height_m, got.reference) == (pytest.approx(expected.height_m), expected.reference)


@pytest.mark.parametrize(
    ("bounds", "warning", "floor_m", "ceiling_m"),
    [
        (limits('"FT">500', below="SFC"), 'floor: "500 FT AGL" is taken as GND, as over', -np.inf, np.inf),
        (limits('"M">500', below="SFC"), 'floor: "500 M AGL" is taken as 50 m AMSL', 50.0, np.inf),
        (limits(upper='"M">1525', above="SFC"), 'ceiling: "1525 M AGL" is taken as 10375 m AMSL', -np.inf, 10375.0),
        (limits('"FT">500'), 'lowerLimitReference: got ""; taken as MSL', 152.4, np.inf),
        (limits(upper='"M">90', above="W84"), 'upperLimitReference: got "W84"; taken as MSL', -np.inf, 90),
        (limits('"FL">30', below="SFC"), "lowerLimitReference: SFC is not what FL is counted from", 914.4, np.inf),
        (limits('"OTHER">FLOOR'), 'lowerLimit: got "FLOOR"; taken as GND', -np.inf, np.inf),
        (limits(upper='"OTHER">CEILING'), 'upperLimit: got "CEILING"; taken as UNL', -np.inf, np.inf),
        ('<aixm:lowerLimit uom="FT">GND</aixm:lowerLimit>', 'upperLimit: got ""; taken as UNL', -np.inf, np.inf),
        (
            limits(upper='"FL">95') + '<aixm:maximumLimit uom="FT">3000</aixm:maximumLimit>',
            "maximumLimit: 3000 is not observed; taken as UNL",
            -np.inf,
            np.inf,
        ),
        (
            limits('"FL">95') + '<aixm:minimumLimit uom="FT">2000</aixm:minimumLimit>',
            "minimumLimit: 2000 is not observed; the floor may be lower",
            2895.6,
            np.inf,
        ),
    ],
)
def test_doubtful_limits_make_the_zone_larger_aloud(
    bounds: str, warning: str, floor_m: float, ceiling_m: float
) -> None:
    found = reading(airspace(timeslice("A", component(bounds=bounds))))
    (line,) = found.warnings
    assert line.startswith(f'a.xml: zone "A" (Airspace u-1): {warning}')
    (one,) = found.zones
    assert (one.floor.height_m, one.ceiling.height_m) == (pytest.approx(floor_m), pytest.approx(ceiling_m))


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [
        (limits('"SM">300', below="STD"), 'lowerLimit: got "300 SM STD", expected GND, UNL, FL, or FT or M'),
        (limits('"FT">300', below="OTHER:X"), 'lowerLimit: got "300 FT OTHER:X", expected'),
        (limits('"FT">x', below="STD"), 'lowerLimit: got "x FT STD", expected'),
        (limits('"FT">low', below="MSL"), 'floor: got "low FT AMSL", expected GND, UNL, FL195'),
        (limits(upper='"OTHER">FLOOR'), 'upperLimit: got "FLOOR OTHER", expected'),
        (limits('"FL">300', '"FL">200'), 'ceiling: "FL200" is not above the floor, "FL300", expected'),
        (limits('"FL">65.5'), 'floor: got "FL65.5", expected'),
    ],
)
def test_limits_that_are_refused(bounds: str, problem: str) -> None:
    found = reading(airspace(timeslice("A", component(bounds=bounds))))
    assert found.problems[0].startswith(f'a.xml: zone "A" (Airspace u-1): {problem}')
    assert found.zones == []


# --- timeslices -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "latest"),
    [([(1, 0), (2, 0)], 1), ([(2, 0), (1, 3)], 0), ([(2, 0), (2, 1), (2, 0)], 1), ([(2, 10), (2, 9)], 0)],
)
def test_the_latest_baseline_holds(versions: list[tuple[int, int]], latest: int) -> None:
    slices = [timeslice(f"S{n}", version=version) for n, version in enumerate(versions)]
    found = reading(airspace(*slices))
    assert ([one.id for one in found.zones], found.problems) == ([f"S{latest}"], [])


def valid(begin: str, end: str = "") -> str:
    until = f"<gml:endPosition>{end}</gml:endPosition>" if end else '<gml:endPosition indeterminatePosition="unknown"/>'
    period = f"<gml:TimePeriod><gml:beginPosition>{begin}</gml:beginPosition>{until}</gml:TimePeriod>"
    return f"<gml:validTime>{period}</gml:validTime>"


def test_which_baseline_is_read_and_which_are_left_out_is_said() -> None:
    old, now, later = (f"20{year}-03-25T00:00:00Z" for year in (20, 26, 28))
    slices = [
        timeslice("LATER", version=(3, 0), rest=valid(later)),
        timeslice("OLD", version=(1, 0), rest=valid(old, now)),
        timeslice("MISTAKEN", version=(2, 0), rest=valid(old)),
        timeslice("NOW", version=(2, 1), rest=valid(now, later)),
    ]
    found = reading(airspace(*slices))
    assert [zone.id for zone in found.zones] == ["LATER"]
    assert found.warnings == [
        f"a.xml: Airspace u-1: of its BASELINE timeslices that of {later}/.. is read, and counts at any time; "
        f"left out: {now}/{later}, {old}/{now}"
    ]


@pytest.mark.parametrize(("rest", "when"), [("", "../.."), (valid("2026-03-25T00:00:00Z"), "2026-03-25T00:00:00Z/..")])
@pytest.mark.parametrize("versions", [((1, 0), (2, 0)), ((1, 0), (1, 0))])
def test_of_baselines_of_one_validity_one_is_left_out_aloud(
    versions: tuple[tuple[int, int], ...], rest: str, when: str
) -> None:
    found = reading(airspace(*(timeslice(f"S{n}", version=version, rest=rest) for n, version in enumerate(versions))))
    assert [zone.id for zone in found.zones] == ["S1"]
    assert found.warnings == [
        f"a.xml: Airspace u-1: of its BASELINE timeslices that of {when} is read, and counts at any time; "
        f"left out: another of {when}"
    ]


def test_a_corrected_baseline_is_none() -> None:
    slices = [timeslice(version=(1, n), rest=valid(f"{2025 + n}-03-25T00:00:00Z")) for n in (0, 1)]
    assert reading(airspace(*slices)).warnings == []


def test_temporary_changes_are_not_observed_aloud() -> None:
    delta = timeslice("X", interpretation="TEMPDELTA", version=(9, 0))
    found = reading(airspace(timeslice("A"), delta), airspace(delta, identifier="u-2"))
    assert [one.id for one in found.zones] == ["A"]
    assert found.warnings == [
        "a.xml: Airspace u-2: has no BASELINE timeslice and is left out",
        "a.xml: 2 timeslices are TEMPDELTA, which is not observed yet",
    ]


VALID = "<gml:validTime><gml:TimePeriod>{}</gml:TimePeriod></gml:validTime>"
HOURS = "<aixm:activation><aixm:AirspaceActivation><aixm:timeInterval/></aixm:AirspaceActivation></aixm:activation>"


@pytest.mark.parametrize(
    ("rest", "timed"),
    [
        (VALID.format("<gml:endPosition>2018-02-05T23:00:00Z</gml:endPosition>"), True),
        (VALID.format('<gml:endPosition indeterminatePosition="unknown"/>'), False),
        (HOURS, True),
        (HOURS.replace("<aixm:timeInterval/>", ""), False),
    ],
)
def test_times_are_not_observed_aloud(rest: str, timed: bool) -> None:
    found = reading(airspace(timeslice("A", rest=rest)))
    line = "a.xml: an end of validity, or times that are not plain UTC, are not observed; always active: A"
    assert found.warnings == [line] * timed
    assert len(found.zones) == 1


def activation(*sheets: str, status: str = "ACTIVE") -> str:
    intervals = "".join(
        f"<aixm:timeInterval><aixm:Timesheet>{sheet}</aixm:Timesheet></aixm:timeInterval>" for sheet in sheets
    )
    inner = f"<aixm:AirspaceActivation>{intervals}<aixm:status>{status}</aixm:status></aixm:AirspaceActivation>"
    return f"<aixm:activation>{inner}</aixm:activation>"


def sheet(**said: str) -> str:
    return "".join(f"<aixm:{name}>{value}</aixm:{name}>" for name, value in said.items())


ANY_DAY = sheet(day="ANY", startTime="00:00", endTime="00:00")
MORNING = sheet(timeReference="UTC", day="MON", startTime="07:00", endTime="12:00", excluded="NO")
NIGHT = sheet(
    timeReference="UTC",
    startDate="01-10",
    endDate="31-03",
    startTime="22:00",
    endTime="04:00",
    daylightSavingAdjust="NO",
)


@pytest.mark.parametrize(
    ("rest", "texts"),
    [
        (activation(ANY_DAY), []),
        (activation(MORNING), ["MON 07:00-12:00"]),
        (activation(MORNING, NIGHT), ["MON 07:00-12:00", "10-01/03-31 22:00-04:00"]),
        (activation(MORNING) + activation(NIGHT, status="AVBL_FOR_ACTIVATION"), ["MON 07:00-12:00", "10-01/03-31 22:00-04:00"]),  # noqa: E501
        (activation(MORNING) + activation(ANY_DAY), []),
        (activation(sheet(timeReference="UTC", day="SUN")), ["SUN 00:00-24:00"]),
        (activation(sheet(timeReference="UTC", startDate="01-10", endDate="31-07", startTime="00:00", endTime="00:00")), ["10-01/07-31 00:00-24:00"]),  # noqa: E501
    ],
)  # fmt: skip
def test_plain_timesheets_are_windows(rest: str, texts: list[str]) -> None:
    found = reading(airspace(timeslice("A", rest=rest)))
    assert found.warnings == []
    assert found.zones[0].active == tuple(map(parse, texts))


@pytest.mark.parametrize(
    "rest",
    [
        activation(MORNING.replace("MON", "HOL")),
        activation(MORNING.replace("MON", "WORK_DAY")),
        activation(MORNING + sheet(dayTil="FRI")),
        activation(MORNING.replace("UTC", "UTC+1")),
        activation(sheet(day="MON")),
        activation(MORNING + sheet(endEvent="SS")),
        activation(MORNING + sheet(daylightSavingAdjust="YES")),
        activation(MORNING.replace("NO<", "YES<")),
        activation(MORNING, status="INACTIVE"),
        activation(MORNING) + activation(),
        activation(NIGHT.replace("31-03", "EDLST")),
        activation(NIGHT.replace("31-03", "31-02")),
        activation(MORNING.replace("12:00", "07:00")),
        activation(sheet(timeReference="UTC", day="ANY", startTime="06:00")),
        activation(sheet(timeReference="UTC", day="ANY", endTime="18:00")),
    ],
)
def test_other_timesheets_leave_a_zone_active_aloud(rest: str) -> None:
    found = reading(airspace(timeslice("A", rest=rest)))
    assert ["always active: A" in line for line in found.warnings] == [True]
    assert found.zones[0].active == ()


# --- volumes ----------------------------------------------------------------------------------------------------------


def test_each_volume_is_a_zone() -> None:
    low, high = (component(bounds=limits('"FL">' + str(level)), operation="UNION") for level in (30, 50))
    found = reading(airspace(timeslice("A", low, high)))
    assert [(one.id, round(one.floor.height_m / 30.48)) for one in found.zones] == [("A-1", 30), ("A-2", 50)]
    assert [zone_id for zone_id, _ in found.claims] == ["A-1", "A-2"]


@pytest.mark.parametrize(("dependency", "level"), [("FULL_GEOMETRY", 30), ("HORZ_PROJECTION", 50)])
def test_contributors(dependency: str, level: int) -> None:
    part = airspace(timeslice("PART", component(bounds=limits('"FL">30'))), identifier="u-2")
    whole = timeslice("WHOLE", component(contributor("u-2", dependency), limits('"FL">50')))
    one = zone(airspace(whole), part)
    assert (one.id, round(one.floor.height_m / 30.48)) == ("WHOLE", level)
    assert np.array_equal(one.polygons[0][0], SQUARE)


def test_contributors_of_contributors() -> None:
    top = airspace(timeslice("TOP", component(contributor("u-2")), component(operation="UNION")))
    middle = airspace(timeslice("MID", component(contributor("u-3")), component()), identifier="u-2")
    found = reading(top, middle, airspace(timeslice("LOW"), identifier="u-3"))
    assert [one.id for one in found.zones] == ["TOP-1", "TOP-2", "TOP-3", "MID-1", "MID-2", "LOW"]


PROJECTION = f"<aixm:horizontalProjection>{surface(ring(member(string())))}</aixm:horizontalProjection>"


def by_reference(href: str) -> str:
    volume = f'<aixm:theAirspaceVolume xlink:href="{href}"/>'
    component = f"<aixm:AirspaceGeometryComponent>{volume}</aixm:AirspaceGeometryComponent>"
    return f"<aixm:geometryComponent>{component}</aixm:geometryComponent>"


def test_volumes_by_reference() -> None:
    drawn = component().replace("<aixm:AirspaceVolume>", '<aixm:AirspaceVolume gml:id="v-2">')
    owner = airspace(timeslice("B", drawn), identifier="u-2")
    found = reading(airspace(timeslice("A", component(), by_reference("#v-2"))), owner)
    assert [one.id for one in found.zones] == ["A-1", "A-2", "B"]
    assert found.problems == []


def test_what_is_nil_beside_a_shape_does_not_matter() -> None:
    one = zone(airspace(timeslice("A", component(f"<aixm:centreline/>{PROJECTION}<aixm:contributorAirspace/>"))))
    assert np.array_equal(one.polygons[0][0], SQUARE)


@pytest.mark.parametrize(
    ("volume", "problem"),
    [
        (component(operation="SUBTR"), 'operation: got "SUBTR", expected BASE or UNION: others are not supported'),
        (component(contributor("u-9")), 'theAirspace: "urn:uuid:u-9" is not in this file, expected'),
        (component(contributor("u-1")), "theAirspace: u-1 contributes to itself, expected another"),
        (component(contributor("u-2")), "theAirspace: u-2 has no BASELINE timeslice, expected"),
        (component(contributor("u-3", "OTHER")), 'dependency: got "OTHER", expected FULL_GEOMETRY or HORZ_PROJECTION'),
        ("<aixm:geometryComponent/>", "geometryComponent: holds no AirspaceVolume, expected one"),
        (component("<aixm:width/>"), "geometry: no horizontalProjection, expected one, or a centreline with its width"),
        (component("<aixm:horizontalProjection/>"), "geometry: horizontalProjection: holds nothing, expected"),
        (
            component(PROJECTION + PROJECTION),
            "AirspaceVolume: got horizontalProjection, horizontalProjection, expected one, in a volume of its own each",
        ),
        (
            component(PROJECTION + contributor("u-3")),
            "AirspaceVolume: got horizontalProjection, contributorAirspace, expected one, in a volume",
        ),
        (
            component(contributor("u-3") + contributor("u-3")),
            "AirspaceVolume: got contributorAirspace, contributorAirspace, expected one, in a volume",
        ),
        (
            component(PROJECTION.replace("</aixm:h", f"{surface(ring(member(string())))}</aixm:h")),
            "geometry: horizontalProjection: holds or refers to 2 things, expected one",
        ),
        (
            component() + by_reference("#v-9"),
            'theAirspaceVolume: "#v-9" is not in this file, expected',
        ),
        (
            component('<aixm:horizontalProjection xlink:href="#s9"/>'),
            'geometry: horizontalProjection: "#s9" is not in this file, expected',
        ),
    ],
)
def test_volumes_that_are_refused(volume: str, problem: str) -> None:
    changed = airspace(timeslice("X", interpretation="TEMPDELTA"), identifier="u-2")
    found = reading(airspace(timeslice("A", volume)), changed, airspace(timeslice("B"), identifier="u-3"))
    (line,) = found.problems
    assert line.startswith(f'a.xml: zone "A" (Airspace u-1): {problem}')
    assert [one.id for one in found.zones] == ["B"]
    assert [zone_id for zone_id, _ in found.claims] == ["A", "B"]


# --- files ------------------------------------------------------------------------------------------------------------

BOMB = b'<!DOCTYPE k [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><AIXMBasicMessage>&b;</AIXMBasicMessage>'


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no element found"),
        (message(airspace())[:-5], "unclosed token"),
        (BOMB, "DTDForbidden.*without a document type"),
        (b"<AIXM-Snapshot/>", "AIXM-Snapshot: holds no Airspace, expected an AIXM 5.1 message"),
        (message(), "AIXMBasicMessage: holds no Airspace, expected"),
        (message(airspace()).replace(b"schema/5.1.1", b"schema/5.2"), r"5.2}Airspace\", expected AIXM 5.1 "),
        (message(airspace(timeslice(interpretation="SNAPSHOT"))), "no Airspace has a BASELINE timeslice, expected"),
    ],
)
def test_no_aixm(data: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as raised:
        read(data, "a.xml")
    assert ", expected " in str(raised.value)
    assert "\n" not in str(raised.value)


def test_without_defusedxml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "defusedxml", None)
    with pytest.raises(ValueError, match=r'pip install "incursiond\[zones\]"'):
        read(message(airspace()), "a.xml")


WHOLE = message(
    airspace(timeslice("A", component(contributor("u-2")), component(operation="UNION"))),
    airspace(timeslice("B", component(bounds=limits('"FL">30', '"M">9000', "STD", "MSL"))), identifier="u-2"),
).decode()
TOKENS = re.findall(r"<[^>]*>|[^<>]+", WHOLE)
TEXTS = [n for n, token in enumerate(TOKENS) if not token.startswith("<")]


@given(st.sampled_from(TEXTS), st.sampled_from(["", "x", "nan", "-1", "1e400", "50 20", "50 20 50", "&#233;", "#u-2"]))
def test_whatever_a_text_says_no_airspace_is_lost_in_silence(place: int, said: str) -> None:
    found = read("".join([*TOKENS[:place], said, *TOKENS[place + 1 :]]).encode(), "a.xml")
    airspaces = {where.partition("(Airspace ")[2] for _, where in found.claims}
    assert len(airspaces) + sum("BASELINE timeslice and is left out" in line for line in found.warnings) == 2
    assert len(found.zones) == len(found.claims) or found.problems
    assert all(len(line.splitlines()) == 1 for line in found.problems + found.warnings)
    assert all(", expected " in line for line in found.problems)
