"""The outbox: publications in the order made, each kept until the broker has confirmed it.

Where rooms must confirm too, the first publication of each letter (the alert) is kept until it is released, and rests
meanwhile unless it is roused to be sent again.

It lives in memory; the ledger holds the same letters on a disk, and is told in one place, `_finish`, which are done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from msgspec import Struct

from detector.delivery.letters import Letter
from detector.delivery.messages import Publication


class Item(Struct, frozen=True):
    """One publication of a letter, under an id of its own; ids ascend from 1, in order."""

    id: int
    letter: Letter
    publication: Publication

    @property
    def is_alert(self) -> bool:
        """Whether it is the one that rooms confirm: the first of its letter."""
        return self.publication is self.letter.publications[0]


class Outbox:
    """Waiting publications, and how many letters they are; its methods may be called from any thread."""

    def __init__(self, done: Callable[[Letter], None] = lambda _: None, *, held: bool = False) -> None:
        """`done` is called with each letter that need not be sent again; `held`: they are kept until `release`."""
        self._held = held
        self._alerts: dict[int, Item] = {}  # number of a letter: its alert, confirmed by the broker, and kept
        self._resting: set[int] = set()  # items among these that are not to be sent again
        self._items: dict[int, Item] = {}
        self._missing: dict[int, int] = {}  # number of a letter: publications of it that wait
        self._last_id = 0
        self._done = done
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Return the number of letters of which something is not confirmed by the broker."""
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
        """Return the first items that do not rest, at most `most`, with greater ids, in order."""
        with self._changed:
            ids = range(last_id + 1, self._last_id + 1)
            return list(islice((self._items[n] for n in ids if n in self._items and n not in self._resting), most))

    def confirm(self, item: Item) -> bool:
        """Remove an item, or let it rest, and tell whether the broker has all of its letter with that."""
        with self._changed:
            number = item.letter.number
            if number in self._alerts and self._alerts[number].id == item.id:  # was sent again for the sake of a room
                self._resting.add(item.id)
                return False
            if item.id not in self._items:
                return False
            if self._held and item.is_alert:
                self._alerts[number] = item
                self._resting.add(item.id)
            else:
                del self._items[item.id]
            self._missing[number] -= 1
            complete = not self._missing[number]
            if complete:
                del self._missing[number]
                self._finish(item.letter)
                self._changed.notify_all()
            return complete

    def release(self, numbers: Iterable[int]) -> None:
        """Let go of letters that the broker and every room have confirmed, by their numbers."""
        with self._changed:
            for alert in [self._alerts.pop(number) for number in numbers if number in self._alerts]:
                del self._items[alert.id]
                self._resting.discard(alert.id)
                self._finish(alert.letter)

    def rouse(self, numbers: Iterable[int] | None = None) -> None:
        """Make letters that rest wait to be sent again; all of them, if none are named."""
        with self._changed:
            alerts = [self._alerts[number].id for number in numbers or () if number in self._alerts]
            self._resting = set() if numbers is None else self._resting.difference(alerts)

    def oldest_s(self) -> float | None:
        """Return when the report behind the oldest item was received; None if nothing waits for the broker."""
        with self._changed:
            waiting = (item for item in self._items.values() if item.letter.number not in self._alerts)
            return next((item.letter.received_s for item in waiting), None)

    def wait_empty(self, timeout_s: float) -> bool:
        """Wait until nothing waits for the broker, and tell whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._missing, timeout_s)

    def _finish(self, letter: Letter) -> None:
        """Say that a letter is done once neither the broker nor a room has to confirm anything of it."""
        if letter.number not in self._missing and letter.number not in self._alerts:
            self._done(letter)
