"""Altitudes as far as they can be believed: a jump awaits a second report, a silence is bridged for a while.

Where nearly half of the reports contradict the others, nobody can tell which are right: the altitude is unknown then.
"""

from __future__ import annotations

import math

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.columns import Columns
from detector.tracks.fixes import Fixes, Rows

CARRIED_S = 60.0  # an altitude that reports lack is that of the last report that told one, if not older
FASTEST_MPS = 300.0  # climb or dive; the steepest climbers ever built begin at about 330
JUMP_M = 500.0  # garbled Mode C, and the drift between pressure and geometric altitude, stay below
GAIN = 1 / 6  # of a report in the share of those that jump: where every other one does, it is over ...
DISPUTED = 0.43  # ... this from the sixteenth on; of one in three, or three on end, it is not


class Altitudes(Columns):
    """What C tracks have told of their altitudes, pressure and geometric, and which of it is believed."""

    def __init__(self, capacity: int) -> None:
        self.believed_m = np.zeros((capacity, 2))
        self.told_s = np.zeros(capacity)  # of the last report that told one that is believed
        self.doubted_m = np.zeros((capacity, 2))  # told by the last report and not believed; NaN: none
        self.jumping = np.zeros(capacity)  # share of the reports lately

    def begin(self, row: int) -> None:
        """Let a track have told nothing."""
        self.believed_m[row] = self.doubted_m[row] = math.nan
        self.told_s[row] = -math.inf
        self.jumping[row] = 0.0

    def hold_back(self, rows: Rows, now: Fixes) -> Mask:
        """Take out of the fixes of M tracks the altitudes that jump, unless they bear out what the last report told.

        A jump is a change that no aircraft makes, or one of more than JUMP_M that the other altitude does not share.
        Of whose altitude is disputed all are taken out. Return who has the altitudes of before where it tells none.
        """
        told_m, since_s = _both(now), now.time_s - self.told_s[rows]
        lately = since_s <= CARRIED_S
        believed_m = np.where(lately[:, None], self.believed_m[rows], math.nan)
        change_m = told_m - believed_m
        other_m = change_m[:, ::-1]
        reach_m = JUMP_M + FASTEST_MPS * since_s[:, None]
        alone = (np.abs(change_m - other_m) > JUMP_M) & (np.abs(change_m) > np.abs(other_m))
        borne_out = np.abs(told_m - self.doubted_m[rows]) <= reach_m
        jumps = (np.abs(change_m) > np.where(alone, JUMP_M, reach_m)) & ~borne_out
        self.doubted_m[rows] = np.where(jumps, told_m, math.nan)
        tells = np.isfinite(told_m) & ~jumps
        shared_m = np.where(tells[:, ::-1], other_m, 0.0)
        self.believed_m[rows] = np.where(tells, told_m, believed_m + np.where(np.isnan(shared_m), 0.0, shared_m))
        self.told_s[rows[tells.any(axis=1)]] = now.time_s[tells.any(axis=1)]
        known = np.isfinite(told_m).any(axis=1)
        self.jumping[rows] += np.where(known, GAIN * (jumps.any(axis=1) - self.jumping[rows]), 0.0)
        disputed = self.jumping[rows] > DISPUTED
        for column_m, jump in zip((now.pressure_alt_m, now.geo_alt_m), jumps.T, strict=True):
            column_m[jump | disputed] = math.nan
        return lately & ~disputed


def told(fixes: Fixes) -> Mask:
    """Tell which fixes have an altitude of either kind, (N,)."""
    return np.isfinite(fixes.pressure_alt_m) | np.isfinite(fixes.geo_alt_m)


def share(lacking: Fixes, other: Fixes, which: Mask) -> None:
    """Let an altitude that a fix lacks differ from that of another fix as the other kind does; without any, be it."""
    pressure_m, geo_m = lacking.pressure_alt_m, lacking.geo_alt_m
    none = ~told(lacking)
    by_geometry_m = other.pressure_alt_m + np.where(none, 0.0, geo_m - other.geo_alt_m)
    by_pressure_m = other.geo_alt_m + np.where(none, 0.0, pressure_m - other.pressure_alt_m)
    for column_m, shared_m in ((pressure_m, by_geometry_m), (geo_m, by_pressure_m)):
        unknown = np.isnan(column_m) & which
        column_m[unknown] = shared_m[unknown]


def _both(fixes: Fixes) -> Floats:
    return np.column_stack([fixes.pressure_alt_m, fixes.geo_alt_m])
