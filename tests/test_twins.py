"""Two daemons on one feed and one broker, as processes: what a room gets when either of them, or its link, is lost."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import strips
from tests.conftest import Mosquitto
from tests.test_end_to_end import REPO, Daemon, Room, until


class Mast:
    """A receiver that many may read: one aircraft without callsign flies eastwards over one strip after another."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._clients: list[socket.socket] = []
        self._began_s = time.time()
        for run in (self._accept, self._say):
            threading.Thread(target=run, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._clients.append(self._server.accept()[0])

    def _say(self) -> None:
        while self._server.fileno() >= 0:
            line = self._line().encode()
            for client in list(self._clients):
                try:
                    client.sendall(line)
                except OSError:
                    self._clients.remove(client)
            time.sleep(0.1)

    def _line(self) -> str:
        now_s = round(time.time(), 1)
        now, lon, lat = datetime.fromtimestamp(now_s, UTC), strips.longitude(now_s - self._began_s), 54.5
        date, clock = f"{now:%Y/%m/%d}", f"{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        return f"MSG,3,1,1,15ABCD,1,{date},{clock},{date},{clock},,20000,,,{lat:.5f},{lon:.5f},,,0,0,0,0\r\n"

    def close(self) -> None:
        self._server.close()


class Link:
    """What a daemon has between it and the broker, which can be cut."""

    def __init__(self, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port, self._broker_port = self._server.getsockname()[1], port
        self._ends: list[socket.socket] = []
        self._whole = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._broker_port))
                self._ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends = []

    def mend(self) -> None:
        self._whole = True


class Twin(Daemon):
    draw = staticmethod(strips.draw)

    def __init__(self, folder: Path, instance: str, broker_port: int, feed_port: int) -> None:
        self._instance = instance
        folder.mkdir()
        super().__init__(folder, broker_port, feed_port, 'rooms = ["warsaw"]')

    def _spawn(self, **environment: str) -> subprocess.Popen[str]:
        text = self.config.read_text()
        if "instance" not in text:
            self.config.write_text(text.replace('id = "e2e"', f'id = "e2e"\ninstance = "{self._instance}"'))
        self.log = self.config.with_name("log").open("a")
        command = [sys.executable, "-m", "detector", "run", "--config", str(self.config)]
        return subprocess.Popen(command, cwd=REPO, text=True, stderr=self.log)

    def start(self) -> None:
        self.process = self._spawn()

    def confirmed(self) -> bool:
        names = ("outbox_messages", "room_unconfirmed_messages")
        return not any(self.metric(f"incursiond_{name}") for name in names)


class Site:
    """Two daemons, a room that listens, and somebody who sees all that is said."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.mast, self.link = Mast(), Link(broker.port)
        self.a = Twin(folder / "a", "a", broker.port, self.mast.port)
        self.all = Room(broker.port)
        self.output = folder / "warsaw.ndjson"
        command = [sys.executable, "-m", "detector", "listen", "--config", str(self.a.config), "--room", "warsaw"]
        self._errors = (folder / "warsaw.log").open("w")
        self.listener = subprocess.Popen([*command, "--output", str(self.output)], cwd=REPO, stderr=self._errors)
        self._running = [self.a]

    def join(self, folder: Path) -> None:
        """Start the second daemon, once the first has told: started at one moment, each may open a story."""
        until(self.read, 20.0)
        self.b = Twin(folder / "b", "b", self.link.port, self.mast.port)
        self._running.append(self.b)

    def read(self) -> list[dict]:
        return [json.loads(line) for line in self.output.read_bytes().splitlines()] if self.output.exists() else []

    def more(self, messages: int) -> None:
        """Wait until the room has read so many more."""
        wanted = len(self.read()) + messages
        until(lambda: len(self.read()) >= wanted, 20.0)

    def settled(self) -> None:
        until(lambda: self.a.confirmed() and self.b.confirmed())

    def said(self) -> str:
        return Path(self._errors.name).read_text()

    def status(self) -> dict:
        return self.all.last("status")

    def both_online(self) -> None:
        def online() -> bool:
            twins = [twin["state"] for twin in self.status().get("twins", [])]
            return self.status().get("state") == "online" and twins == ["online"]

        until(online, 20.0)

    def check(self) -> None:
        """The room has one story, every message of it once and in order, and no gap was said."""
        read = self.read()
        assert len({message["incident_id"] for message in read}) == 1, self.output.read_text()
        assert [message["sequence"] for message in read] == list(range(1, len(read) + 1))
        assert [message["event"] for message in read].count("opened") == 1
        assert "gap" not in self.said()

    def close(self) -> None:
        for process in (*(daemon.process for daemon in self._running), self.listener):
            process.kill()
            process.wait()
        self.mast.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests, which take their turns: each goes on with the story of the one before."""
    folder = tmp_path_factory.mktemp("twins")
    broker = Mosquitto(folder)
    broker.start()
    made = Site(folder, broker)
    try:
        made.join(folder)
        yield made
    finally:
        made.close()
        broker.kill()


def test_a_room_reads_each_message_once_and_both_are_confirmed(site: Site) -> None:
    site.both_online()
    before = len(site.read())
    site.more(4)
    site.settled()
    copies = [
        json.loads(payload) for topic, said in list(site.all.got.items()) if "/alert/" in topic for payload in said
    ]
    for sequence in range(before + 1, before + 4):
        assert len([m for m in copies if m["sequence"] == sequence]) == 2, "both tell all of it, whoever came first"
    for daemon in (site.a, site.b):
        assert daemon.metric("incursiond_twin_up") == 1
    site.check()


def test_a_daemon_that_loses_the_broker_for_a_while_costs_nothing(site: Site) -> None:
    site.both_online()
    site.link.cut()
    until(lambda: site.status().get("reason") == "daemon b is offline")
    site.more(2)
    site.link.mend()
    site.both_online()
    site.settled()
    site.check()


def test_a_daemon_that_hangs_for_a_while_costs_nothing(site: Site) -> None:
    site.both_online()
    site.a.process.send_signal(signal.SIGSTOP)
    site.more(2)
    site.a.process.send_signal(signal.SIGCONT)
    site.more(2)
    site.settled()
    site.check()


@pytest.mark.parametrize(("name", "journal"), [("a", "lost"), ("b", "kept")])
def test_either_may_die_and_comes_back_into_the_same_story(site: Site, name: str, journal: str) -> None:
    dies, lives = (site.a, site.b) if name == "a" else (site.b, site.a)
    site.both_online()
    dies.process.kill()
    dies.process.wait()
    until(lambda: site.status().get("reason") == f"daemon {name} is offline")
    assert site.status()["state"] == "degraded"
    assert lives.metric("incursiond_twin_up") == 0
    site.more(2)
    for file in dies.config.with_name("state").glob("journal.db*") if journal == "lost" else ():
        file.unlink()  # it knows nothing of the story but what its twin has told
    dies.start()
    site.both_online()
    site.more(2)
    site.settled()
    site.check()


def test_the_goodbye_of_one_does_not_stand(site: Site) -> None:
    site.b.end()
    until(lambda: (site.status()["instance"], site.status()["reason"]) == ("a", "daemon b is offline"))
    until(lambda: site.all.last("feed/mast/status")["state"] == "up")
    site.more(2)
    site.check()
