"""`incursiond listen` as a process, and a publisher beside it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

REPO = Path(__file__).parents[2]
SITE = "airspace/v1/pl-east"


def until(condition: Callable[[], object], timeout_s: float = 15.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def line(incident_id: str, sequence: int, **keys: Any) -> bytes:
    return json.dumps({"incident_id": incident_id, "sequence": sequence} | keys).encode()


class Listener:
    """A room's process, its output and what it says on stderr."""

    def __init__(
        self,
        folder: Path,
        url: str,
        room: str = "warsaw",
        stdout: bool = False,
        mqtt: str = 'rooms = ["warsaw", "berlin"]',
    ) -> None:
        config = folder / f"{room}.toml"
        config.write_text(
            f'[site]\nid = "pl-east"\n[airspace]\nzones = ["box.geojson"]\n[mqtt]\nurl = "{url}"\n{mqtt}\n'
            f'[state]\ndirectory = "{folder}/state"\n'
        )
        self.output, self.errors = folder / f"{room}.ndjson", folder / f"{room}.stderr"
        self._command = [sys.executable, "-m", "detector", "listen", "--config", str(config), "--room", room]
        self._stdout = stdout
        self._command += [] if stdout else ["--output", str(self.output)]
        self.start()

    def start(self) -> None:
        with self.errors.open("ab") as errors, self.output.open("ab") as output:
            stdout = output if self._stdout else subprocess.DEVNULL
            self.process = subprocess.Popen(self._command, cwd=REPO, stderr=errors, stdout=stdout)

    def connected(self) -> None:
        times = self.said().count("connected with")
        until(lambda: self.said().count("connected with") > times or self.process.poll() is not None)
        time.sleep(0.1)  # for the subscription

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)

    def lines(self) -> list[bytes]:
        return self.output.read_bytes().splitlines() if self.output.exists() else []

    def sequences(self, incident_id: str) -> list[int]:
        read = [json.loads(each) for each in self.lines()]
        return [each["sequence"] for each in read if each["incident_id"] == incident_id]

    def said(self) -> str:
        return self.errors.read_text() if self.errors.exists() else ""


class Publisher:
    """Publishes what a test says, and keeps the receipts that rooms send."""

    def __init__(self, port: int) -> None:
        self.receipts: list[dict[str, Any]] = []
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = self._take
        client.on_connect = lambda client, *_: client.subscribe(f"{SITE}/receipt/+", qos=1)
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()

    def _take(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        with suppress(ValueError, RecursionError):
            self.receipts.append(json.loads(message.payload))

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(f"{SITE}/{topic}", payload, qos=1, retain=retain).wait_for_publish(10)

    def alert(self, incident_id: str, sequence: int, **keys: Any) -> None:
        """Send a message as the daemon does."""
        payload = line(incident_id, sequence, **keys)
        self.send("alert/severe/incursion/poland", payload)
        self.send(f"incident/{incident_id}", payload, retain=True)

    def receipt(self, incident_id: str, room: str = "warsaw") -> int:
        """The latest receipt for an incident; -1 without one."""
        mine = [r["sequence"] for r in self.receipts if (r["incident_id"], r["room"]) == (incident_id, room)]
        return mine[-1] if mine else -1

    def alone(self, incident_id: str) -> bool:
        """Tell whether the one message of an incident is confirmed."""
        return self.receipt(incident_id) == 1

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
