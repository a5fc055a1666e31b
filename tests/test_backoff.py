"""How long attempts wait for one another."""

from __future__ import annotations

import pytest

from detector.backoff import Backoff


@pytest.mark.parametrize(
    ("bound", "waits_s"),
    [(max, [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]), (min, [0.0625, 0.125, 0.25, 0.5, 1.0, 2.0, 2.5, 2.5])],
)
def test_however_long_a_broker_was_away_a_room_is_complete_within_10_s(bound: object, waits_s: list[float]) -> None:
    backoff = Backoff(jitter=lambda *range_s: bound(range_s))
    for _ in range(2):
        assert [backoff.wait_s() for _ in waits_s] == waits_s
        backoff.reset()
