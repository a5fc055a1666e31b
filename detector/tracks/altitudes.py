"""Altitudes as far as they can be believed: a jump awaits a second report, a silence is bridged for a while."""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.fixes import Fixes

CARRIED_S = 60.0  # an altitude that reports lack is that of the last report that told one, if not older
FASTEST_MPS = 300.0  # climb or dive; the steepest climbers ever built begin at about 330
JUMP_M = 500.0  # garbled Mode C, and the drift between pressure and geometric altitude, stay below


def held_back(now: Fixes, before: Fixes, doubted_m: Floats) -> Floats:
    """Take out of N fixes the altitudes that jump, unless they bear out what was doubted at the fix before.

    Return the altitudes now doubted, pressure and geometric, (N, 2), NaN where there is none. A jump is a change that
    no aircraft makes, or one of more than JUMP_M that the other altitude does not share.
    """
    told_m = _both(now)
    change_m = told_m - _both(before)
    other_m = change_m[:, ::-1]
    reach_m = JUMP_M + FASTEST_MPS * (now.time_s - before.time_s)[:, None]
    alone = (np.abs(change_m - other_m) > JUMP_M) & (np.abs(change_m) > np.abs(other_m))
    jumps = (np.abs(change_m) > np.where(alone, JUMP_M, reach_m)) & ~(np.abs(told_m - doubted_m) <= reach_m)
    now.pressure_alt_m[jumps[:, 0]] = np.nan
    now.geo_alt_m[jumps[:, 1]] = np.nan
    return np.where(jumps, told_m, np.nan)


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
