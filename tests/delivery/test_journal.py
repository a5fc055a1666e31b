"""The journal on files that are killed, written along, and of other versions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from detector.delivery import journal as module
from detector.delivery.journal import Journal, JournalDamagedError, State
from detector.delivery.ledger import Ledger
from detector.delivery.letters import Letter
from detector.delivery.wal import committed_frames
from detector.mqtt.publication import Publication

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


def test_the_last_letter_of_an_open_incident_stays_however_old_it_is(path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 5)
    journal = Journal(path)
    closed = [letter(number, event="closed") for number in range(3, 21)]
    journal.write([letter(1, "open"), letter(2, "open"), *closed], done=range(1, 21))
    journal.write([])
    kept = sqlite3.connect(path).execute("SELECT number FROM letters ORDER BY number")
    assert [number for (number,) in kept] == [2, *range(16, 21)]
    assert [each.number for each in journal.open_incidents()] == [2]
    assert list(journal.closed_incidents()) == [each.incident_id for each in closed[-5:]][-1:]


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


def test_a_newer_schema_is_set_aside_whole_and_what_waits_goes_on(path):
    Journal(path).write(letters(1))
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 7")
    db.close()
    ledger = Ledger(path.parent)
    assert "(schema 7, of a newer incursiond; expected one up to 3) and is set aside as" in ledger.damage
    assert [letter.number for letter in ledger.found] == [1]
    (aside,) = path.parent.glob("*corrupt*Z")
    assert sqlite3.connect(aside).execute("PRAGMA user_version").fetchone() == (7,)


def test_a_copy_has_what_is_on_the_disk_and_in_the_log(path):
    journal = Journal(path)
    for number in range(1, 300):  # over several checkpoints
        journal.write(letters(number), [number - 7], [State(whole=number % 50 == 0, blob=b"%d" % number * 900)])
    copy = Journal(path, copied=True)
    assert committed_frames(path.with_name("journal.db-wal")) > 0
    assert (copy.waiting(), copy.states(), copy.made()) == (journal.waiting(), journal.states(), journal.made())
    journal.close()
    assert Journal(path, copied=True).open_incidents() == copy.open_incidents() == letters(299)


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
        with pytest.raises(JournalDamagedError, match="its header is none"):
            Journal(killed)
