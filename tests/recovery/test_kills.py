"""The daemon killed: what rooms get all the same."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.recovery.world import Restarted, Room
from tests.test_end_to_end import REPO, until

KILLS = int(os.environ.get("INCURSIOND_KILLS", "5"))  # make kills DAEMON=1000
SEED = int(os.environ.get("INCURSIOND_SEED", "1"))


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
    usual_s, longest_s = np.quantile(ready_s, [0.99, 1.0])
    print(f"seed {SEED}: ready after {usual_s:.2f} s (p99), at most {longest_s:.2f} s, of {KILLS} kills")
    assert usual_s < 2.0


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
