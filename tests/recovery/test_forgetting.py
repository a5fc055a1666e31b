"""What the daemon or the broker has forgotten over a kill, and what it goes on from."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import Mosquitto
from tests.recovery.world import Restarted, Room, Sky
from tests.test_end_to_end import until


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
