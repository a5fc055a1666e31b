"""Trust in positions: a report where its track cannot be is not believed, until the track goes on from there.

A satellite receiver that is jammed or spoofed reports places where it is not; a tracker may give one number to two
aircraft. What cannot be reached from the last believed fix is a claim. Claims that go on from each other are believed
in the end: after having been consistent for as long as the track had been where it was, SELF_S at most for who tells
its own place, SEEN_S for who is seen by others. Who is heard again where it was is believed at once.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask, Small
from detector.tracks.columns import Columns, no_fixes
from detector.tracks.fixes import Fixes, Rows, distance_m
from detector.tracks.stillness import Stillness

JUMP_M = 2000.0  # honest reports miss the way their velocities tell by 0.4 km in 1 of 1,000, over 1 to 30 s alike
SIGMAS = 6.0
SIGMA_M = 500.0  # of a report that promises less accuracy, where it should be can be told all the same
FASTEST_MPS = 850.0  # Mach 2.8 at height
FASTER = 1.2  # than the speed told, an aircraft may be on the way, ...
WIND_MPS = 50.0  # ... and by as much more
SELF_S = 120.0
SEEN_S = 30.0
CLAIMS = 2
TURNS = 3  # that reports turned from one place to another and back to each
TOGETHER_S = 30.0  # who has not been heard at the other place for longer is not in two places


class Trust(Columns):
    """What C tracks claim against what is believed of them."""

    def __init__(self, capacity: int) -> None:
        self.doubted = np.zeros(capacity, dtype=bool)
        self.since_s = np.zeros(capacity)  # of the first believed fix of where the track is
        self.twofold = np.zeros(capacity, dtype=bool)  # in two places by turns
        self.stillness = Stillness(capacity)
        self.claim = no_fixes(capacity)
        self._claims = np.zeros(capacity, dtype=np.intp)  # in succession, each consistent with the one before
        self._claimed_s = np.zeros(capacity)  # the first of them
        self._turns = np.zeros(capacity, dtype=np.intp)  # to the place of the claim, each from where the track is

    def judge(self, rows: Rows, first: Mask, last: Fixes, now: Fixes, on_ground: Small) -> tuple[Mask, Mask]:
        """Tell which of M reports to believe, and which of these begin their tracks anew at another place.

        `last` are the last believed fixes of C rows; `first`: there is none.
        """
        stood = self.stillness.since_s[rows] <= last.time_s[rows]  # its last believed fix may be where it was before
        owes_m = np.where(stood, FASTER * self.stillness.flown_m[rows], 0.0)
        frozen = self.stillness.judge(rows, first, now, on_ground)
        believed, anew = first | (_reachable(last, rows, now, owes_m) & ~frozen), np.zeros(len(rows), dtype=bool)
        self.since_s[rows[first]] = now.time_s[first]
        self.claim.time_s[rows[first]], self._turns[rows[first]] = -np.inf, 0
        self.claim.put(rows[frozen], now.take(frozen))
        away = np.flatnonzero(~believed & ~frozen)
        if len(away):
            anew[away] = believed[away] = self._goes_on(rows[away], last, now.take(away))
        self._claims[rows[believed | frozen]] = 0
        self._turns[rows[anew]] = 0
        self.doubted[rows] = ~believed
        self.twofold[rows] = (self._turns[rows] >= TURNS) & (now.time_s - self.claim.time_s[rows] <= TOGETHER_S)
        return believed, anew

    def _goes_on(self, rows: Rows, last: Fixes, now: Fixes) -> Mask:
        """Take claims; tell which have gone on for long enough, and so are none any more."""
        again = _reachable(self.claim, rows, now) & (now.time_s - self.claim.time_s[rows] <= TOGETHER_S)
        there = (self._claims[rows] > 0) & _reachable(self.claim, rows, now)
        turns = self._turns[rows] + (self._claims[rows] == 0)
        self._turns[rows] = np.where(again, turns, 0)
        self._claims[rows] = np.where(there, self._claims[rows] + 1, 1)
        self._claimed_s[rows] = np.where(there, self._claimed_s[rows], now.time_s)
        need_s = np.minimum(np.where(np.isnan(now.gs_mps), SEEN_S, SELF_S), last.time_s[rows] - self.since_s[rows])
        enough = there & (self._claims[rows] > CLAIMS) & (now.time_s - self._claimed_s[rows] >= need_s)
        self.since_s[rows[enough]] = self._claimed_s[rows[enough]]
        self.claim.put(rows, now)
        return enough


def _reachable(start: Fixes, rows: Rows, end: Fixes, owes_m: Floats | float = 0.0) -> Mask:
    """Tell which of M ends can be reached from the starts of their rows, and `owes_m` on the way since."""
    step_s = np.maximum(end.time_s - start.time_s[rows], 0.0)
    way_m = distance_m(start.earth_m[rows], end.earth_m)
    slack_m = JUMP_M + SIGMAS * (np.fmin(start.sigma_m[rows], SIGMA_M) + np.fmin(end.sigma_m, SIGMA_M))
    told_mps = np.fmax(start.gs_mps[rows], end.gs_mps)
    speed_mps = np.fmin(FASTER * told_mps + WIND_MPS, FASTEST_MPS)
    reachable: Mask = way_m <= slack_m + owes_m + speed_mps * step_s
    return reachable
