"""Trust in positions: a report where its track cannot be is not believed, until the track goes on from there.

A satellite receiver that is jammed or spoofed reports places where it is not; a tracker may give one number to two
aircraft. What cannot be reached from the last believed fix is a claim. Claims that go on from each other are believed
in the end: after having been consistent for as long as the track had been where it was, SELF_S at most for who tells
its own place, SEEN_S for who is seen by others. Who is heard again where it was is believed at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.tracks.fixes import FIX, Fixes, Rows
from feeds.plots import Floats

Mask = NDArray[np.bool_]

JUMP_M = 2000.0  # honest reports miss the way their velocities tell by 0.4 km in 1 of 1,000, over 1 to 30 s alike
SIGMAS = 6.0
SIGMA_M = 500.0  # of a report that promises less accuracy, where it should be can be told all the same
FASTEST_MPS = 850.0  # Mach 2.8 at height
FASTER = 1.2  # than the speed told, an aircraft may be on the way, ...
WIND_MPS = 50.0  # ... and by as much more
SELF_S = 120.0
SEEN_S = 30.0
CLAIMS = 2


class Trust:
    """What C tracks claim against what is believed of them."""

    def __init__(self, capacity: int) -> None:
        self.doubted = np.zeros(capacity, dtype=bool)
        self.since_s = np.zeros(capacity)  # of the first believed fix of where the track is
        self.claim = Fixes(*(np.zeros((capacity, 3) if name == "earth_m" else capacity) for name in FIX))
        self._claims = np.zeros(capacity, dtype=np.intp)  # in succession, each consistent with the one before
        self._claimed_s = np.zeros(capacity)  # the first of them

    def grow(self) -> None:
        """Make room for twice as many rows."""
        for name, column in list(vars(self).items()):
            if isinstance(column, np.ndarray):
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        doubled = (np.concatenate([column, np.zeros_like(column)]) for column in (getattr(self.claim, n) for n in FIX))
        self.claim = Fixes(*doubled)

    def judge(self, rows: Rows, first: Mask, last: Fixes, now: Fixes) -> tuple[Mask, Mask]:
        """Tell which of M reports to believe, and which of these begin their tracks anew at another place.

        `last` are the last believed fixes of the tracks; `first`: there is none.
        """
        here = first | _reachable(last, now)
        there = ~here & self.doubted[rows] & _reachable(self.claim.take(rows), now)
        self._claims[rows] = np.where(here, 0, np.where(there, self._claims[rows] + 1, 1))
        self._claimed_s[rows] = np.where(there, self._claimed_s[rows], now.time_s)
        need_s = np.minimum(np.where(np.isnan(now.gs_mps), SEEN_S, SELF_S), last.time_s - self.since_s[rows])
        anew = there & (self._claims[rows] > CLAIMS) & (now.time_s - self._claimed_s[rows] >= need_s)
        self.since_s[rows] = np.where(first, now.time_s, np.where(anew, self._claimed_s[rows], self.since_s[rows]))
        believed = here | anew
        self.doubted[rows] = ~believed
        for name in FIX:
            getattr(self.claim, name)[rows[~believed]] = getattr(now, name)[~believed]
        return believed, anew


def _reachable(start: Fixes, end: Fixes) -> Mask:
    """Tell which of N ends can be reached from their starts."""
    step_s = np.maximum(end.time_s - start.time_s, 0.0)
    way_m = distance_m(start, end)
    slack_m = JUMP_M + SIGMAS * (np.fmin(start.sigma_m, SIGMA_M) + np.fmin(end.sigma_m, SIGMA_M))
    told_mps = np.fmax(start.gs_mps, end.gs_mps)
    speed_mps = np.fmin(FASTER * told_mps + WIND_MPS, FASTEST_MPS)
    reachable: Mask = way_m <= slack_m + speed_mps * step_s
    return reachable


def distance_m(start: Fixes, end: Fixes) -> Floats:
    """Return how far N ends are from their starts, m; NaN where a place is none."""
    with np.errstate(invalid="ignore"):  # a place that is none is nowhere near
        far_m: Floats = np.linalg.norm(end.earth_m - start.earth_m, axis=1)
    return far_m
