"""The trail: where every track was every quarter of a minute for twenty minutes, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Mask
from detector.tracks.fixes import Fixes, Rows

EVERY_S = 15.0
LONGEST_S = 1200.0
GAP_S = 60.0  # where a track was during longer silences, nobody knows
LENGTH = int(LONGEST_S / EVERY_S) + 2  # as many whole quarters, and a part of one at either end


@dataclass(frozen=True, slots=True)
class Stretch:
    """The points of M trails over the last so many seconds and the one before, the latest first; NaN: not of it."""

    time_s: Floats  # (K, M)
    earth_m: Floats  # (K, M, 3)
    sigma_m: Floats  # (K, M)
    known: Mask  # (M,) it reaches back so far without a gap

    @property
    def since_s(self) -> Floats:
        """When each begins, (M,)."""
        return self.at_start(self.time_s)

    def at_start(self, values: Floats) -> Floats:
        """Return of values (K, M, ...) those of the first point of each stretch, (M, ...)."""
        first = np.maximum(np.isfinite(self.time_s).sum(axis=0) - 1, 0)
        at_start: Floats = values[first, np.arange(len(first))]
        return at_start

    def length_m(self) -> Floats:
        """Return how far apart first and last point are, (M,)."""
        length: Floats = np.linalg.norm(self.earth_m[0] - self.at_start(self.earth_m), axis=-1)
        return length

    def steps_m(self) -> Floats:
        """Return the length of the way from point to point, (M,)."""
        steps: Floats = np.nansum(np.linalg.norm(np.diff(self.earth_m, axis=0), axis=-1), axis=0)
        return steps


class Trail:
    """A ring of LENGTH points for each of C rows: the first report of each whole EVERY_S of time."""

    def __init__(self, capacity: int) -> None:
        self._count = np.zeros(capacity, dtype=np.intp)
        self._time_s = np.full((LENGTH, capacity), np.nan)
        self._earth_m = np.full((LENGTH, capacity, 3), np.nan)
        self._sigma_m = np.full((LENGTH, capacity), np.nan)

    def grow(self) -> None:
        """Make room for twice as many rows."""
        self._count = np.concatenate([self._count, np.zeros_like(self._count)])
        for name in ("_time_s", "_earth_m", "_sigma_m"):
            ring = getattr(self, name)
            setattr(self, name, np.concatenate([ring, np.full_like(ring, np.nan)], axis=1))

    def points(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return how often each of M rows was put to, (M,), and the P points that they hold, (P, ...)."""
        row, slot = self._held(rows)
        points = {name: getattr(self, f"_{name}")[slot, row] for name in ("time_s", "earth_m", "sigma_m")}
        return {"count": self._count[rows], **points}

    def restore(self, rows: Rows, points: Mapping[str, NDArray[Any]]) -> None:
        """Let M rows hold what `points` has returned."""
        self._count[rows] = points["count"]
        row, slot = self._held(rows)
        for name in ("time_s", "earth_m", "sigma_m"):
            getattr(self, f"_{name}")[slot, row] = points[name]

    def _held(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return row and slot of each point that these rows hold."""
        which, slot = np.nonzero(np.arange(LENGTH) < self._count[rows][:, None])
        return rows[which], slot

    def begin(self, rows: Rows | int) -> None:
        """Forget where these rows have been."""
        self._count[rows] = 0

    def put(self, rows: Rows, fixes: Fixes) -> None:
        """Take one fix of each of M rows, later than their last."""
        quarter, last = np.floor(fixes.time_s / EVERY_S), np.floor(self.latest_s(rows) / EVERY_S)
        due = np.flatnonzero(~(quarter <= last))
        rows = rows[due]
        slot = self._count[rows] % LENGTH
        self._time_s[slot, rows], self._earth_m[slot, rows] = fixes.time_s[due], fixes.earth_m[due]
        self._sigma_m[slot, rows] = fixes.sigma_m[due]
        self._count[rows] += 1

    def latest_s(self, rows: Rows) -> Floats:
        """Return the time of each row's latest point, (M,); NaN without any."""
        return np.where(self._count[rows] > 0, self._time_s[(self._count[rows] - 1) % LENGTH, rows], np.nan)

    def over(self, rows: Rows, span_s: float) -> Stretch:
        """Return where M rows were over the last `span_s` seconds, LONGEST_S at most."""
        back = np.arange(min(int(np.ceil(span_s / EVERY_S)) + 2, LENGTH))[:, None]
        slot = (self._count[rows] - 1 - back) % LENGTH
        time_s = np.where(back < self._count[rows], self._time_s[slot, rows], np.nan)
        reaches = time_s[:1] - time_s >= span_s
        beyond: Mask = np.cumsum(reaches, axis=0) > reaches
        time_s[beyond] = np.nan
        gap_s = np.where(beyond[1:], 0.0, -np.diff(time_s, axis=0))
        known: Mask = np.logical_or.reduce(reaches) & np.logical_and.reduce(gap_s <= GAP_S)
        earth_m, sigma_m = self._earth_m[slot, rows], self._sigma_m[slot, rows]
        earth_m[np.isnan(time_s)] = sigma_m[np.isnan(time_s)] = np.nan
        return Stretch(time_s, earth_m, sigma_m, known)
