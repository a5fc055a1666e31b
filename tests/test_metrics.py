"""Metrics that are counted from what is in force."""

from dataclasses import replace

import pytest

from detector.airspace.zones import State
from detector.metrics import Metrics
from detector.rules.tables import Rules
from tests.zoo import SQUARE


@pytest.mark.parametrize("states", [[], [State.OK], [State.OK, State.WARNED, State.OK, State.REPAIRED]])
def test_zones_are_counted_anew(states: list[State]) -> None:
    metrics = Metrics()
    metrics.count_zones([replace(SQUARE, state=State.WARNED)] * 7)
    metrics.count_zones([replace(SQUARE, state=state) for state in states])
    counted = {state: metrics.registry.get_sample_value("incursiond_zones", {"state": state}) for state in State}
    assert counted == {state: states.count(state) for state in State}


@pytest.mark.parametrize("rule", Rules.__struct_fields__)
def test_the_first_finding_of_a_rule_is_an_increase(rule: str) -> None:
    metrics = Metrics()
    assert metrics.registry.get_sample_value("incursiond_findings_total", {"rule": rule}) == 0
    assert metrics.registry.get_sample_value("incursiond_rule_duration_seconds_count", {"rule": rule}) == 0
    assert metrics.registry.get_sample_value("incursiond_rule_success", {"rule": rule}) is None  # it has not run
