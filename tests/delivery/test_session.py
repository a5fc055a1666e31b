"""A session with a broker that does not answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from detector.backoff import Backoff
from detector.delivery.ears import Ears
from detector.delivery.flight import LATER_S, Flight
from detector.delivery.letters import Letter
from detector.delivery.outbox import Outbox
from detector.delivery.reconnecting import Reconnecting
from detector.delivery.rooms import Rooms
from detector.delivery.session import Session
from detector.delivery.states import States
from detector.delivery.topics import Topics
from detector.metrics import Metrics
from detector.mqtt.broker import Broker
from detector.mqtt.publication import Publication

WILL = Publication("status", b"offline")


@pytest.fixture
def mute() -> Iterator[Broker]:
    """A broker that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Broker(f"mqtt://127.0.0.1:{listening.getsockname()[1]}", "a", None, None, None)


def test_whoever_waits_for_a_broker_to_answer_sleeps_whatever_is_overdue(mute: Broker) -> None:
    outbox, turns = Outbox(), 0
    outbox.add([Letter(0, "7d0c", 1, "opened", 0.0, (Publication("alert", b"1"),))])
    flight = Flight(outbox, States())
    long_ago_s = time.monotonic() - 2 * LATER_S
    for packet_id, what in enumerate(flight.due(long_ago_s)):
        flight.sent(packet_id, what)
        flight.answered(packet_id, 0, long_ago_s)
    flight.restart()
    flight.due(long_ago_s)  # over a connection that was lost since
    assert flight.next_s() < time.monotonic()
    rooms = Rooms([], outbox, flight, Metrics(), time.monotonic)
    ears = Ears(Topics("airspace/v1", "a"), rooms, None)

    def begun(version: MQTTProtocolVersion) -> Session:
        session = Session(mute, version, WILL, flight, lambda *_: None, rooms, ears, time.monotonic)
        turn = session.turn

        def counted():  # type: ignore[no-untyped-def]
            nonlocal turns
            turns += 1
            return turn()

        session.turn = counted  # type: ignore[method-assign]
        return session

    running = Reconnecting(mute, Backoff(), begun, lambda _: None, flight.settled, lambda: None, time.monotonic)
    thread = threading.Thread(target=running.run)
    thread.start()
    time.sleep(1.0)
    running.stop(0.1)
    thread.join(10)
    assert 0 < turns < 50
