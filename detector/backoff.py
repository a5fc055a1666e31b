"""Waits between attempts: they double, with jitter, so that a broker that restarts is not met by all at once."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.125  # most losses are a broker that restarts: the first attempts are quick
LONGEST_S = 5.0  # there are few daemons and rooms, and an alert must not wait for one that sleeps


class Backoff:
    """The waits of one series of failures: half to all of 1/8, 1/4, 1/2, 1, 2 ... `longest_s`."""

    def __init__(
        self,
        first_s: float = FIRST_S,
        jitter: Callable[[float, float], float] = random.uniform,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._first_s, self._jitter, self._longest_s = first_s, jitter, longest_s
        self.reset()

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next_s = self._first_s

    def wait_s(self) -> float:
        """Return how long to wait after one more failure."""
        most_s, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return self._jitter(most_s / 2, most_s)
