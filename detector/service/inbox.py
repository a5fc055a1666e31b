"""What the feeds' threads hand to the main one. A feed that brings reports while too many wait has to wait itself.

So neither memory nor the reports of one step grow without bound, and threads that read do not take the processor from
the one that detects. What a feed cannot hand over waits in its connection, and slows down whoever sends it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

FULL = 10_000  # reports: a few tenths of a second of detection

Task = Callable[[], None]


class Inbox:
    """Tasks in the order in which they were put; usable from any thread."""

    def __init__(self, full: int = FULL) -> None:
        self._full = full
        self._tasks: deque[Task] = deque()
        self._reports = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, task: Task, reports: int = 0) -> None:
        """Put a task that brings so many reports; waits while too many of them are there already."""
        with self._changed:
            self._changed.wait_for(lambda: not reports or self._reports < self._full or self._closed)
            self._tasks.append(task)
            self._reports += reports
            self._changed.notify_all()

    def take(self, patience_s: float) -> tuple[deque[Task], bool]:
        """Return all tasks, for the first of which it waits so long, and whether there was no room for more reports."""
        with self._changed:
            self._changed.wait_for(lambda: self._tasks, patience_s)
            tasks, full = self._tasks, self._reports >= self._full
            self._tasks, self._reports = deque(), 0
            self._changed.notify_all()
        return tasks, full

    def close(self) -> None:
        """Let nobody wait any more: nothing will be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
