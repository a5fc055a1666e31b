"""The outbox: publications in the order made, each kept until the broker has confirmed it.

Where rooms must confirm too, the first publication of each letter (the alert) is kept until it is released, and rests
meanwhile unless it is roused to be sent again.

It lives in memory; the ledger holds the same letters on a disk. Whoever must know that a letter is done is told here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from msgspec import Struct

from detector.clock import Clock
from detector.delivery.letters import Letter
from detector.mqtt.publication import Publication


class Item(Struct, frozen=True):
    """One publication of a letter, under an id of its own; ids ascend from 1, in order."""

    id: int
    letter: Letter
    publication: Publication
    since_s: float  # when it was added, on a clock that nobody sets

    @property
    def leads(self) -> bool:
        """Tell whether it is the first of its letter: the alert."""
        return self.publication is self.letter.publications[0]


def nobody(_letter: Letter) -> None:
    """Do nothing about a letter that is done."""


class Outbox:
    """Waiting publications, and how many letters they are; its methods may be called from any thread."""

    def __init__(
        self,
        done: Callable[[Letter], None] = nobody,
        *,
        held: bool = False,
        monotonic_s: Clock = time.monotonic,
    ) -> None:
        """`done` is told of letters that need not be sent again; `held`: not before their `release`."""
        self._held, self._monotonic_s = held, monotonic_s
        self._told: dict[int, Item] = {}  # by number: the alert that the broker has confirmed, and that is kept
        self._resting: set[int] = set()  # ids of those of them that are not to be sent again
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
        since_s = self._monotonic_s()
        with self._changed:
            for letter in letters:
                self._missing[letter.number] = len(letter.publications)
                for publication in letter.publications:
                    self._last_id += 1
                    self._items[self._last_id] = Item(self._last_id, letter, publication, since_s)

    def after(self, last_id: int, most: int) -> list[Item]:
        """Return the first items that do not rest, at most `most`, with greater ids, in order."""
        with self._changed:
            first = next(iter(self._items), 1)  # they lie in order; the months before are not to be gone through again
            ids = range(max(first, last_id + 1), self._last_id + 1)
            return list(islice((self._items[n] for n in ids if n in self._items and n not in self._resting), most))

    def confirm(self, item: Item) -> bool:
        """Remove an item, or let it rest, and tell whether its letter is complete with that."""
        with self._changed:
            number = item.letter.number
            if item.id not in self._items or (item.leads and number in self._told):  # sent again for a room
                self._resting |= {item.id} & self._items.keys()
                return False
            if self._held and item.leads:
                self._told[number] = item
                self._resting.add(item.id)
            else:
                del self._items[item.id]
            self._missing[number] -= 1
            complete = not self._missing[number]
            if complete:
                del self._missing[number]
                if number not in self._told:
                    self._done(item.letter)
                self._changed.notify_all()
            return complete

    def waits(self, topic: str) -> bool:
        """Tell whether anything waits that is to be published on a topic."""
        with self._changed:
            return any(item.publication.topic == topic for item in self._items.values())

    def kept(self, number: int) -> bool:
        """Tell whether a letter whose alert the broker has confirmed is kept for rooms."""
        return number in self._told

    def release(self, numbers: Iterable[int]) -> None:
        """Keep letters no longer for rooms."""
        with self._changed:
            for number in self._told.keys() & set(numbers):
                item = self._told.pop(number)
                del self._items[item.id]
                self._resting.discard(item.id)
                if number not in self._missing:
                    self._done(item.letter)

    def rouse(self, numbers: Iterable[int] | None = None) -> None:
        """Make letters that rest wait to be sent again; all of them, if none are named."""
        with self._changed:
            known = self._told.keys() & set(self._told if numbers is None else numbers)
            self._resting -= {self._told[number].id for number in known}

    def oldest_s(self) -> float | None:
        """Return when the report behind the oldest item was received; None if nothing waits for the broker."""
        oldest = self._oldest()
        return None if oldest is None else oldest.letter.received_s

    def waits_s(self) -> float:
        """Return how long the oldest item has been here, whatever was done to the clock on the wall."""
        oldest = self._oldest()
        return 0.0 if oldest is None else self._monotonic_s() - oldest.since_s

    def _oldest(self) -> Item | None:
        with self._changed:
            waiting = (item for item in self._items.values() if item.letter.number not in self._told or not item.leads)
            return next(waiting, None)

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nothing waits, and tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing, timeout_s)
