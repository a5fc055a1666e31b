"""The example configuration of Prometheus, by its own checker and against the metrics that there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from detector.metrics import Metrics

CONFIG = Path(__file__).parents[1] / "config" / "prometheus"


@pytest.mark.parametrize(("what", "file"), [("config", "incursiond.yml"), ("rules", "alerts.yml")])
def test_promtool_finds_nothing(promtool: str, what: str, file: str) -> None:
    done = subprocess.run([promtool, "check", what, str(CONFIG / file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_a_rule_exists() -> None:
    known = {
        name
        for metric in Metrics().registry.collect()
        for name in (metric.name, f"{metric.name}_total", f"{metric.name}_count", f"{metric.name}_sum")
    }
    used = set(re.findall(r"incursiond_\w+", (CONFIG / "alerts.yml").read_text()))
    assert used
    assert used <= known


def rule(promtool: str, directory: Path, alert: str, series: dict[str, str], minutes: int = 5) -> str:
    """Evaluate the rules on made-up series and return what promtool says of an expectation that the alert fires."""
    lines = [f"rule_files: ['{CONFIG / 'alerts.yml'}']", "evaluation_interval: 5s", "tests:", "- interval: 5s"]
    lines += ["  input_series:", *(f"  - {{series: '{name}', values: '{values}'}}" for name, values in series.items())]
    lines += ["  promql_expr_test:", f'  - expr: count(ALERTS{{alertname="{alert}", alertstate="firing"}})']
    lines += [f"    eval_time: {minutes}m", "    exp_samples: [{value: 1}]"]
    (directory / "test.yml").write_text("\n".join(lines))
    command = [promtool, "test", "rules", str(directory / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "fires" if done.returncode == 0 else done.stdout + done.stderr


WELL = {
    'up{job="incursiond"}': "1x100",
    "incursiond_mqtt_connected": "1x100",
    "incursiond_outbox_oldest_age_seconds": "0x100",
    "incursiond_journal_durable": "1x100",
    "incursiond_journals_set_aside_total": "0x100",
    "incursiond_publications_refused_total": "0x100",
    'incursiond_room_unconfirmed_messages{room="warsaw"}': "0x100",
    'incursiond_twin_up{twin="b"}': "1x100",
    'incursiond_feed_up{feed="mast-3"}': "1x100",
    'incursiond_feed_distrusted_tracks{feed="mast-3"}': "2x100",
    'incursiond_plots_total{feed="mast-3",result="shed"}': "9x100",
    "incursiond_config_reload_successful": "1x100",
    'incursiond_rule_success{rule="incursion"}': "1x100",
    "incursiond_last_step_timestamp_seconds": "0+5x100",
}
ILL = [
    ("IncursiondDown", 'up{job="incursiond"}', "0x100"),
    ("IncursiondStalled", "incursiond_last_step_timestamp_seconds", "0x100"),
    ("IncursiondNotConnected", "incursiond_mqtt_connected", "0x100"),
    ("IncursiondOutboxOld", "incursiond_outbox_oldest_age_seconds", "0+5x100"),
    ("IncursiondNotDurable", "incursiond_journal_durable", "0x100"),
    ("IncursiondJournalSetAside", "incursiond_journals_set_aside_total", "1x100"),
    ("IncursiondPublicationsRefused", "incursiond_publications_refused_total", "0+1x100"),
    ("IncursiondRoomSilent", 'incursiond_room_unconfirmed_messages{room="warsaw"}', "3x100"),
    ("IncursiondTwinDown", 'incursiond_twin_up{twin="b"}', "0x100"),
    ("IncursiondFeedSilent", 'incursiond_feed_up{feed="mast-3"}', "0x100"),
    ("IncursiondFeedDistrusted", 'incursiond_feed_distrusted_tracks{feed="mast-3"}', "5x100"),
    ("IncursiondOverloaded", 'incursiond_plots_total{feed="mast-3",result="shed"}', "0+9x100"),
    ("IncursiondReloadFailed", "incursiond_config_reload_successful", "0x100"),
    ("IncursiondRuleFailing", 'incursiond_rule_success{rule="incursion"}', "0x100"),
]


@pytest.mark.parametrize(("alert", "series", "values"), ILL, ids=[alert for alert, *_ in ILL])
def test_a_rule_fires_on_its_trouble_only(promtool: str, tmp_path: Path, alert: str, series: str, values: str) -> None:
    assert rule(promtool, tmp_path, alert, WELL | {series: values}) == "fires"
    assert "FAILED" in rule(promtool, tmp_path, alert, WELL)


def test_a_daemon_that_was_never_seen_is_down(promtool: str, tmp_path: Path) -> None:
    assert rule(promtool, tmp_path, "IncursiondDown", {"other": "1x100"}) == "fires"


def test_the_rules_tried_here_are_all_there_are() -> None:
    alerts = re.findall(r"alert: (\w+)", (CONFIG / "alerts.yml").read_text())
    assert alerts == [alert for alert, *_ in ILL]
