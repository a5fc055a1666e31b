"""The ledger on journals that are killed, damaged or gone, and on disks that take or give nothing."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from detector.delivery.journal import Journal, State
from detector.delivery.ledger import Ledger
from tests.delivery.test_journal import REPO, letter, letters


def test_a_ledger_goes_on_where_another_has_ended(tmp_path):
    first = Ledger(tmp_path)
    assert first.write(letters(1, 2), State(True, b"core"))
    first.done(letter(1))
    first.close()
    second = Ledger(tmp_path)
    assert (second.found, second.states, second.last_number) == ([letter(2)], [b"core"], 2)
    assert second.confirmed == {"updated": 1}
    assert (second.trouble, second.damage) == ("", "")


def aside(directory: Path) -> list[str]:
    return sorted(path.name.split("-2")[0] for path in directory.glob("*corrupt*") if path.name.endswith("Z"))


def test_a_journal_damaged_under_way_is_set_aside_and_what_waits_goes_into_a_fresh_one(tmp_path):
    ledger = Ledger(tmp_path)
    assert ledger.write(letters(1, 2, 3))
    ledger.done(letter(1))
    ledger.tend()
    db = sqlite3.connect(tmp_path / "journal.db")
    db.execute("DROP TABLE letters")
    db.commit()
    db.close()
    assert ledger.write(letters(4))
    assert "damaged" in ledger.damage
    assert aside(tmp_path) == ["journal.db.corrupt"]
    assert Journal(tmp_path / "journal.db").waiting() == letters(2, 3, 4)


@pytest.mark.parametrize("loss", ["removed", "moved", "replaced", "with its directory"])
def test_a_journal_that_is_gone_under_way_is_begun_anew_with_what_waits(tmp_path, loss):
    path = tmp_path / "state" / "journal.db"
    ledger = Ledger(path.parent)
    assert ledger.write(letters(1, 2, 3))
    ledger.done(letter(1))
    ledger.tend()
    match loss:
        case "removed":
            for each in path.parent.glob("journal.db*"):
                each.unlink()
        case "moved":
            path.rename(tmp_path / "elsewhere")
        case "replaced":
            shutil.copy(path, tmp_path / "copy")
            (tmp_path / "copy").replace(path)
        case "with its directory":
            shutil.rmtree(path.parent)
    ledger.tend()
    assert "removed or replaced while in use" in ledger.damage
    assert ledger.write(letters(4))
    assert (ledger.trouble, Ledger(path.parent).found) == ("", letters(2, 3, 4))


def test_what_is_done_before_its_predecessor_is_sent_again_behind_it(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.write([letter(1, "a"), letter(2, "b"), letter(3, "a", "closed"), letter(4, "b")])
    for done in (letter(3, "a", "closed"), letter(2, "b")):  # of a, the alert of the first is refused
        ledger.done(done)
    ledger.tend()
    ledger.tend()
    assert Ledger(tmp_path).found == [letter(1, "a"), letter(3, "a", "closed"), letter(4, "b")]
    ledger.done(letter(1, "a"))
    ledger.tend()
    assert Ledger(tmp_path).found == [letter(4, "b")]
    assert ledger._ahead == set()


FILL = """
import sys
from contextlib import suppress
from pathlib import Path
from detector.delivery.ledger import Ledger
from tests.delivery.test_journal import letter
ledger = Ledger(Path(sys.argv[1]))
for first in range(1, 200, 10):
    assert ledger.write([letter(n, f"i{n}") for n in range(first, first + 10)])
    ledger.done(letter(first, f"i{first}"))
