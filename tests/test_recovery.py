"""The daemon killed, its journal damaged, its disk full: what rooms get all the same."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests import strips
from tests.conftest import Mosquitto
from tests.delivery.test_journal import damage
from tests.test_end_to_end import REPO, Daemon, until

KILLS = int(os.environ.get("INCURSIOND_KILLS", "5"))  # make kills DAEMON=1000
SEED = int(os.environ.get("INCURSIOND_SEED", "1"))


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


@pytest.fixture
def sky() -> Iterator[Sky]:
    made = Sky()
    yield made
    made.close()


@pytest.fixture
def daemon(tmp_path: Path, mosquitto: Mosquitto, sky: Sky, room: Room) -> Iterator[Restarted]:
    made = Restarted(tmp_path, mosquitto.port, sky.port)
    until(lambda: made.metric("incursiond_feed_up") == 1)
    yield made
    made.kill()


@pytest.fixture
def room(mosquitto: Mosquitto) -> Iterator[Room]:
    made = Room(mosquitto.port)
    yield made
    made.leave()


def test_a_daemon_killed_at_any_time_loses_and_doubles_nothing(daemon: Restarted, room: Room) -> None:
    chance, ready_s = random.Random(SEED), []
    until(lambda: len(room.told) == 8)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 1.5))
        daemon.kill()
        ready_s.append(daemon.start())
    until(lambda: daemon.metric("incursiond_outbox_messages") == 0)
    time.sleep(1.0)
    assert len(room.told) == 8, "one incident an aircraft"
    assert sum(map(len, room.told.values())) > 8 + KILLS, "too little was said for this to show anything"
    room.check()
    made, accounted = daemon.balance()
    assert made == accounted >= sum(map(len, room.told.values()))
    print(f"seed {SEED}: ready after at most {max(ready_s):.2f} s of {KILLS} kills")
    assert max(ready_s) < 2.0


def test_a_daemon_killed_before_any_write_fsync_or_send_loses_and_doubles_nothing(
    daemon: Restarted, room: Room
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: apt install strace")
    chance = random.Random(SEED)
    until(lambda: len(room.told) == 8)
    daemon.kill()
    for number in range(max(3, KILLS // 5)):
        call = ("pwrite64", "fdatasync", "sendto")[number % 3]
        nth = chance.randint(1, {"fdatasync": 8}.get(call, 60))  # of a thread
        what = f"inject={call}:signal=SIGKILL:when={nth}"
        tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", "signal=none", "-e", what]
        process = subprocess.Popen(
            [*tracer, sys.executable, "-m", "detector", "run", "--config", str(daemon.config)],
            cwd=REPO,
            stderr=subprocess.DEVNULL,
        )
        print(f"seed {SEED}: killed before {call} number {nth}")
        assert process.wait(60) == -signal.SIGKILL
    daemon.start()
    until(lambda: daemon.metric("incursiond_outbox_messages") == 0)
    time.sleep(1.0)
    assert len(room.told) == 8, "one incident an aircraft"
    room.check()
    made, accounted = daemon.balance()
    assert made == accounted >= sum(map(len, room.told.values()))


def forget(daemon: Restarted, what: str) -> None:
    """Take from a daemon what it remembers: of its tracks and incidents, or all that it has told, too."""
    if what == "state":
        state = sqlite3.connect(daemon.state("journal.db"))
        state.executescript("DELETE FROM whole; DELETE FROM since")
        state.commit()
        state.close()
    for file in daemon.state("").glob("journal.db*") if what == "journal" else ():
        file.unlink()


@pytest.mark.parametrize("forgotten", ["state", "journal"])
def test_who_stays_away_after_a_kill_is_closed_and_its_topic_cleared(
    daemon: Restarted, room: Room, sky: Sky, forgotten: str
) -> None:
    until(lambda: len(room.told) == 8)
    daemon.kill()
    sky.close()
    forget(daemon, forgotten)
    daemon.start(alive_s=2.0)
    until(lambda: all(json.loads(next(iter(told[max(told)])))["event"] == "closed" for told in room.told.values()))
    incidents = [topic for topic in room.last if "/incident/" in topic]
    until(lambda: len(incidents) == 8 and all(room.last[topic] == b"" for topic in incidents))
    room.check()
    ends = [json.loads(next(iter(told[max(told)]))) for told in room.told.values()]
    assert {(end["outcome"], end["phase"], end["closed_at"] == end["time"]) for end in ends} == {
        ("lost", "closed", True)
    }
    assert all(finding["ended_at"] for end in ends for finding in end["findings"])


@pytest.mark.parametrize("forgotten", ["state", "journal"])
def test_who_flies_on_after_a_kill_goes_on_in_its_incident_whatever_is_forgotten(
    daemon: Restarted, room: Room, forgotten: str
) -> None:
    until(lambda: len(room.told) == 8)
    daemon.kill()
    forget(daemon, forgotten)
    told = sum(map(len, room.told.values()))
    daemon.start()
    until(lambda: sum(map(len, room.told.values())) > told + 16)
    assert len(room.told) == 8, "one incident an aircraft"
    room.check()


def test_a_broker_that_returns_after_the_daemon_tells_of_the_older_story(
    tmp_path: Path, daemon: Restarted, room: Room, mosquitto: Mosquitto
) -> None:
    until(lambda: len(room.told) == 8)
    older = set(room.told)
    daemon.kill()
    forget(daemon, "journal")
    mosquitto.pause()
    daemon.start()
    until(lambda: daemon.metric("incursiond_incident_messages_total") >= 8)
    mosquitto.resume()
    until(lambda: len(room.told) > 8, 40.0)

    def closed() -> set[str]:
        ends = [json.loads(next(iter(told[max(told)]))) for told in room.told.values()]
        return {end["incident_id"] for end in ends if end["outcome"] == "resolved"}

    until(lambda: closed() == set(room.told) - older)
    told = sum(map(len, room.told.values()))
    until(lambda: sum(map(len, room.told.values())) > told + 8)
    assert closed() == set(room.told) - older


def test_a_broker_killed_with_the_daemon_gets_what_waits_and_every_open_incident(
    daemon: Restarted, room: Room, mosquitto: Mosquitto
) -> None:
    until(lambda: len(room.told) == 8)
    mosquitto.kill()
    until(lambda: daemon.metric("incursiond_outbox_messages") > 0, 20.0)
    waiting = daemon.metric("incursiond_outbox_messages")
    daemon.kill()
    daemon.start()
    assert daemon.metric("incursiond_outbox_messages") >= waiting
    made, accounted = daemon.balance()
    assert made == accounted
    mosquitto.start()  # it remembers nothing
    late = Room(mosquitto.port)
    until(lambda: daemon.metric("incursiond_outbox_messages") == 0, 40.0)
    until(lambda: set(room.told) <= {topic.rpartition("/")[2] for topic in late.last if "/incident/" in topic})
    for incident_id, by_sequence in late.told.items():
        room.told[incident_id] = defaultdict(set, room.told[incident_id])
        for sequence, payloads in by_sequence.items():
            room.told[incident_id][sequence] |= payloads
    room.check()
    late.leave()


@pytest.mark.parametrize("seed", range(2))
def test_a_damaged_journal_is_set_aside_aloud(daemon: Restarted, room: Room, seed: int) -> None:
    until(lambda: len(room.told) == 8)
    daemon.end()  # what a daemon that is killed has written is still in the write-ahead log
    chance = random.Random(seed)
    for _ in range(10):
        damage(daemon.state("journal.db"), chance)
    daemon.start()
    until(lambda: room.status().get("state") == "degraded" and "journal" in room.status()["reason"])
    assert list(daemon.state("").glob("journal.db.corrupt-*Z"))
    alarm = json.loads(room.last["airspace/v1/e2e/alarm/extreme/journal"])
    assert (alarm["severity"], alarm["site"]) == ("extreme", "e2e")
    assert "set aside as" in alarm["headline"]
    assert daemon.metric("incursiond_journals_set_aside_total") == 1
    assert daemon.metric("incursiond_journal_durable") == 1
    daemon.end()
    daemon.start()
    until(lambda: room.last["airspace/v1/e2e/alarm/extreme/journal"] == b"")


def test_a_journal_of_a_newer_version_is_one_line(daemon: Restarted) -> None:
    daemon.end()
    db = sqlite3.connect(daemon.state("journal.db"))
    db.execute("PRAGMA user_version = 99")
    db.close()
    process = daemon._spawn()
    assert process.wait(20) == 2
    (line,) = process.stderr.read().splitlines()
    assert "journal.db: schema 99, of a newer incursiond; expected one up to 2" in line


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The daemon's state directory, on a disk of 32 MB."""
    directory = tmp_path / "state"
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(directory)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs root, for a small disk: {mounted.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(directory: Path) -> None:
    with suppress(OSError), (directory / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def durable(room: Room) -> list[bool]:
    payloads = [p for told in list(room.told.values()) for ps in list(told.values()) for p in list(ps)]
    return [json.loads(payload).get("durable", True) for payload in payloads]


def test_a_disk_that_is_full_delays_nobody(small_disk: Path, daemon: Restarted, room: Room) -> None:
    until(lambda: len(room.told) == 8)
    assert all(durable(room))
    fill(small_disk)
    until(lambda: not all(durable(room)), 30.0)
    until(lambda: room.status().get("state") == "degraded" and "not durable" in room.status()["reason"])
    assert daemon.metric("incursiond_journal_durable") == 0
    assert daemon.metric("incursiond_incident_messages_not_durable_total") >= 1
    assert daemon.metric("incursiond_outbox_oldest_age_seconds") < 1.0
    (small_disk / "ballast").unlink()
    until(lambda: daemon.metric("incursiond_journal_durable") == 1)
    until(lambda: room.status()["state"] == "online")
    told = len(durable(room))
    until(lambda: len(durable(room)) > told)
    made, accounted = daemon.balance()
    assert made == accounted
    daemon.kill()
    daemon.start()
    time.sleep(2.0)
    room.check()


@pytest.mark.parametrize("disk", ["still full", "with room again"])
def test_what_left_without_a_journal_is_known_after_a_kill(
    small_disk: Path, daemon: Restarted, room: Room, sky: Sky, disk: str
) -> None:
    until(lambda: len(room.told) == 8)
    fill(small_disk)
    until(lambda: not all(durable(room)), 30.0)
    sky.aircraft = 12
    until(lambda: len(room.told) == 12)
    loose = len(durable(room)) - sum(durable(room))
    until(lambda: len(durable(room)) - sum(durable(room)) > loose + 12)
    daemon.kill()
    if disk == "with room again":
        (small_disk / "ballast").unlink()
    daemon.start()
    told = len(durable(room))
    until(lambda: len(durable(room)) > told + 24, 40.0)
    assert len(room.told) == 12, "one incident an aircraft"
    room.check()


def test_no_byte_of_a_message_leaves_before_it_is_on_the_disk(daemon: Restarted, room: Room, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is missing: apt install strace")
    until(lambda: len(room.told) == 8)
    daemon.end()
    with sqlite3.connect(daemon.state("journal.db")) as db:
        durable = set(db.execute("SELECT incident_id, CAST(sequence AS TEXT) FROM letters"))
    trace = tmp_path / "trace"
    calls = "trace=pwrite64,fdatasync,fsync,sendto,write"
    tracer = ["strace", "-f", "-y", "-s", "4200", "-e", calls, "-e", "signal=none", "-o", str(trace)]
    process = subprocess.Popen(
        [*tracer, sys.executable, "-m", "detector", "run", "--config", str(daemon.config)], cwd=REPO
    )
    told = sum(map(len, room.told.values()))
    until(lambda: sum(map(len, room.told.values())) > told + 5, 60.0)
    subprocess.run(["pkill", "-TERM", "-P", str(process.pid)], check=True)
    process.wait(30)
    written: set[tuple[str, str]] = set()
    sent = 0
    for line in trace.read_text().splitlines():
        said = set(re.findall(r'incident_id\\":\\"([0-9a-f]+)\\",\\"sequence\\":([0-9]+)', line))
        if "pwrite64(" in line and "journal.db-wal>" in line:
            written |= said
        elif re.search(r"f(data)?sync(\(.*journal.db-wal>| resumed>)\) += 0", line):
            durable |= written
        elif "sendto(" in line or "write(" in line:
            assert said <= durable, line
            sent += len(said)
    assert sent > 5
