"""What a daemon does in one thread, without the threads around it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from detector import assembly
from detector.metrics import Metrics
from detector.service.duty import Duty
from tests.test_end_to_end import box


@pytest.fixture
def duty(tmp_path: Path) -> Duty:
    box(tmp_path / "box.geojson")
    config = tmp_path / "c.toml"
    config.write_text('site.id = "a"\nairspace.zones = ["box.geojson"]\nstate.directory = "state"\n')
    return Duty(*assembly.load(config), Metrics())


def test_a_rule_that_fails_is_in_the_status_and_once_in_the_log(duty: Duty, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert duty._execute("hard_turn", lambda: 1 / 0) is None
    duty.look()
    none = {"incidents_open": 0, "incidents": []}
    assert duty.status.said == {"state": "degraded", "reason": "rule hard_turn fails"} | none
    assert caplog.text.count("rule hard_turn failed") == 1
    duty._execute("hard_turn", lambda: SimpleNamespace(opened=lambda: 0))
    duty.look()
    assert duty.status.said == {"state": "online", "reason": ""} | none


def test_what_takes_effect_at_the_next_start_does_not_before(duty: Duty, caplog: pytest.LogCaptureFixture) -> None:
    site = msgspec.structs.replace(duty.settings.site, instance="b")
    changed = msgspec.structs.replace(duty.settings, site=site)
    for times in (1, 2):
        duty.adopt(changed, duty.pipeline.airspace)
        assert caplog.text.count("[site] has changed and takes effect at the next start") == times
    duty.look()
    assert duty.settings.site.instance != "b"
    assert "twins" not in duty.status.said


def test_a_configuration_that_is_refused_is_in_the_status_until_one_is_taken(duty: Duty) -> None:
    duty.refuse("c.toml: no such zone\nc.toml: nor that")
    duty.look()
    assert duty.status.said["reason"] == "reload failed: c.toml: no such zone"
    duty.adopt(duty.settings, duty.pipeline.airspace)
    duty.look()
    assert duty.status.said["state"] == "online"
