"""Time order of a recorded stream: rows in nearly the right order to rows in order, each once.

A recording merges receivers, so its rows come in time order give or take 60 s. What is later than that behind the
newest row before it cannot be put back without holding everything, so it is dropped and counted: such a file (one
that strings recordings together, say) has to be sorted first.

One row with a time far ahead would make everything after it late. So a row more than ten minutes ahead of both the
rows before it and the very next row is a *leap*: it is dropped and counted, and moves no clock. Recordings may hold
honest gaps of years, but after those the next row stays. Two wrong rows in a row are believed; the count of the late
rows then tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Indices, Mask
from feeds.plots import COLUMNS, Plots, concatenate
from feeds.table import Rejected

WINDOW_S = 60.0
LEAP_S = 600.0


_KEY_NUMBERS = [name for name, dtype in COLUMNS.items() if dtype != "O"]
_KEY_TEXTS = [name for name, dtype in COLUMNS.items() if dtype == "O"]


class Reorder:
    """A stream of plots put in time order; what is released does not depend on how the stream was cut into chunks.

    Rows of equal time keep the order in which they came. `rejected` counts what was dropped: "repeat" (all columns
    equal to a row before), "late", "leap". Every row pushed is released or counted once `flush` was called.
    """

    def __init__(self) -> None:
        self.rejected: Rejected = Counter()
        self._newest_s = -np.inf  # of the judged rows; leaps do not count
        self._unjudged = concatenate([])  # the last row, whose next one is not known yet
        self._waiting = concatenate([])

    def push(self, plots: Plots) -> Plots:
        """Take rows in the order received and return those now older than the newest by more than 60 s, in order."""
        rows = concatenate([self._unjudged, plots])
        self._unjudged = rows.take(slice(-1, None))
        self._judge(rows.take(slice(0, -1)), next_s=rows.time_s[1:])
        return self._release(self._newest_s - WINDOW_S)

    def flush(self) -> Plots:
        """Return all rows still held, in order; the end of the stream."""
        self._judge(self._unjudged, next_s=np.full(len(self._unjudged), np.inf))
        self._unjudged = concatenate([])
        return self._release(np.inf)

    def _judge(self, rows: Plots, next_s: NDArray[np.float64]) -> None:
        """Move rows to the waiting ones unless they are leaps or late."""
        time_s = rows.time_s
        peak = time_s > next_s + LEAP_S
        newest_s = self._running_newest(np.where(peak, -np.inf, time_s))
        leap = peak & (time_s > newest_s + LEAP_S)
        newest_s = self._running_newest(np.where(leap, -np.inf, time_s))
        late = time_s < newest_s - WINDOW_S
        self._newest_s = float(newest_s[-1]) if len(rows) else self._newest_s
        self._count("leap", leap)
        self._count("late", late)
        self._waiting = concatenate([self._waiting, rows.take(~leap & ~late)])

    def _running_newest(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(np.maximum.accumulate(time_s), self._newest_s)

    def _release(self, before_s: float) -> Plots:
        # Strictly older: a row of exactly this age may still come, and would be a repeat or next in order.
        due = self._waiting.time_s < before_s
        rows = self._waiting.take(due)
        self._waiting = self._waiting.take(~due)
        rows = rows.take(np.argsort(rows.time_s, kind="stable"))
        repeat = _repeats(rows)
        self._count("repeat", repeat)
        return rows.take(~repeat) if repeat.any() else rows

    def _count(self, reason: str, rows: Mask) -> None:
        if rows.any():
            self.rejected[reason] += int(np.count_nonzero(rows))


def _repeats(rows: Plots) -> Mask:
    """Return which rows (shape (N,), in time order) equal an earlier one in every column."""
    repeat = np.zeros(len(rows), dtype=bool)
    seen = set()
    for row, key in _keys(rows, _suspects(rows)):
        repeat[row] = key in seen
        seen.add(key)
    return repeat


def _suspects(rows: Plots) -> Indices:
    """Return the rows, ascending, that share time and place with another one: a cheap look before the exact one."""
    order = np.lexsort((rows.lon_deg, rows.lat_deg, rows.time_s))
    time_s, lat_deg, lon_deg = rows.time_s[order], rows.lat_deg[order], rows.lon_deg[order]
    same = (np.diff(time_s) == 0) & (np.diff(lat_deg) == 0) & (np.diff(lon_deg) == 0)
    return np.sort(np.unique(np.concatenate([order[1:][same], order[:-1][same]])))


def _keys(rows: Plots, index: Indices) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Yield each row of the index with a key of all its columns; numbers as bytes, so that NaN equals NaN."""
    some = rows.take(index)
    numbers = np.column_stack([getattr(some, name).astype(np.float64) for name in _KEY_NUMBERS])
    texts = zip(*(getattr(some, name) for name in _KEY_TEXTS), strict=True)
    for row, number, text in zip(index.tolist(), numbers, texts, strict=True):
        yield row, (number.tobytes(), *text)
