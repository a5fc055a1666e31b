"""The outbox: publications in the order made, each kept until the broker has confirmed it.

Where rooms must confirm too, the first publication of each message (the alert) is kept until it is released, and rests
meanwhile unless it is roused to be sent again.

It lives in memory, so it ends with the process. Its methods are all that the rest of delivery knows of it, and they ask
for nothing a table `(id, message, topic, payload, ..., received_s)` on a disk could not do: append, read on from an id,
delete. Nothing is handed out by removing it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import islice

from msgspec import Struct

from detector.delivery.messages import Publication


class Item(Struct, frozen=True):
    """A publication under its number; numbers ascend from 1, in order. `message` is one for all of its publications."""

    id: int
    message: int
    publication: Publication
    received_s: float


class Outbox:
    """Waiting publications, and how many messages they are; its methods may be called from any thread."""

    def __init__(self, *, held: bool = False) -> None:
        """`held`: messages are kept until `release`."""
        self._held = held
        self._told: set[int] = set()  # items that the broker has confirmed, and that are kept all the same
        self._resting: set[int] = set()  # those of them that are not to be sent again
        self._items: dict[int, Item] = {}
        self._missing: dict[int, int] = {}  # message: publications of it that wait
        self._last_id = 0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return the number of messages of which something is not confirmed."""
        return len(self._missing)

    def add(self, messages: Sequence[Sequence[Publication]], received_s: float) -> None:
        """Append the publications of messages, all or none."""
        with self._changed:
            for publications in messages:
                first_id = self._last_id + 1
                self._missing[first_id] = len(publications)
                for publication in publications:
                    self._last_id += 1
                    self._items[self._last_id] = Item(self._last_id, first_id, publication, received_s)

    def after(self, last_id: int, most: int) -> list[Item]:
        """Return the first items that do not rest, at most `most`, with greater ids, in order."""
        with self._changed:
            ids = range(last_id + 1, self._last_id + 1)
            return list(islice((self._items[n] for n in ids if n in self._items and n not in self._resting), most))

    def confirm(self, item: Item) -> bool:
        """Remove an item, or let it rest, and tell whether its message is complete with that."""
        with self._changed:
            if item.id in self._told or item.id not in self._items:  # was sent again for the sake of a room
                self._resting |= self._told & {item.id}
                return False
            if self._held and item.id == item.message:
                self._told.add(item.id)
                self._resting.add(item.id)
            else:
                del self._items[item.id]
            self._missing[item.message] -= 1
            complete = not self._missing[item.message]
            if complete:
                del self._missing[item.message]
                self._changed.notify_all()
            return complete

    def kept(self, message: int) -> bool:
        """Tell whether a message that the broker has confirmed is kept for rooms."""
        return message in self._told

    def release(self, messages: Iterable[int]) -> None:
        """Remove messages that the broker and every room have confirmed."""
        with self._changed:
            for message in self._told.intersection(messages):
                del self._items[message]
                self._told.discard(message)
                self._resting.discard(message)

    def rouse(self, messages: Iterable[int] | None = None) -> None:
        """Make messages that rest wait to be sent again; all of them, if none are named."""
        with self._changed:
            self._resting = set() if messages is None else self._resting.difference(messages)

    def oldest_s(self) -> float | None:
        """Return when the report behind the oldest item was received; None if nothing waits for the broker."""
        with self._changed:
            return next((item.received_s for item in self._items.values() if item.id not in self._told), None)

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nothing waits, and tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing, timeout_s)
