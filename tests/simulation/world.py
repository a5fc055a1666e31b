"""Simulated time: what happens next, in one thread, by chance that a seed decides."""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Callable
from itertools import count

EPOCH_S = 1_795_000_000.0  # November 2026


class Killed(BaseException):
    """A process has died at this very point; nothing in it may catch this."""


class BrokenPromise(BaseException):
    """An invariant does not hold."""


class World:
    """The scheduler; everything in a story that is left to chance asks `chance`."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        random.seed(seed)  # production draws its jitter there
        self.now_s = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._digest = hashlib.blake2b(digest_size=16)
        self.said: list[str] = []  # the trace
        self.after_step: Callable[[], None] = lambda: None

    def at(self, time_s: float, what: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._events, (max(time_s, self.now_s), next(self._order), what))

    def after(self, wait_s: float, what: Callable[[], None]) -> None:
        """Do something after a while."""
        self.at(self.now_s + wait_s, what)

    def say(self, who: str, what: str) -> None:
        """Write a line of the trace."""
        line = f"{self.now_s:11.3f} {who}: {what}"
        self._digest.update(line.encode())
        self.said.append(line)

    def run(self, until_s: float) -> None:
        """Let everything happen up to a time."""
        while self._events and self._events[0][0] <= until_s:
            self.now_s, _, what = heapq.heappop(self._events)
            what()
            self.after_step()
        self.now_s = until_s

    def digest(self) -> str:
        """Return what tells traces apart."""
        return self._digest.hexdigest()


class Process:
    """What is killed as a whole; what it had scheduled dies with it."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.life = 0  # counts starts; 0: never
        self.alive = self.dying = False
        self.step_back_s = 0.0  # how far its wall clock is off

    def time_s(self) -> float:
        return EPOCH_S + self.world.now_s - self.step_back_s

    def monotonic_s(self) -> float:
        return 1000.0 + self.world.now_s

    def after(self, wait_s: float, what: Callable[[], None]) -> None:
        """Do something in this life."""
        life = self.life
        self.world.after(wait_s, lambda: self.do(what) if self.alive and self.life == life else None)

    def do(self, what: Callable[[], None]) -> None:
        """Do something now; it may be what kills the process."""
        try:
            what()
        except Killed:
            self.kill("in the middle")

    def start(self) -> None:
        if self.alive:
            return
        self.life, self.alive, self.dying = self.life + 1, True, False
        self.world.say(self.name, f"starts, life {self.life}")
        self.do(self.begin)

    def die(self) -> None:
        """Die here and now: nothing that the process still does as the stack unwinds reaches anybody."""
        self.dying = True
        raise Killed

    def kill(self, why: str = "killed", for_s: float | None = None) -> None:
        """End it; it is started again after so long, or soon."""
        if self.alive:
            self.alive = False
            self.world.say(self.name, f"dies, {why}")
            self.end()
            self.world.after(self.world.chance.uniform(0.2, 5.0) if for_s is None else for_s, self.start)

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError
