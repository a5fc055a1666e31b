"""What a room remembers of incidents, and for how long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as paho
import pytest

from detector.room.listen import FORGETS_S, Listener
from detector.room.memory import KEPT_S, RENEWED_S, Memory
from detector.room.order import GRACE_S, Order, Verdict
from detector.room.output import Output

BEGAN_S = 1_800_000_000.0


class Desk:
    """A room's order with its memory on a disk; time is what a test says it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.start(0.0)

    def start(self, after_s: float) -> None:
        self._output, self._memory = Output(self._folder / "room.ndjson"), Memory(self._folder / "room.state")
        self.order = Order()
        self._memory.recall(self.order, self._output, BEGAN_S + after_s, after_s)

    def take(self, sequence: int, after_s: float, incident_id: str = "a") -> list[Verdict]:
        payload = json.dumps({"incident_id": incident_id, "sequence": sequence}).encode()
        steps = self.order.take(payload, after_s) + self.order.tick(after_s)
        self._output.write([step.payload for step in steps if step.verdict is Verdict.PASSED])
        self._memory.record(steps, self._output, BEGAN_S + after_s)
        return [step.verdict for step in steps]

    def forget(self, after_s: float) -> None:
        for incident_id in self._memory.forget(BEGAN_S + after_s):
            self.order.forget(incident_id)

    def end(self) -> None:
        self._memory.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.end()


def test_incidents_long_over_are_forgotten(desk: Desk) -> None:
    for day in range(100):
        desk.forget(day * 86_400.0)
        for sequence in (1, 3, 4):  # 2 is lost
            desk.take(sequence, day * 86_400.0, f"incident of day {day}")
        desk.order.tick(day * 86_400.0 + GRACE_S)
    kept = KEPT_S / 86_400.0 + 1
    assert len(desk.order._stories) == kept
    assert len(desk.order._gaps) <= kept
    rows = desk._memory._db.execute("SELECT count(DISTINCT incident_id) FROM seen").fetchone()
    assert rows == (kept,)
    assert desk.order.upto("incident of day 0") == 0


def test_what_the_latest_message_was_of_may_be_forgotten_too(desk: Desk) -> None:
    desk.take(1, 0.0)
    desk.forget(KEPT_S + 1.0)
    assert desk.order.latest is None


@pytest.mark.parametrize("restarts", [False, True])
def test_an_old_repeat_is_none_the_newer_however_often_it_comes(desk: Desk, restarts: bool) -> None:
    assert desk.take(1, 0.0) == [Verdict.PASSED]
    for times in range(1, 4):
        after_s = times * (KEPT_S - RENEWED_S)
        desk.forget(after_s)
        if restarts:
            desk.end()
            desk.start(after_s)
        assert desk.take(1, after_s) == [Verdict.REPEATED]


@pytest.mark.parametrize("restarts", [False, True])
def test_an_incident_is_forgotten_whole_or_not_at_all(desk: Desk, restarts: bool) -> None:
    desk.take(1, 0.0)
    desk.take(2, KEPT_S)
    desk.forget(KEPT_S + 1.0)
    if restarts:
        desk.end()
        desk.start(KEPT_S + 1.0)
    assert (desk.order.upto("a"), desk.take(1, KEPT_S + 1.0)) == (2, [Verdict.REPEATED])


def test_a_listener_that_runs_for_long_forgets(tmp_path: Path) -> None:
    now = {"s": 0.0}
    mqtt = dict.fromkeys(("client_id", "username", "password_file", "ca_file"))
    settings: Any = SimpleNamespace(
        site=SimpleNamespace(id="pl-east"),
        mqtt=SimpleNamespace(url="mqtt://nobody", topic_prefix="airspace/v1", **mqtt),
    )
    output, memory = Output(tmp_path / "room.ndjson"), Memory(tmp_path / "room.state")
    listener = Listener(settings, "warsaw", output, memory, lambda: BEGAN_S + now["s"], lambda: now["s"])
    message = paho.MQTTMessage()
    message.payload = b'{"incident_id": "a", "sequence": 1}'
    listener.take([message])
    known = []
    for now["s"] in (KEPT_S, KEPT_S + FORGETS_S):
        listener.take([])
        known.append("a" in listener._order._stories)
    assert known == [True, False]
    memory.close()
