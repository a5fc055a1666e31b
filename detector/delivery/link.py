"""The link to the broker: a thread that delivers what is in flight over one connection after another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from paho.mqtt.enums import MQTTProtocolVersion

from detector.backoff import Backoff
from detector.clock import Clock
from detector.delivery.ears import Ears
from detector.delivery.flight import Answer, Flight, publication_of
from detector.delivery.outbox import Item
from detector.delivery.reconnecting import Reconnecting
from detector.delivery.rooms import Rooms
from detector.delivery.session import Session
from detector.delivery.topics import Topics
from detector.metrics import Metrics
from detector.mqtt.broker import Broker
from detector.mqtt.publication import Publication

log = logging.getLogger(__name__)


class Link:
    """Delivers what is in flight until it is stopped."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        flight: Flight,
        rooms: Rooms,
        ears: Ears,
        changed: Callable[[bool], None],
        will: Publication,
        metrics: Metrics,
        time_s: Clock,
        monotonic_s: Clock,
    ) -> None:
        self._broker, self._topics, self._flight, self._will, self._metrics = broker, topics, flight, will, metrics
        self._rooms, self._ears = rooms, ears
        self._time_s, self._monotonic_s = time_s, monotonic_s
        self._refused_kinds: set[str] = set()
        self._reconnecting = Reconnecting(
            broker,
            Backoff(),
            self._open,
            changed,
            flight.settled,
            lambda: rooms.look(connected=False),
            monotonic_s,
        )
        self._thread = threading.Thread(target=self._reconnecting.run, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Make the thread look for something to send."""
        self._reconnecting.wake()

    def stop(self, timeout_s: float) -> None:
        """End the connection once the states are delivered or the time is over."""
        self._reconnecting.stop(timeout_s)
        if self._thread.is_alive():
            self._thread.join(2 * timeout_s)

    def _open(self, version: MQTTProtocolVersion) -> Session:
        return Session(
            self._broker,
            version,
            self._will,
            self._flight,
            self._heard,
            self._rooms,
            self._ears,
            self._monotonic_s,
        )

    def _heard(self, answer: Answer, what: Item | Publication | None, reason: str) -> None:
        if what is None:
            return
        if answer in {Answer.CONFIRMED, Answer.COMPLETE} and isinstance(what, Item):
            self._rooms.confirmed(what)
        if answer is Answer.COMPLETE and isinstance(what, Item):
            self._metrics.confirmed.inc()
            self._metrics.latency.observe(max(0.0, self._time_s() - what.letter.received_s))
        elif answer is Answer.REFUSED:
            self._refused(publication_of(what).topic, reason)

    def _refused(self, topic: str, reason: str) -> None:
        kind = self._topics.kind(topic)
        self._metrics.refused.inc()
        if kind not in self._refused_kinds:
            self._refused_kinds.add(kind)
            log.error(
                "broker %s: refused %s: %s; trying again, further ones are counted", self._broker.url, topic, reason
            )
