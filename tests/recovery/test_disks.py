"""The journal damaged, the disk full: what rooms get all the same."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.delivery.test_ledger import damage
from tests.recovery.world import Restarted, Room, Sky
from tests.test_end_to_end import until


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


def test_a_journal_of_a_newer_version_is_set_aside_aloud(daemon: Restarted, room: Room) -> None:
    daemon.end()
    db = sqlite3.connect(daemon.state("journal.db"))
    db.execute("PRAGMA user_version = 99")
    db.close()
    daemon.start()
    until(lambda: room.last.get("airspace/v1/e2e/alarm/extreme/journal"))
    alarm = json.loads(room.last["airspace/v1/e2e/alarm/extreme/journal"])
    assert "schema 99, of a newer incursiond; expected one up to 3" in alarm["headline"]


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
