"""Patience: what a room knows is told again ever more seldom.

News of a kind that an incident has told before wait until FIRST_S have gone by since it was told last, after the next
time twice as long, and so on, but never longer than LONGEST_S, or INSIDE_S for who is inside again: what rooms see must
not be wrong about that for longer. Whatever is told meanwhile tells them too: a message is
the whole incident. News of a new kind, or graver than all that was told of one, or more than MORE times as much, do
not wait, and patience begins again with them.
"""

from __future__ import annotations

from typing import NamedTuple

from detector.rules.params import SHORTEST_PATIENCE_S

FIRST_S, INSIDE_S = 30.0, 60.0
LONGEST_S = 300.0  # who left for longer is another incident
MORE = 2.0
DOUBLINGS = 8  # until any longest is reached


class Told(NamedTuple):
    """How often an incident has told news of one kind, when last (Unix s), how grave, and the most of it."""

    times: int = 0
    last_s: float = 0.0
    severity: int = -1
    most: float = 0.0

    def due_s(self, now_s: float, clock_s: float, severity: int, amount: float, longest_s: float) -> float:
        """Return when to tell what a report of `now_s` brings, at event time `clock_s`; s."""
        ready_s = self.last_s + min(FIRST_S * 2.0 ** min(self.times - 1, DOUBLINGS), longest_s)
        if self._exceeded(severity, amount) or ready_s <= now_s:
            return now_s
        return max(ready_s, clock_s + SHORTEST_PATIENCE_S)

    def again(self, now_s: float, severity: int, amount: float) -> Told:
        """Return the same once it has been told again."""
        times = 1 if self._exceeded(severity, amount) else self.times + 1
        return Told(times, now_s, max(self.severity, severity), max(self.most, amount))

    def _exceeded(self, severity: int, amount: float) -> bool:
        return severity > self.severity or amount > MORE * self.most
