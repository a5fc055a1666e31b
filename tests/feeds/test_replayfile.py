"""A recorded file as a live feed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from feeds.replayfile import start

HEADER = "time,track_id,lat,lon\n"


def write(path: Path, *rows: tuple[float, str]) -> Path:
    path.write_text(HEADER + "".join(f"{time_s},{name},52,21\n" for time_s, name in rows))
    return path


def test_rows_come_when_they_are_due_and_then_the_recording_ends(
    tmp_path: Path,
    sink,
    settings: Callable[..., SimpleNamespace],
) -> None:
    rows = [(1000.0, "a"), (1000.4, "c"), (1000.2, "b"), (1000.2, "b"), (1001.0, "d"), ("x", "bad")]
    started = time.time()
    feed = start(settings(path=write(tmp_path / "t.csv", *rows)), sink)
    sink.wait(lambda: len(sink.batches) > 0 and len(sink.batches[0]) + len(sink.all()) > 1)
    assert len(sink.all()) < 4
    assert sink.wait_state("down") == "recording ended"
    assert 1.0 <= time.time() - started < 2.0
    plots = sink.all()
    assert plots.track_id.tolist() == ["a", "b", "c", "d"]
    np.testing.assert_allclose(np.diff(plots.time_s), [0.2, 0.2, 0.6], atol=1e-5)
    assert abs(plots.time_s[0] - started) < 0.5
    assert sink.rejected == {"time: not a number": 1, "repeat": 1}
    feed.stop()
    assert [state for state, _ in sink.states] == ["up", "down"]


def test_stopping_does_not_wait_for_the_next_row(
    tmp_path: Path, sink, settings: Callable[..., SimpleNamespace]
) -> None:
    feed = start(settings(path=write(tmp_path / "t.csv", (0, "a"), (3600, "b"))), sink)
    sink.wait(lambda: len(sink.all()) == 1)
    started = time.monotonic()
    feed.stop()
    assert time.monotonic() - started < 1
    assert sink.states[-1] == ("down", "stopped")
    assert len(sink.all()) == 1


def test_a_file_that_cannot_be_read_is_a_reason(tmp_path: Path, sink, settings: Callable[..., SimpleNamespace]) -> None:
    start(settings(path=str(tmp_path / "none.csv")), sink)
    assert "no such file" in sink.wait_state("down")
