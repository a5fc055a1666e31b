"""The daemon as a process: reports in over TCP, alerts out of a real mosquitto, the clock on the wall."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pyproj import Geod

from detector.commands.schema import schema
from tests.conftest import free_port

REPO = Path(__file__).parents[1]
GEOD = Geod(ellps="WGS84")


class Receiver:
    """A receiver's port 30003: an aircraft without callsign that flies west to east over the western edge of a box."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._began_s = time.time()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                while True:
                    client.sendall(self._line().encode())
                    time.sleep(0.2)
            except OSError:
                if self._server.fileno() < 0:
                    return

    def _line(self) -> str:
        now = datetime.now(UTC)
        lon, lat, _ = GEOD.fwd(20.0, 54.5, 90.0, 250.0 * (time.time() - self._began_s) - 400.0)
        date, clock = f"{now:%Y/%m/%d}", f"{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        return f"MSG,3,1,1,15ABCD,1,{date},{clock},{date},{clock},,20000,,,{lat:.5f},{lon:.5f},,,0,0,0,0\r\n"

    def close(self) -> None:
        self._server.close()


class Room:
    def __init__(self, port: int) -> None:
        self.got: dict[str, list[bytes]] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _c, _d, m: self.got.setdefault(m.topic, []).append(m.payload)
        self._client.on_connect = lambda client, *_: client.subscribe("airspace/v1/#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def last(self, topic: str) -> dict:
        payloads = self.got.get(f"airspace/v1/e2e/{topic}")
        return json.loads(payloads[-1]) if payloads else {}


def until(condition, timeout_s: float = 15.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(0.05)


def box(path: Path, zone_id: str = "box", **properties: object) -> None:
    ring = [[20.0, 54.0], [21.0, 54.0], [21.0, 55.0], [20.0, 55.0], [20.0, 54.0]]
    feature = {
        "type": "Feature",
        "properties": {"id": zone_id, "name": "Box", "kind": "national"} | properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps(feature))


class Daemon:
    draw: Callable[[Path], None] = staticmethod(box)  # its zones

    def __init__(self, folder: Path, broker_port: int, receiver_port: int, mqtt: str = "") -> None:
        self.draw(folder / "box.geojson")
        self.metrics_port = free_port()
        self.config = folder / "incursiond.toml"
        self.config.write_text(f"""
[site]
id = "e2e"
[airspace]
zones = ["box.geojson"]
[rules.incursion]
settle_s = 0
[[feeds]]
name = "mast"
type = "sbs"
address = "127.0.0.1:{receiver_port}"
[mqtt]
url = "mqtt://127.0.0.1:{broker_port}"
{mqtt}
[metrics]
listen = "127.0.0.1:{self.metrics_port}"
[state]
directory = "state"
""")
        self.process = self._spawn()

    def _spawn(self, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "detector", "run", "--config", str(self.config)]
        return subprocess.Popen(command, cwd=REPO, text=True, stderr=subprocess.PIPE, env=os.environ | environment)

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def metric(self, name: str) -> float:
        """The sum of a metric's series; -1 while nobody answers."""
        try:
            self.metrics()
        except OSError:
            return -1.0
        return sum(float(line.rpartition(" ")[2]) for line in self.metrics().splitlines() if line.startswith(name))

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def daemon(tmp_path, mosquitto, receiver):
    made = Daemon(tmp_path, mosquitto.port, receiver.port)
    yield made
    made.process.kill()
    made.process.wait()


def test_from_socket_to_room(daemon, mosquitto, promtool):
    room = Room(mosquitto.port)
    until(lambda: room.last("status").get("state") == "online")
    until(lambda: room.last("feed/mast/status").get("state") == "up")
    until(lambda: "airspace/v1/e2e/alert/severe/incursion/box" in room.got)
    alert = room.last("alert/severe/incursion/box")
    assert (alert["event"], alert["subject"]["icao24"], alert["subject"]["state"]) == ("opened", "15abcd", "RU")
    assert room.last(f"incident/{alert['incident_id']}") == alert
    assert room.last("status")["state"] == "online"

    text = daemon.metrics()
    checked = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert daemon.metric("incursiond_plots_received_total") == daemon.metric("incursiond_plots_total") > 0
    until(lambda: daemon.metric("incursiond_outbox_messages") == 0)
    made, confirmed = "incursiond_incident_messages_total", "incursiond_incident_messages_confirmed_total"
    assert daemon.metric(made) == daemon.metric(confirmed) > 0

    assert daemon.end() == 0
    until(lambda: room.last("status")["state"] == "offline")
    assert "Traceback" not in daemon.process.stderr.read()


def test_a_status_beats_and_names_open_incidents(daemon, mosquitto):
    room = Room(mosquitto.port)
    until(lambda: room.last("status").get("incidents_open") == 1, 20.0)
    first = room.last("status")
    until(lambda: any("/incident/" in topic for topic in room.got))
    retained = {topic.rpartition("/")[2] for topic in room.got if "/incident/" in topic}
    assert set(first["incidents"]) == retained
    until(lambda: room.last("status")["time"] > first["time"], 2 * first["again_s"])
    assert room.last("status") | {"time": ""} == first | {"time": ""}
    states = {kind: schema("asyncapi")["components"]["schemas"][kind] for kind in ("Status", "FeedStatus")}
    assert first.keys() <= states["Status"]["properties"].keys()
    assert room.last("feed/mast/status").keys() <= states["FeedStatus"]["properties"].keys()


def test_reload_keeps_what_is_good(daemon, mosquitto):
    room = Room(mosquitto.port)
    until(lambda: room.last("alert/severe/incursion/box"))
    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("[rules.incursion]", "[rules.incursion]\nprobabilty = 0.9"))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.metric("incursiond_config_reload_successful") == 0)
    assert 'incursiond_zones{state="ok"} 1.0' in daemon.metrics()
    until(lambda: "probability" in room.last("status")["reason"])
    assert room.last("status")["state"] == "degraded"

    daemon.config.write_text(good)
    box(daemon.config.with_name("box.geojson"), zone_id="other", near_nm=3000)
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: daemon.metric("incursiond_config_reload_successful") == 1)
    assert 'incursiond_zones{state="ok"} 0.0' in daemon.metrics()
    assert 'incursiond_zones{state="warned"} 1.0' in daemon.metrics()
    until(lambda: room.last("alert/severe/incursion/other") or room.last("alert/extreme/incursion/other"))
    closed = [json.loads(p) for t, ps in room.got.items() if t.endswith("/incursion/box") for p in ps]
    assert "zone-closed" in [message["outcome"] for message in closed]


