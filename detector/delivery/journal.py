"""The journal: letters, and the state of the core that they were written in, on a disk; each batch one transaction.

A transaction that has returned outlives the process and the machine (WAL, synchronous=FULL). A disk that lies, and what
it makes of a file in time, is met by checks when the journal is opened and by a seal on every letter and state, for
SQLite has no checksums of its own outside its WAL.

Letters that are done stay for a while, to be looked up: `sqlite3 journal.db 'SELECT * FROM letters'`.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from detector.delivery.letters import Letter
from detector.delivery.wal import committed_frames, folded, left_out
from detector.errors import reason_of
from detector.mqtt.publication import Publication

KEPT = 10_000  # numbers, back from the last: letters older than that go once they are done
KEPT_BYTES = 128 * 2**20  # of a journal: beyond, the oldest quarter goes, for all of it is checked at a start
PATIENCE_S = 0.5  # with somebody who reads along and blocks us
UPGRADES = (  # the first makes version 1 of nothing, the second version 2 of that, and so on
    """
    CREATE TABLE letters (
        number INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL,
        received_s REAL NOT NULL, publications BLOB NOT NULL, seal BLOB NOT NULL, done INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX waiting ON letters (number) WHERE NOT done;
    CREATE TABLE made (event TEXT PRIMARY KEY, letters INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE state (whole INTEGER PRIMARY KEY, blob BLOB NOT NULL, seal BLOB NOT NULL);
    """,
    """
    DROP TABLE state;
    CREATE TABLE since (one INTEGER PRIMARY KEY CHECK (one), blob BLOB NOT NULL, seal BLOB NOT NULL);
    CREATE TABLE parts (slot INTEGER, part INTEGER, blob BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (slot, part));
    CREATE TABLE whole (one INTEGER PRIMARY KEY CHECK (one), slot INTEGER NOT NULL, parts INTEGER NOT NULL);
    """,
    "CREATE INDEX of_incident ON letters (incident_id, number);",
)
_COLUMNS = "number, incident_id, sequence, event, received_s, publications, seal, done"
_OVER = (  # of letters: those that are not the last of an open incident
    "event = 'closed' OR EXISTS (SELECT 1 FROM letters AS later "
    "WHERE later.incident_id = letters.incident_id AND later.number > letters.number)"
)
_DISK = {  # what is wrong with the disk, or for a while; anything else is wrong with the journal
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
_TORN = {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}


class State(Struct, frozen=True):
    """State of the core: the whole, which replaces all that was written before, or what has changed since.

    The whole may be written in parts, in their order: it counts from the last one on.
    """

    whole: bool
    blob: bytes
    part: int = 0
    parts: int = 1


class JournalDamagedError(Exception):
    """The file is no journal any more."""


class DiskError(Exception):
    """The disk does not do what it is asked to, for now at least."""


class Journal:
    """An open journal; any thread may use it, one at a time.

    Every method raises JournalDamagedError or DiskError.
    """

    def __init__(self, path: Path, *, copied: bool = False) -> None:
        """Open the file, or a copy of it in memory: to read what is on a disk on which nothing can be written."""
        self._most_bytes = KEPT_BYTES
        with _named():
            if copied:
                self._db = sqlite3.connect(":memory:")
                self._db.deserialize(folded(path))
                return
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            new = not path.exists()
            if not new and not path.stat().st_size:  # SQLite would take it for a new one
                raise JournalDamagedError("the file is empty")
            if not new and (why := left_out(path)):  # asked before SQLite makes a new one of it
                raise JournalDamagedError(f"its write-ahead log cannot be read: {why}")
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, PATIENCE_S, isolation_level="IMMEDIATE", check_same_thread=False)
            try:
                if self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":  # so it tells of a full disk
                    raise DiskError("no room for a write-ahead log")
                self._db.execute("PRAGMA synchronous = FULL")
                # Counted now that the log is open: nobody who reads along can take it away by closing any more.
                self._check(committed_frames(path.with_name(f"{path.name}-wal")))
                self._upgrade()
                self._path, self._file = path, path.stat()
            except BaseException:
                self._db.close()
                if new and not path.stat().st_size:  # nor would it be damage, should the disk take it later
                    path.unlink()
                raise

    def write(self, letters: Sequence[Letter], done: Sequence[int] = (), states: Sequence[State] = ()) -> None:
        """Take letters, note by their numbers which are done, and take state, all or none, for good."""
        with _named(), self._db:
            self._db.executemany("INSERT OR REPLACE INTO letters VALUES (?, ?, ?, ?, ?, ?, ?, 0)", map(_row, letters))
            self._db.executemany(
                "INSERT INTO made VALUES (?, 1) ON CONFLICT (event) DO UPDATE SET letters = letters + 1",
                [(letter.event,) for letter in letters],
            )
            self._db.executemany("UPDATE letters SET done = 1 WHERE number = ?", [(number,) for number in done])
            self._db.execute(
                f"DELETE FROM letters WHERE done AND number <= (SELECT max(number) FROM letters) - ? AND ({_OVER})",
                (KEPT,),
            )
            self._thin()
            for state in states:
                self._put(state)

    def _thin(self) -> None:
        """Let go of the oldest letters that are done and over, where all take much room."""
        if self._size() <= self._most_bytes:
            return
        old = "SELECT number FROM letters ORDER BY number LIMIT 1 OFFSET (SELECT count(*) / 4 FROM letters)"
        self._db.execute(f"DELETE FROM letters WHERE done AND number < ({old}) AND ({_OVER})")
        self._most_bytes = max(KEPT_BYTES, self._size() + KEPT_BYTES // 4)  # or they would be looked for at every write

    def _size(self) -> int:
        """Return how many bytes are in use."""
        pages, free, page_bytes = (
            self._db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page_bytes)

    def waiting(self) -> list[Letter]:
        """Return the letters that are not done, in order."""
        with _named():
            return [_letter(*row) for row in self._db.execute("SELECT * FROM letters WHERE NOT done ORDER BY number")]

    def open_incidents(self) -> list[Letter]:
        """Return the last letter of each incident that was not closed, in order."""
        with _named():
            rows = self._db.execute(f"SELECT * FROM letters WHERE NOT ({_OVER}) ORDER BY number")
            return [_letter(*row) for row in rows]

    def closed_incidents(self) -> dict[str, int]:
        """Return with which sequence incidents were closed, in order."""
        select = "SELECT incident_id, max(sequence) FROM letters WHERE event = 'closed' GROUP BY incident_id"
        with _named():
            return dict(self._db.execute(f"{select} ORDER BY max(number)"))

    def states(self) -> list[bytes]:
        """Return the state as last written: the whole, then what has changed since; whatever there is of both."""
        with _named():
            slot, parts = self._whole()
            select = "SELECT part, blob, seal FROM parts WHERE slot = ? AND part < ? ORDER BY part"
            rows = self._db.execute(select, (slot, parts)).fetchall()
            since = self._db.execute("SELECT 0, blob, seal FROM since").fetchall()
        known = all(
            isinstance(blob, bytes) and _seal(_plain((part,)) + blob) == seal for part, blob, seal in rows + since
        )
        if not known or len(rows) < parts:
            raise JournalDamagedError("the state is not as it was written")
        whole = [b"".join(blob for _, blob, _ in rows)] if parts else []
        return whole + [blob for _, blob, _ in since]

    def last_number(self) -> int:
        """Return the greatest number of a letter so far, 0 without one."""
        with _named():
            return int(self._db.execute("SELECT ifnull(max(number), 0) FROM letters").fetchone()[0])

    def made(self) -> dict[str, int]:
        """Return how many letters were ever written, by event."""
        with _named():
            return dict(self._db.execute("SELECT event, letters FROM made"))

    def gone(self) -> bool:
        """Tell whether the file was removed or replaced; SQLite would go on and write to what nobody finds again."""
        try:
            return not os.path.samestat(self._path.stat(), self._file)
        except OSError:
            return True

    def close(self) -> None:
        """Close it; what was written is on the disk already."""
        with _named():
            self._db.close()

    def _put(self, state: State) -> None:
        row = state.part, state.blob, _seal(_plain((state.part,)) + state.blob)
        if not state.whole:
            self._db.execute("INSERT OR REPLACE INTO since VALUES (1, ?, ?)", row[1:])
            return
        slot = 1 - self._whole()[0]  # by turns: the one in force stays until the other is complete
        self._db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?)", (slot, *row))
        there = "SELECT count(*) FROM parts WHERE slot = ? AND part < ?"  # fewer if the journal was set aside meanwhile
        (count,) = self._db.execute(there, (slot, state.parts)).fetchone()
        if count == state.parts == state.part + 1:
            self._db.execute("INSERT OR REPLACE INTO whole VALUES (1, ?, ?)", (slot, state.parts))
            self._db.execute("DELETE FROM since")

    def _whole(self) -> tuple[int, int]:
        """Return in which slot the whole state is that counts, and in how many parts; 0 without any."""
        return self._db.execute("SELECT slot, parts FROM whole").fetchone() or (0, 0)

    def _check(self, frames: int) -> None:
        _, recovered, _ = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if recovered < frames:
            raise JournalDamagedError(f"of its write-ahead log, {frames - recovered} pages cannot be read")
        problems = [row[0] for row in self._db.execute("PRAGMA quick_check(1)")]
        if problems != ["ok"]:
            raise JournalDamagedError("; ".join(problems).replace("\n", " "))

    def _upgrade(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if not 0 <= version <= len(UPGRADES):
            raise JournalDamagedError(f"schema {version}, of a newer incursiond; expected one up to {len(UPGRADES)}")
        for script in UPGRADES[version:]:
            version += 1
            self._db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {version}; COMMIT")


def salvage(path: Path) -> tuple[list[Letter], list[Letter]]:
    """Return what can still be read of a damaged journal: letters that wait, and the last of each incident.

    Its files stay as they are.
    """
    known = dict[int, tuple[Letter, bool]]()
    for log in (False, True):  # the latter is newer, and may be what spoils the former
        with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(folded(path, log=log))
            db.text_factory = lambda data: data.decode(errors="replace")  # the seal tells
            for *row, done in db.execute(f"SELECT {_COLUMNS} FROM letters ORDER BY number"):
                with suppress(JournalDamagedError):
                    letter = _letter(*row, done)
                    known[letter.number] = letter, bool(done)
    letters = [known[number] for number in sorted(known)]
    waiting = [letter for letter, done in letters if not done]
    return waiting, list({letter.incident_id: letter for letter, _ in letters}.values())


@contextmanager
def _named() -> Iterator[None]:
    """Name what goes wrong inside."""
    try:
        yield
    except OSError as error:
        raise DiskError(reason_of(error)) from error
    except sqlite3.ProgrammingError as error:  # a mistake of ours is no damage
        raise DiskError(str(error)) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        disk = code & 0xFF in _DISK and code not in _TORN
        raise (DiskError if disk else JournalDamagedError)(str(error)) from error


def _row(letter: Letter) -> tuple[Any, ...]:
    facts = letter.number, letter.incident_id, letter.sequence, letter.event, float(letter.received_s)
    blob = msgspec.msgpack.encode(letter.publications)
    return *facts, blob, _seal(_plain(facts) + blob)


def _letter(*row: Any) -> Letter:
    *facts, blob, seal, _done = row
    if not isinstance(blob, bytes) or _seal(_plain(tuple(facts)) + blob) != seal:
        raise JournalDamagedError(f"letter {facts[0]} is not as it was written")
    number, incident_id, sequence, event, received_s = facts
    publications = msgspec.msgpack.decode(blob, type=tuple[Publication, ...])
    return Letter(number, incident_id, sequence, event, received_s, publications)


def _plain(facts: tuple[Any, ...]) -> bytes:
    return repr(facts).encode()


def _seal(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
