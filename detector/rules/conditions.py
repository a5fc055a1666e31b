"""Conditions: whether something holds of a track, judged by several of its reports.

It begins when M of the last N reports show it (as in DAIDALUS: 2 of 4), since the first of these; it is over once no
report has shown it for HYSTERESIS_S and N - 1 reports. What holds of one zone is over, too, and begins anew, when two
showings in succession are of another, or one is enough and follows none: else where zones meet it would go to and fro.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Indices, Mask
from detector.tracks.columns import fitted
from detector.tracks.fixes import Rows

M, N = 2, 4
HYSTERESIS_S = 5.0
MORE = 1.01  # times what it was, it has grown
MUCH = 2.0  # times what was told of it, it is worth telling again


class Turn(NamedTuple):
    """What a report changed of each of R tracks, (R,)."""

    begins: Mask
    grows: Mask
    ends: Mask
    tells: Mask  # the most of it is behind, and has not been told
    first_s: Floats  # when what ends was first shown
    last_s: Floats  # and last
    zone: Indices  # that it was about


class Conditions:
    """One condition of C tracks."""

    def __init__(self, reports: int = M) -> None:
        self.reports = reports
        self._shown = np.zeros(0, dtype=np.uint8)  # by the last N reports, a bit each, the latest lowest
        self.on = np.zeros(0, dtype=bool)
        self.first_s = np.zeros(0)  # when it was first shown, of those N reports or since it is on
        self.last_s = np.zeros(0)  # and last
        self.peak = np.zeros(0)
        self.told = np.zeros(0)  # of the peak, once that was behind
        self.zone = np.zeros(0, dtype=np.intp)  # that it is about; -1: none
        self._shown_of = np.zeros(0, dtype=np.intp)  # that the last report to show it was about

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        if capacity > len(self.on):
            for name, column in list(vars(self).items()):
                if isinstance(column, np.ndarray):
                    setattr(self, name, fitted(column, capacity))

    def pending(self, rows: Rows) -> Mask:
        """Tell of which tracks it holds, or has been shown lately, (R,)."""
        pending: Mask = self.on[rows] | (self._shown[rows] > 0)
        return pending

    def plain(self, row: int) -> tuple[float, ...]:
        """Return what holds of one track as plain data."""
        return tuple(float(column[row]) for column in self._columns())

    def restore(self, row: int, data: Sequence[float]) -> None:
        """Let hold of one track what plain data tells of."""
        for column, value in zip(self._columns(), data, strict=True):
            column[row] = value

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self._shown, self.on, self.first_s, self.last_s, self.peak, self.told

    def forget(self, rows: Rows) -> None:
        """Let nothing hold of these tracks; of those beyond its room nothing has."""
        rows = rows[rows < len(self.on)]
        self._shown[rows], self.on[rows] = 0, False

    def renumber(self, zone_now: Indices) -> None:
        """Name zones by their numbers from now on; the last is for those of none."""
        self.zone, self._shown_of = zone_now[self.zone], zone_now[self._shown_of]

    def take(
        self,
        rows: Rows,
        shown: Mask,
        time_s: Floats,
        value: Floats,
        since_s: Floats | None = None,
        behind: Mask | None = None,
        zone: Indices | None = None,
    ) -> Turn:
        """Take one report of each of R tracks.

        `value` says how much of it, where it is shown, `since_s` since when, `behind` where the most of it is over,
        `zone` which it is about.
        """
        first_s, last_s, about = self.first_s[rows], self.last_s[rows], self.zone[rows]
        zone = about if zone is None else zone
        again = zone == self._shown_of[rows]
        moves = shown & self.on[rows] & (zone != about) & (again | self._one_is_enough(rows))
        owed = moves & (self.peak[rows] > self.told[rows]) & (behind is not None)
        before, on = np.where(moves, np.uint8(0), self._shown[rows]), self.on[rows] & ~moves
        bits = ((before << 1) | shown) & np.uint8(2**N - 1)
        self._shown[rows] = bits
        starts = shown & ~on & (before & np.uint8(2 ** (N - 1) - 1) == 0)
        start_s = np.where(moves & again, last_s, time_s) if since_s is None else since_s
        self.first_s[rows] = np.where(starts, start_s, first_s)
        begins = shown & ~on & (moves | (np.bitwise_count(bits) >= self.reports))
        ends = on & (bits & np.uint8(2 ** (N - 1) - 1) == 0) & (time_s - last_s > HYSTERESIS_S)
        peak = np.where(starts, 0.0, self.peak[rows])
        same = ~on | (zone == about)  # what is seen of another zone is no more of this one
        grows = shown & on & same & (value > MORE * peak)
        peak = np.where(begins | grows | (shown & ~on), np.maximum(peak, value), peak)
        told, tells = np.where(starts, 0.0, self.told[rows]), np.zeros(len(rows), dtype=bool)
        if behind is not None:
            tells = ((on | begins) & shown & same & behind & (peak >= MUCH * told)) | (ends & (peak > told))
        self.peak[rows], self.told[rows] = peak, np.where(tells, peak, told)
        self.last_s[rows] = np.where(shown, time_s, last_s)
        self.on[rows] = (on | begins) & ~ends
        self.zone[rows] = np.where(begins, zone, about)
        self._shown_of[rows] = np.where(shown, zone, self._shown_of[rows])
        return Turn(begins, grows, ends | moves, tells | owed, first_s, last_s, about)

    def _one_is_enough(self, rows: Rows) -> Mask:
        """Tell of which of R tracks one report shows it, and the last did not."""
        enough: Mask = (self._shown[rows] & 1 == 0) & (self.reports == 1)
        return enough
