"""The one door: everything that an operations room is to get passes here.

A message is made durable, where it is, by the outbox behind `submit`; it is done when the broker has confirmed each of
its publications, and each room that must its receipt. Rooms may get one twice (after a lost connection, or because
another room has missed it), so they know it by incident_id and sequence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from detector import __version__
from detector.delivery.broker import BrokerSettings, broker_of
from detector.delivery.flight import Flight
from detector.delivery.link import Link
from detector.delivery.messages import Publication, publications
from detector.delivery.outbox import Outbox
from detector.delivery.rooms import Rooms
from detector.delivery.states import States
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage, stamp
from detector.metrics import Metrics

GOODBYE_S = 2.0  # for the last states

Clock = Callable[[], float]


class Delivery:
    """Delivery of one site's messages and states. Its methods may be called from any thread and do not wait.

    Except `drain` and `stop`. Raises InputError for settings that cannot be used; a broker that is away is no error.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        topics: Topics,
        metrics: Metrics,
        rooms: Sequence[str] = (),
        time_s: Clock = time.time,
        monotonic_s: Clock = time.monotonic,
    ) -> None:
        self._topics, self._time_s = topics, time_s
        self._outbox, self._states = Outbox(held=bool(rooms)), States()
        # No time in the will: it is made when the connection begins, and is of use when that ends.
        will = self._state(
            self._topics.status, "offline", site=topics.site, version=__version__, reason="connection lost"
        )
        flight = Flight(self._outbox, self._states)
        self._rooms = Rooms(rooms, self._outbox, flight, metrics, monotonic_s)
        self._link = Link(broker_of(settings), topics, flight, self._rooms, will, metrics, time_s, monotonic_s)
        metrics.outbox.set_function(lambda: len(self._outbox))
        metrics.outbox_age.set_function(self._oldest_age_s)
        self._put_status("online")

    def start(self) -> None:
        """Begin to connect and deliver."""
        self._link.start()

    def submit(self, messages: Sequence[IncidentMessage], received_s: float) -> None:
        """Take messages to deliver, caused by reports that were received at a Unix time."""
        if not messages:
            return
        self._outbox.add([publications(message, self._topics) for message in messages], received_s)
        self._link.wake()

    def set_status(self, state: str, **facts: object) -> None:
        """Say how the daemon is: online or degraded."""
        self._put_status(state, **facts)
        self._link.wake()

    def set_feed_status(self, name: str, state: str, **facts: object) -> None:
        """Say how a feed is: up, stale or down, with facts such as lag_s, rate_hz, reason."""
        topic = self._topics.feed_status(name)
        self._states.put(self._state(topic, state, feed=name, time=stamp(self._time_s()), **facts))
        self._link.wake()

    def silent_rooms(self) -> list[str]:
        """Return the rooms that have not confirmed what they must, ten seconds after the broker did."""
        return self._rooms.silent()

    def drain(self, timeout_s: float) -> bool:
        """Wait until the broker has confirmed every message, and tell whether it came to that in time."""
        return self._outbox.wait_empty(timeout_s)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Drain, say that the daemon is offline, disconnect; tell whether every message is confirmed."""
        drained = self.drain(timeout_s)
        self._put_status("offline", reason="stopped")
        self._link.stop(GOODBYE_S)
        return drained

    def _put_status(self, state: str, **facts: object) -> None:
        site, now = self._topics.site, stamp(self._time_s())
        self._states.put(self._state(self._topics.status, state, site=site, time=now, version=__version__, **facts))

    @staticmethod
    def _state(topic: str, state: str, **facts: object) -> Publication:
        return Publication(topic, msgspec.json.encode({"state": state, **facts}), retain=True)

    def _oldest_age_s(self) -> float:
        oldest_s = self._outbox.oldest_s()
        return 0.0 if oldest_s is None else max(0.0, self._time_s() - oldest_s)
