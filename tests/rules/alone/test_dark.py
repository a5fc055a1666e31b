"""Who falls silent on the way into a zone."""

import msgspec
import numpy as np
import pytest

from detector.airspace.schedule import Interval
from detector.airspace.zones import Initial
from detector.rules import incursion
from detector.rules.alone import approach, dark
from detector.rules.findings import Certainty
from feeds.plots import concatenate
from tests import zoo

RULES = zoo.only(approach=approach.Params(), dark=dark.Params())
INBOUND = {"lon": 19.7, "speed": 230.0, "gs_mps": 230.0, "track_deg": 90.0}


def silent(until: float = 900.0, others=(), **columns):
    plots = zoo.in_order(zoo.flight(times=range(60), **INBOUND | columns), *others)
    return zoo.tell(zoo.pipeline(tables=RULES), plots, until=until)


def test_silence_on_the_way_in_is_told_after_twenty_seconds():
    messages = silent()
    assert [(m.event, m.cause, m.time[14:19]) for m in messages] == [
        ("opened", "approach", "00:06"),
        ("updated", "dark", "01:19"),
        ("closed", "dark", "01:59"),
    ]
    assert messages[-1].outcome == "lost"
    finding = messages[1].findings[1]
    assert (finding.kind, finding.rule, finding.zone_id) == ("dark", "dark", "square")
    assert finding.started_at[14:19] == "00:59"
    gap_m = zoo.GEOD.inv(19.7, 54.5, 20.0, 54.5)[2] - 59 * 230.0
    assert finding.evidence.distance_m == pytest.approx(gap_m, abs=20.0)


def test_the_zone_on_the_way_is_named_and_not_a_nearer_one():
    beside = zoo.zone(zoo.box(19.6, 54.4, 19.98, 54.455), zone_id="beside")
    plots = zoo.flight(times=range(60), **INBOUND)
    messages = zoo.tell(zoo.pipeline([beside, zoo.SQUARE], tables=RULES), plots, until=100.0)
    (found,) = [f for f in messages[-1].findings if f.rule == "dark"]
    gap_m = zoo.GEOD.inv(19.7, 54.5, 20.0, 54.5)[2] - 59 * 230.0
    assert (found.zone_id, found.evidence.distance_m) == ("square", pytest.approx(gap_m, abs=20.0))


@pytest.mark.parametrize(
    ("source", "until", "certainty"),
    [
        ("adsb", 79, Certainty.LIKELY),
        ("radar", 79, Certainty.POSSIBLE),
        ("adsb", 65, Certainty.POSSIBLE),  # the feed as a whole stops, one aircraft after the other
    ],
)
def test_it_is_likely_where_the_sensor_goes_on_hearing_others(source, until, certainty):
    pipe = zoo.pipeline(tables=RULES)
    other = zoo.flight(lon=15.0, times=range(until), track_id="other", source=source)
    zoo.tell(pipe, zoo.in_order(zoo.flight(times=range(60), **INBOUND), other))
    (sign,) = pipe.conduct.dark.look(80.0, pipe.tracks, pipe.airspace, RULES.dark)
    assert sign.certainty == certainty


@pytest.mark.parametrize(
    "columns",
    [
        {"lon": 19.95, "track_deg": 270.0, "course": 270.0},  # outbound
        {"lon": 17.0},  # far away
        {"baro_alt_m": 300.0, "gs_mps": 70.0, "speed": 70.0, "lon": 19.9},  # on final
    ],
)
def test_silence_elsewhere_is_none(columns):
    assert "dark" not in [m.cause for m in silent(**columns)]


def test_a_slow_radar_may_miss_a_plot_or_three():
    times = [t for t in range(0, 240, 12) if t not in (60, 72, 84)]
    plots = zoo.flight(lon=19.2, speed=200.0, times=times, source="enroute-radar")
    assert "dark" not in [m.cause for m in zoo.tell(zoo.pipeline(tables=RULES), plots)]


