"""Criteria of a renegade, counted."""

import msgspec
import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.rules.alone import approach, dark, emergency_code, renegade
from detector.tracks.identity import EMERGENCY_CODES, Rule
from tests import zoo

RULES = zoo.only(
    renegade=renegade.Params(), emergency_code=emergency_code.Params(), approach=approach.Params(), dark=dark.Params()
)
SPEED_MPS = 200.0


def flown(turn_deg: float = 0.0, *, towards: bool = False, silent_s: float = 0.0, codes=(("1000", 0.0),)):
    """Northwards along the square at 12 km, after 400 s another course, ten minutes in all."""
    times = np.arange(0.0, 600.0, 2.0)
    times = times[~((times > 420) & (times <= 420 + silent_s))]
    course = np.where(times < 400, 0.0, 90.0 if towards else turn_deg)
    before = zoo.flight(lon=19.8, lat=53.9, course=0.0, speed=SPEED_MPS, times=times)
    lon, lat, _ = zoo.GEOD.fwd(19.8, 53.9, 0.0, SPEED_MPS * 400.0)
    n, after_m = len(times), SPEED_MPS * np.maximum(times - 400.0, 0.0)
    lons, lats, _ = zoo.GEOD.fwd(np.full(n, lon), np.full(n, lat), course, after_m)
    before.lon_deg[:], before.lat_deg[:] = (
        np.where(times < 400, before.lon_deg, lons),
        np.where(times < 400, before.lat_deg, lats),
    )
    before.gs_mps[:], before.track_deg[:] = SPEED_MPS, course
    for code, since_s in codes:
        before.squawk[times >= since_s] = code
    return before


def found(*plots, tables=RULES, rules=()) -> list:
    messages = zoo.tell(zoo.pipeline(rules=rules, tables=tables), zoo.in_order(*plots), until=3600.0)
    return [f for f in messages[-1].findings if f.rule == "renegade"] if messages else []


TAKEN = ("1000", 0.0), ("7500", 410.0)
RECODED = ("1000", 0.0), ("2000", 200.0), ("7500", 410.0)


@pytest.mark.parametrize(
    ("how", "criteria"),
    [
        ({"turn_deg": 270.0, "codes": RECODED}, "emergency code, code changed, deviation"),
        ({"towards": True, "codes": TAKEN}, "emergency code, deviation, approach"),
        (
            {"towards": True, "silent_s": 40.0, "codes": (("1000", 0.0), ("7600", 470.0))},
            "emergency code, silence, deviation, approach",
        ),
        (
            {"towards": True, "silent_s": 40.0, "codes": (("1000", 0.0), ("2000", 410.0))},
            "code changed, silence, deviation, approach",
        ),
    ],
)
def test_three_criteria_are_a_renegade(how, criteria):
    (finding,) = found(flown(**how))
    assert (finding.kind, finding.zone_id) == ("emergency", "square")
    assert finding.evidence.criteria == criteria


def test_a_code_changed_while_it_was_nobody_to_watch_counts():
    airliner = Rule(Identity.NEUTRAL, callsigns=("?*",), squawks_not=EMERGENCY_CODES)
    plots = flown(turn_deg=270.0, codes=RECODED)
    plots.callsign[:] = "LOT1"
    (finding,) = found(plots, rules=(airliner,))
    assert finding.evidence.criteria == "emergency code, code changed, deviation"


@pytest.mark.parametrize(
    "how",
    [
        {"codes": TAKEN},
        {"turn_deg": 270.0, "codes": TAKEN},  # an emergency and a diversion
        {"turn_deg": 270.0, "codes": (*TAKEN, ("1000", 500.0))},  # and its end
        {"turn_deg": 320.0, "codes": TAKEN},
        {"towards": True, "silent_s": 40.0},
        {"towards": True, "codes": (("1000", 0.0), ("2000", 410.0))},
        {"turn_deg": 270.0, "codes": (("1000", 0.0), ("2000", 300.0))},
        {"towards": True, "codes": (("1000", 0.0),)},
    ],
)
def test_fewer_are_none(how):
    assert found(flown(**how)) == []


def test_what_was_long_ago_does_not_count():
    early = flown(codes=(("1000", 0.0), ("7600", 60.0), ("1000", 120.0)))
    late = flown(turn_deg=270.0)
    late.time_s[:] += 1200.0
    forgetful = zoo.only(renegade=renegade.Params(within_s=600.0), emergency_code=emergency_code.Params())
    assert found(early, late, tables=forgetful) == []


@pytest.mark.parametrize("since_s", [600.0, 2400.0])
def test_a_code_that_is_still_told_counts_however_long_it_has_been(since_s):
    times = np.arange(-since_s, 0.0, 2.0)
    slow = {"speed": 0.05 * SPEED_MPS, "gs_mps": 0.05 * SPEED_MPS, "track_deg": 0.0}
    before = zoo.flight(lon=19.8, lat=53.9, course=0.0, times=times, squawk="7500", **slow)
    plots = zoo.in_order(before, flown(towards=True, codes=(("7500", 0.0),)))
    plots.time_s[:] += since_s + 1000.0
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots, until=since_s + 6000.0)
    assert "renegade" in {finding.rule for finding in messages[-1].findings}


def test_an_emergency_in_a_hold_holds_no_course():
    """Legs and turns of a minute each, 16 km off the zone, and towards it by turns."""
    times = np.arange(0.0, 1500.0)
    turns = ((times % 240 >= 60) & (times % 240 < 120)) | (times % 240 >= 180)
    course = 90.0 + np.cumsum(np.where(turns, 3.0, 0.0))
    plots = zoo.flight(lon=19.75, times=times, speed=0.0, squawk="7700", gs_mps=120.0, track_deg=course % 360)
    way_m = 120.0 * np.stack([np.sin(np.radians(course)), np.cos(np.radians(course))])
    assert found(zoo.moved(plots, *np.cumsum(way_m, axis=1))) == []


@pytest.mark.parametrize(
    ("how", "criteria"),
    [
        ({"turn_deg": 270.0, "codes": TAKEN}, "emergency code, deviation"),
        ({"turn_deg": 40.0, "codes": TAKEN}, msgspec.UNSET),
        ({"codes": TAKEN}, msgspec.UNSET),
    ],
)
def test_who_leaves_its_course_squawking_is_told_of_once_more(how, criteria):
    tables = zoo.only(emergency_code=emergency_code.Params())
    messages = zoo.tell(zoo.pipeline(tables=tables), flown(**how), until=500.0)
    assert [m.event for m in messages] == ["opened"] + ["updated"] * (criteria is not msgspec.UNSET)
    (finding,) = messages[-1].findings
    assert finding.evidence.criteria is criteria or finding.evidence.criteria == criteria
    assert ("off the course it held" in messages[-1].headline) == (criteria is not msgspec.UNSET)
