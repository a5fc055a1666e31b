"""The one door: everything that an operations room is to get passes here.

With a ledger, a message is on the disk before its first byte is sent, and sent again after a restart until it is done:
when the broker has confirmed each of its publications, and each room that must its receipt. One that the disk did not
take is sent at once all the same, and says `"durable": false`. Rooms may get one twice (after a lost connection, or
because another room has missed it), so they know it by incident_id and sequence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

from detector import __version__
from detector.clock import Clock
from detector.delivery.alarm import journal_alarm, no_journal_alarm
from detector.delivery.ears import Ears
from detector.delivery.flight import Flight
from detector.delivery.journal import State
from detector.delivery.ledger import Ledger
from detector.delivery.letters import Letter, letter
from detector.delivery.link import Link
from detector.delivery.outbox import Outbox, nobody
from detector.delivery.receipts import OVERDUE_S
from detector.delivery.rooms import Rooms
from detector.delivery.states import States
from detector.delivery.topics import Topics
from detector.delivery.twins import Twins
from detector.endpoints import Login
from detector.errors import InputError
from detector.incidents.message import IncidentMessage, stamp
from detector.metrics import Metrics
from detector.mqtt.broker import broker_of
from detector.mqtt.publication import Publication

GOODBYE_S = 2.0  # for the last states


class BrokerSettings(Login, Protocol):
    """Table [mqtt] of the configuration."""

    @property
    def client_id(self) -> str:
        """Unique at the broker: it ends an older connection of the same name."""


class Delivery:
    """Delivery of one site's messages and states. Its methods may be called from any thread and do not wait.

    Except `drain` and `stop`. Raises InputError for settings that cannot be used, or a ledger of
    other topics; a broker that is away is no error.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        topics: Topics,
        metrics: Metrics,
        ledger: Ledger | None = None,
        rooms: Sequence[str] = (),
        instance: str | None = None,
        time_s: Clock = time.time,
        monotonic_s: Clock = time.monotonic,
    ) -> None:
        self._topics, self._metrics, self._ledger, self._time_s = topics, metrics, ledger, time_s
        done = ledger.done if ledger else nobody
        self._outbox, self._states = Outbox(done, held=bool(rooms), monotonic_s=monotonic_s), States()
        self._last_number = ledger.last_number if ledger else 0
        self._submitting = threading.Lock()
        self._alarm = ""
        self._instance, self._signed = instance, {"instance": instance} if instance else {}
        self.twins = Twins(instance, topics, self._outbox, self._states, time_s, monotonic_s)
        # No time in the will: it is made when the connection begins, and is of use when that ends.
        will = self._state(
            self._topics.status, "offline", site=topics.site, version=__version__, reason="connection lost"
        )
        self._flight = flight = Flight(self._outbox, self._states)
        self._rooms = Rooms(rooms, self._outbox, flight, metrics, monotonic_s)
        ears = Ears(topics, self._rooms, self.twins if ledger else None)
        self._link = Link(
            broker_of("mqtt", settings, settings.client_id),
            topics,
            flight,
            self._rooms,
            ears,
            self._connected,
            will,
            metrics,
            time_s,
            monotonic_s,
        )
        metrics.outbox.set_function(lambda: len(self._outbox))
        metrics.outbox_age.set_function(self._oldest_age_s)
        self._put_status("degraded", reason="starting")
        if ledger:
            self._continue(ledger)

    def start(self) -> None:
        """Begin to connect and deliver."""
        self._link.start()

    def submit(self, messages: Sequence[IncidentMessage], received_s: float, *states: State) -> None:
        """Take messages to deliver, caused by reports received at a Unix time, and the state of the core after them."""
        if not messages and not states:
            return
        with self._submitting:
            letters = self._letters(messages, received_s)
            for each in letters:
                if each.event == "closed":
                    self.twins.close(each.incident_id, each.sequence)
            if self._ledger and not self._ledger.write(letters, *states):
                letters = self._letters([replace(message, durable=False) for message in messages], received_s)
                self._ledger.owe(letters)
                self._metrics.not_durable.inc(len(letters))
            self._last_number += len(letters)
            self._outbox.add(letters)
        self._link.wake()

    def tend(self) -> list[str]:
        """Write what has come up to the disk; return what is wrong there, in words."""
        if not self._ledger:
            return []
        with self._submitting:
            self._ledger.tend()
            self._take_found(self._ledger)
        self._metrics.durable.set(not self._ledger.trouble)
        if self._ledger.damage:
            self._raise_alarm(self._ledger.damage)
        trouble = f"journal: {self._ledger.trouble}; messages are not durable" if self._ledger.trouble else ""
        return [text for text in (self._ledger.damage, trouble) if text]

    def set_status(self, state: str, **facts: object) -> None:
        """Say how the daemon is: online or degraded."""
        self._put_status(state, **facts)
        self._link.wake()

    def set_feed_status(self, name: str, state: str, **facts: object) -> None:
        """Say how a feed is: up, stale or down, with facts such as lag_s, rate_hz, reason."""
        topic = self._topics.feed_status(name)
        self._states.put(self._state(topic, state, feed=name, time=stamp(self._time_s()), **facts))
        self._link.wake()

    def clear_feed_status(self, name: str) -> None:
        """Let nobody who comes later see how a feed was."""
        self._states.put(Publication(self._topics.feed_status(name), b"", retain=True))
        self._link.wake()

    def late(self) -> list[str]:
        """Return in words who has not confirmed what they should have by now: the broker, rooms."""
        broker = []
        if self._oldest_age_s() >= OVERDUE_S:
            kinds = {"alert", "incident"}
            refused = [topic for topic in self._flight.refusing() if self._topics.kind(topic) in kinds]
            broker = ["incident messages wait for the broker" + (f", which refuses {refused[0]}" if refused else "")]
        return broker + [f"room {room} does not confirm" for room in self._rooms.silent()]

    def drain(self, timeout_s: float) -> bool:
        """Wait until the broker has confirmed every message, and tell whether it came to that in time."""
        return self._outbox.wait_empty(timeout_s)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Drain, say that the daemon is offline, disconnect; tell whether every message is confirmed."""
        drained = self.drain(timeout_s)
        self._put_status("offline", reason="stopped")
        self._link.stop(GOODBYE_S)
        if self._ledger:
            self._ledger.close()
        return drained

    def _connected(self, connected: bool) -> None:
        self._metrics.connected.set(connected)
        self.twins.connected(connected)

    def _letters(self, messages: Sequence[IncidentMessage], received_s: float) -> list[Letter]:
        numbered = enumerate(messages, self._last_number + 1)
        return [letter(number, message, self._topics, received_s) for number, message in numbered]

    def _continue(self, ledger: Ledger) -> None:
        """Go on where an earlier run has ended: its counts, its letters; its alarm stands no more."""
        for each in (*ledger.open, *ledger.found):
            if (topic := each.publications[1].topic) != (expected := self._topics.incident(each.incident_id)):
                raise InputError(
                    [
                        f"{ledger.path}: has {topic}, open or not delivered, expected {expected}: "
                        "start with the site and topic_prefix that it is of, or with another [state] directory"
                    ]
                )
        for event, count in ledger.confirmed.items():
            self._metrics.messages.labels(event).inc(count)
            self._metrics.confirmed.inc(count)
        for instance in {self._instance, None}:  # the latter from before it was one of several
            self._states.put(no_journal_alarm(self._topics, instance))
        for last in ledger.open:  # a broker that has lost its memory gets every open incident again
            self._states.keep(last.publications[1])
        self.tend()

    def _take_found(self, ledger: Ledger) -> None:
        found, ledger.found = ledger.found, []
        is_open, ledger.open = ledger.open, []
        closed, ledger.closed = ledger.closed, {}
        for incident_id, sequence in closed.items():
            self.twins.close(incident_id, sequence)
        for each in (*is_open, *found):
            self.twins.remember(each)
        for each in found:
            self._metrics.messages.labels(each.event).inc()
        self._outbox.add(found)

    def _raise_alarm(self, headline: str) -> None:
        """Say it once: an alarm stands, retained, until the daemon is started again."""
        if headline == self._alarm:
            return
        self._alarm = headline
        self._metrics.set_aside.inc()
        self._states.put(journal_alarm(headline, stamp(self._time_s()), self._topics, self._instance))
        self._link.wake()

    def _put_status(self, state: str, **facts: object) -> None:
        site, now = self._topics.site, stamp(self._time_s())
        self._states.put(self._state(self._topics.status, state, site=site, time=now, version=__version__, **facts))

    def _state(self, topic: str, state: str, **facts: object) -> Publication:
        return Publication(topic, msgspec.json.encode({"state": state, **self._signed, **facts}), retain=True)

    def _oldest_age_s(self) -> float:
        oldest_s = self._outbox.oldest_s()
        return 0.0 if oldest_s is None else max(self._outbox.waits_s(), self._time_s() - oldest_s)
