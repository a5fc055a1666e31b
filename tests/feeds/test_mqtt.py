"""An MQTT feed against a real broker, and against one that speaks 3.1.1 only."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from detector.errors import InputError
from detector.mqtt.broker import broker_of
from feeds import reconnecting
from feeds.mqtt import start

REPORT = {"time": 1600000000, "track_id": "4980", "lat": 52.25, "lon": 21.5}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnecting, "LONGEST_WAIT_S", 0.1)


def publish(port: int, topic: str, *payloads: bytes) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, qos=1).wait_for_publish(5)
    client.disconnect()
    client.loop_stop()


def test_reports_on_the_topic_become_plots(broker_port: int, sink, settings: Callable[..., SimpleNamespace]) -> None:
    feed = start(settings(url=f"mqtt://127.0.0.1:{broker_port}", topic="radar/+/plots"), sink)
    sink.wait_state("up")
    both = json.dumps([REPORT, REPORT | {"track_id": "4981"}]).encode()
    publish(broker_port, "radar/north/plots", json.dumps(REPORT).encode(), b"junk", both)
    publish(broker_port, "radar/north/status", json.dumps(REPORT).encode())
    publish(broker_port, "radar/south/plots", json.dumps(REPORT | {"track_id": "last"}).encode())
    sink.wait(lambda: len(sink.all()) == 4)
    started = time.monotonic()
    feed.stop()
    assert time.monotonic() - started < 1
    assert sink.all().track_id.tolist() == ["4980", "4980", "4981", "last"]
    assert sink.rejected == {"payload: not JSON": 1}
    assert sink.states == [("up", "subscribed"), ("down", "stopped")]


def test_a_broker_that_dies_and_returns(
    broker_that_can_die: tuple[int, Callable[[str], None]],
    sink,
    settings: Callable[..., SimpleNamespace],
) -> None:
    port, turn = broker_that_can_die
    feed = start(settings(url=f"mqtt://127.0.0.1:{port}", topic="plots"), sink)
    assert sink.wait_state("down") == "connection refused"
    turn("allow_anonymous true")
    sink.wait_state("up")
    turn("")
    sink.wait(lambda: sink.states[-1] == ("down", "connection refused"))
    turn("allow_anonymous true")
    sink.wait(lambda: sink.states[-1] == ("up", "subscribed"))
    publish(port, "plots", json.dumps(REPORT).encode())
    sink.wait(lambda: len(sink.all()) == 1)
    feed.stop()


def test_a_broker_that_refuses_says_why(
    broker_that_can_die: tuple[int, Callable[[str], None]],
    sink,
    settings: Callable[..., SimpleNamespace],
    tmp_path: Path,
) -> None:
    port, turn = broker_that_can_die
    turn("allow_anonymous false")
    (tmp_path / "password").write_text("secret\n")
    feed = start(
        settings(url=f"mqtt://127.0.0.1:{port}", topic="plots", username="u", password_file=str(tmp_path / "password")),
        sink,
    )
    assert sink.wait_state("down") == "refused by the broker: Not authorized"
    feed.stop()
    assert "secret" not in str(sink.states)


def connack_311_only(listener: socket.socket, versions: list[int]) -> None:
    """Accept MQTT 3.1.1 with a CONNACK and grant its subscription; hang up on any other version."""
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                versions.append(connection.recv(1024)[8])
                if versions[-1] == MQTTProtocolVersion.MQTTv311:
                    connection.sendall(b"\x20\x02\x00\x00")
                    subscribe = connection.recv(1024)
                    connection.sendall(b"\x90\x03" + subscribe[2:4] + b"\x01")
                    connection.recv(1024)


def test_a_broker_that_hangs_up_on_mqtt_5_is_spoken_to_in_3_1_1(sink, settings: Callable[..., SimpleNamespace]) -> None:
    versions: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=connack_311_only, args=(listener, versions), daemon=True).start()
        feed = start(settings(url=f"mqtt://127.0.0.1:{listener.getsockname()[1]}", topic="plots"), sink)
        assert sink.wait_state("up") == "subscribed"
        feed.stop()
    assert versions == [5, 5, 4]


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("mqtt://broker", ("broker", 1883, False)),
        ("mqtts://broker", ("broker", 8883, True)),
        ("mqtt://[::1]:1884/", ("::1", 1884, False)),
    ],
)
def test_urls(url: str, parts: tuple[object, ...], settings: Callable[..., SimpleNamespace]) -> None:
    found = broker_of("feeds.f", settings(url=url))
    assert (*found.address, found.tls is not None) == parts


def test_who_logs_in_is_let_in(
    broker_that_can_die: tuple[int, Callable[[str], None]],
    sink,
    settings: Callable[..., SimpleNamespace],
    tmp_path: Path,
) -> None:
    port, turn = broker_that_can_die
    subprocess.run(["mosquitto_passwd", "-b", "-c", tmp_path / "users", "radar", "secret"], check=True)
    turn(f"allow_anonymous false\npassword_file {tmp_path / 'users'}\nuser root")
    (tmp_path / "password").write_text("secret\n")
    feed = start(
        settings(url=f"mqtt://127.0.0.1:{port}", topic="t", username="radar", password_file=str(tmp_path / "password")),
        sink,
    )
    assert sink.wait_state("up") == "subscribed"
    feed.stop()


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"url": "mqtt://b", "topic": "t", "password_file": "/gone"}, "feeds.mast-3.password_file: /gone: "),
        ({"url": "mqtts://b", "topic": "t", "ca_file": "/gone"}, "feeds.mast-3.ca_file: /gone: "),
    ],
)
def test_files_that_cannot_be_read(
    keys: dict[str, object],
    problem: str,
    sink,
    settings: Callable[..., SimpleNamespace],
) -> None:
    with pytest.raises(InputError) as error:
        start(settings(**keys), sink)
    assert error.value.problems[0].startswith(problem)
