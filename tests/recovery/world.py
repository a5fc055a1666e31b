"""A sky, a daemon that can be killed under it, and a room that remembers all it was told."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests import strips
from tests.test_end_to_end import REPO, Daemon, until


class Sky:
    """A receiver that hears aircraft without callsigns fly over one strip after another."""

    def __init__(self, aircraft: int = 8, host: str = "127.0.0.1") -> None:
        self._server = socket.create_server((host, 0))
        self.port = self._server.getsockname()[1]
        self._began_s, self.aircraft = time.time(), aircraft
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self._server.fileno() >= 0:
            try:
                client, _ = self._server.accept()
                while True:
                    client.sendall("".join(map(self._line, range(self.aircraft))).encode())
                    time.sleep(0.1)
            except OSError:
                pass

    def _line(self, number: int) -> str:
        now = datetime.now(UTC)
        lon, lat = strips.longitude((time.time() - self._began_s) / 2.5 + number / 4), 54.2 + number / 20
        date, clock = f"{now:%Y/%m/%d}", f"{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        return f"MSG,3,1,1,15AB{number:02X},1,{date},{clock},{date},{clock},,20000,,,{lat:.5f},{lon:.5f},,,0,0,0,0\r\n"

    def close(self) -> None:
        self._server.close()


class Room:
    """A room whose session outlives connections; what it got of each incident by sequence."""

    def __init__(self, port: int) -> None:
        self.told: dict[str, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self.retained: dict[str, bytes] = {}
        self.last: dict[str, bytes] = {}
        keep = Properties(PacketTypes.CONNECT)
        keep.SessionExpiryInterval = 3600
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="room", protocol=MQTTProtocolVersion.MQTTv5
        )
        client.reconnect_delay_set(1, 1)
        client.on_message = self._take
        client.on_connect = lambda client, *_: client.subscribe("airspace/v1/#", qos=1)
        client.connect("127.0.0.1", port, clean_start=False, properties=keep)
        client.loop_start()
        until(client.is_connected)

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.last[message.topic] = message.payload
        if "/alert/" in message.topic:
            told = json.loads(message.payload)
            self.told[told["incident_id"]][told["sequence"]].add(message.payload)

    def status(self) -> dict:
        return json.loads(self.last.get("airspace/v1/e2e/status") or b"{}")

    def check(self) -> None:
        """Nothing is lost, doubled with other bytes, or out of turn; no aircraft has two stories at a time."""
        spans = defaultdict(list)
        for by_sequence in self.told.values():
            assert sorted(by_sequence) == list(range(1, len(by_sequence) + 1))
            doubled = {n: payloads for n, payloads in by_sequence.items() if len(payloads) > 1}
            assert not doubled
            messages = [json.loads(next(iter(by_sequence[n]))) for n in sorted(by_sequence)]
            assert messages[0]["event"] == "opened"
            spans[messages[0]["subject"]["track_id"]].append((messages[0]["time"], messages[-1]["closed_at"] or "9"))
        for of_one in spans.values():
            of_one.sort()
            assert all(end <= start for (_, end), (start, _) in itertools.pairwise(of_one))

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Notices:
    """What a service manager would hear."""

    def __init__(self) -> None:
        self.said: set[bytes] = set()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("")  # any free abstract address
        self.address = self._socket.getsockname().decode().replace("\0", "@")
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        while True:
            self.said.add(self._socket.recv(1000))


class Restarted(Daemon):
    """The daemon, which can be killed and started again."""

    draw = staticmethod(strips.draw)
    alive_s: float | None = None

    def _spawn(self, **environment: str) -> subprocess.Popen[str]:
        if self.alive_s is None:
            return super()._spawn(**environment)
        code = f"""import sys
from detector.__main__ import main
from detector.incidents import stories
stories.ALIVE_S = {self.alive_s}
sys.exit(main())"""
        command = [sys.executable, "-c", code, "run", "--config", str(self.config)]
        return subprocess.Popen(command, cwd=REPO, env=os.environ | environment)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def start(self, alive_s: float | None = None) -> float:
        """Start it, and return how many seconds it has worked when it says that it is ready.

        Not those that have passed: others may have work for this machine too. `alive_s`: it waits so long for somebody
        to go on with what was left open.
        """
        notices = Notices()
        self.alive_s = alive_s
        self.process = self._spawn(NOTIFY_SOCKET=notices.address)
        until(lambda: b"READY=1" in notices.said)
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def state(self, name: str) -> Path:
        return self.config.with_name("state") / name

    def balance(self) -> tuple[float, float]:
        lines = self.metrics().splitlines()  # of one moment
        made, confirmed, waiting = (
            sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"incursiond_{name}"))
            for name in ("incident_messages_total", "incident_messages_confirmed_total", "outbox_messages")
        )
        return made, confirmed + waiting
