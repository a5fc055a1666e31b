"""A recorded tracks table as a live feed: the rows at the pace in which they were recorded, times re-based to now."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from detector.errors import InputError
from feeds.plots import Plots
from feeds.sink import Feed, FeedSettings, Sink
from feeds.table import Rejected
from feeds.tracksfile import in_order, read

LEAST_WAIT_S = 0.05  # rows due within it are delivered together
_JOIN_S = 2.0


class Recording:
    """A feed that plays one file once, in time order, so that its first row is now; then it is down."""

    def __init__(self, name: str, path: Path, sink: Sink, clock: Callable[[], float] = time.time) -> None:
        self._name = name
        self._path = path
        self._sink = sink
        self._clock = clock
        self._shift_s: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; the wait for the next row is cut short."""
        self._stopping.set()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        reason = "recording ended"
        try:
            for chunk in in_order(read(self._path)):
                self._play(chunk.plots, chunk.rejected)
                if self._stopping.is_set():
                    break
        except InputError as error:
            reason = str(error)
        self._sink.state(self._name, "down", "stopped" if self._stopping.is_set() else reason)

    def _play(self, plots: Plots, rejected: Rejected) -> None:
        if self._shift_s is None and len(plots):
            self._shift_s = self._clock() - float(plots.time_s[0])
            self._sink.state(self._name, "up", f"playing {self._path}")
        plots = replace(plots, time_s=plots.time_s + (self._shift_s or 0.0))
        if rejected:
            self._sink.plots(self._name, plots.take(slice(0, 0)), rejected)
        done = 0
        while done < len(plots) and not self._stopping.is_set():
            due = int(np.searchsorted(plots.time_s, self._clock(), side="right"))
            if due > done:
                self._sink.plots(self._name, plots.take(slice(done, due)), Counter())
                done = due
            else:
                self._stopping.wait(max(float(plots.time_s[done]) - self._clock(), LEAST_WAIT_S))


class ReplaySettings(FeedSettings, Protocol):
    """Table [[feeds]] of a recorded tracks table."""

    @property
    def path(self) -> str | Path:
        """Of the file."""


def start(settings: ReplaySettings, sink: Sink) -> Feed:
    """Start playing the file at `settings.path`."""
    return Recording(settings.name, Path(settings.path), sink)
