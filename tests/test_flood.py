"""More reports than the daemon can take, on its sockets: a real daemon, a real broker, an intruder among them."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized

import pytest
from pyproj import Geod

from tests.test_end_to_end import Daemon, Room, until

GEOD = Geod(ellps="WGS84")
FEEDS, AIRCRAFT, BLOCK, SPEED_MPS = 6, 2000, 1000, 250.0  # aircraft of each feed
ENTERS_S = 15.0  # after the beginning
FLOODS, TRICKLES, ENDS = range(3)
IDENTITY = '[[identity]]\nis = "neutral"\ncallsign = ["?*"]\n'
FEED = '[[feeds]]\nname = "mast-{}"\ntype = "sbs"\naddress = "127.0.0.1:{}"\n'


class Flood:
    """A process that tells each of FEEDS clients of airliners far in the south, as fast as they listen.

    The first one also hears of one who flies into the box from the west.
    """

    def __init__(self, server: socket.socket) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.port = server.getsockname()[1]
        self.phase, self.entered_s, self.sent = spawn.Value("i", FLOODS), spawn.Value("d", 0.0), spawn.Value("q", 0)
        self.process = spawn.Process(target=serve, args=(server, self.phase, self.entered_s, self.sent), daemon=True)
        self.process.start()


def serve(server: socket.socket, *shared: Synchronized) -> None:
    began_s = time.time()
    threads = [threading.Thread(target=send, args=(server, began_s, n, *shared)) for n in range(FEEDS)]
    for thread in threads:
        thread.start()


def send(
    server: socket.socket, began_s: float, feed: int, phase: Synchronized, entered_s: Synchronized, sent: Synchronized
) -> None:
    """Send block after block, each of the time at which it begins to be sent, until the last phase."""
    client, _ = server.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    first = 0
    while phase.value != ENDS:
        now_s = time.time()
        now, since_s = datetime.fromtimestamp(now_s, UTC), now_s - began_s
        at = f"{now:%Y/%m/%d},{now:%H:%M:%S}.{now.microsecond // 1000:03d}"
        east_deg, number = since_s * SPEED_MPS / 85e3, BLOCK if phase.value == FLOODS else 50
        lines = [
            f"MSG,3,1,1,4{feed:X}{n:04X},1,{at},{at},LOT{n},30000,,,{40 + n / 500},{n % 50 + east_deg:.5f},,,0,0,0,0"
            for n in range(first, first + number)
        ]
        first = (first + BLOCK) % AIRCRAFT
        if feed == 0:
            lon, lat, _ = GEOD.fwd(20.0, 54.5, 90.0, SPEED_MPS * (since_s - ENTERS_S))
            lines.append(f"MSG,3,1,1,15ABCD,1,{at},{at},,20000,,,{lat:.5f},{lon:.5f},,,0,0,0,0")
            if since_s >= ENTERS_S and not entered_s.value:
                entered_s.value = now_s
        client.sendall("".join(f"{line}\r\n" for line in lines).encode())
        with sent.get_lock():
            sent.value += len(lines)
        if phase.value == TRICKLES:
            time.sleep(0.2)
    client.shutdown(socket.SHUT_WR)
    client.recv(1)


@pytest.fixture
def flood():
    with socket.create_server(("127.0.0.1", 0)) as server:
        made = Flood(server)
        yield made
        made.process.kill()
        made.process.join()


def test_an_intruder_is_told_of_at_once_and_what_was_left_out_is_counted(tmp_path, mosquitto, flood):
    room = Room(mosquitto.port)
    more = IDENTITY + "".join(FEED.format(n, flood.port) for n in range(1, FEEDS))
    daemon = Daemon(tmp_path, mosquitto.port, flood.port, more)
    try:
        until(lambda: room.last("status").get("reason", "").startswith("overload"), 30.0)
        assert room.last("status")["state"] == "degraded"
        until(lambda: room.last("alert/severe/incursion/box"), 30.0)
        assert time.time() - flood.entered_s.value < 3.0
        assert room.last("alert/severe/incursion/box")["subject"]["icao24"] == "15abcd"
        assert daemon.metric("process_resident_memory_bytes") < 600e6
        flood.phase.value = TRICKLES
        until(lambda: room.last("status")["state"] == "online", 30.0)
        flood.phase.value = ENDS
        until(lambda: daemon.metric("incursiond_plots_total") == flood.sent.value)
        assert daemon.metric("incursiond_plots_received_total") == flood.sent.value
        assert sum(float(line.split()[1]) for line in daemon.metrics().splitlines() if 'result="shed"' in line) > 0
    finally:
        daemon.process.kill()
        daemon.process.wait()
