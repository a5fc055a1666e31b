"""Bugs that people write, each planted in one function of production; the simulation must catch every one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from detector.delivery import flight, publisher
from detector.delivery.flight import Flight
from detector.delivery.journal import Journal
from detector.delivery.ledger import Ledger
from detector.delivery.outbox import Outbox
from detector.delivery.publisher import Delivery
from detector.delivery.receipts import Receipts
from detector.delivery.rooms import Rooms
from detector.delivery.session import Session
from detector.delivery.states import States
from detector.delivery.twins import Twins
from detector.room import order
from detector.room.listen import Listener
from detector.room.memory import Memory
from detector.room.order import Order

Plant = Callable[[], Any]
BUGS: dict[str, Plant] = {}


def plant(owner: Any, name: str) -> Callable[[Callable[..., Any]], Plant]:
    """Plant what is made of the original function in its place."""

    def take(make: Callable[..., Any]) -> Plant:
        bug = lambda: patch.object(owner, name, make(getattr(owner, name)))  # noqa: E731
        BUGS[make.__name__] = bug
        return bug

    return take


@plant(Outbox, "__init__")
def a_letter_is_done_with_pubacks(was: Any) -> Any:
    return lambda self, done, **keys: was(self, done, **(keys | {"held": False}))


@plant(Delivery, "submit")
def messages_leave_before_they_are_on_the_disk(was: Any) -> Any:
    def submit(self: Any, messages: Any, received_s: float, state: Any = None) -> None:
        letters = self._letters(messages, received_s)
        self._outbox.add(letters)
        self._last_number += len(letters)
        self._ledger.write(letters, state)
        self._link.wake()

    return submit


@plant(Flight, "restart")
def what_was_under_way_is_forgotten_on_reconnect(was: Any) -> Any:
    def restart(self: Any, window: int = flight.WINDOW) -> None:
        last = getattr(self, "_last_id", 0)
        was(self, window)
        self._last_id = last

    return restart


@plant(flight, "REFUSED")
def reason_codes_are_ignored(was: Any) -> Any:
    return 0x100


@plant(Order, "upto")
def receipts_are_one_too_high(was: Any) -> Any:
    return lambda self, incident_id: was(self, incident_id) + 1


@plant(Listener, "_carry_out")
def a_room_remembers_before_it_writes(was: Any) -> Any:
    def carry_out(self: Any, steps: Any) -> None:
        self._memory.record(steps, self._output, self._time_s())
        was(self, steps)

    return carry_out


@plant(Ledger, "write")
def the_state_of_a_message_is_not_kept_with_it(was: Any) -> Any:
    return lambda self, letters, *states: was(self, letters, *(state for state in states if state.whole))


@plant(Journal, "last_number")
def numbers_begin_anew_with_each_start(was: Any) -> Any:
    return lambda self: 0


@plant(Outbox, "after")
def what_is_sent_again_is_sent_backwards(was: Any) -> Any:
    return lambda self, last_id, most: sorted(was(self, last_id, most), key=lambda item: (-item.letter.number, item.id))


@plant(publisher, "letter")
def a_closed_incident_is_not_cleared(was: Any) -> Any:
    def letter(*facts: Any) -> Any:
        made = was(*facts)
        return type(made)(*[getattr(made, name) for name in made.__struct_fields__[:-1]], made.publications[:2])

    return letter


@plant(Receipts, "_confirm")
def one_room_confirms_for_all(was: Any) -> Any:
    def confirm(self: Any, incident_id: str, room: str, upto: int) -> Any:
        return [n for each in self.rooms for n in was(self, incident_id, each, upto)]

    return confirm


@plant(Receipts, "due")
def nothing_is_sent_again_to_a_silent_room(was: Any) -> Any:
    return lambda self, now_s: []


@plant(Flight, "refused")
def what_was_sent_behind_a_refused_one_counts(was: Any) -> Any:
    def refused(self: Any, what: Any, now_s: float) -> None:
        under_way = dict(self._under_way)
        was(self, what, now_s)
        self._under_way = under_way

    return refused


@plant(Outbox, "confirm")
def a_letter_is_complete_with_its_first_part(was: Any) -> Any:
    def confirm(self: Any, item: Any) -> bool:
        complete = was(self, item)
        self._done(item.letter)
        return complete

    return confirm


@plant(Memory, "_tell")
def a_room_forgets_over_a_restart(was: Any) -> Any:
    return lambda self, order, now_s: []


@plant(Memory, "_read_back")
def a_room_does_not_read_its_lines_back(was: Any) -> Any:
    return lambda self, output, time_s: None


@plant(order, "GRACE_S")
def a_room_does_not_wait_for_what_is_missing(was: Any) -> Any:
    return 0.0


@plant(Order, "tick")
def a_room_waits_for_ever(was: Any) -> Any:
    return lambda self, now_s: []


@plant(States, "keep")
def a_broker_that_forgets_is_not_told_again(was: Any) -> Any:
    return lambda self, state: None


@plant(States, "drop")
def a_cleared_topic_comes_back(was: Any) -> Any:
    return lambda self, topic: None


@plant(Delivery, "late")
def nobody_is_told_of_silence(was: Any) -> Any:
    return lambda self: []


@plant(Rooms, "silent")
def nobody_is_told_of_silent_rooms(was: Any) -> Any:
    return lambda self: []


@plant(Ledger, "write")
def a_disk_that_fails_is_not_noticed(was: Any) -> Any:
    return lambda self, letters, state=None: was(self, letters, state) or True


@plant(Ledger, "owe")
def what_a_full_disk_did_not_take_is_never_written(was: Any) -> Any:
    return lambda self, letters: None


@plant(Ledger, "_settle")
def what_is_done_is_never_noted(was: Any) -> Any:
    return lambda self: None


@plant(Rooms, "__init__")
def waits_are_measured_on_the_wall(was: Any) -> Any:
    def begin(self: Any, names: Any, outbox: Any, flight: Any, metrics: Any, monotonic_s: Any) -> None:
        daemon = monotonic_s.__self__
        was(self, names, outbox, flight, metrics, daemon.time_s)

    return begin


@plant(Session, "_accepted")
def receipts_are_not_subscribed_to_again(was: Any) -> Any:
    def accepted(self: Any, facts: Any) -> None:
        if not getattr(self._flight, "once", False):
            was(self, facts)
            self._flight.once = True
        else:
            self._flight.restart()

    return accepted


@plant(Twins, "close")
def what_a_broker_brings_back_stands(was: Any) -> Any:
    return lambda self, incident_id, sequence: None
