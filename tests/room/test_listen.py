"""`incursiond listen` against a real mosquitto."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from detector.commands.broker import broker
from tests.conftest import Mosquitto
from tests.room.listener import REPO, Listener, Publisher, line, until


@pytest.fixture
def listen(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def start(**keys: Any) -> Listener:
        made.append(Listener(tmp_path, mosquitto.url, **keys))
        made[-1].connected()
        return made[-1]

    yield start
    for listener in made:
        listener.process.kill()
        listener.process.wait()


@pytest.fixture
def publisher(mosquitto: Mosquitto) -> Iterator[Publisher]:
    made = Publisher(mosquitto.port)
    yield made
    made.leave()


def test_messages_are_written_once_as_they_came_and_confirmed(listen: Any, publisher: Publisher) -> None:
    room = listen()
    for n in range(1, 6):
        publisher.alert("a", n, headline="Ünknown")
    until(lambda: publisher.receipt("a") == 5)
    assert room.lines() == [line("a", n, headline="Ünknown") for n in range(1, 6)]
    receipt = publisher.receipts[-1]
    assert (receipt["room"], receipt["incident_id"], receipt["sequence"]) == ("warsaw", "a", 5)
    assert len(receipt["time"]) == len("2026-11-23T01:14:06.660Z")
    assert room.end() == 0
    assert "WARNING" not in room.said()


def test_a_room_that_need_not_confirm_is_told_so(listen: Any) -> None:
    room = listen(mqtt="")
    assert 'room "warsaw" is not in [mqtt] rooms' in room.said()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(listen: Any, publisher: Publisher, number: int) -> None:
    room = listen()
    publisher.alert("a", 1)
    until(lambda: room.sequences("a") == [1])
    assert room.end(number) == 0
    until(lambda: publisher.receipt("a") == 1)  # also what was owed when the signal came
    assert "Traceback" not in room.said()


def test_standard_output(listen: Any, publisher: Publisher) -> None:
    room = listen(stdout=True)
    publisher.alert("a", 1)
    until(lambda: room.sequences("a") == [1])
    room.end()
    publisher.alert("a", 2)
    room.start()
    until(lambda: publisher.receipt("a") == 2)
    assert room.sequences("a") == [1, 2]


def test_a_late_room_gets_the_open_incidents(listen: Any, publisher: Publisher) -> None:
    for n in (1, 2, 3):
        publisher.alert("open", n)
    publisher.alert("closed", 1)
    publisher.send("incident/closed", b"", retain=True)
    room = listen()
    until(lambda: room.sequences("open") == [3])
    until(lambda: publisher.receipt("open") == 3)
    publisher.alert("open", 4)
    until(lambda: room.sequences("open") == [3, 4])
    assert room.sequences("closed") == []


def test_a_gap_is_reported_and_receipts_stop_before_it(listen: Any, publisher: Publisher) -> None:
    room = listen()
    for n in (1, 2, 4):
        publisher.alert("a", n)
    publisher.alert("b", 1)
    until(lambda: publisher.receipt("b") == 1)
    assert room.sequences("a") == [1, 2]
    until(lambda: room.sequences("a") == [1, 2, 4])
    until(lambda: "incident a: gap, message 3 has not come" in room.said())
    publisher.alert("a", 5)
    until(lambda: room.sequences("a") == [1, 2, 4, 5])
    assert publisher.receipt("a") == 2
    publisher.alert("a", 3)
    until(lambda: publisher.receipt("a") == 5)
    assert room.sequences("a") == [1, 2, 4, 5]
    until(lambda: "message 3 came after a later one" in room.said())


def test_repetitions_are_dropped_and_other_content_is_reported(listen: Any, publisher: Publisher) -> None:
    room = listen()
    for _ in range(3):
        publisher.alert("a", 1)
    publisher.alert("a", 1, headline="other")
    publisher.send("alert/minor/dark/none", b"no JSON")
    publisher.alert("b", 1)
    until(lambda: room.sequences("b") == [1])
    assert room.sequences("a") == [1]
    until(lambda: "incident a: message 1 came again with other content" in room.said())
    until(lambda: "a message cannot be read" in room.said())


def test_two_rooms(listen: Any, publisher: Publisher) -> None:
    rooms = [listen(room=name) for name in ("warsaw", "suwalki")]
    rooms[1].end(signal.SIGKILL)
    for n in range(1, 30):
        publisher.alert("a", n)
    until(lambda: publisher.receipt("a", "warsaw") == 29)
    assert publisher.receipt("a", "suwalki") == -1
    rooms[1].start()
    until(lambda: publisher.receipt("a", "suwalki") == 29)
    assert rooms[0].lines() == rooms[1].lines() == [line("a", n) for n in range(1, 30)]


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_it_writes_everything_once_and_in_order(listen: Any, publisher: Publisher, seed: int) -> None:
    chance, count = random.Random(seed), 150  # all of it fits into the broker's queue
    room = listen()

    def flow() -> None:
        for n in range(1, count + 1):
            for incident_id in "ab":
                publisher.alert(incident_id, n)
            time.sleep(0.03)

    flowing = threading.Thread(target=flow)
    flowing.start()
    while flowing.is_alive():
        time.sleep(chance.uniform(1.0, 2.0))
        room.end(signal.SIGKILL)
        room.start()
    flowing.join()
    until(lambda: publisher.receipt("a") == publisher.receipt("b") == count, 30.0)
    assert room.sequences("a") == room.sequences("b") == list(range(1, count + 1))


def test_what_was_written_but_not_remembered_is_not_written_again(listen: Any, publisher: Publisher) -> None:
    room = listen()
    publisher.alert("a", 1)
    until(lambda: publisher.receipt("a") == 1)
    room.end()
    with room.output.open("ab") as file:  # as if killed between writing and remembering, and while writing
        file.write(line("a", 2) + b"\n" + line("a", 3)[:10])
    for n in (2, 3):
        publisher.alert("a", n)
    room.start()
    until(lambda: publisher.receipt("a") == 3)
    assert room.lines() == [line("a", n) for n in (1, 2, 3)]


def test_a_line_that_waited_and_was_torn_is_written_after_all(listen: Any, publisher: Publisher) -> None:
    room = listen()
    publisher.alert("a", 2)
    until(lambda: publisher.receipt("a") == 0)
    room.end(signal.SIGKILL)
    with room.output.open("ab") as file:  # as if 1 had come, and the machine had died while both were written
        file.write(line("a", 1) + b"\n" + line("a", 2)[:10])
    room.start()
    until(lambda: room.lines() == [line("a", n) for n in (1, 2)])


def test_a_lost_memory_is_read_back_from_the_output(listen: Any, publisher: Publisher) -> None:
    room = listen()
    for n in (1, 2):
        publisher.alert("a", n)
    until(lambda: publisher.receipt("a") == 2)
    room.end()
    for path in room.output.parent.glob("*.state*"):
        path.unlink()
    publisher.alert("a", 3)
    room.start()
    until(lambda: publisher.receipt("a") == 3)
    assert room.sequences("a") == [1, 2, 3]


@pytest.mark.parametrize("harm", ["cut", "other"])
def test_a_damaged_memory_is_set_aside_and_read_back_from_the_output(
    listen: Any, publisher: Publisher, harm: str
) -> None:
    room = listen()
    for n in (1, 2):
        publisher.alert("a", n)
    until(lambda: publisher.receipt("a") == 2)
    room.end()
    state = room.output.with_name(room.output.name + ".state")
    state.write_bytes(state.read_bytes()[:5000] if harm == "cut" else b"Dear room, " * 1000)
    publisher.alert("a", 3)
    room.start()
    until(lambda: publisher.receipt("a") == 3)
    assert room.sequences("a") == [1, 2, 3]
    assert "set aside as" in room.said()


def test_a_second_listener_of_a_room_is_one_line(listen: Any, tmp_path: Path) -> None:
    listen(stdout=True)
    done = run("--config", str(tmp_path / "warsaw.toml"), "--room", "warsaw")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert "room-warsaw.state: database is locked, expected the memory of a room that nobody else uses" in done.stderr


def test_two_of_one_name_elsewhere_say_so(listen: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    one = listen()
    config = (tmp_path / "warsaw.toml").read_text()
    url = config.partition('url = "')[2].partition('"')[0]
    other = Listener(tmp_path / "elsewhere", url)
    try:
        said = "soon after connecting: is another client named incursiond-pl-east-room-warsaw?"
        until(lambda: said in one.said() and said in other.said())
    finally:
        other.process.kill()
        other.process.wait()


def test_an_output_that_is_rotated_away_loses_nothing(listen: Any, publisher: Publisher) -> None:
    room = listen()
    publisher.alert("a", 1)
    until(lambda: publisher.receipt("a") == 1)
    room.output.rename(tmp := room.output.with_suffix(".1"))
    publisher.alert("a", 2)
    until(lambda: publisher.receipt("a") == 2)
    assert room.sequences("a") == [2]
    room.end(signal.SIGKILL)
    room.start()
    publisher.alert("a", 3)
    until(lambda: publisher.receipt("a") == 3)
    assert (room.sequences("a"), len(tmp.read_bytes().splitlines())) == ([2, 3], 1)


def test_a_broker_that_comes_late_and_goes(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    room = Listener(tmp_path, broker.url)
    try:
        until(lambda: "trying again" in room.said())
        for incident_id in "ab":
            broker.start()
            room.connected()
            publisher = Publisher(broker.port)
            publisher.alert(incident_id, 1)
            until(partial(publisher.alone, incident_id))
            publisher.leave()
            broker.kill()
        assert room.end() == 0
    finally:
        room.process.kill()
        room.process.wait()
    assert "Traceback" not in room.said()


def test_a_broker_that_speaks_3_1_1_only(tmp_path: Path) -> None:
    pytest.importorskip("amqtt.broker", reason="extra demo is not installed")
    with broker() as port:
        room = Listener(tmp_path, f"mqtt://127.0.0.1:{port}")
        try:
            room.connected()
            assert "MQTT 3.1.1" in room.said()
            publisher = Publisher(port)
            publisher.alert("a", 1)
            until(lambda: publisher.receipt("a") == 1)
            room.end(signal.SIGKILL)
            publisher.alert("a", 2)
            room.start()
            until(lambda: publisher.receipt("a") == 2)
            assert room.sequences("a") == [1, 2]
            publisher.leave()
        finally:
            room.process.kill()
            room.process.wait()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "detector", "listen", *arguments]
    return subprocess.run(command, cwd=REPO, text=True, capture_output=True, timeout=30, check=False)


def test_what_cannot_be_used_is_one_line(listen: Any, tmp_path: Path) -> None:
    room = listen()
    config = str(tmp_path / "warsaw.toml")
    alien = tmp_path / "letter.txt"
    alien.write_text("Dear room,")
    for arguments, word in (
        (["--config", config], "--room"),
        (["--config", config, "--room", "Warsaw East"], "lower-case letters"),
        (["--config", str(tmp_path / "gone.toml"), "--room", "x"], "gone.toml"),
        (["--config", config, "--room", "x", "--output", str(tmp_path / "no" / "x")], "a file to append to"),
        (["--config", config, "--room", "x", "--output", str(alien)], "letter.txt"),
        (["--config", config, "--room", "x", "--output", "/dev/null"], "/dev/null: is no file"),
        (["--config", config, "--room", "warsaw", "--output", str(room.output)], "nobody else uses"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
        assert word in done.stderr
    assert alien.read_text() == "Dear room,"


def test_a_disk_that_is_full_ends_it_and_nothing_is_lost(listen: Any, publisher: Publisher) -> None:
    room = listen()
    room.end()
    for n in (1, 2, 3):
        publisher.alert("a", n, headline="x" * 100_000)
    limited = ["bash", "-c", 'ulimit -f 250; exec "$@"', "bash", *room._command]
    done = subprocess.run(limited, cwd=REPO, text=True, capture_output=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"{room.output}: file too large"
    room.start()
    until(lambda: publisher.receipt("a") == 3)
    assert room.sequences("a") == [1, 2, 3]
