"""Alarms about the daemon itself."""

from __future__ import annotations

import json

import pytest

from detector.delivery.alarm import journal_alarm, no_journal_alarm
from detector.delivery.topics import Topics

TOPICS = Topics("airspace/v1", "pl-east")


@pytest.mark.parametrize(("instance", "matter"), [(None, "journal"), ("a", "journal-a")])
def test_a_daemon_clears_its_own_alarm_and_no_other(instance: str | None, matter: str) -> None:
    raised = journal_alarm("it was damaged", "2026-11-23T01:14:06.660Z", TOPICS, instance)
    assert raised.topic == f"airspace/v1/pl-east/alarm/extreme/{matter}"
    assert json.loads(raised.payload)["matter"] == matter
    assert no_journal_alarm(TOPICS, instance).topic == raised.topic
    assert no_journal_alarm(TOPICS, "b").topic != raised.topic
