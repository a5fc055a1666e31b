"""Claims: reports as they came, believed or not, for the rules about what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.tracks.fixes import Fixes, Rows
from detector.tracks.store import TrackStore


@dataclass(frozen=True, slots=True)
class Claims:
    """M reports, one of each of M tracks, not yet taken into them."""

    row: Rows
    now: Fixes
    last: Fixes  # the last believed ones
    tracks: TrackStore

    @property
    def nothing_grave(self) -> NDArray[np.bool_]:
        """All False, (M,)."""
        return np.zeros(len(self.row), dtype=bool)
