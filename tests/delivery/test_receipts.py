"""Receipts: who has what, what is sent again and when; and delivery to rooms over brokers that forget."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.delivery.flight import Flight
from detector.delivery.letters import Letter
from detector.delivery.messages import EXPIRY_S, Key
from detector.delivery.outbox import Outbox
from detector.delivery.receipts import AGAIN_S, MOST_MARKS, OVERDUE_S, RAREST_S, Receipt, Receipts, receipt_of
from detector.delivery.rooms import Rooms
from detector.delivery.states import States
from detector.metrics import Metrics
from detector.mqtt.publication import Publication
from detector.room.order import GRACE_S, Order, Verdict

TOPIC = "airspace/v1/pl-east/receipt/warsaw"
GOOD = {"room": "warsaw", "incident_id": "a", "sequence": 4, "time": "2026-11-23T01:14:07.000Z"}


def receipt(upto: int, room: str = "warsaw", incident_id: str = "a") -> Receipt:
    return Receipt(room, incident_id, upto, "")


def delivered(count: int, *rooms: str, incident_id: str = "a", now_s: float = 0.0) -> Receipts:
    receipts = Receipts(rooms or ("warsaw",))
    for n in range(1, count + 1):
        assert not receipts.delivered(n, Key(incident_id, n), now_s)
    return receipts


def test_a_receipt() -> None:
    assert receipt_of(TOPIC, json.dumps(GOOD | {"more": 1}).encode()) == Receipt(**GOOD)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"x":' + b"[" * 100_000,
        b'{"room": "\xff"}',
        *(json.dumps({key: value for key, value in GOOD.items() if key != without}).encode() for without in GOOD),
        *(
            json.dumps(GOOD | wrong).encode()
            for wrong in (
                {"sequence": -1},
                {"sequence": 1.5},
                {"sequence": "4"},
                {"sequence": 10**30},
                {"room": "suwalki"},
                {"incident_id": None},
                {"time": 0},
            )
        ),
    ],
)
def test_what_is_no_receipt(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        receipt_of(TOPIC, payload)


def test_a_receipt_confirms_everything_up_to_it() -> None:
    receipts = delivered(5)
    assert receipts.take(receipt(3)) == [1, 2, 3]
    assert receipts.take(receipt(2)) == []
    assert receipts.take(receipt(9, incident_id="b")) == []
    assert receipts.take(receipt(5)) == [4, 5]


def test_every_room_must_confirm() -> None:
    receipts = delivered(2, "warsaw", "suwalki")
    assert receipts.take(receipt(2)) == []
    assert receipts.overdue(OVERDUE_S) == {"suwalki": (2, OVERDUE_S), "warsaw": (0, 0.0)}
    assert receipts.take(receipt(1, "suwalki")) == [1]
    assert receipts.take(receipt(2, "suwalki")) == [2]


def test_a_receipt_may_come_before_the_brokers_word() -> None:
    receipts = Receipts(["warsaw"])
    assert receipts.take(receipt(2)) == []
    assert receipts.delivered(1, Key("a", 2), 0.1)
    assert not receipts.delivered(2, Key("a", 3), 0.1)


def test_silence_is_overdue_after_ten_seconds() -> None:
    receipts = delivered(2)
    assert receipts.overdue(OVERDUE_S - 0.1) == {"warsaw": (0, 0.0)}
    assert receipts.overdue(12.0) == {"warsaw": (2, 12.0)}
    receipts.take(receipt(2))
    assert receipts.overdue(12.0) == {"warsaw": (0, 0.0)}


def test_to_a_silent_room_it_is_sent_ever_more_rarely() -> None:
    receipts, times = delivered(1), []
    for second in range(24 * 3600):
        if receipts.due(float(second)):
            times.append(second)
            receipts.delivered(1, Key("a", 1), float(second))
    waits = [later - earlier for earlier, later in zip([0, *times], times, strict=False)]
    assert waits[:9] == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    assert set(waits[9:]) == {RAREST_S}


def test_a_receipt_that_goes_no_further_asks_for_what_was_missed() -> None:
    receipts = delivered(4)
    receipts.delivered(5, Key("b", 1), 0.0)
    receipts.take(receipt(2))
    assert receipts.due(3.0) == []
    receipts.take(receipt(2))
    assert receipts.due(3.0) == [3, 4, 5]
    assert receipts.due(3.0 + OVERDUE_S - 0.1) == []


def test_a_room_that_keeps_asking_does_not_drown_in_copies() -> None:
    receipts, sent = delivered(1), 0
    for tick in range(600):
        receipts.take(receipt(0))
        sent += len(receipts.due(tick / 10))
    assert sent == 9  # after 0.5, 1, 2, 4, 8 s, then every 10


def test_the_first_receipt_may_ask() -> None:
    receipts = delivered(2, now_s=3.0)
    receipts.take(receipt(0))
    assert receipts.due(3.1) == []
    assert receipts.due(3.0 + AGAIN_S) == [1, 2]
    assert AGAIN_S < GRACE_S / 2


def test_a_room_that_speaks_again_gets_what_is_overdue() -> None:
    receipts = delivered(2)
    for now_s in (10.0, 30.0):
        assert receipts.due(now_s) == [1, 2]
    assert receipts.due(45.0) == []
    receipts.delivered(3, Key("b", 1), 45.0)
    receipts.take(receipt(1, incident_id="b"))
    assert receipts.due(45.0) == [1, 2]


def test_what_nobody_fetches_is_given_up() -> None:
    receipts = delivered(2)
    assert receipts.expired(EXPIRY_S - 1.0) == []
    assert receipts.expired(float(EXPIRY_S)) == [1, 2]
    assert receipts.overdue(float(EXPIRY_S)) == {"warsaw": (0, 0.0)}


def test_receipts_for_made_up_incidents_are_forgotten() -> None:
    receipts = Receipts(["warsaw"])
    for n in range(MOST_MARKS + 10):
        receipts.take(receipt(1, incident_id=str(n)))
    assert len(receipts._marks) == MOST_MARKS


def test_the_outbox_keeps_the_alert_until_it_is_released() -> None:
    done: list[int] = []
    outbox = Outbox(lambda letter: done.append(letter.number), held=True)
    outbox.add([Letter(7, "a", 1, "opened", 5.0, (Publication("alert", b"1"), Publication("incident", b"1")))])
    alert, incident = outbox.after(0, 10)
    outbox.release([7])
    assert outbox.after(0, 10) == [alert, incident]
    assert (outbox.confirm(alert), outbox.confirm(incident), len(outbox)) == (False, True, 0)
    assert (outbox.after(0, 10), outbox.oldest_s()) == ([], None)
    outbox.rouse([7])
    assert outbox.after(0, 10) == [alert]
    assert (outbox.confirm(alert), outbox.after(0, 10)) == (False, [])
    outbox.rouse()
    assert done == []
    outbox.release([7])
    assert done == [7]
    assert outbox.after(0, 10) == []
    assert not outbox.confirm(alert)


class World:
    """A daemon, a broker with a queue for each room that it may forget, and rooms."""

    def __init__(self, names: str) -> None:
        self.now_s, self.packet_id = 0.0, 0
        self.made, self.done = 0, []
        self.outbox, self.metrics = Outbox(lambda letter: self.done.append(letter.number), held=True), Metrics()
        self.flight = Flight(self.outbox, States())
        self.rooms = Rooms(names, self.outbox, self.flight, self.metrics, lambda: self.now_s)
        self.queues: dict[str, list[bytes]] = {name: [] for name in names}
        self.orders = {name: Order() for name in names}
        self.steps: dict[str, list[tuple[Verdict, str, int]]] = {name: [] for name in names}
        self.sequences = {"a": 0, "b": 0}

    def make(self, incident_id: str) -> None:
        self.sequences[incident_id] += 1
        payload = json.dumps({"incident_id": incident_id, "sequence": self.sequences[incident_id]}).encode()
        parts = Publication("alert", payload), Publication(f"incident/{incident_id}", payload)
        self.made += 1
        self.outbox.add([Letter(self.made, incident_id, self.sequences[incident_id], "updated", self.now_s, parts)])

    def daemon(self) -> None:
        """Send what is due; the broker queues it for every room and confirms it."""
        self.rooms.look(connected=True)
        for item in self.flight.due(self.now_s):
            self.packet_id += 1
            self.flight.sent(self.packet_id, item)
            for queue in self.queues.values():
                queue.append(item.publication.payload)
            self.flight.answered(self.packet_id, 0, self.now_s)
            self.rooms.confirmed(item)

    def forget(self, name: str) -> None:
        """The broker dies, and what it had for a room with it; the daemon connects again."""
        self.queues[name].clear()
        self.flight.restart()

    def drop(self, name: str) -> None:
        """The broker loses what it had for a room, and nobody notices (its queue was full, say)."""
        self.queues[name].clear()

    def room(self, name: str) -> None:
        """A room takes what is queued for it, and confirms."""
        order, queue = self.orders[name], self.queues[name]
        steps = [step for payload in queue for step in order.take(payload, self.now_s)] + order.tick(self.now_s)
        queue.clear()
        self.steps[name] += [(step.verdict, step.incident_id, step.sequence) for step in steps]
        for incident_id in {step.incident_id for step in steps}:
            text = Receipt(name, incident_id, order.upto(incident_id), "")
            self.rooms.received(f"receipt/{name}", json.dumps({f: getattr(text, f) for f in GOOD}).encode())

    def passed(self, name: str) -> list[tuple[str, int]]:
        return [(incident_id, n) for verdict, incident_id, n in self.steps[name] if verdict is Verdict.PASSED]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("make"), st.sampled_from("ab")),
        st.just(("daemon", "")),
        st.tuples(st.sampled_from(("room", "forget", "drop")), st.sampled_from("xy")),
        st.tuples(st.just("wait"), st.floats(0.0, 30.0)),
    ),
    max_size=60,
)


@given(ACTS)
def test_whatever_the_broker_forgets_every_room_gets_everything_once_and_in_order(acts: list) -> None:
    world = World("xy")
    for act, how in acts:
        if act == "wait":
            world.now_s += how
        elif act == "daemon":
            world.daemon()
        else:
            getattr(world, act)(how)
    for _ in range(30):
        world.now_s += 600.0
        world.daemon()
        world.room("x")
        world.room("y")
    assert world.outbox.after(0, 1000) == []
    assert world.outbox._items == {}
    assert len(world.outbox) == 0
    assert sorted(world.done) == list(range(1, world.made + 1))
    assert world.flight.next_s() == math.inf
    made = world.sequences
    for name in "xy":
        assert world.orders[name]._gaps == {}
        passed = world.passed(name)
        late = {(i, n) for verdict, i, n in world.steps[name] if verdict is Verdict.LATE}
        for incident_id, count in made.items():
            mine = [n for i, n in passed if i == incident_id]
            assert mine == sorted(set(mine))
            assert {n for i, n in late if i == incident_id} | set(mine) == set(range(1, count + 1))
        assert world.rooms.silent() == []


@given(st.lists(st.sampled_from(("make", "forget", "room")), max_size=40), st.integers(0, 40))
def test_what_is_lost_once_leaves_no_gap_where_all_are_quick(acts: list[str], dropped: int) -> None:
    world = World("x")
    acts.insert(dropped, "drop")
    for act in acts:
        getattr(world, act)("a" if act == "make" else "x")
        world.now_s += 0.1
        world.daemon()
    for _ in range(50):
        world.room("x")
        world.now_s += 0.3
        world.daemon()
    verdicts = {verdict for verdict, *_ in world.steps["x"]}
    assert verdicts <= {Verdict.PASSED, Verdict.WAITS, Verdict.REPEATED}
    assert world.passed("x") == [("a", n) for n in range(1, world.sequences["a"] + 1)]
    assert world.outbox._items == {}


def test_strangers_and_nonsense_are_counted_named_once_and_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    world = World("x")
    world.make("a")
    world.daemon()
    world.rooms.received("receipt/x", b"{")
    for _ in range(2):
        world.rooms.received("receipt/y", b'{"room": "y", "incident_id": "a", "sequence": 1, "time": ""}')
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "receipt on receipt/x",
        "receipt on receipt/y",
    ]
    counted = {
        result: world.metrics.registry.get_sample_value("incursiond_receipts_total", {"result": result})
        for result in ("taken", "not_required", "malformed")
    }
    assert counted == {"taken": 0, "not_required": 2, "malformed": 1}
    assert len(world.outbox._items) == 1
