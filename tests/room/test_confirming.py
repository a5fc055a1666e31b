"""Rooms that must confirm, over a real mosquitto that forgets everything when it is killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from detector.delivery.ledger import Ledger
from detector.delivery.publisher import Delivery
from detector.delivery.receipts import OVERDUE_S
from detector.delivery.rooms import LOOK_S
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage
from detector.metrics import Metrics
from tests.commands.test_schema import MESSAGE
from tests.conftest import Mosquitto
from tests.room.listener import Listener, Publisher, until

SEED = int(os.environ.get("INCURSIOND_SEED", "1"))
BROKER_KILLS = int(os.environ.get("INCURSIOND_BROKER_KILLS", "3"))  # make kills BROKER=200
LEFT_OUT = re.compile(r"incident (\S+): message (\d+) came after a later one")
BEFORE = re.compile(r"incident (\S+): was open before this room listened, messages? (?:(\d+) to )?(\d+) ha")
COMPLETE_S = 10.0  # after rooms and broker are back

Deliver = Callable[..., tuple[Delivery, Metrics]]


@pytest.fixture
def deliver(mosquitto: Mosquitto) -> Iterator[Deliver]:
    made: list[Delivery] = []

    def start(*rooms: str, ledger: Ledger | None = None, **clock: Any) -> tuple[Delivery, Metrics]:
        keys = {"client_id": "incursiond", "username": None, "password_file": None, "ca_file": None}
        metrics = Metrics()
        settings, topics = SimpleNamespace(url=mosquitto.url, **keys), Topics("airspace/v1", "pl-east")
        made.append(Delivery(settings, topics, metrics, ledger, rooms, **clock))
        made[-1].start()
        return made[-1], metrics

    yield start
    for delivery in made:
        delivery.stop(0.1)


@pytest.fixture
def listen(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Callable[[str], Listener]]:
    made: list[Listener] = []

    def start(room: str) -> Listener:
        made.append(Listener(tmp_path, mosquitto.url, room))
        made[-1].connected()
        return made[-1]

    yield start
    for listener in made:
        listener.process.kill()
        listener.process.wait()


def message(sequence: int, incident_id: str = "a", **keys: Any) -> IncidentMessage:
    return replace(MESSAGE, incident_id=incident_id, sequence=sequence, **keys)


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(f"incursiond_{name}", labels)
    assert found is not None, name
    return found


def kept(delivery: Delivery) -> int:
    return len(delivery._outbox._items)


@pytest.mark.parametrize("required", [False, True])
def test_a_broker_that_forgot_the_queue_of_a_room(
    mosquitto: Mosquitto, deliver: Deliver, listen: Any, required: bool
) -> None:
    room = listen("warsaw")
    room.end()  # its session stays with the broker, and all that follows is queued for it
    delivery, metrics = deliver(*(["warsaw"] if required else []))
    delivery.submit([message(n) for n in range(1, 101)], time.time())
    assert delivery.drain(10)
    mosquitto.kill()
    until(lambda: not value(metrics, "mqtt_connected"))
    mosquitto.start()
    room.start()
    if required:
        until(lambda: kept(delivery) == 0, 30.0)
        assert room.sequences("a") == list(range(1, 101))
    else:
        until(lambda: room.sequences("a"), 30.0)
        time.sleep(1.0)
        assert room.sequences("a") == [100]  # retained: the incident as it stands; its history is lost


def test_daemon_and_broker_both_die_while_the_room_is_away(
    tmp_path: Path, mosquitto: Mosquitto, deliver: Deliver, listen: Any
) -> None:
    room = listen("warsaw")
    room.end()
    delivery, _ = deliver("warsaw", ledger=Ledger(tmp_path))
    delivery.submit([message(n, event="closed" if n == 100 else "updated") for n in range(1, 101)], time.time())
    assert delivery.drain(10)
    delivery.stop()
    mosquitto.kill()
    mosquitto.start()
    room.start()
    room.connected()
    ledger = Ledger(tmp_path)
    delivery, _ = deliver("warsaw", ledger=ledger)
    until(lambda: delivery.drain(0.1) and kept(delivery) == 0, 30.0)
    assert room.sequences("a") == list(range(1, 101))
    delivery.stop()
    assert Ledger(tmp_path).found == []


def test_a_room_that_connects_after_the_daemon_has_sent_everything_again(
    mosquitto: Mosquitto, deliver: Deliver, listen: Any
) -> None:
    room = listen("warsaw")
    delivery, metrics = deliver("warsaw")
    delivery.submit([message(1)], time.time())
    until(lambda: kept(delivery) == 0)
    room.end()
    mosquitto.kill()
    until(lambda: not value(metrics, "mqtt_connected"))
    mosquitto.start()
    until(lambda: value(metrics, "mqtt_connected"), 30.0)
    delivery.submit([message(n) for n in range(2, 51)], time.time())
    delivery.submit([message(n, "b", event="closed" if n == 3 else "updated") for n in (1, 2, 3)], time.time())
    assert delivery.drain(10)  # to nobody: the broker knows no session of the room any more
    room.start()
    until(lambda: kept(delivery) == 0, 30.0)
    assert room.sequences("a") == list(range(1, 51))
    assert room.sequences("b") == [1, 2, 3]
    assert "gap" not in room.said()


class Flood:
    """100 incidents a second, each opened and a second later closed, beside two that go on all the time."""

    def __init__(self, delivery: Delivery) -> None:
        self.made: list[tuple[str, int]] = []
        self._delivery, self._over = delivery, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        tick = 0
        while not self._over.wait(0.1):
            tick += 1
            batch = [message(1, f"{tick}-{n}", event="opened") for n in range(10)]
            batch += [message(2, f"{tick - 10}-{n}", event="closed") for n in range(10) if tick > 10]
            batch += [message(tick, name) for name in "ab"]
            self._delivery.submit(batch, time.time())
            self.made += [(each.incident_id, each.sequence) for each in batch]


class Grown:
    """A file that somebody writes to."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0

    def lines(self) -> Iterator[str]:
        """Yield the lines that are whole by now and were not yet the last time."""
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if line.endswith(b"\n"):
                    self._read += len(line)
                    yield line.decode()


