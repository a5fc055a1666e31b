"""Who approaches and turns away repeatedly."""

from dataclasses import replace

import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.rules import incursion
from detector.rules.alone import approach, probing
from tests import zoo

RULES = zoo.only(approach=approach.Params(), probing=probing.Params(), incursion=incursion.Params())
SPEED_MPS = 200.0
PEAK_M = 3000.0  # where it turns back, before the western edge of the square


def probes(n: int, period_s: float, peak_m: float = PEAK_M, reports_s: float = 2.0, **columns):
    """A flight to and fro before the square, n times there and back."""
    t = np.arange(0.0, n * period_s, reports_s)
    since_s = t % period_s
    short_m = peak_m + SPEED_MPS * np.abs(since_s - period_s / 2)
    course_deg = np.where(since_s < period_s / 2, 90.0, 270.0)
    plots = zoo.flight(lon=20.0, speed=0.0, times=t, **{"gs_mps": SPEED_MPS, "track_deg": course_deg} | columns)
    azimuth_deg = np.where(short_m > 0, 270.0, 90.0)
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(plots.lon_deg, plots.lat_deg, azimuth_deg, np.abs(short_m))
    return plots


def tell(*plots, until: float = 9000.0, tables=RULES) -> list:
    return zoo.tell(zoo.pipeline(tables=tables), zoo.in_order(*plots), until=until)


def probing_of(messages) -> list:
    """The findings of probing, as each message that is about one tells it."""
    told = [m for m in messages if "probed" in m.headline and m.outcome is None]
    return [finding for m in told for finding in m.findings if finding.rule == "probing"]


@pytest.mark.parametrize("reports_s", [1.0, 5.0])
def test_the_second_time_is_told(reports_s):
    messages = tell(probes(2, 300.0, reports_s=reports_s))
    first = next(m for m in messages if m.cause == "approach" and m.findings[-1].rule == "probing")
    assert first.headline.startswith("Unknown aircraft 4980 probed Square: 2 approaches; now at")
    finding = first.findings[-1]
    assert (finding.kind, finding.zone_id, finding.severity) == ("approach", "square", "severe")
    assert finding.evidence.approaches == 2
    assert "00:00" <= finding.started_at[11:16] <= "00:01"
    assert finding.ended_at == first.findings[-2].ended_at
    assert messages[-1].outcome == "turned-away"


@pytest.mark.parametrize(("speed_mps", "period_s"), [(40.0, 120.0), (100.0, 120.0), (200.0, 90.0)])
def test_legs_of_orbits_and_circuits_count_for_none(speed_mps, period_s):
    t = np.arange(0.0, 1200.0, 2.0)
    radius_m, angle = speed_mps * period_s / (2 * np.pi), 2 * np.pi * t / period_s
    plots = zoo.flight(lon=20.0, speed=0.0, times=t, gs_mps=speed_mps, track_deg=np.degrees(angle) % 360)
    east_m, north_m = -radius_m * np.cos(angle) - radius_m - 1000.0, radius_m * np.sin(angle)
    zoo.moved(plots, east_m, north_m)
    messages = tell(plots)
    assert "approach" in {finding.rule for finding in messages[-1].findings}
    assert not probing_of(messages)


def test_further_ones_are_counted():
    messages = tell(probes(4, 300.0))
    assert [f.evidence.approaches for f in probing_of(messages)] == [2, 3, 4]
    assert len({m.incident_id for m in messages}) == 1


def test_those_of_another_incident_count_too():
    messages = tell(probes(2, 1500.0, reports_s=5.0))
    assert len({m.incident_id for m in messages}) == 2
    assert [f.evidence.approaches for f in probing_of(messages)] == [2]


@pytest.mark.parametrize(
    "plots",
    [
        probes(1, 300.0),
        probes(2, 300.0, peak_m=-2000.0),  # it enters
        probes(2, 4000.0, reports_s=5.0),  # more than an hour apart
        probes(2, 300.0, peak_m=40_000.0),  # never so near
        probes(3, 300.0, callsign="LOT123"),
    ],
    ids=["once", "entries", "hours", "far", "neutral"],
)
def test_who_does_so_once_or_enters_does_not(plots):
    pipe = zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    assert probing_of(zoo.tell(pipe, plots, until=float(plots.time_s[-1]) + 400.0)) == []


def test_who_swerves_by_a_little_does_not():
    t = np.arange(0.0, 900.0, 2.0)
    course_deg = np.where(t % 300 < 150, 8.0, 352.0)  # now towards the edge, now off it
    plots = zoo.flight(lon=20.0, lat=54.05, speed=0.0, times=t, gs_mps=100.0, track_deg=course_deg)
    east_m = -2500.0 + np.cumsum(200.0 * np.sin(np.radians(course_deg)))
    north_m = np.cumsum(200.0 * np.cos(np.radians(course_deg)))
    zoo.moved(plots, east_m, north_m)
    assert [finding.rule for finding in tell(plots)[-1].findings] == ["approach"] * 3


def test_how_many_are_too_many_can_be_said():
    thrice = zoo.only(approach=approach.Params(), probing=probing.Params(approaches=3))
    assert [f.evidence.approaches for f in probing_of(tell(probes(3, 300.0), tables=thrice))] == [3]
    assert probing_of(tell(probes(2, 300.0), tables=thrice)) == []


def test_a_zone_on_the_way_that_watches_others_is_no_entry():
    others = zoo.zone(zoo.box(19.0, 54.0, 19.99, 55.0), zone_id="range", kind="restricted")
    others = replace(others, watch=frozenset({Identity.HOSTILE}))
    messages = zoo.tell(zoo.pipeline([zoo.SQUARE, others], tables=RULES), probes(3, 300.0), until=9000.0)
    assert any("probed" in message.headline for message in messages)
