"""How event time passes in a daemon whose wall clock may be set at any moment (docs/decisions/0015-clocks-are-set.md).

Reports bring it on, as far as the wall clock lets them. Between reports it passes by the clock that nobody sets, and
never beyond the wall clock: one that is set an hour ahead makes nobody silent for an hour.
"""

from __future__ import annotations

import math

from detector.arrays import Floats
from detector.clock import Clock
from detector.pipeline import FUTURE_S, LAG_S, Pipeline

FAR_AHEAD_S = 2 * LAG_S  # of the clock: less is over before anything could be done about it


class Passage:
    """The event time of a daemon's core between its steps."""

    def __init__(self, monotonic_s: Clock) -> None:
        self._monotonic_s = monotonic_s
        self._stepped_s = math.inf  # by the clock that nobody sets

    def time_s(self, core: Pipeline, now_s: float) -> float:
        """Return event time as it has passed since the last step; `now_s` is by the wall clock."""
        passed_s = self._monotonic_s() - self._stepped_s
        return now_s if math.isinf(passed_s) or math.isinf(core.time_s) else min(now_s, core.time_s + passed_s)

    def step(self, core: Pipeline, reports_s: Floats, now_s: float) -> float:
        """Return how far the step now lets event time pass without its reports, (N,).

        Where these are about to make it leap, nobody listened meanwhile, and the core is told that nobody was silent.
        """
        until_s, self._stepped_s = self.time_s(core, now_s), self._monotonic_s()
        latest_s = float(reports_s[reports_s <= now_s + FUTURE_S].max(initial=-math.inf))
        if latest_s > until_s + FUTURE_S:
            core.resume(latest_s)
        return until_s


def was_ahead(core: Pipeline, reports_s: Floats, now_s: float) -> bool:
    """Tell whether event time is of a clock that was ahead: far ahead of the clock now, with which a report agrees."""
    timely = (reports_s >= now_s - LAG_S) & (reports_s <= now_s + FUTURE_S)
    return core.time_s > now_s + FAR_AHEAD_S and bool(timely.any())
