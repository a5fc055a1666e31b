"""Where feeds deliver, and what they are told: the interfaces between the feeds and the daemon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
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
    """Table [[feeds]] of the configuration."""

    @property
    def name(self) -> str:
        """Unique among the feeds."""

    @property
    def type(self) -> str:
        """A key of `feeds.registry.TYPES`."""

    @property
    def address(self) -> str | None:
        """Of a TCP server, "host:port"."""

    @property
    def url(self) -> str | None:
        """Of a broker."""

    @property
    def topic(self) -> str | None:
        """To subscribe to."""

    @property
    def username(self) -> str | None:
        """Where a broker asks for one."""

    @property
    def password_file(self) -> str | None:
        """Holds the password on its first line."""

    @property
    def ca_file(self) -> str | None:
        """Certificates to trust instead of the system's."""

    @property
    def path(self) -> str | Path | None:
        """Of a recorded file."""

    @property
    def source(self) -> str | None:
        """Name of the sensor, for reports that do not name theirs; default: the feed's name."""


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
