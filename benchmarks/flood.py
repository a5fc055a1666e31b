"""More reports than the daemon can take, over sockets: how long an intruder's alert takes, what becomes of the rest.

A process for each of FEEDS feeds sends BaseStation lines as fast as it is told and the daemon listens; one more feed
has an intruder that enters the zone every EVERY_S, with five reports a second. "far": aircraft with callsigns all over
22 x 18 degrees, one in fifty without (watched). "crowd": none has a callsign, and all fly within 100 km of the zone.
Everything is on this machine and takes its processors; the alert of an intruder takes from the moment of its entry.

python benchmarks/flood.py [far|crowd LINES_A_SECOND AIRCRAFT SECONDS]
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from pyproj import Geod

FEEDS, EVERY_S, SPEED_MPS = 4, 10.0, 250.0
WEST, SOUTH, EAST, NORTH = 20.0, 54.0, 21.0, 55.0  # the zone
SPREAD_DEG = {"far": (8.0, 10.5), "crowd": (0.5, 1.0)}  # around it: latitudes, longitudes
WATCHED = {"far": 0.02, "crowd": 1.0}
RUNS = (("far", 30_000, 20_000, 45), ("far", 120_000, 20_000, 45), ("crowd", 24_000, 12_000, 75))
TURN_LINES = 500
GEOD = Geod(ellps="WGS84")

CONFIG = """
[site]
id = "bench"
[airspace]
zones = ["zone.geojson"]
[[identity]]
is = "neutral"
callsign = ["?*"]
[rules.incursion]
settle_s = 0  # an intruder is there for EVERY_S only
[mqtt]
url = "mqtt://127.0.0.1:{broker}"
[metrics]
listen = "127.0.0.1:{metrics}"
[state]
directory = "state"
"""
FEED = '[[feeds]]\nname = "{}"\ntype = "sbs"\naddress = "127.0.0.1:{}"\n'


def line(at_s: float, icao24: str, callsign: str, lat: float, lon: float, level_ft: int) -> str:
    now = datetime.fromtimestamp(at_s, UTC)
    at = f"{now:%Y/%m/%d},{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
    return f"MSG,3,1,1,{icao24},1,{at},{at},{callsign},{level_ft},,,{lat:.5f},{lon:.5f},,,0,0,0,0\r\n"


def flood(server: socket.socket, number: int, kind: str, aircraft: int, lines_a_second: float) -> None:
    """Send lines of as many aircraft by turns, all flying straight on from where chance puts them outside the zone."""
    rng, (high, wide) = np.random.default_rng(number), SPREAD_DEG[kind]
    lat = rng.uniform(SOUTH - high, NORTH + high, aircraft)
    lon = rng.uniform(WEST - wide, EAST + wide, aircraft)
    within = (np.abs(lat - 54.5) < 0.6) & (np.abs(lon - 20.5) < 0.6)
    lat[within] += 1.2
    course = rng.uniform(0, 2 * np.pi, aircraft)
    north_deg, east_deg = np.cos(course) / 111e3, np.sin(course) / 111e3 / np.cos(np.radians(54.5))
    watched = rng.random(aircraft) < WATCHED[kind]
    client, _ = server.accept()
    began_s, sent = time.time(), 0
    while True:
        now_s = time.time()
        way_m = SPEED_MPS * (now_s - began_s)
        turn = [n % aircraft for n in range(sent, sent + TURN_LINES)]
        text = "".join(
            line(
                now_s,
                f"4{number:X}{n:04X}",
                "" if watched[n] else f"LOT{n}",
                lat[n] + way_m * north_deg[n],
                lon[n] + way_m * east_deg[n],
                30_000,
            )
            for n in turn
        )
        client.sendall(text.encode())
        sent += len(turn)
        time.sleep(max(began_s + sent / lines_a_second - time.time(), 0.0))


def intrude(server: socket.socket, entered_s: dict[str, float]) -> None:
    """Let one aircraft after the other fly over the western edge of the zone."""
    client, _ = server.accept()
    began_s = time.time()
    while True:
        now_s = time.time()
        number, flown_s = divmod(now_s - began_s, EVERY_S)
        icao24, since_s = f"15A{int(number):03X}", flown_s - 0.4 * EVERY_S
        lon, lat, _ = GEOD.fwd(WEST, 54.5, 90.0, SPEED_MPS * since_s)
        if since_s >= 0:
            entered_s.setdefault(icao24.lower(), now_s - since_s)
        try:
            client.sendall(line(now_s, icao24, "", lat, lon, 20_000).encode())
        except OSError:
            return
        time.sleep(0.2)


class Room:
    """Notes when the first message of each incursion comes, and the daemon's latest status."""

    def __init__(self, port: int) -> None:
        self.told_s: dict[str, float] = {}
        self.status: dict[str, str] = {}
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = self._take
        client.connect("127.0.0.1", port)
        client.subscribe("airspace/v1/bench/#", qos=1)
        client.loop_start()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("bench/status"):
            self.status = json.loads(message.payload)
        elif "/alert/" in message.topic and "/incursion/" in message.topic:
            icao24 = json.loads(message.payload)["subject"]["icao24"] or ""
            self.told_s.setdefault(icao24, time.time())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def metrics(port: int) -> dict[str, float]:
    """Return the daemon's metrics of plots by result, and its memory, B."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        rows = [row.rpartition(" ") for row in answer.read().decode().splitlines() if not row.startswith("#")]
    found: dict[str, float] = {}
    for name, _, value in rows:
        if name.startswith(("incursiond_plots_", "process_resident")):
            key = name.partition('result="')[2].partition('"')[0] or name.partition("{")[0]
            found[key] = found.get(key, 0.0) + float(value)
    return found


def run(kind: str, lines_a_second: int, aircraft: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as made:
        directory, broker, served = Path(made), free_port(), free_port()
        (directory / "mosquitto.conf").write_text(f"listener {broker} 127.0.0.1\nallow_anonymous true\n")
        corners = [[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, NORTH], [WEST, SOUTH]]
        zone = {
            "type": "Feature",
            "properties": {"id": "zone"},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }
        (directory / "zone.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}))
        servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(FEEDS + 1)]
        feeds = "".join(FEED.format(f"mast-{n}", server.getsockname()[1]) for n, server in enumerate(servers))
        (directory / "incursiond.toml").write_text(CONFIG.format(broker=broker, metrics=served) + feeds)
        entered_s: dict[str, float] = {}
        threading.Thread(target=intrude, args=(servers[0], entered_s), daemon=True).start()
        masts = [
            multiprocessing.Process(
                target=flood, args=(server, n, kind, aircraft // FEEDS, lines_a_second / FEEDS), daemon=True
            )
            for n, server in enumerate(servers[1:], 1)
        ]
        for mast in masts:
            mast.start()
        path = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") or "mosquitto"
        with (directory / "log").open("w") as log:
            mosquitto = subprocess.Popen([path, "-c", directory / "mosquitto.conf"], stderr=log)
            time.sleep(1.0)
            room = Room(broker)
            command = [sys.executable, "-m", "detector", "run", "--config", directory / "incursiond.toml"]
            daemon = subprocess.Popen(command, stderr=log)
            try:
                time.sleep(seconds)
                said, entered = room.status, dict(entered_s)
                time.sleep(EVERY_S)  # for the alerts of the last
                found, told_s = metrics(served), dict(room.told_s)
            finally:
                for mast in masts:
                    mast.kill()
                daemon.kill()
                mosquitto.kill()
    took_s = [told_s[icao24] - at_s for icao24, at_s in entered.items() if icao24 in told_s]
    received = found["incursiond_plots_received_total"]
    print(f"\n{kind}: {lines_a_second:,} lines/s told to be sent, {aircraft:,} aircraft, {seconds:g} s")
    print(f"  taken in {received / (seconds + EVERY_S):,.0f}/s, looked at {found['used'] / received:.0%}")
    print(f"  memory {found['process_resident_memory_bytes'] / 1e6:.0f} MB; status: {said['state']} ({said['reason']})")
    print(f"  alerts of {len(took_s)} of {len(entered)} intruders, after {', '.join(f'{s:.1f}' for s in took_s)} s")


if __name__ == "__main__":
    for each in [(sys.argv[1], *map(int, sys.argv[2:5]))] if len(sys.argv) > 1 else RUNS:
        run(*each)
