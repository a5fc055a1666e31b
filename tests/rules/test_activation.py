"""Zones that open and close under aircraft; at 250 m/s a second is 250 m."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from detector.airspace.schedule import Interval, parse
from detector.airspace.zones import Initial
from detector.incidents.message import stamp
from detector.picture.airspace import Airspace
from detector.reconfigure import go_on
from detector.rules.incursion import Params
from detector.tracks.identity import Classifier
from tests import zoo
from tests.test_pipeline import cuts_at_random, story

GEOD = Geod(ellps="WGS84")


def square(*windows: tuple[float, float] | str, zone_id: str = "square", **properties):
    active = tuple(parse(each) if isinstance(each, str) else Interval(*each) for each in windows)
    return zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), zone_id=zone_id, active=active, **properties)


def flight(entry_s: float, times, **columns):
    """Due east, across the western edge at a time."""
    lon, lat, _ = GEOD.fwd(20.0, 54.5, 270.0, 250.0 * entry_s)
    return zoo.flight(lon=lon, lat=lat, times=times, **columns)


def tell(zones, plots, until=None, **params):
    pipe = zoo.pipeline(zones, **params)
    newest, messages = -math.inf, []
    for n in range(len(plots)):
        newest = max(newest, float(plots.time_s[n]))
        messages += pipe.step(plots.take(slice(n, n + 1)), newest).messages
    return messages + (pipe.step(plots.take(slice(0, 0)), until).messages if until else [])


def told(messages) -> list[tuple]:
    return [(m.event, m.outcome, m.time[14:19]) for m in messages]


def test_a_zone_that_does_not_count_is_not_entered():
    assert tell([square((600.0, 900.0))], flight(10.0, range(120))) == []
    assert tell([square((-900.0, 0.0))], flight(10.0, range(120))) == []


@pytest.mark.parametrize("initial", list(Initial))
@pytest.mark.parametrize("period_s", [1, 4, 12])
def test_a_zone_that_opens_under_an_aircraft_is_entered_then(initial, period_s):
    source = {1: "adsb", 4: "radar", 12: "enroute-radar"}[period_s]
    messages = tell([square((62.0, 900.0), initial=initial)], flight(-40.0, range(0, 100, period_s), source=source))
    assert messages[0].event == "opened"
    (finding,) = messages[0].findings
    assert (finding.started_at[14:], finding.kind, messages[0].certainty) == ("01:02.000Z", "incursion", "observed")
    _, _, way_m = GEOD.inv(20.0, 54.5, finding.evidence.entry_lon, finding.evidence.entry_lat)
    assert way_m == pytest.approx((62.0 + 40.0) * 250.0, rel=1e-4)
    report = math.ceil(62 / period_s) * period_s
    assert (finding.detected_at[14:19], finding.evidence.probability) == (
        f"{report // 60:02d}:{report % 60:02d}",
        0.9999,
    )


def test_an_aircraft_first_heard_inside_an_open_zone_is_treated_as_initial_says():
    messages = tell([square((-100.0, 900.0), initial=Initial.ADOPT)], flight(-40.0, range(100)))
    assert messages == []


@pytest.mark.parametrize(("opens_s", "started"), [(41.0, "00:44.000Z"), (46.0, "00:46.000Z"), (50.0, "00:50.000Z")])
def test_an_entry_counts_from_the_later_of_crossing_and_opening(opens_s, started):
    messages = tell([square((opens_s, 900.0))], flight(44.0, range(0, 100, 5), source="radar"))
    assert messages[0].findings[0].started_at[14:] == started


@pytest.mark.parametrize("closes_s", [60.0, 62.0])
def test_a_zone_that_closes_ends_its_findings_that_second(closes_s):
    messages = tell([square((-900.0, closes_s))], flight(10.0, range(0, 200, 5), source="radar"), until=1000.0)
    assert told(messages)[-1] == ("closed", "zone-closed", f"01:{closes_s - 60:02.0f}")
    assert [m.event for m in messages] == ["opened", "escalated", "closed"]
    assert messages[-1].findings[0].ended_at == stamp(closes_s)
    assert messages[-1].findings[0].evidence.max_depth_m == pytest.approx(50.0 * 250.0, rel=0.11)


def test_an_incident_goes_on_while_another_zone_is_open():
    zones = [square((-900.0, 60.0), zone_id="day"), square(zone_id="always")]
    messages = tell(zones, flight(10.0, range(100)))
    assert told(messages)[-1] == ("updated", None, "01:00")
    day, always = messages[-1].findings
    assert (day.zone_id, day.ended_at, always.zone_id, always.ended_at) == ("day", stamp(60.0), "always", None)
    assert (messages[-1].zone_id, messages[-1].phase) == ("day", "incursion")


def test_it_opens_again():
    zones = [square((-900.0, 60.0), (80.0, 120.0), zone_id="twice"), square(zone_id="always")]
    messages = tell(zones, flight(10.0, range(150)))
    stays = [f for f in messages[-1].findings if f.zone_id == "twice"]
    assert [(f.started_at, f.ended_at) for f in stays] == [(stamp(10.0), stamp(60.0)), (stamp(80.0), stamp(120.0))]


def test_it_opens_again_too_soon_to_have_been_left_for_long():
    zones = [square((-900.0, 60.0), (61.0, 900.0), zone_id="twice"), square(zone_id="always")]
    messages = tell(zones, flight(10.0, range(0, 100, 12), source="enroute-radar"))
    stays = [f for f in messages[-1].findings if f.zone_id == "twice"]
    assert [(f.started_at, f.ended_at) for f in stays] == [(stamp(10.0), stamp(60.0)), (stamp(61.0), None)]


def test_depth_counts_from_the_opening():
    lon, lat, _ = GEOD.fwd(20.0, 54.5, 90.0, 12_000.0)
    out = zoo.flight(lon=lon, lat=lat, course=270.0, times=range(0, 100, 12), source="enroute-radar")
    messages = tell([square((6.0, 900.0))], out)
    assert messages[-1].findings[0].evidence.max_depth_m == pytest.approx(12_000.0 - 6.0 * 250.0, rel=0.02)


def test_a_corner_cut_while_the_zone_counted_is_found_after_it_has_closed():
    plots = flight(10.0, [0.0, 5.0, 17.0, 22.0])
    messages = tell([square((-900.0, 15.0))], plots)
    assert [(m.event, m.certainty) for m in messages] == [("opened", "likely")]
    (finding,) = messages[0].findings
    assert (finding.started_at, finding.ended_at) == (stamp(10.0), stamp(15.0))


def test_a_late_report_of_a_stay_that_has_been_ended_adds_nothing():
    late = flight(10.0, [60.0, 66.0, 69.0, 75.0])
    other = zoo.flight(lon=25.0, times=[71.0], track_id="other")
    plots = zoo.concatenate([late.take(slice(0, 2)), other, late.take(slice(2, 4))])
    messages = tell([square((-900.0, 70.0))], plots, until=900.0)
    assert told(messages) == [("opened", None, "01:06"), ("closed", "zone-closed", "01:10")]


def test_a_late_report_of_an_entry_before_the_closing_is_told_as_over():
    late = flight(62.0, [55.0, 68.0, 75.0])
    other = zoo.flight(lon=25.0, times=[71.0], track_id="other")
    plots = zoo.concatenate([late.take(slice(0, 1)), other, late.take(slice(1, 3))])
    messages = tell([square((-900.0, 70.0))], plots)
    assert [(m.event, m.certainty, m.phase) for m in messages] == [
        ("opened", "likely", "egress"),
        ("updated", "likely", "egress"),
    ]
    assert [(m.findings[0].started_at, m.findings[0].ended_at) for m in messages] == [
        (stamp(62.0), stamp(68.0)),
        (stamp(62.0), stamp(70.0)),
    ]


def test_a_report_of_the_very_second_of_the_closing_is_too_late():
    messages = tell([square((-900.0, 60.0))], flight(50.0, [48.0, 60.0, 72.0]))
    assert [(m.event, m.findings[0].ended_at) for m in messages] == [("opened", stamp(60.0))]


def test_daily_hours_are_event_time():
    monday_s = 1795392000.0
    plots = flight(-40.0, range(100))
    plots.time_s[:] += monday_s + 6 * 3600 - 30.0
    messages = tell([square("MON 06:00-18:00")], plots)
    assert messages[0].findings[0].started_at == "2026-11-23T06:00:00.000Z"
    plots.time_s[:] += 86400.0
    assert tell([square("MON 06:00-18:00")], plots) == []


def reload(before, after, times=range(60)):
    """Return what is said of other zones that come at 60 s under an aircraft inside, and what thereafter."""
    pipe = zoo.pipeline(before)
    zoo.tell(pipe, flight(10.0, times))
    said = go_on(pipe, Airspace(after, 1013.25), Classifier([]), zoo.SENSORS, zoo.only(incursion=Params()), 60.0)
    return said, zoo.tell(pipe, flight(10.0, range(61, 100)), until=900.0)


@pytest.mark.parametrize("windows", [[(-900.0, 50.0)], [(-900.0, 60.0)], [(600.0, 900.0)], [(-900.0, -800.0)]])
def test_other_windows_that_close_a_zone_end_its_findings_aloud(windows):
    said, later = reload([square()], [square(*windows)])
    assert told(said) == [("closed", "zone-closed", "01:00")]
    assert said[0].findings[0].ended_at == stamp(60.0)
    assert later == []


def test_other_windows_that_leave_it_open_change_nothing():
    said, later = reload([square()], [square((-900.0, 900.0))])
    assert (said, told(later)) == ([], [("closed", "lost", "02:39")])


@pytest.mark.parametrize("windows", [[], [(0.0, 900.0)], [(58.0, 900.0)]])
def test_other_windows_that_open_a_zone_are_an_opening(windows):
    said, later = reload([square((600.0, 900.0), initial=Initial.ADOPT)], [square(*windows, initial=Initial.ADOPT)])
    assert said == []
    assert later[0].findings[0].started_at == stamp(60.0)


def test_a_window_that_ends_before_the_reload_is_heard_of_ends_its_findings_at_its_end():
    said, _ = reload([square((-900.0, 59.0))], [square()], times=range(58))
    assert (told(said), said[0].findings[0].ended_at) == ([("closed", "zone-closed", "00:59")], stamp(59.0))


def run(plots, cuts, windows):
    other = square((-900.0, 900.0), zone_id="other", initial=Initial.ADOPT)
    pipe = zoo.pipeline([square(*windows), other], [zoo.NEUTRAL])
    messages, newest = [], -math.inf
    for start, end in itertools.pairwise([0, *cuts, len(plots)]):
        piece = plots.take(slice(start, end))
        newest = max([newest, *piece.time_s.tolist()])
        messages += pipe.step(piece, newest).messages
    return messages


spans = st.tuples(st.integers(0, 250), st.integers(1, 150)).map(lambda each: (each[0], each[0] + each[1]))


@example(seed=4170, windows=[(72, 153), (155, 156)])  # lost inside, the zone closed and opened, heard inside again
@given(seed=st.integers(0, 10_000), windows=st.lists(spans, min_size=1, max_size=3))
@settings(max_examples=6, deadline=None)
def test_any_cut_gives_the_same_story(seed, windows):
    plots = story(seed)
    whole = run(plots, [], windows)
    assert msgspec.json.encode(run(plots, cuts_at_random(seed, plots), windows)) == msgspec.json.encode(whole)
    for message in whole:
        for finding in message.findings:
            if finding.zone_id == "square":
                assert_within(finding, windows, message.time)


def assert_within(finding, windows, now):
    """A stay lies in one of the times in which the zone counted."""
    start, end = finding.started_at, finding.ended_at or now
    assert any(stamp(opens) <= start <= end <= stamp(closes) for opens, closes in merged(windows)), (start, end)


def merged(windows):
    hours = np.zeros(1000, dtype=bool)
    for opens, closes in windows:
        hours[opens:closes] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hours.astype(int), [0]])))
    return edges.reshape(-1, 2).tolist()


def test_a_story_with_windows_says_something():
    windows = [(60, 200), (260, 330)]
    whole = run(story(7), [], windows)
    outcomes = [m.outcome for m in whole if m.outcome]
    assert "zone-closed" in outcomes
    assert {stamp(60), stamp(260)} <= {f.started_at for m in whole for f in m.findings}


def test_a_stay_that_its_zone_ended_is_not_told_again_of_who_was_lost_over_the_closing():
    times = [*range(50), *range(125, 200)]  # silent for more than a minute, and inside all the while
    messages = tell([square((-900.0, 62.0))], flight(10.0, times), until=1000.0)
    assert told(messages)[-1] == ("closed", "zone-closed", "01:02")
    assert len({message.incident_id for message in messages}) == 1
