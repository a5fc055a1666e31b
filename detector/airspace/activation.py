"""Activation: when each of a list of zones began and ceased to count, as event time passes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detector.airspace.schedule import Window, is_active, next_change_s
from detector.airspace.zones import Zone

MEMORY_S = 600.0  # longer than any path between two reports of a track


class Activation:
    """The latest span of time in which each of Z zones counts, (Z,), Unix seconds.

    A zone counts from `opened_s` until, and not at, `closed_s`: inf while it does. One without windows always counts.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._windows = {index: zone.active for index, zone in enumerate(zones) if zone.active}
        self._change_s = dict.fromkeys(self._windows, -math.inf)
        self.opened_s = np.full(len(zones), -math.inf)
        self.closed_s = np.full(len(zones), math.inf)
        self.always = not self._windows  # every zone counts at any time
        self.due_s = math.inf  # when the next zone opens or closes; known from the first `advance` on

    def advance(self, time_s: float) -> list[int]:
        """Let time pass; return the zones that have closed with it. Before all time (-inf), nothing has."""
        if time_s == -math.inf:
            return []
        due = [index for index, change_s in self._change_s.items() if change_s <= time_s]
        already = set(self.closed())
        for index in due:
            windows = self._windows[index]
            self.opened_s[index], self.closed_s[index] = _latest_span_s(windows, time_s)
            self._change_s[index] = next_change_s(windows, time_s)
        self.due_s = min(self._change_s.values(), default=math.inf)
        return [index for index in self.closed() if index not in already]

    def closed(self) -> list[int]:
        """Return the zones that do not count now."""
        return np.flatnonzero(self.closed_s < math.inf).tolist()

    def open_late(self, index: int, time_s: float) -> None:
        """Let a zone that counts do so since a time at the earliest, whatever its windows say."""
        self.opened_s[index] = max(self.opened_s[index], time_s)
        self.always = False


def over(zones: Sequence[Zone], time_s: float) -> list[str]:
    """Return what is said of the zones that do not count at a time and never will again."""
    shut = [zone for zone in zones if not is_active(zone.active, time_s)]
    never = [zone.id for zone in shut if next_change_s(zone.active, time_s) == math.inf]
    return [f'zone "{zone_id}": its last window of activation is over, it does not count any more' for zone_id in never]


def _latest_span_s(windows: Sequence[Window], time_s: float) -> tuple[float, float]:
    """Return when windows opened last and closed after that; what lies more than MEMORY_S back is not told apart."""
    at_s = time_s - MEMORY_S
    opened_s, closed_s = -math.inf, math.inf if is_active(windows, at_s) else -math.inf
    while (at_s := next_change_s(windows, at_s)) <= time_s:
        if is_active(windows, at_s):
            opened_s, closed_s = at_s, math.inf
        else:
            closed_s = at_s
    return opened_s, closed_s
