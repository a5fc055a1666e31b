"""Columns: state of every track as arrays with a row a track, which grow together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.tracks.fixes import FIX, Fixes


class Columns:
    """An object whose arrays, fixes and columns all have a row for each of C tracks."""

    def grow(self) -> None:
        """Make room for twice as many rows."""
        for name, column in list(vars(self).items()):
            if isinstance(column, np.ndarray):
                setattr(self, name, doubled(column))
            elif isinstance(column, Fixes):
                setattr(self, name, Fixes(*(doubled(getattr(column, each)) for each in FIX)))
            elif isinstance(column, Columns):
                column.grow()


def doubled(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array with as many empty rows again."""
    return np.concatenate([array, np.zeros_like(array)])


def fitted(array: NDArray[Any], capacity: int, blank: float = 0) -> NDArray[Any]:
    """Return an array with at least so many rows; those that are new are blank."""
    more = capacity - len(array)
    return array if more <= 0 else np.concatenate([array, np.full((more, *array.shape[1:]), blank, array.dtype)])


def no_fixes(capacity: int) -> Fixes:
    """Return fixes of C rows of which none is known."""
    return Fixes(*(np.zeros((capacity, 3) if name == "earth_m" else capacity) for name in FIX))
