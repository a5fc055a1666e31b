"""Where feeds deliver, and what they are told: the interfaces between the feeds and the daemon."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Protocol

import numpy as np

from feeds.plots import Plots
from feeds.table import Rejected

State = Literal["up", "down"]


class Sink(Protocol):
    """What takes the reports; its methods are called from the threads of the feeds."""

    def plots(self, name: str, plots: Plots, rejected: Rejected) -> None:
        """Take what a feed received, and the reports it refused, counted by reason."""

    def state(self, name: str, state: State, reason: str) -> None:
        """Take a change of a feed's state, or of the reason for it."""


class Feed(Protocol):
    """A running feed."""

    def stop(self) -> None:
        """End it; nothing is delivered after its last state, which is "down" with the reason "stopped"."""


class FeedSettings(Protocol):
    """Table [[feeds]] of the configuration: what every feed has; each type says what it has besides."""

    @property
    def name(self) -> str:
        """Unique among the feeds."""

    @property
    def type(self) -> str:
        """A key of `feeds.registry.TYPES`."""

    @property
    def source(self) -> str:
        """Name of the sensor, for reports that do not name theirs."""


class Attributing:
    """A sink that fills in the source of reports that name none, and hands on."""

    def __init__(self, sink: Sink, source: str) -> None:
        self._sink = sink
        self._source = source

    def plots(self, name: str, plots: Plots, rejected: Rejected) -> None:
        """Hand on plots that all have a source."""
        source = np.empty(len(plots), dtype=object)
        source[:] = [own or self._source for own in plots.source]
        self._sink.plots(name, replace(plots, source=source), rejected)

    def state(self, name: str, state: State, reason: str) -> None:
        """Hand on a state."""
        self._sink.state(name, state, reason)
