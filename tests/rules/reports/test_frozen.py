"""Positions that stay where they are while a speed is told."""

import numpy as np
import pytest

from detector.airspace.schedule import Interval
from detector.incidents.message import stamp
from detector.incidents.stories import seconds
from detector.rules import incursion
from detector.rules.reports import frozen, jump
from tests import zoo

RULES = zoo.only(incursion=incursion.Params(), jump=jump.Params(), frozen=frozen.Params())


def cruise(first: int, last: int, *, lon: float = 19.7, speed: float = 230.0, step: float = 1.0, **columns):
    """Northward flight west of the square whose reports from one to another repeat a place."""
    known = {"gs_mps": speed, "track_deg": 0.0} | columns
    plots = zoo.flight(lon=lon, lat=54.2, course=0.0, speed=speed, times=[step * n for n in range(240)], **known)
    freeze(plots, first, last)
    return plots


def freeze(plots, first: int, last: int) -> None:
    for column in (plots.lon_deg, plots.lat_deg):
        column[first:last] = column[first]


def told(plots, zones=(zoo.SQUARE,), **kwargs):
    return zoo.tell(zoo.pipeline(zones, tables=RULES, **kwargs), plots, until=float(plots.time_s[-1]) + 400.0)


def test_a_place_that_does_not_move_on_is_told_and_believed_again_once_it_does():
    messages = told(cruise(60, 120))
    assert [(m.event, m.cause, m.outcome) for m in messages] == [
        ("opened", "integrity", None),
        ("updated", "integrity", None),
        ("closed", "integrity", "resolved"),
    ]
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.rule, finding.zone_id, finding.severity) == (
        "integrity",
        "frozen",
        "square",
        "moderate",
    )
    assert (finding.started_at[14:19], finding.ended_at[14:19]) == ("01:00", "01:59")
    assert finding.detected_at[14:19] == "01:18", "4 km are 17.4 s"
    assert finding.evidence.unflown_m == pytest.approx(59 * 230.0, rel=0.02)
    assert finding.evidence.frozen_s == pytest.approx(59.0, abs=1.0)
    assert "reports one place for 18 s on its way near Square; now" in messages[0].headline


@pytest.mark.parametrize(
    "plots",
    [
        cruise(60, 120, step=5.0),
        cruise(60, 150, speed=60.0, baro_alt_m=4000.0),  # slow, at height
        cruise(60, 120, gs_mps=110.0, baro_alt_m=600.0),  # low, fast
        cruise(60, 120, baro_alt_m=float("nan")),
    ],
)
def test_freezes_that_are_found(plots):
    assert [finding.rule for finding in told(plots)[-1].findings] == ["frozen"]


@pytest.mark.parametrize(
    "plots",
    [
        cruise(60, 76),  # not for long enough
        cruise(0, 240, gs_mps=0.0),  # a helicopter that hovers
        cruise(0, 240, gs_mps=20.0, baro_alt_m=600.0),
        cruise(60, 120, gs_mps=float("nan"), track_deg=float("nan"), source="radar"),  # who tells no speed
        cruise(60, 240, gs_mps=70.0, baro_alt_m=2500.0),  # landed out of sight, in the Alps; its source repeats it
        cruise(0, 240, gs_mps=1.0, baro_alt_m=100.0, on_ground=1),  # parked
        cruise(60, 120, on_ground=1),  # at a gate, with a speed and an altitude of long ago
        cruise(60, 120, lon=15.0),  # far from every zone
        cruise(60, 120, callsign="LOT1"),
    ],
)
def test_what_is_no_freeze(plots):
    messages = told(plots, rules=[zoo.NEUTRAL])
    assert [f for m in messages for f in m.findings if f.rule == "frozen"] == []


def test_rows_that_are_repeated_are_none():
    plots = cruise(0, 1)
    repeated = plots.take(sorted([*range(240), *[100] * 60]))
    assert told(repeated) == []


def test_who_stands_and_is_measured_is_none():
    """As at a gate: a speed of long ago, but places that differ by metres."""
    plots = cruise(60, 240)
    plots.lat_deg[60:] += np.random.default_rng(1).normal(0, 3.0 / 111_000, 180)
    assert told(plots) == []


def test_a_coarse_grid_of_places_is_none():
    plots = cruise(0, 1)
    plots.lat_deg[:] = plots.lat_deg.round(2)  # 1.1 km
    assert told(plots) == []


def test_who_freezes_on_the_way_in_has_not_entered_and_who_freezes_inside_has_not_left():
    inbound = zoo.flight(lon=19.9, speed=230.0, times=range(200), gs_mps=230.0, track_deg=90.0)
    freeze(inbound, 20, 60)  # 1.9 km outside; it enters meanwhile
    messages = told(inbound)
    assert [m.cause for m in messages][:1] == ["integrity"]
    (stay,) = [f for f in messages[-1].findings if f.kind == "incursion"]
    entry_s = zoo.GEOD.inv(19.9, 54.5, 20.0, 54.5)[2] / 230.0
    assert seconds(stay.started_at) == pytest.approx(entry_s, abs=1.0), "on the way from where it froze, and when"
    assert stay.detected_at[14:19] >= "01:00"

    outbound = zoo.flight(lon=20.1, course=270.0, speed=230.0, times=range(200), gs_mps=230.0, track_deg=270.0)
    freeze(outbound, 20, 60)
    (stay,) = [f for f in told(outbound)[-1].findings if f.kind == "incursion"]
    assert seconds(stay.ended_at) == pytest.approx(entry_s, abs=1.0)
    freeze(outbound, 20, 200)
    messages = zoo.tell(zoo.pipeline(tables=RULES), outbound)
    (stay,) = [f for f in messages[-1].findings if f.kind == "incursion"]
    assert stay.ended_at is None


def test_who_thaws_where_it_should_be_has_not_jumped():
    for last in (79, 90, 200):
        assert {f.rule for f in told(cruise(60, last))[-1].findings} == {"frozen"}


def test_who_thaws_elsewhere_has_jumped():
    plots = cruise(60, 100)
    plots.lon_deg[100:140] += 1.0
    assert {f.rule for f in told(plots)[-1].findings} == {"frozen", "jump"}


def test_who_was_frozen_for_long_and_silent_for_a_while_goes_on_with_its_incident():
    times = np.arange(0.0, 940.0)
    plots = zoo.flight(lon=19.9, lat=54.5, course=90.0, speed=80.0, times=times, gs_mps=80.0, track_deg=90.0)
    freeze(plots, 120, 720)
    plots = plots.take((times < 720.0) | (times >= 820.0))
    pipe = zoo.pipeline([zoo.zone(zoo.box(20.0, 54.0, 25.0, 55.0))], tables=RULES)
    assert len({message.incident_id for message in zoo.tell(pipe, plots, until=2900.0)}) == 1


def test_what_goes_on_when_its_zone_closes_begins_anew():
    hours = zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), active=(Interval(-900.0, 100.0),))
    messages = zoo.tell(zoo.pipeline([hours], tables=RULES), cruise(60, 180), until=170.0)
    told = [("opened", None), ("closed", "zone-closed"), ("opened", None)]
    assert [(m.event, m.outcome) for m in messages][:3] == told
    assert [f.ended_at for m in messages[:3] for f in m.findings] == [None, stamp(100.0), None]
