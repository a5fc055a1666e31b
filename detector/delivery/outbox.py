"""The outbox: publications in the order made, each kept until the broker has confirmed it.

It lives in memory, so it ends with the process. Its methods are all that the rest of delivery knows of it, and they ask
for nothing a table `(id, message, topic, payload, ..., received_s)` on a disk could not do: append, read on from an id,
delete. Nothing is handed out by removing it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
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

    def __init__(self) -> None:
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
        """Return the first items, at most `most`, with greater ids, in order."""
        with self._changed:
            ids = range(last_id + 1, self._last_id + 1)
            return list(islice((self._items[n] for n in ids if n in self._items), most))

    def confirm(self, item: Item) -> bool:
        """Remove an item and tell whether its message is complete with that."""
        with self._changed:
            del self._items[item.id]
            self._missing[item.message] -= 1
            complete = not self._missing[item.message]
            if complete:
                del self._missing[item.message]
                self._changed.notify_all()
            return complete

    def oldest_s(self) -> float | None:
        """Return when the report behind the oldest item was received; None if nothing waits."""
        with self._changed:
            return next((item.received_s for item in self._items.values()), None)

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nothing waits, and tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing, timeout_s)
