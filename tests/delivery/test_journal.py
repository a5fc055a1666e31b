"""The journal and the ledger on files that are killed, damaged, and of other versions."""

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

from detector.delivery import journal as module
from detector.delivery.journal import Journal, JournalDamagedError, State
from detector.delivery.ledger import Ledger
from detector.delivery.letters import Letter
from detector.delivery.messages import Publication
from detector.delivery.wal import committed_frames
from detector.errors import InputError

REPO = Path(__file__).parents[2]


def letter(number: int, incident_id: str = "7d0c", event: str = "updated") -> Letter:
    payload = b'{"n": %d}' % number * 50
    publications = Publication("alert", payload, expiry_s=60), Publication("incident", payload, retain=True)
    return Letter(number, incident_id, number, event, 1.5 * number, publications)


def letters(*numbers: int) -> list[Letter]:
    return [letter(number) for number in numbers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_what_is_written_is_there_when_it_is_opened_again(path):
    first = Journal(path)
    first.write(letters(1, 2, 3))
    first.write([letter(4, event="closed")], done=[2])
    first.close()
    again = Journal(path)
    assert again.waiting() == [letter(1), letter(3), letter(4, event="closed")]
    assert (again.last_number(), again.made()) == (4, {"updated": 3, "closed": 1})


def test_a_transaction_is_all_or_nothing(path):
    journal = Journal(path)
    with pytest.raises(JournalDamagedError):
        journal.write([letter(1), letter(2, incident_id=None)])
    assert journal.waiting() == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ([], []),
        ([State(True, b"a")], [b"a"]),
        ([State(False, b"b")], [b"b"]),
        ([State(True, b"a"), State(False, b"b")], [b"a", b"b"]),
        ([State(True, b"a"), State(False, b"b"), State(False, b"c")], [b"a", b"c"]),
        ([State(True, b"a"), State(False, b"b"), State(True, b"d")], [b"d"]),
        ([State(True, b"a"), State(False, b"b"), State(True, b"d", 0, 2)], [b"a", b"b"]),
        ([State(True, b"a"), State(False, b"b"), State(True, b"d", 0, 2), State(True, b"e", 1, 2)], [b"de"]),
        ([State(True, b"d", n, 3) for n in range(3)] + [State(True, b"e", n, 2) for n in range(2)], [b"ee"]),
        (
            [State(True, b"a", 0, 2), State(True, b"b", 0, 2), State(True, b"c", 1, 2), State(False, b"d")],
            [b"bc", b"d"],
        ),
        ([State(True, b"a"), State(True, b"c", 1, 2)], [b"a"]),
        ([State(True, b"a"), State(True, b"d", 0, 2), State(False, b"b"), State(True, b"e", 1, 2)], [b"de"]),
    ],
)
def test_state_is_the_whole_and_what_has_changed_since(path, written, read):
    Journal(path).write([], states=written)
    assert Journal(path).states() == read


def test_letters_that_are_done_stay_for_a_while_and_those_that_wait_for_good(path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 5)
    journal = Journal(path)
    journal.write(letters(*range(1, 21)), done=range(2, 19))
    assert [row[0] for row in sqlite3.connect(path).execute("SELECT number FROM letters")] == [1, *range(16, 21)]
    assert journal.waiting() == letters(1, 19, 20)


def test_letters_that_are_done_take_no_more_room_than_they_may(path, monkeypatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 2**20)
    journal = Journal(path)
    journal.write([letter(1, "open"), letter(2, "waits"), letter(3, "waits")], done=[1, 3])
    for number in range(4, 2000):
        journal.write([letter(number)], done=[number])
    assert path.stat().st_size < 1.5 * 2**20
    assert [each.number for each in journal.waiting()] == [2]
    assert [each.number for each in journal.open_incidents()] == [1, 3, 1999]
    kept = [number for (number,) in journal._db.execute("SELECT number FROM letters WHERE number > 3 ORDER BY number")]
    assert kept == list(range(kept[0], 2000))
    assert 200 < len(kept) < 1000


def test_who_has_read_along_and_goes_while_it_is_opened_damages_nothing(path, monkeypatch):
    first, reader = Journal(path), sqlite3.connect(path)
    first.write(letters(1))
    reader.execute("SELECT * FROM letters").fetchall()
    first.close()  # not the last: the log stays

    def counted(wal: Path) -> int:
        frames = committed_frames(wal)
        reader.close()
        return frames

    monkeypatch.setattr(module, "committed_frames", counted)
    assert Journal(path).waiting() == letters(1)


def test_an_older_schema_is_upgraded_in_place(path, monkeypatch):
    Journal(path).write(letters(1, 2))
    added = "ALTER TABLE letters ADD COLUMN room TEXT; UPDATE letters SET room = 'warsaw';"
    monkeypatch.setattr(module, "UPGRADES", (*module.UPGRADES, added))
    Journal(path).close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (len(module.UPGRADES),)
    assert db.execute("SELECT number, room FROM letters").fetchall() == [(1, "warsaw"), (2, "warsaw")]


def test_a_newer_schema_is_refused_and_left_alone(path):
    Journal(path).write(letters(1))
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(InputError, match=r"journal\.db: schema 7, of a newer incursiond; expected one up to 2"):
        Ledger(path.parent)
    assert [each.name for each in path.parent.glob("*corrupt*")] == []


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
    db.commit()
    db.close()
    ledger = Ledger(tmp_path)
    assert "letter 7 is not as it was written" in ledger.damage
    assert [each.number for each in ledger.found] == [*range(1, 7), *range(8, 31)]
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


def test_a_copy_has_what_is_on_the_disk_and_in_the_log(path):
    journal = Journal(path)
    for number in range(1, 300):  # over several checkpoints
        journal.write(letters(number), [number - 7], [State(whole=number % 50 == 0, blob=b"%d" % number * 900)])
    copy = Journal(path, copied=True)
    assert committed_frames(path.with_name("journal.db-wal")) > 0
    assert (copy.waiting(), copy.states(), copy.made()) == (journal.waiting(), journal.states(), journal.made())
    journal.close()
    assert Journal(path, copied=True).open_incidents() == copy.open_incidents() == letters(299)


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


@pytest.mark.parametrize("flipped", [None, 3, 17, 30])
def test_a_log_that_was_just_begun_anew_is_no_damage(path, flipped):
    """SQLite writes the new header, waits for the disk, and only then the first frame over an old one."""
    first, log = Journal(path), path.with_name("journal.db-wal")
    first.write(letters(1, 2))
    first._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    before = path.read_bytes(), log.read_bytes()
    first.write(letters(3))
    header = bytearray(log.read_bytes()[:32])
    assert header != before[1][:32], "the log was not begun anew"
    if flipped is not None:
        header[flipped] ^= 1
    killed = path.with_name("killed.db")
    killed.write_bytes(before[0])
    killed.with_name("killed.db-wal").write_bytes(header + before[1][32:])
    first.close()
    if flipped is None:
        assert Journal(killed).last_number() == 2
    else:
        with pytest.raises(JournalDamagedError, match="1 pages cannot be read"):
            Journal(killed)
