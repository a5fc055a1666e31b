"""What rooms lose when a stock mosquitto is SIGKILLed: an outbox that deletes on PUBACK beside ours, in one run.

Both publish RATE_HZ alerts a second with QoS 1 to one broker in its stock configuration (no persistence). A room is
`incursiond listen` with a session of its own. It reads for HALF_S and is away for HALF_S, its messages waiting in the
broker's queue; then the broker is killed, broker and room are started again, and once the room reads it begins anew.
The baseline keeps each message until its PUBACK, sends it again on a new connection, and forgets it then; ours forgets
it when the room has confirmed it (`[mqtt] rooms`).

python benchmarks/outbox.py
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
from msgspec.structs import replace
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benchmarks.delivery import MESSAGE, free_port
from detector.delivery.ledger import Ledger
from detector.delivery.messages import publications
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.metrics import Metrics
from detector.settings import Mqtt

RATE_HZ, HALF_S, KILLS, SETTLE_S = 50, 4.0, 4, 15.0
SITES = ("deletes-on-puback", "ours")


class OnPuback:
    """The baseline: paho, which keeps a message until its PUBACK and sends it again when it connects anew."""

    def __init__(self, port: int) -> None:
        version = MQTTProtocolVersion.MQTTv311
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "baseline", clean_session=False, protocol=version)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._topics = Topics("airspace/v1", SITES[0])

    def send(self, incident_id: str) -> None:
        """Send an alert."""
        alert = publications(replace(MESSAGE, site=SITES[0], incident_id=incident_id), self._topics)[0]
        self._client.publish(alert.topic, alert.payload, qos=1)


class Ours:
    """The daemon's delivery, with its journal."""

    def __init__(self, port: int, folder: Path) -> None:
        settings = Mqtt(url=f"mqtt://127.0.0.1:{port}", client_id="ours")
        ledger = Ledger(folder / "state")
        self._delivery = Delivery(settings, Topics("airspace/v1", SITES[1]), Metrics(), ledger, ["warsaw"])
        self._delivery.start()

    def send(self, incident_id: str) -> None:
        """Send an alert."""
        self._delivery.submit([replace(MESSAGE, site=SITES[1], incident_id=incident_id)], time.time())


class Parts:
    """The broker and the rooms, as processes."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        (folder / "box.geojson").write_text("")
        for site in SITES:
            (folder / f"{site}.toml").write_text(
                f'[site]\nid = "{site}"\n[airspace]\nzones = ["box.geojson"]\n[mqtt]\nurl = "mqtt://127.0.0.1:{port}"\n'
            )

    def broker(self) -> subprocess.Popen[bytes]:
        """Start the broker."""
        command = [str(self._program), "-c", str(self._folder / "mosquitto.conf")]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def room(self, site: str) -> subprocess.Popen[bytes]:
        """Start the room of a site."""
        command = [sys.executable, "-m", "detector", "listen", "--config", str(self._folder / f"{site}.toml")]
        command += ["--room", "warsaw", "--output", str(self._folder / f"{site}.ndjson")]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def read(self, site: str) -> list[str]:
        """Return what a room has read."""
        output = self._folder / f"{site}.ndjson"
        lines = output.read_bytes().splitlines() if output.exists() else []
        return [json.loads(line)["incident_id"] for line in lines]


def flood(senders: list[Callable[[str], None]], over: threading.Event, made: list[str]) -> None:
    while not over.wait(1 / RATE_HZ):
        made.append(f"i{len(made)}")
        for send in senders:
            send(made[-1])


def main() -> None:
    folder, port, over = Path(tempfile.mkdtemp(prefix="incursiond-bench-")), free_port(), threading.Event()
    parts, made = Parts(folder, port), list[str]()
    broker = parts.broker()
    time.sleep(0.5)
    rooms = [parts.room(site) for site in SITES]
    time.sleep(HALF_S)
    senders = [OnPuback(port).send, Ours(port, folder).send]
    thread = threading.Thread(target=flood, args=(senders, over, made))
    thread.start()
    try:
        for _ in range(KILLS):
            before = [len(parts.read(site)) for site in SITES]
            while not all(len(parts.read(site)) > had for site, had in zip(SITES, before, strict=True)):
                time.sleep(0.05)
            time.sleep(HALF_S)
            for room in rooms:
                room.terminate()
                room.wait()
            time.sleep(HALF_S)
            broker.kill()
            broker.wait()
            broker = parts.broker()
            rooms = [parts.room(site) for site in SITES]
        over.set()
        time.sleep(SETTLE_S)
        print(f"{KILLS} kills, {len(made):,} messages")
        for site in SITES:
            read = parts.read(site)
            lost = len(made) - len(set(read))
            print(f"{site:<20}{lost:>7,} lost ({lost / len(made):.0%}), {len(read) - len(set(read))} doubled")
    finally:
        over.set()
        thread.join()
        for process in (broker, *rooms):
            process.kill()
            process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
