"""The daemon without its threads."""

from __future__ import annotations

from types import SimpleNamespace

from detector.daemon import Daemon
from tests.test_end_to_end import box


def test_a_rule_that_fails_is_in_the_status_and_once_in_the_log(tmp_path, caplog):
    box(tmp_path / "box.geojson")
    config = tmp_path / "c.toml"
    config.write_text('site.id = "a"\nairspace.zones = ["box.geojson"]\nstate.directory = "state"\n')
    daemon = Daemon(config)
    for _ in range(3):
        assert daemon._duty._execute("hard_turn", lambda: 1 / 0) is None
    daemon._duty.look()
    none = {"incidents_open": 0, "incidents": []}
    assert daemon._duty.status.said == {"state": "degraded", "reason": "rule hard_turn fails"} | none
    assert caplog.text.count("rule hard_turn failed") == 1
    daemon._duty._execute("hard_turn", lambda: SimpleNamespace(opened=lambda: 0))
    daemon._duty.look()
    assert daemon._duty.status.said == {"state": "online", "reason": ""} | none
