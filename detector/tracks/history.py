"""The last few fixes of every track, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats
from detector.tracks.fixes import FIX, Fixes, Rows

LENGTH = 6  # fixes
COPIES_S = 0.1  # apart, two are one heard twice
APART_S = 0.5  # at least, on average, so that motion can be told however many receivers hear an aircraft


@dataclass(frozen=True, slots=True)
class Window:
    """The last fixes of M tracks, the latest first: columns (LENGTH, M), `earth_m` (LENGTH, M, 3)."""

    fixes: Fixes
    age_s: Floats  # (LENGTH, M) from the last fix back, 0 or less; NaN: there is none


class History:
    """A ring of LENGTH fixes for each of C rows."""

    def __init__(self, capacity: int) -> None:
        self._count = np.zeros(capacity, dtype=np.intp)
        self._ring = {name: np.full((LENGTH, capacity, *_width(name)), np.nan) for name in FIX}

    def grow(self) -> None:
        """Make room for twice as many rows."""
        self._count = np.concatenate([self._count, np.zeros_like(self._count)])
        self._ring = {
            name: np.concatenate([ring, np.full_like(ring, np.nan)], axis=1) for name, ring in self._ring.items()
        }

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return what it holds as views over rows: (C, ...)."""
        return {"count": self._count, **{name: ring.swapaxes(0, 1) for name, ring in self._ring.items()}}

    def begin(self, rows: Rows | int) -> None:
        """Forget what these rows have seen."""
        self._count[rows] = 0
        for ring in self._ring.values():
            ring[:, rows] = np.nan

    def put(self, rows: Rows, fixes: Fixes) -> None:
        """Take one fix of each of M rows, later than their last, which goes if it was too close to the one before."""
        count, time_s = self._count[rows], self._ring["time_s"]
        last, before, oldest = (at % LENGTH for at in (count - 1, count - 2, np.maximum(count - LENGTH + 1, 0)))
        gap_s, span_s = time_s[last, rows] - time_s[before, rows], fixes.time_s - time_s[oldest, rows]
        crowded = (gap_s < COPIES_S) | ((gap_s < APART_S) & (span_s < (LENGTH - 1) * APART_S))
        self._count[rows] -= crowded & (count >= 2)
        slot = self._count[rows] % LENGTH
        for name in FIX:
            self._ring[name][slot, rows] = getattr(fixes, name)
        self._count[rows] += 1

    def last(self, rows: Rows) -> Window:
        """Return the last fixes of M rows."""
        back = np.arange(LENGTH)[:, None]
        slot = (self._count[rows] - 1 - back) % LENGTH
        fixes = Fixes(*(self._ring[name][slot, rows] for name in FIX))
        return Window(fixes, np.where(back < self._count[rows], fixes.time_s - fixes.time_s[0], np.nan))


def _width(name: str) -> tuple[int, ...]:
    return (3,) if name == "earth_m" else ()
