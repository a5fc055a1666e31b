"""A process's disk: real SQLite, where a transaction fails, or is the last that a process begins or ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.simulation.world import Process

Seen = Callable[[str, list[Any]], None]


class Disk:
    """The folder of one process, and what was committed there, told by statement to `committed`."""

    def __init__(self, process: Process, folder: Path, committed: Seen) -> None:
        self.process, self.folder, self.committed = process, folder, committed
        self.broken_until_s = 0.0
        self.die = ""  # at the next commit: "before" it or "after" it
        self.meanwhile: Callable[[], None] = lambda: None  # what other threads do while the disk is at work
        self.connections: list[Connection] = []
        folder.mkdir()

    def check(self) -> None:
        if self.process.world.now_s < self.broken_until_s:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def dies(self, when: str) -> None:
        if self.die == when:
            self.die = ""
            self.process.die()

    def cut(self) -> None:
        """Let go of everything as the end of a process does."""
        for each in self.connections:
            sqlite3.Connection.rollback(each)
            sqlite3.Connection.close(each)
        self.connections = []
        self.meanwhile = lambda: None


class Connection(sqlite3.Connection):
    """A connection that a disk fails, and that is spied on."""

    disk: Disk

    def executemany(self, sql: str, rows: Any) -> Any:
        self.disk.check()
        rows = list(rows)
        self._written += [(sql, list(row)) for row in rows]
        return super().executemany(sql, rows)

    def execute(self, sql: str, values: Any = ()) -> Any:
        if sql.startswith(("INSERT", "DELETE", "PRAGMA journal_mode", "BEGIN")):
            self.disk.check()
        if sql.startswith("INSERT"):
            self._written.append((sql, list(values)))
        if sql != "COMMIT":
            return super().execute(sql, values)
        self._commit(lambda: super(Connection, self).execute(sql))
        return None

    def __exit__(self, *why: Any) -> Any:
        if why[0] is not None or not self._written:
            self._written = []
            return super().__exit__(*why)
        self._commit(self.commit)
        return False

    def close(self) -> None:
        self.disk.connections = [each for each in self.disk.connections if each is not self]
        super().close()

    def _commit(self, commit: Callable[[], Any]) -> None:
        self.disk.meanwhile()
        written, self._written = self._written, []
        try:
            self.disk.dies("before")
            commit()
        except BaseException:
            self.rollback()
            raise
        for sql, row in written:
            self.disk.committed(sql, row)
        self.disk.dies("after")


def connect(disks: dict[str, Disk], path: Path | str, *facts: Any, **keys: Any) -> sqlite3.Connection:
    """Stand in for `sqlite3.connect`."""
    if path == ":memory:":
        return sqlite3.Connection(path)
    made = Connection(path, *facts, **keys)
    made._written = []
    made.disk = disks[str(Path(path).parent)]
    made.disk.connections.append(made)
    return made
