"""The types of feed. A new one is a parser and a line in this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feeds import mqtt, replayfile
from feeds.sbs import SbsParser
from feeds.sink import Attributing, Feed, FeedSettings, Sink
from feeds.sockets import tcp

TYPES: dict[str, Callable[[Any, Sink], Feed]] = {
    "sbs": tcp(SbsParser),
    "mqtt": mqtt.start,
    "replay": replayfile.start,
}


def start(settings: FeedSettings, sink: Sink) -> Feed:
    """Start the feed that a table [[feeds]] describes; it delivers to `sink` until it is stopped.

    Reports that name no sensor get the configured source. Raises InputError for files that cannot be read.
    """
    return TYPES[settings.type](settings, Attributing(sink, settings.source))
