"""Outlying reports: places that an aircraft can hardly have reached by flying on from the two before.

A radar's plot may be of something else. Where it may as well be a hard turn, it makes no incursion by itself, and ends
none: it counts half, so that the next report decides. Turns of 5 g, and what an afterburner gains, are not outlying;
beyond, a plot tells nothing of depths and of the way to it either.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Fixes, Segments, distance_m
from detector.tracks.ghosts import HARDEST_MPS2
from detector.tracks.kinematics import TIMING_S

FASTEST_GAIN_MPS2 = 8.0  # of speed; afterburners give 5


def outlying(segments: Segments, hardest_mps2: float = HARDEST_MPS2) -> Mask:
    """Tell of which of M steps the three last reports surely need a harder turn, or a gain that nobody has, (M,).

    False of fewer reports.
    """
    earlier, before, now = segments.earlier, segments.before, segments.now
    step_s, last_s = now.time_s - before.time_s, before.time_s - earlier.time_s
    with np.errstate(divide="ignore", invalid="ignore"):
        velocity_mps = (now.earth_m - before.earth_m) / step_s[:, None]
        last_mps = (before.earth_m - earlier.earth_m) / last_s[:, None]
        change_mps = distance_m(last_mps, velocity_mps)
        gain_mps = np.linalg.norm(velocity_mps, axis=1) - np.linalg.norm(last_mps, axis=1)
        sigma_mps = np.sqrt(
            (_sigma_m(now) / step_s) ** 2
            + (_sigma_m(before) * (1 / step_s + 1 / last_s)) ** 2
            + (_sigma_m(earlier) / last_s) ** 2
        )
        between_s, doubt_mps = (step_s + last_s) / 2, SURELY_SIGMAS * sigma_mps
        far: Mask = change_mps - doubt_mps > hardest_mps2 * between_s
        far |= gain_mps - doubt_mps > FASTEST_GAIN_MPS2 * between_s
    return far & (step_s > 0) & (last_s > 0)


def _sigma_m(fixes: Fixes) -> Floats:
    """Return how far places are off, early or late as those are who tell velocities, (M,)."""
    return np.hypot(fixes.sigma_m, TIMING_S * np.nan_to_num(fixes.gs_mps))
