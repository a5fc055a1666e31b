"""Stillness: a track that stays on the spot while it tells a speed.

A satellite receiver that has lost its signal, or a source that has lost its aircraft, may repeat the last place. What
lands out of sight of a receiver ends like that in many networks, so who was last low and slow is left in peace.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Mask, Small
from detector.tracks.columns import Columns
from detector.tracks.fixes import Fixes, Rows, distance_m
from detector.units import FOOT_M, KNOT_MPS

SPOT_M = 1.0  # places closer than this are one; a receiver that works never tells the same place twice for long
MOVING_MPS = 50 * KNOT_MPS  # slower, it may hover, taxi, or be parked
FLOWN_M = 4000.0  # farther than a coarse grid of places, and than a source repeats who is at height
REPEATS = 3
LOW_M, SLOW_MPS = 10_000 * FOOT_M, 200 * KNOT_MPS


class Stillness(Columns):
    """Since when C tracks have reported one place, and how far they say to have flown since."""

    def __init__(self, capacity: int) -> None:
        self.since_s = np.zeros(capacity)
        self.flown_m = np.zeros(capacity)
        self.frozen = np.zeros(capacity, dtype=bool)
        self._aloft = np.zeros(capacity, dtype=bool)  # all that time
        self._repeats = np.zeros(capacity, dtype=np.intp)
        self._spot_m = np.zeros((capacity, 3))
        self._last_s = np.zeros(capacity)
        self._last_mps = np.zeros(capacity)

    def judge(self, rows: Rows, first: Mask, now: Fixes, on_ground: Small) -> Mask:
        """Take one report of each of M tracks; tell which are frozen. `first`: there was none before."""
        stays = ~first & (distance_m(self._spot_m[rows], now.earth_m) <= SPOT_M)
        slowest_mps = np.minimum(now.gs_mps, self._last_mps[rows])
        step_m = np.where(slowest_mps >= MOVING_MPS, slowest_mps * (now.time_s - self._last_s[rows]), 0.0)
        self._repeats[rows] = np.where(stays, self._repeats[rows] + 1, 0)
        self.flown_m[rows] = np.where(stays, self.flown_m[rows] + step_m, 0.0)
        moved = rows[~stays]
        self._spot_m[moved], self.since_s[moved] = now.earth_m[~stays], now.time_s[~stays]
        self._last_s[rows], self._last_mps[rows] = now.time_s, now.gs_mps
        altitude_m = np.fmax(now.pressure_alt_m, now.geo_alt_m)
        aloft = ((altitude_m >= LOW_M) | (now.gs_mps >= SLOW_MPS)) & (on_ground != 1)
        self._aloft[rows] = aloft & (self._aloft[rows] | ~stays)
        frozen = (self._repeats[rows] >= REPEATS) & (self.flown_m[rows] >= FLOWN_M) & self._aloft[rows]
        self.frozen[rows] = frozen
        return frozen
