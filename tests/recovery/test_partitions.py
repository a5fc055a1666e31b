"""The daemon and a room in network namespaces of their own: what a room gets over links that lose packets or are cut.

    other rooms, broker, feed  --- link --- daemon
                               --- link --- room warsaw

The first column is a namespace as well: the machine's own network is not touched. Needs root, iproute2 and nftables.
Packets are dropped by nftables, which more kernels have than netem.
INCURSIOND_PARTITION_S=60 pytest tests/test_partitions.py    longer cuts (make kills)
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import strips
from tests.conftest import Mosquitto, free_port
from tests.recovery.world import Room, Sky
from tests.test_end_to_end import REPO, Daemon, until

PARTITION_S = float(os.environ.get("INCURSIOND_PARTITION_S", "10"))
LOSS_PERCENT = 20
COMPLETE_S = 10.0  # after a cut is mended


CLONE_NEWNET = 0x40000000


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """Take this thread, and those and the processes that it starts, into an empty network; return when it is over."""
    libc = ctypes.CDLL(None, use_errno=True)  # Python has them since 3.12 only
    with Path("/proc/thread-self/ns/net").open() as before:
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        try:
            run("ip", "link", "set", "lo", "up")
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


class Island:
    """A network namespace with one link to ours; packets to and from the broker may be lost on it."""

    def __init__(self, name: str, number: int, port: int) -> None:
        self.name, self.port = f"incursiond-{os.getpid()}-{name}", port
        self.ours, self.theirs = f"192.0.2.{4 * number + 1}", f"192.0.2.{4 * number + 2}"  # RFC 5737: nobody's
        near, far = f"incursiond{number}", f"far{number}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
        run("ip", "addr", "add", f"{self.ours}/30", "dev", near)
        run("ip", "link", "set", near, "up")
        for command in (f"addr add {self.theirs}/30 dev {far}", f"link set {far} up", "link set lo up"):
            run("ip", "-n", self.name, *command.split())

    def lose(self, percent: int) -> None:
        """Lose so many of the packets, each way."""
        rules = ["add table inet link", "delete table inet link", "add table inet link"]
        for hook, end in (("input", "sport"), ("output", "dport")) if percent else ():
            rules.append(f"add chain inet link {hook} {{ type filter hook {hook} priority 0; }}")
            chance = f"tcp {end} {self.port} numgen random mod 100 <= {percent - 1} drop"
            rules.append(f"add rule inet link {hook} {chance}")
        self._run("nft", "; ".join(rules))

    def command(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def close(self) -> None:
        run("ip", "netns", "del", self.name)  # its links go with it

    def _run(self, *command: str) -> None:
        run(*self.command(*command))


class Far(Daemon):
    """The daemon on an island."""

    draw = staticmethod(strips.draw)

    def __init__(self, folder: Path, island: Island, broker_port: int, receiver_port: int) -> None:
        self._island = island
        super().__init__(folder, broker_port, receiver_port, 'rooms = ["warsaw", "suwalki"]')

    def _spawn(self, **environment: str) -> subprocess.Popen[str]:
        text = self.config.read_text().replace("127.0.0.1", self._island.ours)
        self.config.write_text(text.replace(f'listen = "{self._island.ours}', f'listen = "{self._island.theirs}'))
        command = self._island.command(sys.executable, "-m", "detector", "run", "--config", str(self.config))
        return subprocess.Popen(command, cwd=REPO, text=True, stderr=self.config.with_name("daemon.log").open("w"))

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self._island.theirs}:{self.metrics_port}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def made(self) -> float:
        return self.metric("incursiond_incident_messages_total")


class Listening:
    """`incursiond listen`, here or on an island."""

    def __init__(self, name: str, config: str, island: Island | None = None) -> None:
        folder = Path(config).parent
        self._output, self._errors = folder / f"{name}.ndjson", folder / f"{name}.log"
        command = [sys.executable, "-m", "detector", "listen", "--config", config, "--room", name]
        command += ["--output", str(self._output)]
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(island.command(*command) if island else command, cwd=REPO, stderr=errors)

    def read(self) -> list[dict]:
        return [json.loads(line) for line in self._output.read_bytes().splitlines()] if self._output.exists() else []

    def check(self) -> None:
        """Every message of every incident was written, once and in order, and no gap was said."""
        sequences: dict[str, list[int]] = {}
        for message in self.read():
            sequences.setdefault(message["incident_id"], []).append(message["sequence"])
        assert all(each == list(range(1, len(each) + 1)) for each in sequences.values()), sequences
        assert "gap" not in self._errors.read_text()


class Site:
    """Everything, running."""

    def __init__(self, folder: Path, broker: Mosquitto, sky: Sky, daemons: Island, warsaws: Island) -> None:
        self.sky, self.to_daemon, self.to_warsaw = sky, daemons, warsaws
        self.watch = Room(broker.port)
        self.daemon = Far(folder, daemons, broker.port, sky.port)
        config = folder / "warsaw.toml"
        config.write_text(self.daemon.config.read_text().replace(daemons.ours, warsaws.ours))
        self.warsaw = Listening("warsaw", str(config), warsaws)
        self.suwalki = Listening("suwalki", str(self.daemon.config))

    def status(self) -> tuple[str, str]:
        status = self.watch.status()
        return status.get("state", ""), status.get("reason", "")

    def complete(self) -> float:
        """Wait until both rooms have all that was made until now; return after how many seconds."""
        made, began_s = self.daemon.made(), time.monotonic()
        until(lambda: min(len(self.warsaw.read()), len(self.suwalki.read())) >= made, COMPLETE_S)
        return time.monotonic() - began_s

    def mend(self) -> None:
        for link in (self.to_daemon, self.to_warsaw):
            link.lose(0)

    def close(self) -> None:
        for process in (self.daemon.process, self.warsaw.process, self.suwalki.process):
            process.kill()
            process.wait()
        self.watch.leave()


@pytest.fixture
def islands() -> Iterator[list[Island]]:
    missing = [tool for tool in ("ip", "nft") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}; apt install iproute2 nftables")
    with ExitStack() as stack:
        made = []
        try:
            stack.enter_context(network_of_its_own())
            port = free_port()
            for number, name in enumerate(("daemon", "warsaw")):
                made.append(Island(name, number, port))
                stack.callback(made[-1].close)
                made[-1].lose(0)
        except OSError as error:
            pytest.skip(f"needs root, network namespaces and nftables in the kernel: {error}")
        yield made


@pytest.fixture
def site(tmp_path: Path, islands: list[Island]) -> Iterator[Site]:
    broker = Mosquitto(tmp_path, hosts=("127.0.0.1", *(island.ours for island in islands)), port=islands[0].port)
    broker.start()
    sky = Sky(host="0.0.0.0")
    made = Site(tmp_path, broker, sky, *islands)
    yield made
    made.close()
    sky.close()
    broker.kill()


def test_links_that_are_cut_or_lose_packets_cost_a_room_nothing(site: Site) -> None:
    until(lambda: site.warsaw.read() and site.suwalki.read(), 20.0)
    site.to_warsaw.lose(100)
    site.to_daemon.lose(LOSS_PERCENT)
    began_s, before = time.monotonic(), len(site.warsaw.read())
    until(lambda: site.status() == ("degraded", "room warsaw does not confirm"), PARTITION_S + 20.0)
    time.sleep(max(0.0, began_s + PARTITION_S - time.monotonic()))
    assert len(site.warsaw.read()) == before < len(site.suwalki.read()), "the others go on"
    site.mend()
    print(f"complete {site.complete():.1f} s after the room was cut off for {time.monotonic() - began_s:.0f} s")
    until(lambda: site.status()[0] == "online", COMPLETE_S)

    site.to_daemon.lose(100)
    site.to_warsaw.lose(LOSS_PERCENT)
    made = site.daemon.made()
    time.sleep(PARTITION_S)
    assert site.daemon.made() > made, "it goes on detecting"
    assert site.daemon.metric("incursiond_outbox_oldest_age_seconds") > PARTITION_S / 2
    if PARTITION_S > 30.0:
        assert site.status() == ("offline", "connection lost")
    site.mend()
    print(f"complete {site.complete():.1f} s after the daemon was cut off for {PARTITION_S:.0f} s")
    until(lambda: site.status()[0] == "online", COMPLETE_S)

    site.daemon.end()  # which says all that it has made
    until(lambda: len(site.warsaw.read()) == len(site.suwalki.read()))
    for room in (site.warsaw, site.suwalki):
        room.check()