ledger.tend()
ledger.close() if sys.argv[2] == "closed" else sys.stdout.flush() or __import__("os")._exit(0)
"""


@pytest.fixture(scope="module", params=["closed", "killed"])
def filled(request, tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("filled")
    subprocess.run([sys.executable, "-c", FILL, str(directory), request.param], cwd=REPO, check=True)
    return directory


def damage(file: Path, chance: random.Random, *, cut: bool = True) -> None:
    """Flip some bits of a file, or cut it off."""
    data = bytearray(file.read_bytes())
    if cut and chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    else:
        for _ in range(chance.choice([1, 8, 64])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def test_an_emptied_file_is_no_new_journal(tmp_path):
    Ledger(tmp_path).close()
    (tmp_path / "journal.db").write_bytes(b"")
    assert "the file is empty" in Ledger(tmp_path).damage


def test_what_can_be_read_of_a_damaged_journal_is_sent(tmp_path):
    Ledger(tmp_path).write([letter(n, f"i{n}") for n in range(1, 31)], State(True, b"core"))
    db = sqlite3.connect(tmp_path / "journal.db")
    db.execute("UPDATE letters SET publications = x'00' WHERE number = 7")
    db.execute("UPDATE letters SET event = CAST(x'ff' AS TEXT) WHERE number = 8")
    db.commit()
    db.close()
    ledger = Ledger(tmp_path)
    assert "letter 7 is not as it was written" in ledger.damage
    assert [each.number for each in ledger.found] == [*range(1, 7), *range(9, 31)]
    assert (ledger.open, ledger.states, ledger.last_number) == (ledger.found, [], 30)
    ledger.tend()
    assert Ledger(tmp_path).found == ledger.found


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_noticed_or_harms_nothing(filled, tmp_path, seed):
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    (tmp_path / "journal.db-shm").unlink(missing_ok=True)
    chance = random.Random(seed)
    file = chance.choice(sorted(tmp_path.glob("journal.db*")))
    damage(file, chance, cut=not file.name.endswith("-wal"))  # a log that is cut off does not show it
    ledger = Ledger(tmp_path)
    waiting = [n for n in range(1, 201) if n % 10 != 1]
    assert ledger.found == [letter(n, f"i{n}") for n in waiting] or "damaged" in ledger.damage
    assert bool(ledger.damage) == bool(aside(tmp_path))
    assert all(found == letter(found.number, f"i{found.number}") for found in ledger.found)
    assert ledger.write(letters(1000))
    assert Ledger(tmp_path).found[-1] == letter(1000)


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Path:
    """What a daemon has left that was killed: 180 letters that wait, all of them in the log."""
    directory = tmp_path_factory.mktemp("killed")
    subprocess.run([sys.executable, "-c", FILL, str(directory), "killed"], cwd=REPO, check=True)
    return directory


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda _: None, "it is missing"),
        (lambda _: b"", "it was cut off"),
        (lambda log: log[:31], "it was cut off"),
        (lambda log: log[: len(log) // 2], "it was cut off"),
        (lambda log: bytes(32) + log[32:], "its header is none"),
        (lambda log: random.Random(1).randbytes(len(log)), "its header is none"),
    ],
    ids=["missing", "empty", "short", "half", "zeroed", "garbled"],
)
def test_a_log_that_sqlite_would_leave_out_without_a_word_is_damage(killed, tmp_path, spoil, why):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "journal.db-wal"
    spoilt = spoil(log.read_bytes())
    log.unlink()
    if spoilt is not None:
        log.write_bytes(spoilt)
    ledger = Ledger(tmp_path)
    assert why in ledger.damage
    assert aside(tmp_path) == ["journal.db.corrupt"]
    kept = [each.read_bytes() for each in tmp_path.glob("journal.db.corrupt-*-wal")]
    assert kept == ([] if spoilt is None else [spoilt]), "as it was found, for whoever looks into it"
    assert all(found == letter(found.number, f"i{found.number}") for found in ledger.found)
    assert ledger.write(letters(1000))
    ledger.close()
    assert (Ledger(tmp_path).damage, Ledger(tmp_path).found) == ("", [*ledger.found, letter(1000)])


@pytest.mark.parametrize("at", range(32))
def test_of_a_log_with_a_bit_flipped_in_its_header_all_letters_are_sent(killed, tmp_path, at):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "journal.db-wal"
    log.write_bytes(flipped(log.read_bytes(), at))
    ledger = Ledger(tmp_path)
    assert "its header is none" in ledger.damage
    assert [each.number for each in ledger.found] == [n for n in range(1, 201) if n % 10 != 1]


@pytest.mark.parametrize("index", ["kept", "lost", "zeroed", "flipped"])
@pytest.mark.parametrize("read_along", [False, True])
def test_a_killed_daemon_is_no_damage_whatever_becomes_of_the_index(killed, tmp_path, index, read_along):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    shm = tmp_path / "journal.db-shm"
    match index:
        case "lost":
            shm.unlink()
        case "zeroed":
            shm.write_bytes(bytes(shm.stat().st_size))
        case "flipped":
            shm.write_bytes(flipped(shm.read_bytes(), 18))  # how many frames there are
    if read_along:  # who closes last folds the log in, and removes it
        db = sqlite3.connect(tmp_path / "journal.db")
        db.execute("SELECT * FROM letters").fetchall()
        db.close()
    ledger = Ledger(tmp_path)
    assert (ledger.damage, len(ledger.found)) == ("", 180)


@pytest.mark.parametrize("state", ["begun", "checkpointed"])
def test_who_is_killed_before_a_frame_is_written_leaves_no_damage(tmp_path, state):
    there, copy = Ledger(tmp_path / "state"), tmp_path / "copy"
    if state == "checkpointed":
        there.write(letters(1, 2))
        there._journal._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    shutil.copytree(tmp_path / "state", copy)  # as a kill leaves it
    ledger = Ledger(copy)
    assert (ledger.damage, ledger.found) == ("", letters(1, 2) if state == "checkpointed" else [])


def test_an_index_that_a_machine_without_power_has_left_behind_its_log_is_no_damage(tmp_path):
    there, copy = Ledger(tmp_path / "state"), tmp_path / "copy"
    there.write(letters(*range(1, 30)))
    index = (tmp_path / "state" / "journal.db-shm").read_bytes()
    there._journal._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    there.write(letters(30))
    shutil.copytree(tmp_path / "state", copy)
    (copy / "journal.db-shm").write_bytes(index)
    ledger = Ledger(copy)
    assert (ledger.damage, ledger.found) == ("", letters(*range(1, 31)))


def test_a_disk_that_is_read_only_at_first(tmp_path):
    Ledger(tmp_path).write(letters(1, 2))
    mount = ["mount", "--bind", str(tmp_path), str(tmp_path)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root, to make a disk read-only: {done.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path)], check=True)
        ledger = Ledger(tmp_path)
        assert "readonly" in ledger.trouble or "read-only" in ledger.trouble
        assert (ledger.found, ledger.open, ledger.last_number) == (letters(1, 2), letters(2), 2)
        assert not ledger.write(letters(ledger.last_number + 1))
        ledger.owe(letters(ledger.last_number + 1))
        subprocess.run(["mount", "-o", "remount,rw,bind", str(tmp_path)], check=True)
        ledger.tend()
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
    assert (ledger.trouble, ledger.damage, ledger.found) == ("", "", letters(1, 2))
    assert Ledger(tmp_path).found == letters(1, 2, ledger.last_number + 1)


@contextmanager
def unreadable(directory: Path) -> Iterator[None]:
    """A file instead of a directory: nothing in there can be read, or written."""
    away = directory.rename(directory.with_name("away"))
    directory.touch()
    yield
    directory.unlink()
    away.rename(directory)


def test_what_is_open_on_a_disk_that_cannot_be_read_at_first_is_known_once_it_can(tmp_path):
    told = [letter(1, "a"), letter(2, "b"), letter(3, "b", "closed")]
    Ledger(tmp_path / "state").write(told, State(whole=True, blob=b"state"))
    with unreadable(tmp_path / "state"):
        ledger = Ledger(tmp_path / "state")
        ledger.tend()
        assert ledger.trouble
        assert ledger.open == ledger.found == []
    ledger.tend()
    assert (ledger.trouble, ledger.damage, ledger.found, ledger.open) == ("", "", told, told[:1])


def test_what_is_damaged_on_a_disk_that_cannot_be_read_at_first_is_salvaged(tmp_path):
    directory = tmp_path / "state"
    Ledger(directory).write(letters(1, 2))
    with unreadable(directory):
        ledger = Ledger(directory)
    with sqlite3.connect(directory / "journal.db") as db:
        db.execute("UPDATE letters SET seal = x'00' WHERE number = 1")
    ledger.tend()
    assert len(aside(directory)) == 1
    assert (ledger.found, ledger.open) == (letters(2), letters(2))


@pytest.mark.parametrize("damaged", [False, True])
def test_what_was_closed_is_known_after_a_restart(tmp_path, damaged):
    directory = tmp_path / "state"
    ledger = Ledger(directory)
    told = [letter(1, "a"), letter(2, "a", "closed"), letter(3, "b")]
    ledger.write(told)
    for each in told:
        ledger.done(each)
    ledger.close()
    if damaged:
        with sqlite3.connect(directory / "journal.db") as db:
            db.execute("UPDATE letters SET seal = x'00', done = 0 WHERE number = 3")
    assert Ledger(directory).closed == {"a": told[1].sequence}


def test_what_is_done_before_the_disk_has_it_is_written_as_far_as_its_incident_has_come(tmp_path):
    directory = tmp_path / "state"
    ledger = Ledger(directory)
    told = [letter(1, "a"), letter(2, "a"), letter(3, "a", "closed"), letter(4, "b")]
    ledger.write(told[:1])
    with unreadable(directory):
        assert not ledger.write(told[1:2])
        for each in told[1:]:
            ledger.owe([each])
        for each in told[:2]:
            ledger.done(each)
        ledger.tend()
        ledger.owe([letter(5, "a")])
        assert [*ledger._owed] == [3, 4, 5], "no more than the last of what is done"
        for each in (told[2], letter(5, "a")):
            ledger.done(each)
    ledger.tend()
    again = Ledger(directory)
    assert (again.found, again.open) == ([told[3]], [told[3], letter(5, "a")])


def test_a_disk_that_was_full_when_the_daemon_was_killed(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(tmp_path)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root, for a small disk: {done.stderr.strip()}")
    try:
        killed = Journal(tmp_path / "journal.db")
        told = [letter(1, "a"), letter(2, "b"), letter(3, "b", "closed")]
        killed.write(told, [1], [State(whole=True, blob=b"state")])
        ballast = tmp_path / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(512))
        for _ in range(2):
            ledger = Ledger(tmp_path)
            assert "full" in ledger.trouble
            assert ledger.open == [letter(1, "a")]
            assert (ledger.states, ledger.found) == ([b"state"], told[1:])
        assert not ledger.write([letter(4, "a")])
        ledger.owe([letter(4, "a")])
        ballast.unlink()
        ledger.tend()
        assert (ledger.trouble, ledger.damage) == ("", "")
        assert Ledger(tmp_path).found == [*told[1:], letter(4, "a")]
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_disk_that_is_full_at_first(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root, for a small disk: {done.stderr.strip()}")
    try:
        for left in range(20):
            (tmp_path / "ballast").write_bytes(bytes((64 - left) * 4096))
            directory = tmp_path / str(left)
            Ledger(directory).close()
            ledger = Ledger(directory)
            ledger.tend()
            assert ledger.damage == "", f"{left} pages left"
            assert ledger.trouble or left > 8
            (tmp_path / "ballast").unlink()
            assert ledger.write(letters(1))
            ledger.close()
            assert (ledger.trouble, ledger.damage, aside(directory)) == ("", "", [])
            shutil.rmtree(directory)
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
