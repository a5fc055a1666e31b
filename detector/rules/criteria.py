"""Criteria: what counts towards a renegade, and when each track last met it."""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats
from detector.tracks.columns import Columns, fitted
from detector.tracks.fixes import Rows

CRITERIA = ("emergency code", "code changed", "silence", "deviation", "approach")
CODE, CODE_CHANGED, SILENCE, DEVIATION, APPROACH = range(len(CRITERIA))


class Criteria(Columns):
    """When each of C tracks last met each criterion; -inf: never."""

    def __init__(self) -> None:
        self.met_s = np.zeros((0, len(CRITERIA)))

    def fit(self, capacity: int) -> Floats:
        """Make room for so many tracks; return the column, (C, criteria)."""
        self.met_s = fitted(self.met_s, capacity, -np.inf)
        return self.met_s

    def forget(self, rows: Rows) -> None:
        """Remember nothing of these tracks."""
        self.met_s[rows[rows < len(self.met_s)]] = -np.inf
