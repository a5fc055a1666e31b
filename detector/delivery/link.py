"""The link to the broker: a thread that holds a connection to the broker, and opens it again whenever it ends."""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import threading
from collections.abc import Callable

from detector.delivery.backoff import Backoff
from detector.delivery.broker import Broker
from detector.delivery.dialect import V5, Dialect
from detector.delivery.flight import Answer, Flight, publication_of
from detector.delivery.messages import Publication
from detector.delivery.outbox import Item
from detector.delivery.session import Session
from detector.delivery.topics import Topics
from detector.metrics import Metrics

log = logging.getLogger(__name__)

STEADY_S = 10.0  # a connection that lasted so long was a good one: the next failure is a first one again

Clock = Callable[[], float]


class Link:
    """Delivers what is in flight until it is stopped."""

    def __init__(
        self,
        broker: Broker,
        topics: Topics,
        flight: Flight,
        will: Publication,
        metrics: Metrics,
        time_s: Clock,
        monotonic_s: Clock,
    ) -> None:
        self._broker, self._topics, self._flight, self._will, self._metrics = broker, topics, flight, will, metrics
        self._time_s, self._monotonic_s = time_s, monotonic_s
        self._dialect = Dialect()
        self._refused_kinds: set[str] = set()
        self._last_failure = ""
        self._stopping = threading.Event()
        self._stop_by_s = math.inf
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._wake.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Make the thread look for something to send."""
        with contextlib.suppress(BlockingIOError):  # full: it will wake up
            self._wake.send(b"!")

    def stop(self, timeout_s: float) -> None:
        """End the connection once the states are delivered or the time is over."""
        self._stop_by_s = self._monotonic_s() + timeout_s
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(2 * timeout_s)

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            began_s = self._monotonic_s()
            reason = self._attempt()
            if self._stopping.is_set():
                return
            if self._monotonic_s() - began_s >= STEADY_S:
                backoff.reset()
            if reason != self._last_failure:
                log.warning("broker %s: %s; trying again", self._broker.url, reason)
            self._last_failure = reason
            self._stopping.wait(backoff.wait_s())

    def _attempt(self) -> str:
        """Hold one connection as long as it lasts, and return why it ended."""
        try:
            version = self._dialect.version
            session = Session(self._broker, version, self._will, self._flight, self._heard, self._monotonic_s)
        except (OSError, ValueError) as error:  # nobody there, no such name, no trust: that says nothing of versions
            return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
        try:
            self._hold(session)
        except Exception as error:  # a fault costs the connection, never the thread
            log.exception("broker %s: fault in a connection", self._broker.url)
            return f"{type(error).__name__}: {error}"
        finally:
            self._metrics.connected.set(0)
            session.close()
        self._dialect.ended() if session.accepted else self._dialect.refused(session.refused)
        return session.reason or "connection lost"

    def _hold(self, session: Session) -> None:
        known = False
        while session.turn(self._awake) and not self._finished():
            if session.accepted and not known:
                known = True
                self._connected()

    def _connected(self) -> None:
        self._last_failure = ""
        self._metrics.connected.set(1)
        five = self._dialect.version == V5
        log.info("broker %s: connected with MQTT %s", self._broker.url, "5" if five else "3.1.1, which hides refusals")

    def _finished(self) -> bool:
        return self._stopping.is_set() and (self._flight.settled() or self._monotonic_s() > self._stop_by_s)

    def _heard(self, answer: Answer, what: Item | Publication | None, reason: str) -> None:
        if what is None:
            return
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
