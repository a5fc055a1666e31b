"""Metrics that are counted from what is in force."""

import socket
from dataclasses import replace

import pytest

from detector import metrics
from detector.airspace.zones import State
from detector.metrics import Metrics
from detector.rules.tables import Rules
from tests.zoo import SQUARE


@pytest.mark.parametrize("states", [[], [State.OK], [State.OK, State.WARNED, State.OK, State.REPAIRED]])
def test_zones_are_counted_anew(states: list[State]) -> None:
    of_zones = Metrics()
    of_zones.count_zones([replace(SQUARE, state=State.WARNED)] * 7)
    of_zones.count_zones([replace(SQUARE, state=state) for state in states])
    counted = {state: of_zones.registry.get_sample_value("incursiond_zones", {"state": state}) for state in State}
    assert counted == {state: states.count(state) for state in State}


@pytest.mark.parametrize("rule", Rules.__struct_fields__)
def test_the_first_finding_of_a_rule_is_an_increase(rule: str) -> None:
    of_rules = Metrics()
    assert of_rules.registry.get_sample_value("incursiond_findings_total", {"rule": rule}) == 0
    assert of_rules.registry.get_sample_value("incursiond_rule_duration_seconds_count", {"rule": rule}) == 0
    assert of_rules.registry.get_sample_value("incursiond_rule_success", {"rule": rule}) is None  # it has not run


def test_who_connects_and_asks_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "IDLE_S", 0.1)
    server = Metrics().serve("127.0.0.1", 0)
    try:
        with socket.create_connection(server.server_address[:2], timeout=5.0) as client:
            assert client.recv(1) == b""
    finally:
        server.shutdown()
