"""Passes of protected places."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import UNSET

from detector.airspace.arcs import circle
from detector.airspace.zones import Identity
from detector.incidents.stories import seconds
from detector.rules.alone import asset_pass, low_pass
from tests import zoo

RULES = zoo.only(asset_pass=asset_pass.Params())
PLATFORM = zoo.zone(circle(18.0, 55.0, 2000.0), zone_id="platform", kind="asset")


def past(aside_m: float, lat: float = 54.9, course: float = 0.0, start_s: float = 0.0, **columns):
    """Flight northwards past the platform."""
    lon, at, _ = zoo.GEOD.fwd(18.0, lat, 90.0, aside_m)
    columns = {"times": np.arange(0.0, 110.0), "baro_alt_m": 150.0} | columns
    plots = zoo.flight(lon=lon, lat=at, course=course, speed=200.0, **columns)
    plots.time_s[:] += start_s
    return plots


def tell(*flights, until: float = 1500.0):
    return zoo.tell(zoo.pipeline([PLATFORM], tables=RULES), zoo.in_order(*flights), until=until)


@pytest.mark.parametrize(("source", "step_s"), [("adsb", 1.0), ("enroute-radar", 12.0)])
def test_a_pass_is_told_with_how_close_and_how_low(source, step_s):
    messages = tell(past(600.0, times=np.arange(0.0, 110.0, step_s), source=source))
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.rule, finding.zone_id) == ("asset-pass", "asset_pass", "platform")
    assert finding.evidence.closest_m == pytest.approx(600.0, rel=0.02)
    assert finding.evidence.height_m == pytest.approx(150.0, abs=1.0)
    assert finding.evidence.passes == 1
    assert (finding.severity, messages[-1].outcome) == ("extreme", "resolved")
    assert messages[-1].headline == "Unknown aircraft 4980 passed Platform at 600 m; closed: resolved"
    assert len(messages) == 4, "that it passes, how close it came, that it is gone, and that this is all"


@pytest.mark.parametrize("columns", [{"aside_m": 2100.0}, {"aside_m": -3000.0}])
def test_who_stays_outside_the_circle_passes_nothing(columns):
    assert tell(past(**columns)) == []


def test_who_comes_back_has_passed_twice():
    back = past(-300.0, lat=55.1, course=180.0, start_s=120.0)
    messages = tell(past(600.0), back)
    (finding,) = messages[-1].findings
    assert finding.evidence.passes == 2
    assert finding.evidence.closest_m == pytest.approx(300.0, rel=0.05)
    assert [m.cause for m in messages].count("asset-pass") == len(messages)
    assert [m.event for m in messages].count("opened") == 1


def test_of_several_passes_the_last_is_told_and_the_closest_beside_it():
    back = past(-1200.0, lat=55.1, course=180.0, start_s=120.0, baro_alt_m=900.0)
    *_, first, again, closed = tell(past(300.0), back)
    assert "passed Platform at 300 m; now" in first.headline
    assert first.findings[0].evidence.last_closest_m is UNSET
    assert "passes Platform at 1.2 km (2 passes, closest 300 m); now" in again.headline
    assert closed.headline.endswith("passed Platform at 1.2 km (2 passes, closest 300 m); closed: resolved")
    evidence = closed.findings[0].evidence
    assert (evidence.closest_m, evidence.height_m) == (pytest.approx(300.0, rel=0.02), pytest.approx(150.0, abs=1.0))
    assert evidence.last_closest_m == pytest.approx(1200.0, rel=0.02)
    assert evidence.last_height_m == pytest.approx(900.0, abs=1.0)
    assert seconds(evidence.last_closest_at) == pytest.approx(seconds(evidence.closest_at) + 120.0, abs=1.0)


def test_a_high_pass_is_less_grave():
    (finding,) = tell(past(600.0, baro_alt_m=3000.0))[-1].findings
    assert finding.severity == "severe"


def test_two_assets_are_two_findings():
    other = zoo.zone(circle(18.0, 55.05, 2000.0), zone_id="ship", kind="asset")
    pipe = zoo.pipeline([PLATFORM, other], tables=RULES)
    messages = zoo.tell(pipe, past(600.0), until=1500.0)
    assert {finding.zone_id for finding in messages[-1].findings} == {"platform", "ship"}


@pytest.mark.parametrize("apart_m", [500.0, 3000.0, 6000.0])
@pytest.mark.parametrize(("source", "step_s"), [("adsb", 1.0), ("enroute-radar", 12.0)])
@pytest.mark.parametrize("moving", [False, True])
def test_neighbours_passed_at_the_same_time_are_passes_of_their_own(apart_m, source, step_s, moving):
    lat = 55.0 + apart_m / 111_300.0
    other = zoo.zone(circle(18.0, lat, 2000.0), zone_id="ship", kind="asset")
    flights = [past(600.0, start_s=120.0, times=np.arange(0.0, 150.0, step_s), source=source)]
    if moving:
        other = replace(other, polygons=(), follows="boat", radius_m=2000.0)
        at_anchor = {"lat": lat, "speed": 0.0, "gs_mps": 0.0, "times": np.arange(0.0, 300.0, 2.0)}
        flights.append(zoo.flight(lon=18.0, track_id="boat", baro_alt_m=0.0, source="ais", **at_anchor))
    pipe = zoo.pipeline([PLATFORM, other], tables=RULES)
    *_, last = (m for m in zoo.tell(pipe, zoo.in_order(*flights), until=1500.0) if m.subject.track_id == "4980")
    findings = {f.zone_id: f for f in last.findings}
    assert set(findings) == {"platform", "ship"}
    for finding in findings.values():
        assert finding.evidence.passes == 1
        assert finding.evidence.closest_m == pytest.approx(600.0, rel=0.02)


@pytest.mark.parametrize(("source", "step_s", "late_s"), [("adsb", 1.0, 3.0), ("radar", 5.0, 10.0)])
def test_the_closest_point_is_told_once_it_is_behind_whatever_else_goes_on(source, step_s, late_s):
    tables = zoo.only(asset_pass=asset_pass.Params(), low_pass=low_pass.Params(low_ft=5000.0, speed_kt=100.0))
    pipe = zoo.pipeline([PLATFORM], tables=tables)
    messages = zoo.tell(pipe, past(600.0, times=np.arange(0.0, 200.0, step_s), source=source))
    told = [m for m in messages if m.cause == "asset-pass"]
    assert len(told) == 2, "that it passes, and how close it came"
    assert told[0].findings[-1].evidence.closest_m > 1200.0
    evidence = told[1].findings[-1].evidence
    assert (evidence.closest_m, evidence.passes) == (pytest.approx(600.0, rel=0.02), 1)
    reached_s = zoo.GEOD.inv(18.0, 54.9, 18.0, 55.0)[2] / 200.0
    assert seconds(evidence.closest_at) == pytest.approx(reached_s, abs=0.5)
    assert reached_s < seconds(told[1].time) <= reached_s + late_s


@pytest.mark.parametrize(("closer_mps", "told"), [(0.0, 2), (3.0, 5)])
def test_who_circles_is_told_once_and_again_whenever_half_as_close(closer_mps, told):
    t = np.arange(0.0, 400.0)
    n, range_m = len(t), 1500.0 - closer_mps * t + 300.0 * np.sin(t / 10.0)
    plots = zoo.flight(lon=18.0, lat=55.0, times=t, baro_alt_m=3000.0)
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(np.full(n, 18.0), np.full(n, 55.0), 3.8 * t, range_m)
    assert len(zoo.tell(zoo.pipeline([PLATFORM], tables=RULES), plots)) == told


def test_a_pass_of_who_the_asset_does_not_watch_is_none_though_another_zone_does():
    platform = zoo.zone(circle(18.0, 55.0, 2000.0), zone_id="platform", kind="asset")
    platform = replace(platform, watch=frozenset({Identity.HOSTILE}))
    land = zoo.zone(zoo.box(18.2, 54.0, 19.0, 56.0), zone_id="land")
    plots = zoo.flight(lon=18.0, lat=54.9, course=0.0, speed=200.0, times=range(110), baro_alt_m=150.0)
    tables = zoo.only(asset_pass=asset_pass.Params())
    assert zoo.tell(zoo.pipeline([platform, land], tables=tables), plots, until=1500.0) == []