def test_who_is_heard_again_was_silent():
    again = zoo.flight(lon=19.7, speed=230.0, times=range(85, 95), gs_mps=230.0, track_deg=90.0)
    messages = silent(until=96.0, others=[again])
    (finding,) = [f for f in messages[-1].findings if f.kind == "dark"]
    assert finding.ended_at[14:19] == "01:25"


INSIDE = zoo.only(incursion=incursion.Params(), dark=dark.Params())


def inside(until: float = 900.0, again=(), zones=(zoo.SQUARE,), **columns):
    """Return what is told of who flies into the square, enters after 12 s, and falls silent 59 s later."""
    plots = zoo.in_order(zoo.flight(times=range(72), **INBOUND | {"lon": 19.957} | columns), *again)
    return zoo.tell(zoo.pipeline(zones, tables=INSIDE), plots, until=until)


def test_silence_inside_is_news_of_the_incident():
    messages = inside()
    assert [(m.event, m.cause, m.time[14:19], m.outcome) for m in messages] == [
        ("opened", "incursion", "00:13", None),
        ("escalated", "incursion", "00:21", None),
        ("updated", "dark", "01:31", None),
        ("closed", "incursion", "02:11", "lost"),
    ]
    assert messages[2].headline == (
        "Unknown aircraft 4980 fell silent 13.5 km inside Square; last at FL197, 447 kt, course 090"
    )
    (finding,) = [f for f in messages[2].findings if f.kind == "dark"]
    assert (finding.zone_id, finding.started_at[14:19], finding.ended_at) == ("square", "01:11", None)
    assert (messages[2].phase, messages[2].severity) == ("incursion", "extreme")
    ended = {f.rule: f.ended_at[14:19] for f in messages[-1].findings}
    assert ended == {"incursion": "01:11", "dark": "02:11"}, "silent until it was given up"


def test_who_is_heard_again_inside_is_silent_no_more_and_may_be_again():
    again = [zoo.flight(times=range(100, 105), **INBOUND | {"lon": 19.957})]
    messages = inside(again=again)
    told = [(m.cause, m.time[14:19], m.findings[-1].ended_at is None) for m in messages[2:5]]
    assert told == [("dark", "01:31", True), ("dark", "01:40", False), ("dark", "02:04", True)]
    assert "was silent 13.5 km inside Square; still in Square at" in messages[3].headline
    assert [f.rule for f in messages[-1].findings] == ["incursion", "dark"], "within a minute it is the same again"


@pytest.mark.parametrize(
    "how",
    [
        {"baro_alt_m": 300.0, "gs_mps": 70.0, "speed": 70.0, "lon": 19.99},  # may have landed
        {"lon": 20.3, "course": 270.0, "track_deg": 270.0},  # 3 km inside and on its way out
        {"zones": [zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), kind="belt")]},
        {"lon": 20.1, "zones": [zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), initial=Initial.ADOPT)]},
        {"zones": [zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), active=(Interval(0.0, 80.0),))]},
    ],
)
def test_silence_inside_that_is_none(how):
    assert "dark" not in [m.cause for m in inside(**how)]


@pytest.mark.parametrize("lag_s", [0.0, 15.0, 25.0])
def test_it_is_told_of_who_was_heard_late_too(lag_s):
    tables = zoo.only(incursion=incursion.Params(), dark=dark.Params())
    gone = zoo.flight(lon=20.2, speed=200.0, times=np.arange(0, 121, 12), source="enroute-radar")
    other = zoo.flight(lon=25.0, speed=1.0, times=np.arange(0, 600, 4), track_id="other", callsign="X")
    both, came_s = concatenate([gone, other]), np.concatenate([gone.time_s + lag_s, other.time_s])
    order = np.argsort(came_s, kind="stable")
    pipe, messages = zoo.pipeline(tables=tables), []
    for n in order:
        messages += pipe.step(both.take(np.array([n])), float(came_s[n])).messages
    assert "dark" in {finding.rule for finding in messages[-1].findings}


@pytest.mark.parametrize("after_s", [14.0, 61.0])
def test_a_patience_that_could_not_end_is_refused(after_s):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"after_s": after_s}, dark.Params)
