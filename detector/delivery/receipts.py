"""Receipts: what a room says it has had, and what the rooms that must confirm have not.

A room's receipt is the highest sequence of an incident that it has seen without a gap. One that goes no further than
the last asks, as in TCP, for what the room has missed: that is sent again at once. Without a word from a room it is
sent again OVERDUE_S after the broker confirmed it, and then ever more rarely, for a broker may queue all of it for a
room that is away; once the room speaks again, it gets everything that is overdue. No clock, no sockets.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from detector.delivery.messages import EXPIRY_S, Key, read

OVERDUE_S = 10.0
AGAIN_S = 0.5  # what was sent so lately may still be on its way; a room waits longer for what is missing
RAREST_S = 3600.0
MOST_MARKS = 10_000  # incidents whose receipts are kept


class Receipt(msgspec.Struct, frozen=True):
    """A room has seen every message of an incident up to a sequence; 0: none without a gap."""

    room: str
    incident_id: str
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    time: str


_RECEIPTS = msgspec.json.Decoder(Receipt)


def receipt_of(topic: str, payload: bytes) -> Receipt:
    """Return the receipt that arrived on a topic. Raises ValueError for what is none of that topic's room."""
    receipt = read(payload, _RECEIPTS)
    if topic.rpartition("/")[2] != receipt.room:
        raise ValueError(f"says room {receipt.room!r}")
    return receipt


@dataclass(slots=True)
class _Waiting:
    """A message that the broker has confirmed, and rooms have not."""

    key: Key
    rooms: frozenset[str]
    since_s: float
    sent_s: float
    wait_s: float = OVERDUE_S  # before it is sent again
    again_s: float = AGAIN_S  # the same, once a room has asked


class Receipts:
    """What each required room has yet to confirm; its methods may be called from any thread.

    Messages are known by the numbers that the outbox gives them.
    """

    def __init__(self, rooms: Iterable[str]) -> None:
        self.rooms = frozenset(rooms)
        self._waiting: dict[int, _Waiting] = {}
        self._marks: dict[str, dict[str, int]] = {}  # incident: room: sequence
        self._lock = threading.Lock()

    def delivered(self, message: int, key: Key, now_s: float) -> bool:
        """Note that the broker has confirmed a message (again); tell whether every room has."""
        with self._lock:
            if message in self._waiting:
                self._waiting[message].sent_s = now_s
                return False
            marks = self._marks.get(key.incident_id, {})
            rooms = frozenset(room for room in self.rooms if marks.get(room, 0) < key.sequence)
            if rooms:
                self._waiting[message] = _Waiting(key, rooms, now_s, now_s)
            return not rooms

    def take(self, receipt: Receipt) -> list[int]:
        """Return the messages that every room has with this receipt."""
        room, upto = receipt.room, receipt.sequence
        with self._lock:
            marks = self._marks.pop(receipt.incident_id, {})
            asks, marks[room] = upto <= marks.get(room, 0), max(upto, marks.get(room, 0))
            self._marks[receipt.incident_id] = marks  # the latest last
            if len(self._marks) > MOST_MARKS:
                del self._marks[next(iter(self._marks))]
            done = self._confirm(receipt.incident_id, room, marks[room])
            for each in self._waiting.values():
                if room in each.rooms:
                    each.wait_s = min(each.wait_s, each.again_s if asks else OVERDUE_S)
            return done

    def due(self, now_s: float) -> list[int]:
        """Return the messages to send again now."""
        with self._lock:
            due = [message for message, each in self._waiting.items() if now_s - each.sent_s >= each.wait_s]
            for each in map(self._waiting.__getitem__, due):
                each.sent_s, each.wait_s = now_s, min(max(2 * each.wait_s, OVERDUE_S), RAREST_S)
                each.again_s = min(2 * each.again_s, OVERDUE_S)  # a room that is slow must not drown in copies
            return due

    def expired(self, now_s: float) -> list[int]:
        """Give up what no room will fetch any more, and return it."""
        with self._lock:
            old = [message for message, each in self._waiting.items() if now_s - each.since_s >= EXPIRY_S]
            for message in old:
                del self._waiting[message]
            return old

    def overdue(self, now_s: float) -> dict[str, tuple[int, float]]:
        """Return how many messages each room has not confirmed in OVERDUE_S, and the age of the oldest, by room."""
        with self._lock:
            late = [(now_s - each.since_s, each.rooms) for each in self._waiting.values()]
        late = [(age_s, rooms) for age_s, rooms in late if age_s >= OVERDUE_S]
        ages_s = {room: [age_s for age_s, rooms in late if room in rooms] for room in sorted(self.rooms)}
        return {room: (len(ages), max(ages, default=0.0)) for room, ages in ages_s.items()}

    def _confirm(self, incident_id: str, room: str, upto: int) -> list[int]:
        done = []
        for message, each in self._waiting.items():
            if each.key.incident_id == incident_id and each.key.sequence <= upto:
                each.rooms = each.rooms - {room}  # a new set: `overdue` may be looking at this one
                if not each.rooms:
                    done.append(message)
        for message in done:
            del self._waiting[message]
        return done
