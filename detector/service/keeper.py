"""Keeps the state of the core on the disk: what has to do with incidents with every message, all of it now and then.

All of it is megabytes, which take a tenth of a second to write. So that no alert waits for that, it is taken at once
and written part by part, between steps; until the last part is there, the one before counts.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from detector.clock import Clock
from detector.delivery.journal import State
from detector.snapshot import Snapshots

EVERY_S = 5.0  # between snapshots of all tracks
SHARE = 0.02  # of the time is the most that they may take
PART_BYTES = 1 << 20

Write = Callable[[list[State]], None]


class Keeper:
    """Takes snapshots and has them written."""

    def __init__(self, snapshots: Snapshots, write: Write, monotonic_s: Clock = time.monotonic) -> None:
        self._snapshots, self._write, self._monotonic_s = snapshots, write, monotonic_s
        self._parts: deque[State] = deque()  # yet to be written
        self._took_s = 0.0
        self._due_s = -math.inf

    def since(self) -> State:
        """Return the state that goes with a message."""
        return State(whole=False, blob=self._snapshots.since())

    def everything(self) -> list[State]:
        """Return all of the state, to be written at once: in other zones, what there is of it says nothing any more."""
        self._begin()
        states, self._parts = [*self._parts], deque()
        self._snapshots.written()
        return [*states, self.since()]

    def look(self) -> None:
        """Take a snapshot, if it is time, to be written by `go_on`."""
        if not self._parts and self._monotonic_s() >= self._due_s:
            self._begin()

    def go_on(self) -> None:
        """Write a part; with the last one, what has changed since all of it was taken."""
        if not self._parts:
            return
        began_s = self._monotonic_s()
        states = [self._parts.popleft()]
        if not self._parts:
            self._snapshots.written()
            states.append(self.since())
        self._write(states)
        now_s = self._monotonic_s()
        self._took_s += now_s - began_s
        self._due_s = now_s + max(EVERY_S, self._took_s / SHARE)

    def _begin(self) -> None:
        began_s = self._monotonic_s()
        blob = self._snapshots.whole()
        cut = [blob[start : start + PART_BYTES] for start in range(0, len(blob), PART_BYTES)]
        self._parts = deque(State(whole=True, blob=part, part=n, parts=len(cut)) for n, part in enumerate(cut))
        self._took_s = self._monotonic_s() - began_s
