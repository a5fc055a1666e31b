"""Headlines: the verb agrees with who does it."""

import pytest

from detector.airspace.zones import Identity
from detector.incidents.entry import UNKNOWN, Doer, Episode, Stay
from detector.incidents.headline import _DEEDS, _plural, headline
from detector.incidents.incident import Incident
from detector.incidents.message import Subject, stamp
from detector.rules.findings import Change
from detector.rules.signs import Sign
from tests import zoo


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("is intercepted by 48d8a1", "are intercepted by 48d8a1"),
        ("was in Estonia for 12 min", "were in Estonia for 12 min"),
        ("has lost its satellite signal", "have lost its satellite signal"),
        ("passes Platform at 600 m", "pass Platform at 600 m"),
        ("flies low at 30 m", "fly low at 30 m"),
        ("turns hard with 2.0 g", "turn hard with 2.0 g"),
        ("nearly collides with 4980", "nearly collide with 4980"),
        ("fell silent 5 km from Poland", "fell silent 5 km from Poland"),
        ("cut through Poland for 18 s", "cut through Poland for 18 s"),
        ("3.2 km inside Poland", "3.2 km inside Poland"),
    ],
)
def test_what_several_do_is_said_of_several(one, several):
    assert _plural(one) == several


def test_what_is_past_differs_for_nobody_but_who_was():
    past = [verb for _, verb, _ in _DEEDS.values() if verb.split()[0] not in ("was", "is")]
    assert [_plural(f"{verb} x") for verb in past] == [f"{verb} x" for verb in past]


SUBJECT = Subject(
    track_id="m1",
    icao24=None,
    callsign="RFF1",
    squawk=None,
    identity="unknown",
    state=None,
    sources=("adsb",),
    time=stamp(0.0),
    lat=54.0,
    lon=19.0,
    alt_ft=20_000,
    gs_kt=400,
    track_deg=90.0,
    vrate_fpm=0,
    sigma_m=10.0,
)
EVIDENCE = {
    "emergency_code": {"squawk": "7700"},
    "dark": {"distance_m": 3000.0},
    "hard_turn": {"load_factor_g": 2.0},
    "approach": {"distance_m": 3000.0, "time_to_boundary_s": 20.0},
}


def does(track_id: str, rule: str, **evidence: str) -> Episode:
    told = EVIDENCE[rule] | evidence
    sign = Sign(row=0, rule=rule, change=Change.OPENED, started_s=0.0, decided_s=0.0, evidence=told)
    entry = Episode.of(Doer(0, track_id, Identity.UNKNOWN), sign, zoo.SQUARE)
    entry.take(sign, ())
    return entry


@pytest.mark.parametrize(
    ("deeds", "alike", "said"),
    [
        ([("m1", "emergency_code")], 1, ": RFF1 squawks 7700 near Square; RFF1 now"),
        ([("m1", "emergency_code"), ("m2", "emergency_code")], 2, " squawk 7700 near Square; now"),
        ([("m1", "dark")], 1, ": RFF1 fell silent 3.0 km from Square; last"),
        ([("m2", "dark")], 1, ": m2 fell silent 3.0 km from Square; RFF1 now"),
        ([("m1", "approach")], 1, " are heading for Square, 3.0 km from it, 20 s away; now"),
        ([("m1", "hard_turn"), ("m1", "emergency_code")], 1, " turn hard with 2.0 g near Square; now"),
    ],
)
def test_what_one_of_a_formation_does_by_itself_is_not_said_of_all(deeds, alike, said):
    entries = [does(*deed) for deed in deeds]
    line = headline(SUBJECT, 1, entries[0], alike, entries, None, on_level=True)
    where = " at FL200, 400 kt, course 090"
    besides = "; RFF1 squawks 7700" if len({rule for _, rule in deeds}) > 1 else ""
    assert line == f"Unknown aircraft RFF1 and 1 other{said}{where}{besides}"


def test_two_codes_are_two_things():
    entries = [does("m1", "emergency_code"), does("m2", "emergency_code", squawk="7600")]
    line = headline(SUBJECT, 1, entries[1], 1, entries, None, on_level=True)
    assert ": m2 squawks 7600 near Square; RFF1 now" in line
    assert line.endswith("; RFF1 squawks 7700")
    incident = Incident(0, "i", 0.0, entries=list(entries))
    assert incident.alike(entries[0]) == incident.alike(entries[1]) == 1


