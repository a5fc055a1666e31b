"""What delivery promises, against a real mosquitto that refuses, dies and returns."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paho.mqtt.client as paho
import pytest
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from detector.delivery import session
from detector.delivery.messages import EXPIRY_S, publications
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.errors import InputError
from detector.incidents.message import IncidentMessage
from detector.metrics import Metrics
from tests.commands.test_schema import MESSAGE
from tests.conftest import Mosquitto

TOPICS = Topics("airspace/v1", "pl-east")
Made = tuple[Delivery, Metrics]


def settings(url: str, **keys: Any) -> SimpleNamespace:
    empty = {"client_id": "incursiond", "username": None, "password_file": None, "ca_file": None}
    return SimpleNamespace(url=url, **(empty | keys))


def message(sequence: int, **keys: Any) -> IncidentMessage:
    return replace(MESSAGE, sequence=sequence, **keys)


def value(metrics: Metrics, name: str) -> float:
    found = metrics.registry.get_sample_value(f"incursiond_{name}")
    assert found is not None, name
    return found


def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.01)


class Room:
    """An independent subscriber with a session that outlives connections."""

    def __init__(self, port: int, slow_s: float = 0.0) -> None:
        self.seen: list[paho.MQTTMessage] = []
        self.connections, self._slow_s = 0, slow_s
        version = MQTTProtocolVersion.MQTTv5
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, client_id="room", protocol=version)
        client.on_message = self._take
        client.on_connect = lambda client, *_: client.subscribe("airspace/v1/#", qos=1)
        client.on_subscribe = self._subscribed
        client.reconnect_delay_set(1, 1)
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 3600
        client.connect("127.0.0.1", port, clean_start=False, properties=keep)
        client.loop_start()
        until(lambda: self.connections)

    def _subscribed(self, *_: Any) -> None:
        self.connections += 1

    def _take(self, _client: Any, _data: Any, seen: paho.MQTTMessage) -> None:
        time.sleep(self._slow_s)
        self.seen.append(seen)

    def sequences(self, kind: str) -> list[int]:
        return [json.loads(m.payload)["sequence"] for m in self.seen if f"/{kind}/" in m.topic and m.payload]

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def distinct(sequences: list[int]) -> list[int]:
    return list(dict.fromkeys(sequences))


@pytest.fixture
def deliver() -> Iterator[Callable[..., Made]]:
    made: list[Delivery] = []

    def start(url: str, **keys: Any) -> Made:
        metrics = Metrics()
        made.append(Delivery(settings(url, **keys), TOPICS, metrics))
        made[-1].start()
        return made[-1], metrics

    yield start
    for delivery in made:
        delivery.stop(0.1)


@pytest.fixture
def broker_with(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """Start a broker with further lines of configuration; it ends with the test, however that ends."""
    started: list[Mosquitto] = []

    def start(extra: str) -> Mosquitto:
        started.append(Mosquitto(tmp_path, extra=extra))
        started[-1].start()
        return started[-1]

    yield start
    for broker in started:
        broker.kill()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[Mosquitto, Callable[[str], None]]]:
    """A broker with an access list, and what puts another one in force."""
    acl = tmp_path / "acl"
    acl.touch(0o600)
    broker = Mosquitto(tmp_path, extra=f"acl_file {acl}\npid_file {tmp_path / 'pid'}")

    def allow(lines: str) -> None:
        acl.write_text(lines)
        if broker._process is not None:
            os.kill(broker._process.pid, signal.SIGHUP)
            time.sleep(0.2)

    yield broker, allow
    broker.kill()


def test_a_refusal_is_noticed_and_once_mended_everything_comes_in_order(guarded: Any, deliver: Any) -> None:
    broker, allow = guarded
    allow("topic write airspace/v1/pl-east/status\ntopic read #\n")
    broker.start()
    room = Room(broker.port)
    delivery, metrics = deliver(broker.url)
    delivery.submit([message(1), message(2)], time.time())
    until(lambda: value(metrics, "publications_refused_total") >= 2)
    assert value(metrics, "outbox_messages") == 2
    allow("topic readwrite #\n")
    delivery.submit([message(3, event="closed")], time.time())
    assert delivery.drain(10)
    until(lambda: all(3 in room.sequences(kind) for kind in ("alert", "incident")))
    assert distinct(room.sequences("alert")) == distinct(room.sequences("incident")) == [1, 2, 3]
    room.leave()
    late = Room(broker.port)
    time.sleep(0.2)
    assert late.sequences("incident") == []
    late.leave()


def test_one_refused_topic_does_not_hold_up_the_others(guarded: Any, deliver: Any) -> None:
    broker, allow = guarded
    allow("topic write airspace/v1/pl-east/alert/#\ntopic read #\n")
    broker.start()
    room = Room(broker.port)
    delivery, _ = deliver(broker.url)
    delivery.submit([message(n) for n in range(1, 301)], time.time() - 8.0)
    assert delivery.late() == []
    until(lambda: len(room.sequences("alert")) >= 300)
    assert room.sequences("alert") == list(range(1, 301))
    assert not delivery.drain(0.0)
    refused = "incident messages wait for the broker, which refuses airspace/v1/pl-east/incident/7d0c"
    until(lambda: refused in delivery.late())
    room.leave()


def test_a_clock_that_is_set_back_hides_no_message_that_waits() -> None:
    wall_s, steady_s = [1_000_000.0], [0.0]
    delivery = Delivery(
        settings("mqtt://127.0.0.1"),
        TOPICS,
        Metrics(),
        time_s=lambda: wall_s[0],
        monotonic_s=lambda: steady_s[0],
    )
    delivery.submit([message(1)], wall_s[0])
    wall_s[0], steady_s[0] = wall_s[0] - 3600.0, 9.0
    assert delivery.late() == []
    steady_s[0] = 11.0
    assert delivery.late() == ["incident messages wait for the broker"]


def test_a_name_that_no_topic_can_hold_does_not_stop_delivery(mosquitto: Mosquitto, deliver: Any) -> None:
    delivery, _ = deliver(mosquitto.url)
    delivery.submit([message(n, zone_id=name) for n, name in enumerate(("a\nb", "\ufffe", "+/#\0", ""))], 0.0)
    assert delivery.drain(5)


def test_what_a_killed_broker_had_not_confirmed_arrives_in_order(
    tmp_path: Path, broker_with: Any, deliver: Any
) -> None:
    # What it had confirmed may die with it (config/mosquitto/incursiond.conf has figures): that is not in our hands.
    lines = f"persistence true\npersistence_location {tmp_path}/\nautosave_on_changes true\nautosave_interval 1"
    broker = broker_with(f"{lines}\nmax_queued_messages 0")
    room = Room(broker.port)
    delivery, metrics = deliver(broker.url)
    until(lambda: value(metrics, "mqtt_connected") == 1)
    delivery.submit([message(n) for n in range(1, 401)], time.time())
    until(lambda: value(metrics, "incident_messages_confirmed_total") >= 5)
    broker.kill()
    until(lambda: value(metrics, "mqtt_connected") == 0)
    waiting = int(value(metrics, "outbox_messages"))
    assert 1 < waiting < 400, "it died at a time that shows nothing"
    broker.start()
    assert delivery.drain(20)
    assert value(metrics, "incident_messages_confirmed_total") == 400
    unconfirmed = set(range(402 - waiting, 401))  # of the first that waits, the alert may have been confirmed
    for kind in ("alert", "incident"):
        until(lambda kind=kind: unconfirmed <= set(room.sequences(kind)))
        assert distinct(room.sequences(kind)) == sorted(set(room.sequences(kind)))
    room.leave()


def test_made_is_confirmed_and_waiting_whatever_the_broker_does(mosquitto: Mosquitto, deliver: Any) -> None:
    delivery, metrics = deliver(mosquitto.url)
    delivery.submit([message(n) for n in range(3000)], time.time())
    time.sleep(0.05)
    mosquitto.kill()
    until(lambda: value(metrics, "mqtt_connected") == 0)
    confirmed, waiting = value(metrics, "incident_messages_confirmed_total"), value(metrics, "outbox_messages")
    assert confirmed + waiting == 3000
    assert waiting > 0
    assert value(metrics, "detection_latency_seconds_count") == confirmed
    assert value(metrics, "outbox_oldest_age_seconds") > 0


def test_a_slow_room_delays_nobody(mosquitto: Mosquitto, deliver: Any) -> None:
    slow = Room(mosquitto.port, slow_s=0.02)
    delivery, _ = deliver(mosquitto.url)
    began_s = time.monotonic()
    delivery.submit([message(n) for n in range(1, 101)], time.time())
    assert delivery.drain(5)
    assert time.monotonic() - began_s < 1.0
    until(lambda: len(slow.sequences("alert")) == 100)
    assert slow.sequences("alert") == list(range(1, 101))
    slow.leave()


def test_a_broker_that_never_answers_a_publication_is_left(deliver: Any, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(session, "ANSWER_S", 0.5)
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connections.append(server.accept()[0])
                    connections[-1].sendall(b"\x20\x03\x00\x00\x00")  # CONNACK: success, no properties

        threading.Thread(target=serve, daemon=True).start()
        delivery, metrics = deliver(f"mqtt://127.0.0.1:{server.getsockname()[1]}")
        delivery.submit([message(1)], time.time())
        until(lambda: len(connections) == 3)
        assert value(metrics, "outbox_messages") == 1
        assert "no answer to a publication for 0.5 s; trying again" in caplog.text


CHILD = """
import sys, time
from types import SimpleNamespace
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.metrics import Metrics
keys = {"client_id": "child", "username": None, "password_file": None, "ca_file": None}
Delivery(SimpleNamespace(url=sys.argv[1], **keys), Topics("airspace/v1", "pl-east"), Metrics()).start()
time.sleep(60)
"""


def test_a_killed_daemon_leaves_its_last_will(mosquitto: Mosquitto) -> None:
    room = Room(mosquitto.port)

    def states() -> list[str]:
        return [json.loads(m.payload)["state"] for m in room.seen]

    child = subprocess.Popen([sys.executable, "-c", CHILD, mosquitto.url], cwd=Path(__file__).parents[2])
    try:
        until(lambda: states() == ["degraded"])
    finally:
        child.kill()
        child.wait()
    until(lambda: states() == ["degraded", "offline"])
    assert [json.loads(m.payload)["reason"] for m in room.seen] == ["starting", "connection lost"]
    assert [m.properties.ContentType for m in room.seen if m.properties] == ["application/json"] * 2
    room.leave()


def test_mqtt_5_properties(mosquitto: Mosquitto, deliver: Any) -> None:
    room = Room(mosquitto.port)
    delivery, _ = deliver(mosquitto.url)
    delivery.submit([message(1)], time.time())
    assert delivery.drain(5)
    until(lambda: room.sequences("alert"))
    (alert,) = [m for m in room.seen if "/alert/" in m.topic]
    assert alert.properties is not None
    assert alert.properties.ContentType == "application/json"
    assert alert.properties.PayloadFormatIndicator == 1
    assert EXPIRY_S - 5 <= alert.properties.MessageExpiryInterval <= EXPIRY_S
    room.leave()


@pytest.mark.parametrize(
    ("keys", "problem"),
    [({"password_file": "/nowhere"}, "mqtt.password_file: "), ({"ca_file": "/dev/null"}, "mqtt.ca_file: ")],
)
def test_settings_that_cannot_be_used(keys: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError) as error:
        Delivery(settings("mqtts://127.0.0.1", **keys), TOPICS, Metrics())
    assert error.value.problems[0].startswith(problem)
    assert len(str(error.value).splitlines()) == 1


def test_tls(tmp_path: Path, broker_with: Any, deliver: Any) -> None:
    key, pem = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*make.split(), "-keyout", str(key), "-out", str(pem)], check=True, capture_output=True)
    broker = broker_with(f"certfile {pem}\nkeyfile {key}")
    url = broker.url.replace("mqtt:", "mqtts:")
    delivery, _ = deliver(url, ca_file=str(pem))
    delivery.submit([message(n) for n in range(500)], time.time())
    assert delivery.drain(5)
    stranger, metrics = deliver(url, client_id="other")
    stranger.submit([message(1)], time.time())
    assert not stranger.drain(0.5)
    assert value(metrics, "mqtt_connected") == 0


@pytest.mark.parametrize(
    ("keys", "topic"),
    [
        ({}, "alert/extreme/incursion/none"),
        ({"zone_id": "poland"}, "alert/extreme/incursion/poland"),
        ({"zone_id": "EP R129/a+b#c\0"}, "alert/extreme/incursion/EP R129_a_b_c_"),
        ({"severity": "minor", "cause": "dark"}, "alert/minor/dark/none"),
    ],
)
def test_alert_topics(keys: dict[str, str], topic: str) -> None:
    alert, incident = publications(message(1, **keys), TOPICS)
    assert (alert.topic, alert.qos, alert.retain) == (f"airspace/v1/pl-east/{topic}", 1, False)
    assert (incident.topic, incident.qos, incident.retain) == ("airspace/v1/pl-east/incident/7d0c", 1, True)
    assert alert.payload == incident.payload
