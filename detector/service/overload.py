"""Overload: more reports than can be looked at in time, and what is then done without, so that alerts stay timely."""

from __future__ import annotations

import math

import numpy as np

from detector import pipeline
from detector.airspace.zones import Identity
from detector.arrays import Mask
from detector.rules import company
from detector.snapshot import involved
from feeds.plots import Plots

LATE_S = 1.0  # reports that have waited for so long were not looked at in time
HELD_S = 2.0  # one long step, as when thousands of tracks are new, is no overload
CALM_S = 15.0  # without anything late it is over
SPARSE_S = 10.0  # between reports of those who do not matter: about what a radar tells of them
PAIRS_S = 4.0  # between looks at who is near whom: within what rules of pairs take for a flicker
MARGIN_M = 20e3  # more than anybody flies in SPARSE_S, with as much again to spare


class Load:
    """Whether the steps have been late for so long that it is an overload; times are of a clock that nobody sets."""

    def __init__(self) -> None:
        self.over = False
        self.crowded = False  # so late that two looks at a pair are too far apart to prove anything
        self._since_s = math.inf
        self._late_s = -math.inf

    def note(self, now_s: float, waited_s: float, *, full: bool) -> None:
        """Note before a step how long its oldest report has waited, and whether feeds had to wait with more."""
        if full or waited_s > LATE_S:
            self._since_s, self._late_s = min(self._since_s, now_s), now_s
            self.over |= now_s - self._since_s >= HELD_S
            self.crowded |= self.over and waited_s > PAIRS_S
        elif not self.over or now_s - self._late_s >= CALM_S:
            self.over, self.crowded, self._since_s = False, False, math.inf


def relieve(core: pipeline.Pipeline, load: Load) -> None:
    """Look less often at who is near whom in an overload, in a crowd not at who comes too close; as ever after it."""
    core.conduct.company.every_s = PAIRS_S if load.over else company.EVERY_S
    core.conduct.company.crowded = load.crowded


def matter(plots: Plots, core: pipeline.Pipeline) -> Mask:
    """Tell which of N reports to look at all the same, (N,): of the others a later one will do.

    Those are reports of known tracks that are near no zone that watches them, have no part in an incident and are no
    friends (who may be about to intercept), less than SPARSE_S after the last report and with the code that it had.
    """
    tracks = core.tracks
    row = tracks.known(plots.track_id)
    other_code = (plots.squawk != None) & (plots.squawk != tracks.last.squawk[row])  # noqa: E711 - elementwise
    due = plots.time_s - tracks.fix.time_s[row] >= SPARSE_S
    return (row < 0) | _matters(core)[row] | due | other_code.astype(bool)


def _matters(core: pipeline.Pipeline) -> Mask:
    """Tell which rows are of tracks of which every report is to be looked at, (C,)."""
    tracks, conduct, airspace = core.tracks, core.conduct, core.airspace
    watched = airspace.watched[tracks.identity]
    wide = company.enabled(core.rules) and all(each.near_m >= MARGIN_M for each in airspace.surroundings)
    matters = conduct.company.near(airspace.watched, tracks) if wide else watched
    matters |= conduct.pending(np.arange(tracks.capacity), tracks.capacity)
    matters |= ~tracks.alive | tracks.lost | tracks.trust.doubted | (tracks.identity <= Identity.ASSUMED_FRIEND)
    matters[list(involved(core))] = True
    matters[core.contacts.row] = True
    return matters
