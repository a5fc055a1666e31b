"""The ledger: what is on the disk and what is still to be written there, whatever the disk does.

While the disk takes nothing (it is full, read-only, broken), letters are owed to it, and written when it takes them
again. A journal that is damaged is set aside under another name, and all that waits goes into a fresh one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from detector.clock import Clock
from detector.delivery.journal import DiskError, Journal, JournalDamagedError, State, salvage
from detector.delivery.letters import Letter
from detector.errors import reason_of

log = logging.getLogger(__name__)


class Ledger:
    """The journal of one state directory. `done` may be called from any thread, the rest from one at a time."""

    def __init__(self, directory: Path, time_s: Clock = time.time) -> None:
        self.path = directory / "journal.db"
        self.trouble = ""  # why letters are not durable now; empty: they are
        self.damage = ""  # what was found damaged, and where it is
        self.found: list[Letter] = []  # on the disk, of an earlier run; whoever sends them takes them from here
        self.open: list[Letter] = []  # the last of each incident that is open, as far as rooms know
        self.closed: dict[str, int] = {}  # incidents, and with which sequence
        self.states: list[bytes] = []  # of the core, as it was left
        self.confirmed: dict[str, int] = {}  # by event, how many letters earlier runs have written and had confirmed
        self.last_number = int(time_s() * 1000)  # beyond any journal's, should there be one that cannot be read now
        self._time_s = time_s
        self._waiting: dict[int, Letter] = {}
        self._owed: dict[int, Letter] = {}
        self._states: list[State] = []
        self._done: deque[int] = deque()
        self._ahead: set[int] = set()  # of those that wait: done, before an earlier one of their incident
        self._marks: list[int] = []  # of those done that the journal has yet to be told
        self._journal: Journal | None = None
        self._unread = True  # nobody knows yet what an earlier run has left open: the disk could not be read
        self._lock = threading.Lock()
        self._begin()

    def write(self, letters: Sequence[Letter], *states: State) -> bool:
        """Make letters durable, with the state that they belong to; tell whether they are."""
        with self._lock:
            for state in states:
                kept = [each for each in self._states if each.whole] if state.part or not state.whole else []
                self._states = [*kept, state]
            self._settle()
            return self._write({letter.number: letter for letter in letters})

    def owe(self, letters: Sequence[Letter]) -> None:
        """Keep letters in mind that could not be written, and are sent all the same.

        The last of each incident stays when it is done: the disk must learn how far its incident has come.
        """
        with self._lock:
            known = {letter.number: letter for letter in letters}
            told = {letter.incident_id for letter in letters}
            kept = {n: each for n, each in self._owed.items() if n in self._waiting or each.incident_id not in told}
            self._waiting |= known
            self._owed = kept | known

    def done(self, letter: Letter) -> None:
        """Note that a letter need not be sent again."""
        self._done.append(letter.number)

    def tend(self) -> None:
        """Write what has come up, and what is owed."""
        with self._lock:
            self._settle()
            if self._owed or self._marks or self._states or self.trouble or self._gone():
                self._write({})

    def close(self) -> None:
        """Write what has come up and close the journal."""
        self.tend()
        with self._lock, suppress(DiskError, JournalDamagedError):
            if self._journal is not None:
                self._journal.close()

    def _begin(self) -> None:
        """Open the journal for the first time and read what an earlier run has left."""
        for _ in range(2):
            try:
                self._remember(self._open())
            except JournalDamagedError as error:
                self._set_aside(str(error))
            except DiskError as error:
                self._fails(str(error))
                with suppress(DiskError, JournalDamagedError):
                    journal = Journal(self.path, copied=True)
                    self._find(journal)
                    self._remember(journal)
                return
            else:
                return

    def _remember(self, journal: Journal) -> None:
        """Take in what an earlier run has left, beside its letters."""
        self.states = journal.states()
        self.confirmed = Counter(journal.made()) - Counter(letter.event for letter in self.found)
        self.last_number = max([journal.last_number(), *self._waiting])

    def _open(self) -> Journal:
        """Return the journal, opened if it is not; letters in it that nobody knows of are found."""
        if self._gone():
            raise JournalDamagedError("removed or replaced while in use")
        if self._journal is None:
            journal = Journal(self.path)
            self._find(journal)
            self._journal = journal
        return self._journal

    def _find(self, journal: Journal) -> None:
        """Take in the letters that wait and nobody knows of, and, the first time, the last of each open incident."""
        unknown = [letter for letter in journal.waiting() if letter.number not in self._waiting]
        unknown = [letter for letter in unknown if letter.number not in self._marks]
        self.found += unknown
        self._waiting |= {letter.number: letter for letter in unknown}
        if self._unread:
            self.open, self.closed = journal.open_incidents(), journal.closed_incidents()
            self._unread = False

    def _gone(self) -> bool:
        return self._journal is not None and self._journal.gone()

    def _settle(self) -> None:
        """Take in which letters are done.

        One that is done before an earlier one of its incident waits for it: should that one be sent again after a
        restart, all of it, an older view would be left on the incident's topic without the later after it.
        """
        if not self._done:
            return
        while self._done:
            self._ahead.add(self._done.popleft())
        behind = set[str]()  # incidents
        for number, letter in sorted(self._waiting.items()):
            if number not in self._ahead:
                behind.add(letter.incident_id)
            elif letter.incident_id not in behind:
                del self._waiting[number]
                self._marks.append(number)
        self._ahead &= self._waiting.keys()

    def _write(self, letters: dict[int, Letter]) -> bool:
        for _ in range(2):
            try:
                self._open().write([*(self._owed | letters).values()], self._marks, self._states)
            except JournalDamagedError as error:
                self._set_aside(str(error))
            except DiskError as error:
                self._fails(str(error))
                return False
            else:
                self._succeeds(letters)
                return True
        return False

    def _succeeds(self, letters: dict[int, Letter]) -> None:
        self._waiting |= letters
        self._owed, self._marks, self._states = {}, [], []
        if self.trouble:
            log.warning("journal %s: takes messages again; they are durable", self.path)
            self.trouble = ""

    def _fails(self, why: str) -> None:
        """Go on without the disk; the journal is opened anew with the next attempt."""
        if why != self.trouble:
            log.error("journal %s: %s; messages are sent all the same, and are not durable", self.path, why)
        self.trouble = why
        if self._journal is not None:
            with suppress(DiskError, JournalDamagedError):
                self._journal.close()
            self._journal = None

    def _set_aside(self, why: str) -> None:
        """Give a damaged journal another name and owe everything that waits to a fresh one."""
        if self._unread:
            self.found, last = salvage(self.path)
            self.open = [letter for letter in last if letter.event != "closed"]
            self.closed = {letter.incident_id: letter.sequence for letter in last if letter.event == "closed"}
            self._waiting |= {letter.number: letter for letter in self.found}
            self._unread = False
        if self._journal is not None:
            with suppress(DiskError, JournalDamagedError):
                self._journal.close()
            self._journal = None
        when = datetime.fromtimestamp(self._time_s(), UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        aside = self.path.with_name(f"{self.path.name}.corrupt-{when}")
        try:
            for end in ("-shm", "-wal", ""):
                with suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + end).rename(f"{aside}{end}")
        except OSError as error:
            self._fails(reason_of(error))
            return
        where = f"is set aside as {aside}" if aside.exists() else "is not there any more"
        self.damage = f"the journal was damaged ({why}) and {where}"
        self._owed, self._marks = dict(self._waiting), []
        log.critical("journal %s: damaged: %s; it %s, and a fresh one is begun", self.path, why, where)
