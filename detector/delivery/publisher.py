"""Delivery: the one door through which everything for operations rooms passes.

What is submitted waits in the outbox until the broker has confirmed it, however often the broker goes away meanwhile.
One thread drives the connection. It keeps its own window of publications under way, since paho's queue dies with paho,
and sends those unconfirmed again, in order, on the next connection: a room may get a message twice, never not at all.

The outbox lives in memory; whoever makes it durable does so behind `submit` and `_confirm`.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detector import __version__
from detector.delivery.connection import NEWEST, OLDEST, BrokerSettings, Connection, Note
from detector.delivery.messages import Publication, publications
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage, stamp
from detector.metrics import Metrics

log = logging.getLogger(__name__)

WINDOW = 100  # publications under way
BACKOFF_S = (0.2, 30.0)
ANSWER_S = 3.0  # for the broker's CONNACK
RETRY_REFUSED_S = 30.0  # an access list may be mended meanwhile
GOODBYE_S = 2.0
REFUSED = 0x80
WRONG_VERSION = (0x01, 0x84)  # of MQTT 3.1.1, of MQTT 5


@dataclass(slots=True, eq=False)
class _Message:
    """An incident message on its way: how many of its publications the broker has yet to confirm."""

    remaining: int
    received_s: float
    submitted_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    publication: Publication
    message: _Message | None = None  # None: a status, of which only the latest matters


class Delivery:
    """Publishes for one site until stopped. Its methods may be called from any thread."""

    def __init__(
        self, settings: BrokerSettings, topics: Topics, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._topics, self._metrics, self._clock = settings, topics, metrics, clock
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._outbox: deque[_Item] = deque()
        self._under_way: dict[int, _Item] = {}  # by packet identifier, in the order sent
        self._refused: deque[tuple[float, _Item]] = deque()
        self._waiting: dict[_Message, None] = {}  # in the order submitted
        self._standing: dict[str, Publication] = {}  # the latest of every status, for every new connection
        self._version = NEWEST
        self._up = False
        metrics.outbox.set_function(lambda: len(self._waiting))
        metrics.outbox_age.set_function(self._oldest_age_s)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to connect and publish."""
        self._thread.start()

    def submit(self, messages: Sequence[IncidentMessage], received_s: float) -> None:
        """Take messages caused by reports received at a time; they are this object's to deliver from here on."""
        if not messages:
            return
        now_s = self._clock()
        with self._lock:
            for message in messages:
                made = publications(message, self._topics)
                waiting = _Message(len(made), received_s, now_s)
                self._waiting[waiting] = None
                self._outbox.extend(_Item(publication, waiting) for publication in made)
        self._wake.set()

    def set_status(self, state: str, **facts: object) -> None:
        """Say how the daemon is: online or degraded."""
        self._stand(self._topics.status, self._status(state, **facts))

    def set_feed_status(self, feed: str, state: str, **facts: object) -> None:
        """Say how a feed is: up, stale or down."""
        self._stand(self._topics.feed_status(feed), self._json(feed=feed, state=state, **facts))

    def drain(self, timeout_s: float) -> bool:
        """Wait until every message is confirmed; tell whether that is so."""
        until_s = time.monotonic() + timeout_s
        while self._waiting and time.monotonic() < until_s:
            time.sleep(0.01)
        return not self._waiting

    def stop(self) -> None:
        """Give what waits a last chance, publish that we are offline, and disconnect."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    # --- the publisher's thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            tries += 1
            try:
                if self._connect_and_serve():
                    tries = 0
            except Exception:
                log.exception("publisher: connection failed")
            self._recall()
            most_s = min(BACKOFF_S[0] * 2**tries, BACKOFF_S[1])
            self._stopping.wait(random.uniform(most_s / 2, most_s))

    def _connect_and_serve(self) -> bool:
        """Serve one connection until it is lost or we stop; tell whether it ever was up."""
        connection = Connection(self._settings, self._version, self._will(), self._wake)
        try:
            connection.open()
        except OSError as error:
            log.warning("broker %s: %s", self._settings.url, error)
            return False
        try:
            note = self._next_note(connection, ANSWER_S)
            if note.what != "up":
                self._give_way(note)
                return False
            log.info("broker %s: connected", self._settings.url)
            self._metrics.connected.set(1)
            with self._lock:
                self._up = True
                self._outbox.extendleft(_Item(publication) for publication in self._standing.values())
            self._serve(connection)
            return True
        finally:
            self._up = False
            self._metrics.connected.set(0)
            connection.close()

    def _give_way(self, note: Note) -> None:
        """Take the other version of MQTT if the refusal may be about it; old brokers hang up or say nothing."""
        log.warning("broker %s: refused us: %s", self._settings.url, note.why)
        if note.code in WRONG_VERSION or note.what in ("down", "silence"):
            self._version = OLDEST if self._version == NEWEST else NEWEST

    def _serve(self, connection: Connection) -> None:
        goodbye_s = None
        while True:
            self._wake.clear()
            while connection.notes:
                note = connection.notes.popleft()
                if note.what == "done":
                    self._confirm(note)
                else:
                    log.warning("broker %s: connection lost: %s", self._settings.url, note.why)
                    return
            self._send(connection)
            if self._stopping.is_set():
                goodbye_s = goodbye_s or time.monotonic() + GOODBYE_S
                if time.monotonic() > goodbye_s or not (self._outbox or self._under_way):
                    self._say_goodbye(connection)
                    return
            self._wake.wait(0.05 if goodbye_s else 1.0)

    def _send(self, connection: Connection) -> None:
        with self._lock:
            while self._refused and self._refused[0][0] <= self._clock():
                self._outbox.append(self._refused.popleft()[1])
            room = WINDOW - len(self._under_way)
            items = [self._outbox.popleft() for _ in range(min(room, len(self._outbox)))]
        for item in items:
            self._under_way[connection.publish(item.publication)] = item

    def _confirm(self, note: Note) -> None:
        item = self._under_way.pop(note.mid, None)
        if item is None:
            return
        if note.code >= REFUSED:
            self._metrics.refused.inc()
            log.error("broker %s: refused %s: %s", self._settings.url, item.publication.topic, note.why)
            self._refused.append((self._clock() + RETRY_REFUSED_S, item))
        elif item.message is not None:
            item.message.remaining -= 1
            if not item.message.remaining:
                self._waiting.pop(item.message)
                self._metrics.confirmed.inc()
                self._metrics.latency.observe(max(0.0, self._clock() - item.message.received_s))

    def _say_goodbye(self, connection: Connection) -> None:
        mid = connection.publish(
            Publication(self._topics.status, self._status("offline", reason="stopped"), retain=True)
        )
        until_s = time.monotonic() + GOODBYE_S
        while time.monotonic() < until_s:
            if any(note.mid == mid or note.what != "done" for note in list(connection.notes)):
                return
            time.sleep(0.005)

    def _recall(self) -> None:
        """Put what was under way back at the head of the outbox, in order; statuses are sent anew by themselves."""
        with self._lock:
            back = [item for item in self._under_way.values() if item.message is not None]
            self._under_way.clear()
            kept = [item for item in self._outbox if item.message is not None]
            self._outbox = deque(back + kept)

    def _next_note(self, connection: Connection, timeout_s: float) -> Note:
        until_s = time.monotonic() + timeout_s
        while not connection.notes and time.monotonic() < until_s and not self._stopping.is_set():
            self._wake.wait(0.1)
            self._wake.clear()
        return connection.notes.popleft() if connection.notes else Note("silence", why="no answer to CONNECT")

    # --- statuses -----------------------------------------------------------------------------------------------------

    def _stand(self, topic: str, payload: bytes) -> None:
        publication = Publication(topic, payload, retain=True)
        with self._lock:
            self._standing[topic] = publication
            if self._up:
                self._outbox.append(_Item(publication))
        self._wake.set()

    def _will(self) -> Publication:
        return Publication(self._topics.status, self._status("offline", reason="connection lost"), retain=True)

    def _status(self, state: str, **facts: object) -> bytes:
        return self._json(state=state, site=self._topics.site, version=__version__, **facts)

    def _json(self, **facts: object) -> bytes:
        return json.dumps({**facts, "time": stamp(self._clock())}).encode()

    def _oldest_age_s(self) -> float:
        oldest = next(iter(self._waiting), None)
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest.submitted_s)
