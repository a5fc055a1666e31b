"""The rooms that must confirm: receipts come in, what is missing is sent again, silence is counted."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

from detector.clock import Clock
from detector.delivery.flight import Flight
from detector.delivery.messages import EXPIRY_S, Key
from detector.delivery.outbox import Item, Outbox
from detector.delivery.receipts import Receipts, receipt_of
from detector.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_S = 0.25
MOST_WARNED, LONGEST = 100, 200  # topics, and characters about each


class Rooms:
    """What the link does for the sake of rooms; every method but `silent` belongs to its thread."""

    def __init__(
        self,
        names: Sequence[str],
        outbox: Outbox,
        flight: Flight,
        metrics: Metrics,
        monotonic_s: Clock,
    ) -> None:
        self._receipts, self._outbox, self._flight = Receipts(names), outbox, flight
        self._metrics, self._monotonic_s = metrics, monotonic_s
        self._looked_s = -math.inf
        self._warned = set[str]()  # topics
        metrics.watch_rooms(names)

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._receipts.rooms)

    def silent(self) -> list[str]:
        """Return the rooms that have not confirmed what they should have by now."""
        return [room for room, (count, _) in self._receipts.overdue(self._monotonic_s()).items() if count]

    def confirmed(self, item: Item) -> None:
        """Take the broker's word for an item."""
        letter = item.letter
        if item.leads and self._outbox.kept(letter.number):
            key = Key(letter.incident_id, letter.sequence)
            if self._receipts.delivered(letter.number, key, self._monotonic_s()):
                self._outbox.release([letter.number])

    def received(self, topic: str, payload: bytes) -> None:
        """Take what arrived on the topic of receipts."""
        try:
            receipt = receipt_of(topic, payload)
        except ValueError as error:
            self._metrics.receipts.labels("malformed").inc()
            self._warn(topic, f"malformed: {error}")
            return
        required = receipt.room in self._receipts.rooms
        self._metrics.receipts.labels("taken" if required else "not_required").inc()
        if required:
            self._outbox.release(self._receipts.take(receipt))
        else:
            self._warn(topic, "not of a room in [mqtt] rooms")

    def _warn(self, topic: str, why: str) -> None:
        """Say what is wrong with the receipts of a topic, once."""
        if topic not in self._warned and len(self._warned) < MOST_WARNED:
            self._warned.add(topic)
            log.warning("receipt on %s: %s; further ones are counted", topic, why[:LONGEST])

    def look(self, *, connected: bool) -> None:
        """Send again what is due, give up what is too old, and count."""
        now_s = self._monotonic_s()
        if not self or now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        if connected and (due := self._receipts.due(now_s)):
            self._flight.again(due)
        if old := self._receipts.expired(now_s):
            self._outbox.release(old)
            self._metrics.room_expired.inc(len(old))
            log.error("gave up %d messages that a room has not confirmed within %d s", len(old), EXPIRY_S)
        for room, (count, oldest_s) in self._receipts.overdue(now_s).items():
            self._metrics.room_unconfirmed.labels(room).set(count)
            self._metrics.room_unconfirmed_age.labels(room).set(oldest_s)

    def next_s(self) -> float:
        """Return when `look` wants to be called."""
        return self._looked_s + LOOK_S if self else math.inf
