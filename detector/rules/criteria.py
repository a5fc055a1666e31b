"""Criteria: what counts towards a renegade, and when each track last met it."""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.columns import Columns, fitted
from detector.tracks.fixes import Rows

CRITERIA = ("emergency code", "code changed", "silence", "deviation", "approach")
CODE, CODE_CHANGED, SILENCE, DEVIATION, APPROACH = range(len(CRITERIA))
LATELY_S = 1800.0  # what was longer ago counts no more


class Criteria(Columns):
    """When each of C tracks last met each criterion; -inf: never."""

    def __init__(self) -> None:
        self.met_s = np.zeros((0, len(CRITERIA)))

    def fit(self, capacity: int) -> Floats:
        """Make room for so many tracks; return the column, (C, criteria)."""
        self.met_s = fitted(self.met_s, capacity, -np.inf)
        return self.met_s

    def lately(self, rows: Rows, now_s: Floats, within_s: float) -> Mask:
        """Tell which criteria each of R tracks has met within so long, (R, criteria)."""
        room = int(rows.max(initial=-1)) + 1
        lately: Mask = now_s[:, None] - self.fit(room)[rows] <= within_s
        return lately

    def forget(self, rows: Rows) -> None:
        """Remember nothing of these tracks."""
        self.met_s[rows[rows < len(self.met_s)]] = -np.inf


def named(met: Mask) -> str:
    """Return the names of the criteria that one track has met, (criteria,)."""
    return ", ".join(name for name, one in zip(CRITERIA, met.tolist(), strict=True) if one)