class Had:
    """What a room has had of messages, read as it grows: its lines, and what it says to have left out."""

    def __init__(self, room: Listener) -> None:
        self.lines: list[tuple[str, int]] = []
        self.late: set[tuple[str, int]] = set()  # later ones had been read, GRACE_S before
        self._room, self._output, self._errors = room, Grown(room.output), Grown(room.errors)
        self._had: set[tuple[str, int]] = set()
        self._missing: list[tuple[str, int]] = []
        self._asked = 0

    def all(self, made: list[tuple[str, int]]) -> bool:
        """Tell whether it has had all that was made, which only grows."""
        told = [json.loads(line) for line in self._output.lines()]
        self.lines += (new := [(each["incident_id"], each["sequence"]) for each in told])
        for line in self._errors.lines():
            if found := LEFT_OUT.search(line):
                self.late.add((found[1], int(found[2])))
            elif found := BEFORE.search(line):
                first, last = int(found[2] or found[3]), int(found[3])
                self.late |= {(found[1], sequence) for sequence in range(first, last + 1)}
        self._had.update(new, self.late)
        self._missing = [name for name in (*self._missing, *made[self._asked :]) if name not in self._had]
        self._asked = len(made)
        return not self._missing

    def check(self) -> None:
        """Each was written once, and those of an incident in order."""
        upto: dict[str, int] = {}
        for incident_id, sequence in self.lines:
            assert sequence > upto.get(incident_id, 0)
            upto[incident_id] = sequence
        assert not self.late & set(self.lines)
        assert "other content" not in self._room.said()


