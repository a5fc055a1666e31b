"""How long a connection that is lost again and again is away each time."""

from __future__ import annotations

import os
import resource
from types import SimpleNamespace
from typing import Any

import pytest

from detector.backoff import LONGEST_S, Backoff
from detector.delivery.reconnecting import BRIEF, BRIEF_WAIT_S, Reconnecting

HELD_S = 3.0


class Dying:
    """A broker that accepts everybody and is killed after HELD_S each time, or is not there at all."""

    def __init__(self) -> None:
        self.now_s, self.there, self.waits_s = 0.0, True, []
        broker: Any = SimpleNamespace(url="mqtt://broker", client_id="incursiond")
        self.reconnecting = Reconnecting(
            broker,
            Backoff(jitter=max),
            self._open,
            lambda _connected: None,
            lambda: True,
            lambda: None,
            lambda: self.now_s,
        )
        self._turns = self.reconnecting.turns()

    def lose(self, times: int) -> list[float]:
        """Return how long it was waited after each of some losses."""
        self.waits_s = []
        while len(self.waits_s) < times + 1:
            _, until_s = next(self._turns)
            self.now_s = max(self.now_s, until_s)
        return self.waits_s[1:]

    def _open(self, _version: Any) -> Any:
        self.waits_s.append(self.now_s - getattr(self, "_lost_s", self.now_s))
        if not self.there:
            self._lost_s = self.now_s
            raise ConnectionRefusedError
        connection = SimpleNamespace(accepted=True, refused=None, reason="killed", close=lambda: None)

        def turn() -> Any:
            yield None, self.now_s + HELD_S / 2
            held = self.now_s - began_s < HELD_S
            self._lost_s = self.now_s
            return held

        began_s = self.now_s
        return SimpleNamespace(connection=connection, turn=turn)


def test_after_a_connection_however_brief_nobody_waits_long() -> None:
    broker = Dying()
    waits_s = broker.lose(20)
    assert waits_s[: BRIEF - 1] == [0.125] * (BRIEF - 1)
    assert set(waits_s[BRIEF - 1 :]) == {BRIEF_WAIT_S}, "two of one name would spin"


def test_there_may_be_more_than_a_thousand_descriptors() -> None:
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2048:
        pytest.skip("this process may not have 2,048 descriptors: ulimit -Hn 2048")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, most))
    held = [os.dup(0) for _ in range(1100)]
    try:
        dying = Dying()
        dying.reconnecting.wake()
        dying.reconnecting._wait(None, 10.0)
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


def test_without_a_connection_waits_grow() -> None:
    broker = Dying()
    broker.there = False
    assert broker.lose(8) == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, LONGEST_S, LONGEST_S]
    broker.there = True
    broker.lose(1)
    assert broker.lose(2)[-1] <= BRIEF_WAIT_S
