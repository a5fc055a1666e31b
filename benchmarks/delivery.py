"""Delivery beside bare paho: how long an alert takes, with and without the journal, and a burst of 1,000 a second.

A mosquitto of its own runs on the loopback. The rival is the least that could be done: paho publishes the same bytes to
the same topic with QoS 1 from memory, one at a time. Ours is `Delivery.submit` of one incident message (an alert and a
retained incident): without a ledger, and with one, where the message is on the disk (fsync) before its first byte
leaves. Times run from the call to the subscriber's callback. The burst hands over batches of 100 every tenth of a
second for ten seconds and counts what arrives. The last part runs the whole daemon: from the report on its socket (one
with an emergency code makes an incident) to the alert at the subscriber; once more with its state directory in memory,
where fsync costs nothing.

python benchmarks/delivery.py
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from detector.delivery.ledger import Ledger
from detector.delivery.messages import publications
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.incidents.message import Evidence, Finding, IncidentMessage, Subject
from detector.metrics import Metrics
from detector.settings import Mqtt

ROUNDS, BURST_S, RATE_HZ, BATCH = 300, 10.0, 1000, 100
TOPICS = Topics("airspace/v1", "bench")
SUBJECT = Subject(
    track_id="4980", icao24=None, callsign=None, squawk=None, identity="unknown", state=None, sources=("radar",),
    time="2026-11-23T01:14:06.660Z", lat=54.1234, lon=22.9876, alt_ft=15700, gs_kt=345, track_deg=343.2,
    vrate_fpm=-2400, sigma_m=120.0,
)  # fmt: skip
FINDING = Finding(
    kind="incursion", rule="incursion", zone_id="poland", severity="extreme", started_at="2026-11-23T01:13:52.100Z",
    detected_at="2026-11-23T01:14:06.660Z", ended_at=None, track_ids=("4980",),
    evidence=Evidence(probability=0.9999, max_depth_m=3210.0, sigma_m=120.0, entry_lat=54.14, entry_lon=22.95),
)  # fmt: skip
MESSAGE = IncidentMessage(
    site="bench", status="test", incident_id="7d0c", sequence=1, event="opened", cause="incursion", phase="incursion",
    severity="extreme", urgency="immediate", certainty="observed", headline="Unknown aircraft 4980 inside Poland",
    time="2026-11-23T01:14:06.660Z", opened_at="2026-11-23T01:12:40.100Z", closed_at=None, outcome=None,
    subject=SUBJECT, findings=(FINDING,), zone_id="poland",
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit("it did not come to that")
        time.sleep(0.001)


class Subscriber:
    """A room: notes when each alert arrives, by incident and sequence."""

    def __init__(self, port: int) -> None:
        self.arrived: dict[tuple[str, int], float] = {}
        self.ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe("airspace/v1/bench/alert/#", qos=1)
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.ready.wait()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        now_s = time.perf_counter()
        told = json.loads(message.payload)
        self.arrived.setdefault((told["incident_id"], told["sequence"]), now_s)

    def stop(self) -> None:
        """Hear no more."""
        self._client.loop_stop()


def latencies_ms(send: Callable[[IncidentMessage], None], room: Subscriber, name: str) -> np.ndarray:
    """Return how long each of ROUNDS messages took, one at a time."""
    took = []
    for number in range(1, ROUNDS + 1):
        message = replace(MESSAGE, incident_id=name, sequence=number)
        began_s = time.perf_counter()
        send(message)
        until(lambda number=number: (name, number) in room.arrived)
        took.append(room.arrived[name, number] - began_s)
        time.sleep(0.005)
    return 1000 * np.array(took)


def bare(port: int) -> Callable[[IncidentMessage], None]:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()

    def send(message: IncidentMessage) -> None:
        alert = publications(message, TOPICS)[0]
        client.publish(alert.topic, alert.payload, qos=1)

    return send


def burst(delivery: Delivery, room: Subscriber) -> None:
    sent: dict[tuple[str, int], float] = {}
    began_s = time.perf_counter()
    for number in range(int(BURST_S * RATE_HZ / BATCH)):
        batch = [replace(MESSAGE, incident_id=f"b{number}-{n}") for n in range(BATCH)]
        sent |= {(message.incident_id, 1): time.perf_counter() for message in batch}
        delivery.submit(batch, time.time())
        time.sleep(max(0.0, began_s + (number + 1) * BATCH / RATE_HZ - time.perf_counter()))
    made_s = time.perf_counter() - began_s
    until(lambda: sent.keys() <= room.arrived.keys(), 120.0)
    late_ms = 1000 * np.array([room.arrived[key] - at_s for key, at_s in sent.items()])
    p50, p99 = np.quantile(late_ms, [0.5, 0.99])
    all_s, count = time.perf_counter() - began_s, len(sent.keys() & room.arrived.keys())
    print(f"burst: {len(sent):,} messages in {made_s:.1f} s, {count:,} arrived after {all_s:.1f} s", end="; ")
    print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms")


class Mast:
    """A receiver's port 30003 that sends lines when told to."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._client: socket.socket | None = None

    def accept(self) -> None:
        """Wait for the daemon."""
        self._client, _ = self._server.accept()
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def tell(self, address: str) -> float:
        """Send a position and an emergency code; return when."""
        now = datetime.now(UTC)
        stamp = f"{now:%Y/%m/%d},{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        assert self._client is not None
        began_s = time.perf_counter()
        self._client.sendall(f"MSG,3,1,1,{address},1,{stamp},{stamp},,20000,,,54.5,19.9,,7700,0,0,0,0\r\n".encode())
        return began_s


def whole_daemon_ms(port: int, room: Subscriber, folder: Path, first: int) -> np.ndarray:
    """Return how long alerts take from the report on the socket to the subscriber.

    Addresses count from `first`: of those that the broker remembers there is nothing new to tell.
    """
    mast = Mast()
    ring = [[20.0, 54.0], [21.0, 54.0], [21.0, 55.0], [20.0, 55.0], [20.0, 54.0]]
    zone = {"type": "Feature", "properties": {"id": "box"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "box.geojson").write_text(json.dumps(zone))
    (folder / "incursiond.toml").write_text(
        f'[site]\nid = "bench"\n[airspace]\nzones = ["box.geojson"]\n[mqtt]\nurl = "mqtt://127.0.0.1:{port}"\n'
        f'[[feeds]]\nname = "mast"\ntype = "sbs"\naddress = "127.0.0.1:{mast.port}"\n'
        f'[metrics]\nlisten = "127.0.0.1:{free_port()}"\n[state]\ndirectory = "{folder}"\n'
    )
    command = [sys.executable, "-m", "detector", "run", "--config", str(folder / "incursiond.toml")]
    daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        mast.accept()
        took = []
        for number in range(ROUNDS // 3):
            known = set(room.arrived)
            began_s = mast.tell(f"{first + number:06X}")
            until(lambda known=known: len(room.arrived) > len(known))
            took.append(max(at_s for key, at_s in room.arrived.items() if key not in known) - began_s)
            time.sleep(0.05 + 0.1 * random.random())  # not in step with anything that the daemon does by the clock
        return 1000 * np.array(took)
    finally:
        daemon.terminate()
        daemon.wait()


def main() -> None:
    folder, port = Path(tempfile.mkdtemp(prefix="incursiond-bench-")), free_port()
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    broker = subprocess.Popen(
        [str(program), "-c", str(folder / "mosquitto.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        room = Subscriber(port)
        settings = Mqtt(url=f"mqtt://127.0.0.1:{port}", client_id="bench")
        rows = {"bare paho": latencies_ms(bare(port), room, "bare")}
        for name, ledger in (("ours, in memory", None), ("ours, journal", Ledger(folder / "state"))):
            delivery = Delivery(settings, TOPICS, Metrics(), ledger)
            delivery.start()
            delivery.submit([MESSAGE], time.time())
            delivery.drain(5.0)
            rows[name] = latencies_ms(lambda message, d=delivery: d.submit([message], time.time()), room, name)
            if ledger:
                burst(delivery, room)
            delivery.stop()
        rows["daemon, socket to room"] = whole_daemon_ms(port, room, folder, 0x15A000)
        with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
            rows["the same, no fsync"] = whole_daemon_ms(port, room, Path(memory), 0x15B000)
        room.stop()
    finally:
        broker.terminate()
        broker.wait()
        shutil.rmtree(folder)
    print(f"{'':<24}{'p50 ms':>9}{'p99 ms':>9}{'p50, x bare':>13}{'p99, x bare':>13}")
    least = np.quantile(rows["bare paho"], [0.5, 0.99])
    for name, took_ms in rows.items():
        p50, p99 = np.quantile(took_ms, [0.5, 0.99])
        print(f"{name:<24}{p50:>9.2f}{p99:>9.2f}{p50 / least[0]:>13.1f}{p99 / least[1]:>13.1f}")


if __name__ == "__main__":
    main()
