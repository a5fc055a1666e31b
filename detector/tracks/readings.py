"""Readings: heights that break off from one another as no flight does, as when Mode C is garbled for a while.

Of four heights T apart, the rise between the inner two is the mean of the two outer ones but for half of their third
difference. That is 3/8 of the change of acceleration times T^2 at most: 15 T^2 where it changes by 40 m/s2, as when a
dive is pulled out of with 5 g.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.accuracy import SURELY_SIGMAS

HARDEST_MPS2 = 3 / 8 * 40.0


def another(age_s: Floats, height_m: Floats, sigma_m: float) -> Mask:
    """Tell which of heights (K, M), the latest first, are of another reading than the latest, or next to such."""
    step_s, rise_m = age_s[:-1] - age_s[1:], height_m[:-1] - height_m[1:]
    middle_s = step_s[1:-1]
    newer, older = middle_s / step_s[:-2] / 2, middle_s / step_s[2:] / 2
    leap_m = rise_m[1:-1] - newer * rise_m[:-2] - older * rise_m[2:]
    error_m = sigma_m * np.sqrt(newer**2 + (1 + newer) ** 2 + (1 + older) ** 2 + older**2)
    longest_s = np.maximum(np.maximum(step_s[:-2], step_s[2:]), middle_s)
    breaks = np.abs(leap_m) > HARDEST_MPS2 * longest_s**2 + SURELY_SIGMAS * error_m
    others = np.zeros(height_m.shape, dtype=bool)
    others[2:-1] = np.logical_or.accumulate(breaks, axis=0)
    others[-1] = others[-2]
    return others
