"""Scatter: how far places miss the way that the ones before lead, over what their errors explain.

Three places make a parabola; the fourth misses where it leads by the errors of all four: 1, 3, 3 and 1 times, by turns
to either side, where they are evenly apart. So the next one, which shares three of them, misses by 3/4 of that to the
other side in the mean. Who flies a turn, or begins one, misses to the same side twice: what two misses are against each
other is scatter. Turns within a plot or two are few among many reports, so none counts for much. Wrong times are errors
along the way.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats
from detector.geometry.pairs import dot
from detector.tracks.columns import Columns
from detector.tracks.fixes import Rows
from detector.tracks.history import Window

PLACES = 4
GAIN = 1 / 12
MOST = 4.0  # times what it has been, two misses count for no more
SURELY = 2.0  # honest places come to 0.94, sigma 0.41, by chance


class Scatter(Columns):
    """The variances of C tracks' places over what they claim, of those that tell no velocity."""

    def __init__(self, capacity: int) -> None:
        self.variance = np.ones((capacity, 2))  # along the way, and across

    def begin(self, row: int) -> None:
        """Believe what a track claims."""
        self.variance[row] = 1.0

    def of(self, rows: Rows) -> Floats:
        """Return by how many times places of M tracks surely err more than they claim, along and across, (2, M)."""
        variance = self.variance[rows].T
        times: Floats = np.sqrt(np.where(variance > SURELY, variance, 1.0))
        return times

    def learn(self, rows: Rows, window: Window) -> None:
        """Take the latest report of each of M tracks, which their windows begin with."""
        age_s, place_m = window.age_s[: PLACES + 1], window.fixes.earth_m[: PLACES + 1]
        sigma_m, gs_mps = window.fixes.sigma_m[: PLACES + 1], window.fixes.gs_mps[: PLACES + 1]
        moves = (place_m[0] != place_m[-1]).any(axis=-1)
        m = np.flatnonzero(np.isfinite(age_s + sigma_m).all(axis=0) & np.isnan(gs_mps).all(axis=0) & moves)
        age_s, sigma_m, place_m = age_s[:, m], sigma_m[:, m], place_m[:, m]
        now, before = _shares(age_s[:-1]), _shares(age_s[1:])
        claimed_m2 = -(now[1:] * before[:-1] * sigma_m[1:-1] ** 2).sum(axis=0)
        misses_m = (now[..., None] * place_m[:-1]).sum(axis=0), (before[..., None] * place_m[1:]).sum(axis=0)
        way_m = place_m[0] - place_m[-1]
        along_m2 = -dot(misses_m[0], way_m) * dot(misses_m[1], way_m) / dot(way_m, way_m)
        against_m2 = np.stack([along_m2, -dot(*misses_m) - along_m2], axis=1)
        held = self.variance[rows[m]]
        most = MOST * np.maximum(held, 1.0)
        learns = claimed_m2 > 0
        shown = np.clip(against_m2[learns] / claimed_m2[learns, None], -most[learns], most[learns])
        self.variance[rows[m[learns]]] += GAIN * (shown - held[learns])


def _shares(age_s: Floats) -> Floats:
    """Return weights of places of R tracks, (PLACES, R), that sum up to what the first is off where the others lead."""
    share = np.ones_like(age_s)
    for k in range(1, PLACES):
        for other in range(1, PLACES):
            if other != k:
                share[k] *= (age_s[0] - age_s[other]) / (age_s[k] - age_s[other])
        share[k] *= -1
    return share
