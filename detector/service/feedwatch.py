"""Silence is an alarm: how every feed is doing, from what it delivers and when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from feeds.plots import Plots

REPEAT_S = 30.0  # an unchanged state is said again so often, with fresh figures
MOST = 3  # reasons that are told at once

Say = Callable[[str, str, dict[str, object]], None]
Figures = Callable[[Plots, Collection[str], float], dict[str, float]]
"""What can be told of a feed by some of its plots, its tracks, and how many seconds lie between two plots of one."""


@dataclass(slots=True)
class _Feed:
    stale_s: float
    since_s: float
    state: str = "down"
    connected: bool = False
    reason: str = "starting"
    last_plot_s: float | None = None
    lag_s: float | None = None
    plots: int = 0  # since the state was last said
    tracks: set[str] = field(default_factory=set)  # that they were of
    sample: Plots | None = None  # the latest of them
    refused: Counter[str] = field(default_factory=Counter)  # reports since the last that was taken, by what they were
    said: tuple[str, str] | None = None  # state and reason
    said_s: float = 0.0


class FeedWatch:
    """The feeds of a daemon; `say` gets (feed, state, facts) when a state or its reason changes, and every REPEAT_S.

    `now_s` is of a clock that nobody sets: a feed must not pass for up because it is an hour ago again.
    """

    def __init__(self, say: Say, figures: Figures = lambda _plots, _tracks, _every_s: {}) -> None:
        self._say, self._figures = say, figures
        self._feeds: dict[str, _Feed] = {}

    def add(self, name: str, stale_s: float, now_s: float) -> None:
        """Watch a feed."""
        self._feeds[name] = _Feed(stale_s, now_s)

    def remove(self, name: str) -> None:
        """Watch a feed no more."""
        del self._feeds[name]

    def watches(self, name: str) -> bool:
        """Tell whether a feed is watched."""
        return name in self._feeds

    def heard(self, name: str, plots: Plots, received_s: float, now_s: float) -> None:
        """Note what a feed delivered, received at a Unix time."""
        feed = self._feeds.get(name)
        if feed is not None and len(plots):
            feed.last_plot_s, feed.plots = now_s, feed.plots + len(plots)
            feed.refused.clear()
            feed.tracks.update(plots.track_id)
            feed.sample = plots
            feed.lag_s = round(received_s - float(np.median(plots.time_s)), 3)

    def refused(self, name: str, reports: Mapping[str, int]) -> None:
        """Note how many reports of a feed were not taken, by what they were."""
        if (feed := self._feeds.get(name)) is not None:
            feed.refused.update({what: count for what, count in reports.items() if count})

    def connection(self, name: str, *, connected: bool, reason: str, now_s: float) -> None:
        """Note that a feed connected or did not."""
        feed = self._feeds.get(name)
        if feed is not None:
            feed.connected, feed.reason, feed.since_s = connected, reason, now_s
            feed.refused.clear()

    def look(self, now_s: float) -> None:
        """Judge every feed, and say what is new."""
        for name, feed in self._feeds.items():
            feed.state = _judge(feed, now_s)
            if (feed.state, feed.reason) != feed.said or now_s - feed.said_s >= REPEAT_S:
                rate_hz = feed.plots / max(now_s - feed.said_s, 1.0) if feed.said else 0.0
                facts: dict[str, object] = {"lag_s": feed.lag_s, "rate_hz": round(rate_hz, 1), "reason": _reason(feed)}
                if feed.sample is not None and rate_hz:
                    facts |= self._figures(feed.sample, feed.tracks, len(feed.tracks) / rate_hz)
                self._say(name, feed.state, facts)
                feed.said, feed.said_s = (feed.state, feed.reason), now_s
                feed.plots, feed.tracks, feed.sample = 0, set(), None

    def silent(self) -> list[str]:
        """Return the feeds that are not up."""
        return [name for name, feed in self._feeds.items() if feed.state != "up"]


def _judge(feed: _Feed, now_s: float) -> str:
    if not feed.connected:
        return "down"
    quiet_since_s = max(feed.last_plot_s or 0.0, feed.since_s)
    return "stale" if now_s - quiet_since_s > feed.stale_s else "up"


def _reason(feed: _Feed) -> str:
    """Return why a feed is as it is; one that talks, but tells nothing that can be taken, looks dead from outside."""
    if feed.state != "stale" or not feed.refused:
        return feed.reason
    most = ", ".join(f"{count} {what}" for what, count in feed.refused.most_common(MOST))
    return f"{feed.reason}, but none of its reports can be taken: {most}"
