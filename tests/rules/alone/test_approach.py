"""Approach: who will be in a zone soon."""

from __future__ import annotations

import numpy as np
import pytest

from detector.airspace.zones import Zone
from detector.rules.alone import approach, probing
from detector.rules.incursion import Params
from detector.rules.tables import Rules
from tests import zoo

RULES: Rules = zoo.only(incursion=Params(), approach=approach.Params())


def _ring(west: float, east: float, zone_id: str) -> Zone:
    return zoo.zone(zoo.box(west, 54.0, east, 55.0), zone_id=zone_id)


def test_heading_for_the_zone_behind_one_is_told_of_that() -> None:
    zones = [_ring(20.0, 20.5, "west"), _ring(20.5, 21.0, "east")]
    *_, last = zoo.tell(zoo.pipeline(zones, tables=RULES), zoo.flight(lon=19.9, times=range(200)))
    entered = {f.zone_id: f.started_at for f in last.findings if f.kind == "incursion"}
    approached = {f.zone_id: f.ended_at for f in last.findings if f.kind == "approach"}
    assert approached == entered
    assert list(approached) == ["west", "east"]


@pytest.mark.parametrize(("source", "period_s"), [("adsb", 1.0), ("radar", 5.0)])
def test_who_heads_for_the_next_zone_before_it_is_in_the_first_is_told_of_both(source: str, period_s: float) -> None:
    zones = [_ring(20.0, 20.2, "west"), _ring(20.2, 21.0, "east")]
    plots = zoo.flight(lon=19.9, times=np.arange(0.0, 200.0, period_s), source=source)
    *_, last = zoo.tell(zoo.pipeline(zones, tables=RULES), plots)
    entered = {f.zone_id: f.started_at for f in last.findings if f.kind == "incursion"}
    approached = {f.zone_id: f.ended_at for f in last.findings if f.kind == "approach"}
    assert approached == entered
    assert list(approached) == ["west", "east"]


def _turns_to_another() -> tuple[list[Zone], zoo.Plots]:
    """Two zones, and who heads for the northern, turns to the southern, 60 deg to the right, and away from both."""
    north, south = zoo.zone(zoo.box(20.0, 54.5, 21.0, 55.0), zone_id="north"), zoo.box(19.9, 53.0, 21.0, 54.3)
    times = np.arange(0.0, 150.0, 2.0)
    course_deg = np.select([times < 30, times < 90], [70.0, 140.0], 270.0)
    plots = zoo.flight(lon=19.7, lat=54.5, speed=0.0, times=times, gs_mps=200.0, track_deg=course_deg)
    step_m = 400.0 * np.exp(1j * np.radians(90 - course_deg))
    way_m = np.concatenate([[0], np.cumsum(step_m)[:-1]])
    return [north, zoo.zone(south, zone_id="south")], zoo.moved(plots, way_m.real, way_m.imag)


def test_who_turns_to_another_zone_is_told_to_head_for_that_and_has_not_turned_away_twice() -> None:
    zones, plots = _turns_to_another()
    rules = zoo.only(approach=approach.Params(), probing=probing.Params())
    messages = zoo.tell(zoo.pipeline(zones, tables=rules), plots, until=1000.0)
    findings = messages[-1].findings
    assert [(f.rule, f.zone_id) for f in findings] == [("approach", "north"), ("approach", "south")]
    assert findings[0].ended_at <= findings[1].started_at
    assert messages[-1].outcome == "turned-away"


@pytest.mark.parametrize(("source", "sigma_m"), [("radar", 80.0), ("enroute-radar", 150.0)])
def test_who_hovers_outside_heads_nowhere(source: str, sigma_m: float) -> None:
    chance, told = np.random.default_rng(5), 0
    for _ in range(5):
        times = np.arange(0.0, 600.0, zoo.SENSORS[source].period_s)
        east_m, north_m = chance.normal(0.0, sigma_m, (2, len(times))) - [[800.0], [0.0]]
        plots = zoo.flight(lon=20.0, speed=0.0, times=times, source=source)
        zoo.moved(plots, east_m, north_m)
        told += bool(zoo.tell(zoo.pipeline(tables=RULES), plots))
    assert told <= 1


@pytest.mark.parametrize("apart_m", [0.0, 300.0])
def test_two_radars_that_differ_tell_of_one_approach(apart_m: float) -> None:
    lat_deg = 54.5 + np.degrees(apart_m / 6_371_000)
    one = zoo.flight(lon=19.4, speed=200.0, times=np.arange(0.0, 190.0, 5.0), source="radar")
    other = zoo.flight(lon=19.4, lat=lat_deg, speed=200.0, times=np.arange(2.0, 190.0, 5.0), source="radar")
    messages = zoo.tell(
        zoo.pipeline(tables=RULES), zoo.in_order(zoo.scattered(one, 80.0, 1), zoo.scattered(other, 80.0, 2))
    )
    assert messages[0].findings[0].kind == "approach"
    assert "01:10" < messages[0].time[14:19] < "01:40"  # 120 s before it enters, after 195 s, and some reports
