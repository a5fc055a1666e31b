"""The outbox: publications in the order made, each kept until the broker has confirmed it.

It lives in memory; the ledger holds the same letters on a disk. A letter is done in one place, `confirm`, and whoever
must know of that is told there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import islice

from msgspec import Struct

from detector.delivery.letters import Letter
from detector.delivery.messages import Publication


class Item(Struct, frozen=True):
    """One publication of a letter, under an id of its own; ids ascend from 1, in order."""

    id: int
    letter: Letter
    publication: Publication


def _nobody(_letter: Letter) -> None:
    pass


class Outbox:
    """Waiting publications, and how many letters they are; its methods may be called from any thread."""

    def __init__(self, done: Callable[[Letter], None] = _nobody) -> None:
        self._items: dict[int, Item] = {}
        self._missing: dict[int, int] = {}  # number of a letter: publications of it that wait
        self._last_id = 0
        self._done = done
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return the number of letters of which something is not confirmed."""
        return len(self._missing)

    def add(self, letters: Sequence[Letter]) -> None:
        """Append the publications of letters, all or none."""
        with self._changed:
            for letter in letters:
                self._missing[letter.number] = len(letter.publications)
                for publication in letter.publications:
                    self._last_id += 1
                    self._items[self._last_id] = Item(self._last_id, letter, publication)

    def after(self, last_id: int, most: int) -> list[Item]:
        """Return the first items, at most `most`, with greater ids, in order."""
        with self._changed:
            ids = range(last_id + 1, self._last_id + 1)
            return list(islice((self._items[n] for n in ids if n in self._items), most))

    def confirm(self, item: Item) -> bool:
        """Remove an item and tell whether its letter is done with that."""
        with self._changed:
            del self._items[item.id]
            number = item.letter.number
            self._missing[number] -= 1
            done = not self._missing[number]
            if done:
                del self._missing[number]
                self._done(item.letter)
                self._changed.notify_all()
            return done

    def oldest_s(self) -> float | None:
        """Return when the report behind the oldest item was received; None if nothing waits."""
        with self._changed:
            return next((item.letter.received_s for item in self._items.values()), None)

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nothing waits, and tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing, timeout_s)
