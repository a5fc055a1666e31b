"""Ragged rows in flat arrays (CSR): row r owns items[start[r] : start[r + 1]]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Indices, Mask

Integers = NDArray[np.signedinteger[Any]]  # also those kept in half the room


def starts(row: Indices, n_rows: int) -> Indices:
    """Return where each row's items start, (n_rows + 1,), for items sorted by row."""
    return np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])


def begins(count: Integers) -> Indices:
    """Return where rows of so many items begin, one after the other, (n_rows,)."""
    return np.cumsum(count) - count


def expand(begin: Integers, count: Integers) -> tuple[Indices, Indices]:
    """Return (which, item): the items of rows that begin there and are so many, and which row each belongs to."""
    which = np.repeat(np.arange(len(count)), count)
    item = np.arange(len(which)) + (begin - begins(count)).take(which)
    return which, item


def new(key: Indices) -> Mask:
    """Tell which of sorted keys differ from the one before, (N,)."""
    differs = np.ones(len(key), dtype=bool)
    differs[1:] = key[1:] != key[:-1]
    return differs


def split(key: Indices, n: int) -> tuple[Indices, Indices]:
    """Return (key // n, key % n), sooner than `divmod` does."""
    whole = key // n
    return whole, key - n * whole


def odd(key: Indices) -> Indices:
    """Return the keys that occur an odd number of times, sorted."""
    key, count = np.unique(key, return_counts=True)
    return key[count % 2 == 1]


def xor(one: Indices, two: Indices) -> Indices:
    """Return what only one of two sets has, sorted; both are sorted, without repetition."""
    key = np.concatenate([one, two])
    key.sort(kind="stable")  # merges runs
    differs = np.append(new(key), True)
    return key[differs[1:] & differs[:-1]]
