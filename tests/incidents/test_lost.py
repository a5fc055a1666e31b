"""A track that is lost inside and heard again: one story, and no second alarm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from detector.airspace.schedule import Interval
from detector.airspace.zones import Identity, Initial
from detector.incidents.message import stamp
from detector.rules.alone import emergency_code
from detector.rules.alone.approach import Params as Approach
from detector.rules.alone.dark import Params as Dark
from detector.rules.alone.renegade import Params as Renegade
from detector.rules.incursion import Params as Incursion
from detector.rules.reports import frozen, jump
from detector.rules.tables import Rules
from detector.tracks.identity import Rule
from feeds.plots import concatenate
from tests import zoo
from tests.rules.test_incursion import lon_at

LOST_S = 150.0  # well after 60 s of silence


def heard(first: int, again: range, speed: float = 250.0):
    """Return what is said until a flight into the square is lost, and after it is heard again."""
    times = [*range(first), *again]
    plots, pipe = zoo.flight(lon=lon_at(-5000.0), times=times, speed=speed), zoo.pipeline()
    said = zoo.tell(pipe, plots.take(slice(0, first)), until=LOST_S)
    return said, zoo.tell(pipe, plots.take(slice(first, None)), until=times[-1] + 1000.0)


def test_who_is_heard_again_inside_is_still_the_intruder():
    lost, found = heard(60, range(200, 230))
    assert [(m.event, m.outcome) for m in lost] == [("opened", None), ("escalated", None), ("closed", "lost")]
    first, *_, last = found
    assert (first.event, first.revision, first.phase, first.closed_at) == ("updated", True, "incursion", None)
    assert (last.event, last.outcome) == ("closed", "lost")
    (finding,) = first.findings
    assert (finding.started_at, finding.ended_at) == (lost[0].findings[0].started_at, None)
    assert {m.incident_id for m in found} == {lost[0].incident_id}
    assert [m.sequence for m in lost + found] == list(range(1, len(lost + found) + 1))


def test_who_is_heard_again_outside_has_left():
    plots = concatenate([
        zoo.flight(lon=lon_at(-5000.0), times=range(60)),
        zoo.flight(lon=lon_at(5000.0), course=270.0, times=range(300)).take(slice(200, None)),
    ])  # fmt: skip
    pipe = zoo.pipeline()
    lost = zoo.tell(pipe, plots.take(slice(0, 60)), until=LOST_S)
    found = zoo.tell(pipe, plots.take(slice(60, None)), until=2000.0)
    assert [(m.event, m.revision, m.outcome) for m in found] == [("updated", True, None), ("closed", False, "left")]
    assert {m.incident_id for m in found} == {lost[0].incident_id}
    (finding,) = found[0].findings
    assert "1970-01-01T00:00:59" < finding.ended_at < "1970-01-01T00:03:20"


def test_who_is_heard_again_as_a_neutral_is_resolved():
    pipe = zoo.pipeline(rules=[Rule(Identity.NEUTRAL, callsigns=("?*",))])
    lost = zoo.tell(pipe, zoo.flight(lon=lon_at(5000.0), times=range(60)), until=LOST_S)
    (closed,) = zoo.tell(pipe, zoo.flight(lon=lon_at(5000.0), times=[200], callsign="LOT123"))
    assert (closed.outcome, closed.incident_id) == ("resolved", lost[0].incident_id)


def test_who_is_forgotten_is_somebody_else():
    _, found = heard(60, range(60 + 430, 60 + 440), speed=100.0)
    assert (found[0].event, found[0].sequence) == ("opened", 1)


@pytest.mark.parametrize("initial", [Initial.ADOPT, Initial.IGNORE])
def test_who_was_followed_in_silence_still_is(initial):
    pipe = zoo.pipeline([zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), initial=initial)])
    times = np.array([*range(30), *range(200, 230)], dtype=float)
    assert not zoo.tell(pipe, zoo.flight(lon=lon_at(5000.0), times=times), until=1000.0)


def test_what_is_done_long_after_being_heard_again_is_another_story():
    pipe = zoo.pipeline(tables=Rules())
    lost = zoo.tell(pipe, zoo.flight(lon=lon_at(-25_000.0), times=range(50), gs_mps=250.0, track_deg=90.0), until=150.0)
    assert (lost[0].cause, lost[-1].event, lost[-1].outcome) == ("approach", "closed", "lost")
    away = zoo.flight(
        lon=lon_at(-30_000.0), course=270.0, speed=100.0, times=range(200, 700), gs_mps=100.0, track_deg=270.0
    )
    there_m = -30_000.0 - 100.0 * 500.0
    back = zoo.flight(lon=lon_at(there_m), speed=100.0, times=range(700), gs_mps=100.0, track_deg=90.0)
    found = zoo.tell(pipe, concatenate([away, dataclasses.replace(back, time_s=back.time_s + 700.0)]))
    assert [(m.event, m.revision, m.outcome) for m in found][:3] == [
        ("updated", True, None),
        ("closed", False, "turned-away"),
        ("opened", False, None),
    ]
    assert found[1].incident_id == lost[0].incident_id != found[2].incident_id


def test_who_squawks_an_emergency_and_is_heard_no_more_is_lost():
    pipe = zoo.pipeline(tables=zoo.only(emergency_code=emergency_code.Params()))
    plots = zoo.flight(lon=19.9, course=0.0, times=[*range(60), *range(165, 200)], squawk="7700")
    lost = zoo.tell(pipe, plots.take(slice(0, 60)), until=LOST_S)
    assert (lost[-1].event, lost[-1].outcome) == ("closed", "lost")
    found = zoo.tell(pipe, plots.take(slice(60, None)))
    assert [(m.incident_id, m.revision) for m in found] == [(lost[0].incident_id, True)]


@pytest.mark.parametrize("callsign", [None, "LOT1"])
def test_who_is_heard_for_long_where_nobody_believes_it_goes_on_with_its_story(callsign):
    """Jammed for a quarter of an hour: neither forgotten meanwhile, nor an incident by itself."""
    tables = zoo.only(incursion=Incursion(), jump=jump.Params(enabled=False), frozen=frozen.Params(enabled=False))
    pipe = zoo.pipeline(tables=tables, rules=[zoo.NEUTRAL])
    spoofed = zoo.flight(lon=60.0, times=range(180, 1200, 2), speed=0.0, gs_mps=100.0)
    again = zoo.flight(lon=20.2, times=range(1201, 1300), speed=10.0, callsign=callsign)
    lost = zoo.tell(pipe, zoo.flight(lon=20.2, times=range(60), speed=100.0), until=LOST_S)
    found = zoo.tell(pipe, zoo.in_order(spoofed, again), until=5000.0)
    assert {m.incident_id for m in found} == {lost[0].incident_id}
    assert found[-1].outcome == ("resolved" if callsign else "lost")


@pytest.mark.parametrize("again_m", [2000.0, 8.0])
def test_who_left_was_lost_and_is_heard_again_inside_has_entered_anew(again_m):
    """It flies out past the edge, is given up, and is heard again deep inside, or just behind the line."""
    pipe = zoo.pipeline()
    left = zoo.tell(pipe, zoo.flight(lon=lon_at(1000.0), course=270.0, times=range(30)), until=LOST_S)
    again = zoo.flight(lon=lon_at(again_m - 200.0), speed=1.0, times=range(200, 400))
    found = zoo.tell(pipe, again, until=2000.0)
    assert (left[-1].event, left[-1].outcome) == ("closed", "left")
    assert [message.event for message in found] == ["opened", "closed"]
    (stay,) = found[-1].findings
    assert left[-1].findings[0].ended_at < stay.started_at < stay.ended_at


@pytest.mark.parametrize(("outside_s", "outcome"), [(0, "lost"), (14, "lost"), (30, "left")])
def test_who_falls_silent_right_after_leaving_is_lost(outside_s, outcome):
    """As the one shot down over Hatay in 2015: nobody saw it go."""
    plots = zoo.flight(lon=lon_at(1000.0), course=270.0, times=range(5 + outside_s))
    assert zoo.tell(zoo.pipeline(), plots, until=LOST_S)[-1].outcome == outcome


@pytest.mark.parametrize(
    ("rule", "lat", "for_s", "sinks_mps"), [("skirting", 53.0, 900, 0), ("steep_descent", 54.5, 60, 100)]
)
def test_who_falls_silent_in_the_middle_of_it_is_lost(rule, lat, for_s, sinks_mps):
    pipe, t = zoo.pipeline(tables=zoo.only(**{rule: type(getattr(Rules(), rule))()})), np.arange(float(for_s))
    plots = zoo.flight(lon=lon_at(-5000.0, lat), lat=lat, course=0.0, times=t, baro_alt_m=9000.0 - sinks_mps * t)
    messages = zoo.tell(pipe, plots, until=5000.0)
    assert (messages[0].findings[0].rule, messages[-1].outcome) == (rule, "lost")


def test_who_left_and_was_lost_at_once_has_left_once_it_is_heard_again():
    plots = zoo.flight(lon=lon_at(1000.0), course=270.0, times=[*range(19), *range(84, 500)])
    *_, lost, found, left = zoo.tell(zoo.pipeline(), plots, until=1000.0)
    assert (lost.event, lost.outcome) == ("closed", "lost")
    assert (found.event, found.revision, found.time) == ("updated", True, stamp(84.0))
    assert (left.event, left.outcome) == ("closed", "left")


def test_who_skirted_and_was_lost_is_so_no_more_once_it_is_heard_again():
    pipe = zoo.pipeline(tables=zoo.only(skirting=Rules().skirting))
    along = zoo.flight(lon=lon_at(-5000.0, 53.8), lat=53.8, course=0.0, speed=150.0, times=range(300))
    away = zoo.flight(
        lon=along.lon_deg[-1], lat=along.lat_deg[-1] + 0.09, course=270.0, speed=150.0, times=range(365, 900)
    )
    messages = zoo.tell(pipe, concatenate([along, away]), until=2000.0)
    assert [m.outcome for m in messages if m.event == "closed"] == ["lost", "resolved"]
    assert [m.time for m in messages if m.revision] == [stamp(365.0)]


@pytest.mark.parametrize(("on_ground", "outcome"), [(1, "landed"), (0, "lost")])
def test_who_lands_at_what_it_was_told_for_is_not_lost(on_ground, outcome):
    """A helicopter on a platform, say, that switches off."""
    t = np.arange(160.0)
    platform = zoo.zone(zoo.box(19.95, 53.97, 20.05, 54.03), zone_id="platform", kind="asset")
    flown = zoo.flight(lon=lon_at(-9600.0, 54.0), lat=54.0, speed=60.0, times=t, baro_alt_m=300.0, on_ground=0)
    down = zoo.flight(lon=20.0, lat=54.0, speed=0.0, times=range(160, 170), baro_alt_m=30.0, on_ground=on_ground)
    messages = zoo.tell(zoo.pipeline([platform], tables=Rules()), concatenate([flown, down]), until=900.0)
    assert messages[-1].outcome == outcome


@pytest.mark.parametrize("again", [False, True])
def test_a_stay_that_is_deep_by_the_way_after_the_last_report_is_graded_so_at_once(again):
    """Told 1 km inside by a radar of 12 s, it is taken to have come 2.5 km deep."""
    first = zoo.flight(lon=lon_at(-5000.0), times=range(0, 26, 12), source="enroute-radar")
    back = zoo.flight(lon=lon_at(1000.0 - 250.0 * 108), course=90.0, times=range(108, 160, 12), source="enroute-radar")
    pipe = zoo.pipeline()
    messages = zoo.tell(pipe, first, until=100.0)
    messages += zoo.tell(pipe, back, until=900.0) if again else []
    lost = next(m for m in messages if m.event == "closed")
    assert lost.findings[0].evidence.max_depth_m > 1852.0
    assert (lost.outcome, lost.severity, lost.findings[0].severity) == ("lost", "extreme", "extreme")
    assert {m.severity for m in messages[messages.index(lost) :]} == {"extreme"}


@pytest.mark.parametrize("callsign", [None, "LOT1"])
@pytest.mark.parametrize("again_s", [160, 300, 460])
def test_who_fell_silent_on_the_way_in_and_is_heard_again_outside_is_silent_no_more(again_s, callsign):
    pipe = zoo.pipeline(tables=zoo.only(approach=Approach(), dark=Dark(), incursion=Incursion()), rules=[zoo.NEUTRAL])
    motion = {"speed": 200.0, "gs_mps": 200.0}
    coming = zoo.flight(lon=lon_at(-20_000.0), times=range(50), track_deg=90.0, **motion)
    lost = zoo.tell(pipe, coming, until=LOST_S)
    assert lost[-1].findings[-1].rule == "dark"
    going = zoo.flight(
        lon=lon_at(-10_000.0 + 200.0 * again_s),
        course=270.0,
        times=range(again_s, again_s + 60),
        track_deg=270.0,
        callsign=callsign,
        **motion,
    )
    found = zoo.tell(pipe, going, until=2000.0)
    assert [(m.event, m.revision, m.outcome) for m in found] == [
        ("updated", True, None),
        ("closed", False, "turned-away"),
    ]
    assert {m.incident_id for m in found} == {lost[0].incident_id}
    (dark,) = [f for f in found[0].findings if f.rule == "dark"]
    assert (dark.started_at[14:19], dark.ended_at) == ("00:49", stamp(float(again_s)))
    assert "was silent 10.2 km from Square" in found[0].headline


def test_who_was_silent_for_more_than_a_minute_has_met_a_criterion_of_renegades():
    pipe = zoo.pipeline(tables=zoo.only(approach=Approach(), dark=Dark(), renegade=Renegade(criteria=3)))
    motion = {"speed": 200.0, "gs_mps": 200.0, "track_deg": 90.0}
    coming = zoo.flight(lon=lon_at(-25_000.0), times=range(60), squawk="1000", **motion)
    again = zoo.flight(lon=lon_at(-12_000.0 - 200.0 * 150), times=range(150, 170), squawk="2000", **motion)
    found = zoo.tell(pipe, zoo.in_order(coming, again))
    assert "renegade" in {f.rule for f in found[-1].findings}


ON_THE_WAY = zoo.only(approach=Approach(), dark=Dark(), incursion=Incursion())
WAY = {"speed": 200.0, "gs_mps": 200.0, "track_deg": 90.0}


def test_who_is_heard_once_more_and_never_again_is_still_lost():
    pipe = zoo.pipeline(tables=ON_THE_WAY)
    zoo.tell(pipe, zoo.flight(lon=lon_at(-20_000.0), times=range(50), **WAY), until=LOST_S)
    found = zoo.tell(pipe, zoo.flight(lon=lon_at(-6_000.0 - 200.0 * 160), times=[160], **WAY), until=2000.0)
    assert [(m.event, m.outcome) for m in found] == [("updated", None), ("closed", "lost")]


def test_a_silence_of_before_does_not_go_on_with_one_that_nobody_told_of():
    """A helicopter: silent, heard again, silent as if it had landed, and heard again."""
    pipe = zoo.pipeline(tables=ON_THE_WAY)
    way = {"lon": lon_at(-14_000.0), "speed": 60.0, "gs_mps": 60.0, "track_deg": 90.0}
    before = zoo.flight(times=range(125), baro_alt_m=1500.0, **way)
    landing = zoo.flight(times=range(155, 205), baro_alt_m=400.0, **way)
    lost = zoo.tell(pipe, zoo.in_order(before, landing), until=300.0)
    assert (lost[-1].event, lost[-1].outcome) == ("closed", "lost")
    silences = [(f.started_at[14:19], f.ended_at[14:19]) for f in lost[-1].findings if f.rule == "dark"]
    assert silences == [("02:04", "02:35")]
    way |= {"lon": lon_at(-3000.0 + 60.0 * 350), "track_deg": 270.0}
    assert zoo.tell(pipe, zoo.flight(times=range(350, 360), course=270.0, baro_alt_m=400.0, **way), until=400.0) == []


def test_a_silence_near_a_zone_that_is_no_more_is_not_gone_on_with():
    hours = zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), active=(Interval(-900.0, 130.0),))
    pipe = zoo.pipeline([hours], tables=ON_THE_WAY)
    lost = zoo.tell(pipe, zoo.flight(lon=lon_at(-20_000.0), times=range(50), **WAY), until=LOST_S)
    assert lost[-1].outcome == "lost"
    going = zoo.flight(lon=lon_at(30_000.0), times=range(200, 260), **WAY | {"track_deg": 270.0}, course=270.0)
    assert zoo.tell(pipe, going, until=2000.0) == []