def test_a_broker_killed_while_rooms_are_away_costs_them_nothing(
    tmp_path: Path, mosquitto: Mosquitto, deliver: Deliver, listen: Any
) -> None:
    chance, names, took_s = random.Random(SEED), ("warsaw", "suwalki"), []
    rooms = [listen(name) for name in names]
    had = [Had(room) for room in rooms]
    delivery, _ = deliver(*names, ledger=Ledger(tmp_path / "ledger"))
    with Flood(delivery) as flood:
        for _ in range(BROKER_KILLS):
            away = chance.choice(rooms)
            away.end(signal.SIGKILL)
            time.sleep(chance.uniform(0.2, 1.5))
            mosquitto.kill()
            time.sleep(chance.uniform(0.0, 0.5))
            mosquitto.start()
            time.sleep(chance.uniform(0.0, 1.0))
            away.start()
            away.connected()
            began_s, made = time.monotonic(), flood.made[:]
            until(lambda made=made: all(each.all(made) for each in had), COMPLETE_S)
            took_s.append(time.monotonic() - began_s)
    until(lambda: kept(delivery) == 0, 60.0)
    assert all(each.all(flood.made) for each in had)
    for each in had:
        each.check()
    print(
        f"seed {SEED}: {len(flood.made)} messages, {BROKER_KILLS} kills; complete after at most {max(took_s):.1f} s",
        end="; ",
    )
    print("left out, for they came too late:", {name: len(each.late) for name, each in zip(names, had, strict=True)})


def test_a_silent_room_is_named_and_counted(deliver: Deliver, listen: Any) -> None:
    ahead_s = 0.0
    delivery, metrics = deliver("warsaw", "suwalki", monotonic_s=lambda: time.monotonic() + ahead_s)
    suwalki = listen("suwalki")
    delivery.submit([message(1), message(2)], time.time())
    assert delivery.drain(5)
    until(lambda: suwalki.sequences("a") == [1, 2])
    assert delivery.late() == []
    ahead_s = OVERDUE_S / 2
    time.sleep(2 * LOOK_S)
    assert delivery.late() == []
    ahead_s = OVERDUE_S
    until(lambda: delivery.late() == ["room warsaw does not confirm"])
    until(lambda: value(metrics, "room_unconfirmed_messages", room="warsaw") == 2)
    assert value(metrics, "room_unconfirmed_messages", room="suwalki") == 0
    assert value(metrics, "room_unconfirmed_oldest_age_seconds", room="warsaw") >= 10
    assert value(metrics, "outbox_messages") == 0
    warsaw = listen("warsaw")
    until(lambda: delivery.late() == [])
    assert warsaw.sequences("a") == [1, 2]
    until(lambda: value(metrics, "room_unconfirmed_messages", room="warsaw") == 0)
    assert suwalki.sequences("a") == [1, 2]


def test_receipts_that_are_none_are_counted_and_harm_nothing(mosquitto: Mosquitto, deliver: Deliver) -> None:
    delivery, metrics = deliver("warsaw")
    until(lambda: value(metrics, "mqtt_connected"))
    publisher = Publisher(mosquitto.port)
    junk = [b"", b"{", b"\xff", b'{"x":' + b"[" * 100_000, b'{"room": "warsaw", "incident_id": "a", "sequence": -1}']
    for payload in junk:
        publisher.send("receipt/warsaw", payload)
    until(lambda: value(metrics, "receipts_total", result="malformed") == len(junk))
    publisher.send("receipt/elsewhere", b'{"room": "elsewhere", "incident_id": "a", "sequence": 1, "time": ""}')
    until(lambda: value(metrics, "receipts_total", result="not_required") == 1)
    delivery.submit([message(1)], time.time())
    assert delivery.drain(5)
    assert kept(delivery) == 1
    publisher.send("receipt/warsaw", b'{"room": "warsaw", "incident_id": "a", "sequence": 1, "time": ""}')
    until(lambda: kept(delivery) == 0)
    publisher.leave()
