"""Ragged rows in flat arrays (CSR): row r owns items[start[r] : start[r + 1]]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def starts(row: Indices, n_rows: int) -> Indices:
    """Return where each row's items start, (n_rows + 1,), for items sorted by row."""
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])


def expand(start: Indices, row: Indices) -> tuple[Indices, Indices]:
    """Return (which, item): the items of each of the rows asked for, and which asking each belongs to."""
    begin = start.take(row)
    count = start.take(row + 1) - begin
    which = np.repeat(np.arange(len(row)), count)
    item = np.arange(len(which)) + (begin - np.cumsum(count) + count).take(which)
    return which, item


def odd(key: Indices) -> Indices:
    """Return the keys that occur an odd number of times, sorted."""
    key, count = np.unique(key, return_counts=True)
    return key[count % 2 == 1]
