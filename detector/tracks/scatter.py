"""Scatter: how far places miss the way that the ones before lead, over what their errors explain.

Three places make a parabola; the fourth misses where it leads by the errors of all four (1, 3, 3 and 1 times where they
are evenly apart, T), and by a T^2 / 2 where the acceleration has changed by a meanwhile. Harder manoeuvres are few
among many reports, so none counts for much. Wrong times are errors along the way.
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
TURN_MPS2 = 10.0  # 45 deg of bank begin or end: what may be that shows nothing
MOST = 4.0  # times what it has been, one miss counts for no more


class Scatter(Columns):
    """The variances of C tracks' places over what they claim, of those that tell no velocity."""

    def __init__(self, capacity: int) -> None:
        self.variance = np.ones((capacity, 2))  # along the way, and across

    def begin(self, row: int) -> None:
        """Believe what a track claims."""
        self.variance[row] = 1.0

    def of(self, rows: Rows) -> Floats:
        """Return by how many times places of M tracks err more than they claim, along and across the way, (2, M)."""
        times: Floats = np.sqrt(np.maximum(self.variance[rows], 1.0)).T
        return times

    def learn(self, rows: Rows, window: Window) -> None:
        """Take the latest report of each of M tracks, which their windows begin with."""
        fixes, age_s = window.fixes, window.age_s[:PLACES]
        m = np.flatnonzero(np.isfinite(age_s[-1]) & np.isnan(fixes.gs_mps[:PLACES]).all(axis=0))
        share, place_m = _shares(age_s[:, m]), fixes.earth_m[:PLACES, m]
        miss_m, way_m = (share[..., None] * place_m).sum(axis=0), place_m[0] - place_m[-1]
        claimed_m2 = (share**2 * fixes.sigma_m[:PLACES, m] ** 2).sum(axis=0)
        turn_m = TURN_MPS2 / 2 * (age_s[-1, m] / (PLACES - 1)) ** 2
        along_m2 = dot(miss_m, way_m) ** 2 / dot(way_m, way_m)
        miss_m2 = np.stack([along_m2, dot(miss_m, miss_m) - along_m2], axis=1)
        held = self.variance[rows[m]]
        most = MOST * np.maximum(held, 1.0)
        shown = np.clip((miss_m2 - turn_m[:, None] ** 2) / claimed_m2[:, None], 0.0, most)
        learns = np.isfinite(claimed_m2) & (way_m != 0).any(axis=1)
        self.variance[rows[m[learns]]] = (held + GAIN * (shown - held))[learns]


def _shares(age_s: Floats) -> Floats:
    """Return weights of places of R tracks, (PLACES, R), that sum up to what the first is off where the others lead."""
    share = np.ones_like(age_s)
    for k in range(1, PLACES):
        for other in range(1, PLACES):
            if other != k:
                share[k] *= (age_s[0] - age_s[other]) / (age_s[k] - age_s[other])
        share[k] *= -1
    return share
