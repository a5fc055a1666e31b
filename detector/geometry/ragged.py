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
    count = start[row + 1] - start[row]
    which = np.repeat(np.arange(len(row)), count)
    first = np.repeat(start[row] - (np.cumsum(count) - count), count)
    return which, first + np.arange(len(which))


def odd(key: Indices) -> Indices:
    """Return the keys that occur an odd number of times, sorted."""
    key, count = np.unique(key, return_counts=True)
    return key[count % 2 == 1]
