"""The types of feed. A new one is a parser and a line in this table."""

from __future__ import annotations

from collections.abc import Callable

from detector.errors import InputError
from feeds import mqtt, replayfile
from feeds.sbs import SbsParser
from feeds.sink import Attributing, Feed, FeedSettings, Sink
from feeds.sockets import tcp

TYPES: dict[str, Callable[[FeedSettings, Sink], Feed]] = {
    "sbs": tcp(SbsParser),
    "mqtt": mqtt.start,
    "replay": replayfile.start,
}


def start(settings: FeedSettings, sink: Sink) -> Feed:
    """Start the feed that a table [[feeds]] describes; it delivers to `sink` until it is stopped.

    Reports that name no sensor get the configured source, or else the feed's name. Raises InputError for a type that
    is not in TYPES and for what the type needs and the table lacks.
    """
    if settings.type not in TYPES:
        raise InputError([f'feeds.{settings.name}.type: expected {", ".join(TYPES)}, got "{settings.type}"'])
    return TYPES[settings.type](settings, Attributing(sink, settings.source or settings.name))