def test_the_last_will_of_a_killed_daemon(daemon, mosquitto):
    room = Room(mosquitto.port)
    until(lambda: room.last("status").get("state") == "online")
    daemon.end(signal.SIGKILL)
    until(lambda: room.last("status")["state"] == "offline")
    assert room.last("status")["reason"] == "connection lost"


def test_a_broker_that_goes_and_comes_back(daemon, mosquitto):
    until(lambda: daemon.metric("incursiond_mqtt_connected") == 1)
    mosquitto.kill()
    until(lambda: daemon.metric("incursiond_outbox_messages") > 0, 20.0)
    mosquitto.start()
    room = Room(mosquitto.port)
    until(lambda: daemon.metric("incursiond_outbox_messages") == 0, 40.0)
    until(lambda: any("/alert/" in topic for topic in room.got))


def test_a_required_room_that_is_away_degrades_the_daemon(tmp_path, mosquitto, receiver):
    daemon = Daemon(tmp_path, mosquitto.port, receiver.port, 'rooms = ["warsaw"]')
    room = Room(mosquitto.port)
    command = [sys.executable, "-m", "detector", "listen", "--config", str(daemon.config), "--room", "warsaw"]
    command += ["--output", str(tmp_path / "alerts.ndjson")]
    listener = None
    try:
        until(lambda: room.last("alert/severe/incursion/box"), 20.0)
        until(lambda: room.last("status").get("reason") == "room warsaw does not confirm", 15.0)
        assert room.last("status")["state"] == "degraded"
        listener = subprocess.Popen(command, cwd=REPO, stderr=subprocess.DEVNULL)
        until(lambda: room.last("status")["state"] == "online", 15.0)
        read = [json.loads(line) for line in (tmp_path / "alerts.ndjson").read_text().splitlines()]
        assert [message["sequence"] for message in read] == list(range(1, len(read) + 1))
        assert read[-1]["subject"]["icao24"] == "15abcd"
        until(lambda: daemon.metric("incursiond_room_unconfirmed_messages") == 0)  # it is counted four times a second
    finally:
        for process in filter(None, (daemon.process, listener)):
            process.kill()
            process.wait()


def test_a_port_in_use_is_one_line(tmp_path, mosquitto, receiver):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        daemon = Daemon(tmp_path, mosquitto.port, receiver.port)
        daemon.process.kill()
        daemon.process.wait()
        text = daemon.config.read_text().replace(str(daemon.metrics_port), str(taken.getsockname()[1]))
        daemon.config.write_text(text)
        command = [sys.executable, "-m", "detector", "run", "--config", str(daemon.config)]
        done = subprocess.run(command, cwd=REPO, text=True, capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("metrics.listen: 127.0.0.1:")


def test_a_second_daemon_in_a_state_directory_is_one_line(daemon):
    until(lambda: daemon.metric("incursiond_mqtt_connected") == 1)
    other = daemon.config.with_name("other.toml")
    other.write_text(daemon.config.read_text().replace(str(daemon.metrics_port), str(free_port())))
    command = [sys.executable, "-m", "detector", "run", "--config", str(other)]
    done = subprocess.run(command, cwd=REPO, text=True, capture_output=True, timeout=30, check=False)
    state = daemon.config.with_name("state")
    said = f"state.directory: {state}: process {daemon.process.pid} works there, expected a directory of its own\n"
    assert (done.returncode, done.stderr) == (1, said)
    daemon.end(signal.SIGKILL)  # whatever its end was, its lock is gone with it
    daemon.process = daemon._spawn()
    until(lambda: daemon.metric("incursiond_mqtt_connected") == 1)
