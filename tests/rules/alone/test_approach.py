"""Approach: who will be in a zone soon."""

from __future__ import annotations

from detector.airspace.zones import Zone
from detector.rules.alone import approach
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
