"""What a room has seen, on a disk, so that a restart writes nothing twice.

Lines come first, then the memory of them, then the acknowledgement to the broker. A crash between the first two leaves
lines that the memory does not know; they are read back from the end of the output file. (Standard output cannot be read
back: there such lines come again.)
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from detector.delivery.messages import key_of
from detector.errors import IncursiondError, InputError
from detector.room.order import Order, Step, Verdict, digest
from detector.room.output import Output

log = logging.getLogger(__name__)

KEPT_S = 30 * 86_400.0  # since anything of an incident came: a broker keeps nothing for a room for so long
RENEWED_S = 86_400.0  # older ones are renewed when they come again

_SEEN = (Verdict.PASSED, Verdict.LATE, Verdict.WAITS)
_SKIPPED = (Verdict.BEFORE, Verdict.LOST)
_AGAIN = (Verdict.REPEATED, Verdict.DIFFERS)
_TABLES = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS seen (
    incident_id TEXT, sequence INTEGER, digest BLOB,
    waiting BLOB,  -- the payload, while it waits for its predecessor
    time_s REAL, PRIMARY KEY (incident_id, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS skipped (incident_id TEXT PRIMARY KEY, upto INTEGER, time_s REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS output (bytes INTEGER);
"""


class InUseError(InputError):
    """Another process has the memory."""


class _DamagedError(InputError):
    """The file is no memory any more."""


_REFUSALS = {
    sqlite3.SQLITE_BUSY: InUseError,
    sqlite3.SQLITE_CORRUPT: _DamagedError,
    sqlite3.SQLITE_NOTADB: _DamagedError,
}


class Memory:
    """The memory of one room."""

    def __init__(self, path: Path | str) -> None:
        """Open or make the file; `:memory:` forgets, and one that is damaged is set aside.

        Raises InUseError, and InputError if it cannot be used for another reason.
        """
        self._path, self._db = path, _open(path)

    def recall(self, order: Order, output: Output, time_s: float, now_s: float) -> list[Step]:
        """Tell an order what was seen before, and return what it has to say about what waited.

        `time_s` is Unix time, `now_s` the order's. Raises IncursiondError.
        """
        self.forget(time_s)
        try:
            self._read_back(output, time_s)
            return self._tell(order, now_s)
        except sqlite3.Error as error:
            raise IncursiondError(f"{self._path}: {error}") from error

    def record(self, steps: Sequence[Step], output: Output, time_s: float) -> None:
        """Remember what has been written, left out, is yet to be, or came again. Raises IncursiondError."""
        try:
            if any(step.verdict in _SEEN or step.verdict in _SKIPPED for step in steps):
                self._save(steps, output, time_s)
            self._renew(steps, time_s)
        except sqlite3.Error as error:
            raise IncursiondError(f"{self._path}: {error}") from error

    def forget(self, time_s: float) -> list[str]:
        """Forget the incidents of which nothing has come for KEPT_S, and return them. Raises IncursiondError.

        All of an incident or nothing, so that no rest of one looks like a gap.
        """
        old = "SELECT incident_id FROM seen GROUP BY incident_id HAVING max(time_s) < ?"
        try:
            forgotten = [row[0] for row in self._db.execute(old, (time_s - KEPT_S,))]
            self._db.execute("BEGIN")
            for table in ("seen", "skipped"):
                self._db.executemany(f"DELETE FROM {table} WHERE incident_id = ?", zip(forgotten))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise IncursiondError(f"{self._path}: {error}") from error
        return forgotten

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _read_back(self, output: Output, time_s: float) -> None:
        written = next(self._db.execute("SELECT bytes FROM output"), (0,))[0]
        self._save(map(_written, output.tail(written)), output, time_s)

    def _tell(self, order: Order, now_s: float) -> list[Step]:
        for incident_id, upto in self._db.execute("SELECT incident_id, upto FROM skipped"):
            order.skip(incident_id, upto)
        rows = "SELECT incident_id, sequence, digest FROM seen WHERE waiting IS NULL ORDER BY time_s"
        for incident_id, sequence, known in self._db.execute(rows):
            order.recall(incident_id, sequence, known, now_s)
        waiting = self._db.execute("SELECT waiting FROM seen WHERE waiting IS NOT NULL")
        return [step for (payload,) in waiting for step in order.take(payload, now_s)]

    def _renew(self, steps: Iterable[Step], time_s: float) -> None:
        """Keep for longer what still comes: a copy must not find its original forgotten."""
        rows = [
            (time_s, step.incident_id, step.sequence, time_s - RENEWED_S) for step in steps if step.verdict in _AGAIN
        ]
        self._db.executemany("UPDATE seen SET time_s = ? WHERE incident_id = ? AND sequence = ? AND time_s < ?", rows)

    def _save(self, steps: Iterable[Step], output: Output, time_s: float) -> None:
        self._db.execute("BEGIN")
        for step in steps:
            if step.verdict in _SEEN:
                waiting = step.payload if step.verdict is Verdict.WAITS else None
                row = (step.incident_id, step.sequence, digest(step.payload), waiting, time_s)
                self._db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)", row)
            elif step.verdict in _SKIPPED:
                gap = (step.incident_id, step.sequence, time_s)
                self._db.execute("INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)", gap)
        self._db.execute("DELETE FROM output")
        self._db.execute("INSERT INTO output VALUES (?)", (output.size(),))
        self._db.execute("COMMIT")


def _open(path: Path | str) -> sqlite3.Connection:
    try:
        return _connect(path)
    except _DamagedError as error:
        if isinstance(path, str):
            raise
        _set_aside(path, str(error))
        return _connect(path)


def _connect(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    try:
        db.executescript(_TABLES)
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")  # the lock is ours from here on
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("database disk image is malformed")
    except sqlite3.Error as error:
        db.close()
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        refusal = _REFUSALS.get(code, InputError)
        raise refusal([f"{path}: {error}, expected the memory of a room that nobody else uses"]) from None
    return db


def _set_aside(path: Path, why: str) -> None:
    """Make room for a fresh memory; what a file was written is read back from there."""
    aside = path.with_name(f"{path.name}.corrupt")
    log.warning("%s; it is set aside as %s, and a fresh one begun", why, aside)
    path.replace(aside)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _written(line: bytes) -> Step:
    try:
        key = key_of(line)
    except ValueError as error:
        return Step(Verdict.UNREADABLE, "", 0, reason=str(error))
    return Step(Verdict.PASSED, key.incident_id, key.sequence, line)
