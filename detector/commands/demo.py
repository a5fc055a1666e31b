"""The demonstration: a recorded story through the real pipeline and broker, to a room that prints what it gets."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from detector import assembly
from detector.commands.broker import broker
from detector.commands.replay import replay
from detector.commands.summary import Summary
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage
from detector.metrics import Metrics
from detector.settings import Mqtt

SPEED = 30.0
STORY_S = 892.0  # from its first report to its last
PAINT = {"extreme": "1;31", "severe": "31", "moderate": "33", "minor": "36"}
ROOM_S = 5.0

INTRODUCTION = """\
A Su-24 without transponder, seen only by an enroute radar every 12 s, skims the border of Poland. It cuts a corner
of it between two plots, turns hard, comes back, is met by two fighters and led out, while sixty airliners fly about.
Fifteen minutes in {seconds:.0f} seconds, over a broker of its own: mosquitto_sub -p {port} -t 'airspace/v1/#' -v
"""


def demo() -> int:
    """Show the story; return the exit code."""
    logging.getLogger().setLevel(logging.ERROR)
    folder = _config() / "demo"
    settings, airspace = assembly.load(folder / "incursiond.toml")
    summary = Summary()
    with broker() as port:
        print(INTRODUCTION.format(seconds=STORY_S / SPEED, port=port))
        room = _Room(port)
        url = f"mqtt://127.0.0.1:{port}"
        mqtt = msgspec.structs.replace(settings.mqtt, url=url)
        delivery = _publish(mqtt, settings.site.id)

        def emit(messages: list[IncidentMessage]) -> None:
            delivery.submit(messages, time.time())

        try:
            tracks = [folder / "su24.csv.gz"]
            replay(assembly.pipeline_of(settings, airspace), tracks, emit, summary, SPEED, lambda _share: None)
            delivery.drain(ROOM_S)
            room.wait(summary.messages)
        finally:
            delivery.stop()
            room.leave()
    print(f"\n{summary.table()}")
    return 0


def _publish(mqtt: Mqtt, site: str) -> Delivery:
    delivery = Delivery(mqtt, Topics(mqtt.topic_prefix, site), Metrics())
    delivery.start()
    return delivery


class _Room:
    """An operations room with a terminal."""

    def __init__(self, port: int) -> None:
        self._seen = 0
        self._changed = threading.Condition()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="room", protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe("airspace/v1/+/alert/#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def wait(self, messages: int) -> None:
        """Wait until so many messages have been shown, or long enough."""
        with self._changed:
            self._changed.wait_for(lambda: self._seen >= messages, timeout=ROOM_S)

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        alert = json.loads(message.payload)
        _show(alert)
        with self._changed:
            self._seen += 1
            self._changed.notify()


def _show(alert: dict[str, Any]) -> None:
    severity = alert["severity"]
    label = f"{severity:>8}"
    if sys.stdout.isatty():
        label = f"\033[{PAINT[severity]}m{label}\033[0m"
    print(f"{alert['time'][11:19]} {label}  {alert['event']:<9}  {alert['headline']}", flush=True)


def _config() -> Path:
    """Return the folder of the shipped configuration: beside the source, or where the wheel put it."""
    beside = Path(__file__).parent.parent / "config"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "incursiond" / "config"