def stay(track_id: str, ended_s: float | None, depth_m: float, zone=zoo.SQUARE) -> Stay:
    return Stay(
        row=0,
        track_id=track_id,
        kind="incursion",
        rule="incursion",
        zone=zone,
        certainty=0,
        started_s=0.0,
        detected_s=0.0,
        started_at=UNKNOWN,
        between_s=None,
        blind=False,
        ended_s=ended_s,
        depth_m=depth_m,
    )


OTHER = zoo.zone(zoo.box(21.0, 54.0, 22.0, 55.0), zone_id="other")


@pytest.mark.parametrize(
    ("stays", "outcome", "said"),
    [
        ([("m2", 60.0, 900.0), ("m1", 50.0, 700.0)], None, " were in Square for up to 60 s, up to 900 m deep; "),
        ([("m1", 50.0, 900.0), ("m2", 60.0, 700.0)], None, " were in Square for up to 60 s, up to 900 m deep; "),
        ([("m2", None, 900.0), ("m1", 50.0, 700.0)], None, ": RFF1 was in Square for 50 s, up to 700 m deep; "),
        (
            [("m2", 50.0, 900.0), ("m2", 10.0, 200.0), ("m1", 55.0, 700.0)],
            None,
            " were in Square for up to 60 s in up to 2 stays, up to 900 m deep; ",
        ),
        (
            [("m2", 60.0, 90.0, OTHER), ("m2", 30.0, 900.0), ("m1", 20.0, 700.0)],
            "left",
            " were in Square for up to 30 s, up to 900 m deep, and were in Other for 60 s, up to 90 m deep; closed",
        ),
    ],
)
def test_of_several_who_were_inside_the_most_is_said(stays, outcome, said):
    entries = [stay(*each) for each in stays]
    alike = Incident(0, "i", 0.0, entries=[*entries]).alike(entries[-1])
    line = headline(SUBJECT, 1, entries[-1], alike, entries, outcome, on_level=True)
    assert line.startswith(f"Unknown aircraft RFF1 and 1 other{said}")


IN = ("m1", None, 900.0), ("m2", None, 900.0)
OUT = ("m1", None, 900.0), ("m2", 50.0, 900.0)
FELL_SILENT = " fell silent 3.0 km from Square"


@pytest.mark.parametrize(
    ("stays", "silent", "leads", "missing", "said"),
    [
        (IN, ["m1", "m2"], 3, [], f"{FELL_SILENT}; last in Square at FL200"),
        (IN, ["m2"], 2, [], f": m2{FELL_SILENT}; RFF1 still in Square at FL200"),
        (IN, ["m1"], 0, [], " 0 m inside Square; last at FL200"),
        (OUT, [], 1, ["m2"], ": m2 was in Square for 50 s, up to 900 m deep, and is lost; RFF1 still in Square at"),
        (OUT, ["m1"], 1, [], ": m2 was in Square for 50 s, up to 900 m deep; RFF1 last in Square at FL200"),
        ([OUT[1], ("m1", 50.0, 9.0)], ["m1"], 1, [], " were in Square for up to 50 s, up to 900 m deep; last at FL200"),
        ([("m1", 50.0, 900.0), IN[1]], [], 0, [], ": RFF1 was in Square for 50 s, up to 900 m deep; m2 still in "),
        ([("m1", 50.0, 9.0), IN[1]], ["m2"], 0, [], ": RFF1 was in Square for 50 s, up to 10 m deep; m2 last in Sq"),
    ],
)
def test_of_who_is_silent_nobody_says_that_he_still_is_there(stays, silent, leads, missing, said):
    entries = [*(stay(*each) for each in stays), *(does(name, "dark") for name in silent)]
    alike = Incident(0, "i", 0.0, entries=[*entries]).alike(entries[leads])
    line = headline(SUBJECT, 1, entries[leads], alike, entries, None, on_level=True, missing=missing)
    assert line.startswith(f"Unknown aircraft RFF1 and 1 other{said}")
