"""The pace of a replay."""

import pytest

from detector.commands import replay


@pytest.mark.parametrize("speed", [1e-9, 1e-320])
def test_years_are_waited_for_in_pieces_that_the_system_takes(monkeypatch, speed):
    class EnoughError(Exception):
        """The test has waited long enough."""

    naps = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise EnoughError

    monkeypatch.setattr(replay.time, "sleep", sleep)
    wait = replay._pace(speed)
    wait(1e9)
    with pytest.raises(EnoughError):
        wait(1e9 + 60.0)
    assert max(naps) <= replay.LONGEST_SLEEP_S
