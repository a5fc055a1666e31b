"""Flight against made-up brokers that refuse, forget and hang up: what must hold whatever they do."""

from __future__ import annotations

import math
import time
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from detector.delivery.flight import LATER_S, RECENT, REFUSED, Answer, Flight, publication_of
from detector.delivery.letters import Letter
from detector.delivery.outbox import Item, Outbox
from detector.delivery.states import States
from detector.mqtt.dialect import UNSUPPORTED_VERSION, V5, V311, Dialect
from detector.mqtt.publication import Publication

OK, NOBODY, DENIED = 0x00, 0x10, 0x87


def letter(number: int, *publications: Publication, received_s: float = 0.0) -> Letter:
    return Letter(number, "7d0c", number, "updated", received_s, publications)


def made(*topics: str) -> tuple[Flight, Outbox, States]:
    outbox, states = Outbox(), States()
    outbox.add([letter(n, Publication(topic, str(n).encode())) for n, topic in enumerate(topics)])
    return Flight(outbox, states), outbox, states


class Broker:
    """Takes what is due and answers in order; `taken` is what a room would see, by topic."""

    def __init__(self, flight: Flight) -> None:
        self.flight, self.now_s, self.packet_id = flight, 0.0, 0
        self.taken: dict[str, list[bytes]] = defaultdict(list)
        self.unanswered: list[int] = []
        self.codes: dict[int, int] = {}

    def send(self, denied: frozenset[str] = frozenset()) -> int:
        due = self.flight.due(self.now_s)
        for what in due:
            self.packet_id += 1
            self.flight.sent(self.packet_id, what)
            topic = publication_of(what).topic
            self.codes[self.packet_id] = DENIED if topic in denied else OK
            if topic not in denied:
                self.taken[topic].append(publication_of(what).payload)
            self.unanswered.append(self.packet_id)
        return len(due)

    def answer(self, most: int = 1000) -> None:
        for packet_id in self.unanswered[:most]:
            self.flight.answered(packet_id, self.codes[packet_id], self.now_s)
        del self.unanswered[:most]


TOPICS = st.lists(st.sampled_from("abc"), min_size=1, max_size=30)
DENIED_SETS = st.frozensets(st.sampled_from("abc"))
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), DENIED_SETS),
        st.tuples(st.just("answer"), st.integers(1, 10)),
        st.tuples(st.just("wait"), st.floats(0.0, 5.0)),
        st.tuples(st.just("lose"), st.integers(1, 200)),
        st.tuples(st.just("add"), st.sampled_from("abc")),
    ),
    max_size=40,
)


@given(TOPICS, ACTS)
def test_nothing_is_lost_and_every_topic_ends_in_order(topics: list[str], acts: list[tuple[str, object]]) -> None:
    flight, outbox, _ = made(*topics)
    broker = Broker(flight)
    wanted = {topic: [str(n).encode() for n, t in enumerate(topics) if t == topic] for topic in "abc"}
    for act, how in acts:
        if act == "send":
            broker.send(how)
        elif act == "answer":
            broker.answer(how)
        elif act == "wait":
            broker.now_s += how
        elif act == "add":
            payload = f"late {broker.now_s} {len(wanted[how])}".encode()
            outbox.add([letter(1000 + sum(map(len, wanted.values())), Publication(how, payload))])
            wanted[how].append(payload)
        else:
            flight.restart(how)
            broker.unanswered.clear()
    for _ in range(400):
        broker.now_s += 31.0
        if not broker.send() and not broker.unanswered:
            break
        broker.answer()
    assert len(outbox) == 0
    for topic, payloads in wanted.items():
        taken = broker.taken[topic]
        assert list(dict.fromkeys(reversed(taken)))[::-1] == payloads  # by their last time: complete, and in order
        assert taken[-1:] == payloads[-1:]  # what is retained is the last


def test_the_window_bounds_what_is_under_way() -> None:
    flight, _, states = made(*"a" * 300)
    flight.restart(window=7)
    states.put(Publication("status", b"online"))
    broker = Broker(flight)
    assert (broker.send(), broker.send()) == (7, 0)
    broker.answer(3)
    assert broker.send() == 3
    assert broker.taken["status"] == [b"online"]


def test_a_refused_topic_waits_and_the_others_go_on() -> None:
    flight, outbox, _ = made(*"abab")
    broker = Broker(flight)
    broker.send(denied=frozenset("a"))
    broker.answer()
    assert (broker.taken["a"], broker.taken["b"], len(outbox)) == ([], [b"1", b"3"], 2)
    assert broker.send() == 0
    broker.now_s = flight.next_s()
    assert broker.send() == 2
    broker.answer()
    assert (broker.taken["a"], len(outbox)) == ([b"0", b"2"], 0)


def test_what_is_too_large_holds_up_nobody_and_waits_for_another_broker() -> None:
    flight, outbox, _ = made(*"aba")
    broker, (large, *_) = Broker(flight), flight.due(0.0)
    flight.too_large(large, 0.0)
    flight.again([])
    for _ in range(3):
        broker.send()
        broker.answer()
    assert (broker.taken["a"], broker.taken["b"], len(outbox)) == ([b"2"], [b"1"], 1)
    flight.restart()
    assert [publication_of(what).payload for what in flight.due(0.0)] == [b"1", b"2", b"0"]


def test_what_follows_on_the_topic_of_an_incident_does_not_overtake_a_view_that_is_too_large() -> None:
    outbox, states = Outbox(lambda _: None), States()
    flight = Flight(outbox, states)
    views = [Publication("incident", payload, retain=True) for payload in (b"large", b"")]
    outbox.add([letter(n, view) for n, view in enumerate(views, 1)])
    for what in flight.due(0.0):
        if not flight.held("incident"):
            flight.too_large(what, 0.0)
    assert flight.due(0.0) == []


def test_a_view_that_was_refused_does_not_come_after_a_later_one() -> None:
    states, old, new = States(), *(Publication("incident", view, retain=True) for view in (b"old", b"new"))
    states.put(old)
    states.keep(new)
    assert states.unsent() == []


def test_holds_of_a_topic_grow_until_it_is_taken() -> None:
    flight, _, _ = made("a")
    broker, waits_s = Broker(flight), []
    for _ in range(8):
        assert broker.send(denied=frozenset("a")) == 1
        broker.answer()
        waits_s.append(flight.next_s() - broker.now_s)
        broker.now_s = flight.next_s()
    for wait_s, most_s in zip(waits_s, (1, 2, 4, 8, 16, 30, 30, 30), strict=True):
        assert most_s / 2 <= wait_s <= most_s


@pytest.mark.parametrize(("code", "left"), [(OK, 0), (NOBODY, 0), (REFUSED, 1), (DENIED, 1), (0x97, 1)])
def test_what_an_answer_means(code: int, left: int) -> None:
    flight, outbox, _ = made("a")
    (item,) = flight.due(0.0)
    flight.sent(1, item)
    answer, what = flight.answered(1, code, 0.0)
    assert answer is (Answer.REFUSED if left else Answer.COMPLETE)
    assert what is item
    assert len(outbox) == left


def test_a_letter_is_done_with_its_last_publication() -> None:
    done: list[int] = []
    outbox = Outbox(lambda letter: done.append(letter.number))
    parts = [Publication("a", b""), Publication("b", b"")], [Publication("c", b"")]
    outbox.add([letter(n, *publications, received_s=5.0) for n, publications in enumerate(parts, 7)])
    first, second, third = outbox.after(0, 10)
    assert (outbox.confirm(second), len(outbox), outbox.oldest_s()) == (False, 2, 5.0)
    assert (outbox.confirm(first), len(outbox)) == (True, 1)
    assert (outbox.confirm(third), len(outbox), outbox.oldest_s()) == (True, 0, None)
    assert done == [7, 8]
    assert outbox.wait_empty(0.0)


def test_only_the_latest_state_is_sent_and_again_on_a_new_connection() -> None:
    flight, _, states = made()
    for payload in (b"down", b"up", b"stale"):
        states.put(Publication("feed", payload))
    broker = Broker(flight)
    broker.send()
    broker.answer()
    assert flight.settled()
    flight.restart()
    assert not flight.settled()
    broker.send()
    assert broker.taken["feed"] == [b"stale", b"stale"]


def test_a_refused_clear_is_tried_again_until_it_is_taken() -> None:
    flight, _, states = made()
    broker = Broker(flight)
    states.clear("a")
    broker.send(frozenset("a"))
    broker.answer()
    assert flight.refusing() == ["a"]
    assert not broker.send()
    broker.now_s = 2.0
    assert broker.send() == 1
    broker.answer()
    assert (broker.taken["a"], flight.refusing(), states.unsent()) == ([b""], [], [])


def test_a_refused_clear_gives_way_to_a_state() -> None:
    flight, _, states = made()
    broker = Broker(flight)
    states.clear("a")
    broker.send(frozenset("a"))
    states.keep(Publication("a", b"open again", retain=True))
    broker.answer()
    broker.now_s = 2.0
    assert not broker.send()


def test_a_new_connection_refuses_nothing_yet() -> None:
    flight, _, states = made()
    broker = Broker(flight)
    states.clear("a")
    broker.send(frozenset("a"))
    broker.answer()
    flight.restart()
    assert not flight.refusing()


def test_a_refused_state_gives_way_to_a_later_one() -> None:
    flight, _, states = made()
    states.put(Publication("feed", b"up"))
    broker = Broker(flight)
    broker.send(denied=frozenset({"feed"}))
    states.put(Publication("feed", b"down"))
    broker.answer()
    broker.now_s = 1.0
    broker.send()
    assert broker.taken["feed"] == [b"down"]


def test_items_are_numbered_in_order() -> None:
    _, outbox, _ = made(*"abc")
    assert [item.id for item in outbox.after(1, 5) if isinstance(item, Item)] == [2, 3]


@pytest.mark.parametrize(
    ("story", "version"),
    [
        ((), V5),
        ((UNSUPPORTED_VERSION,), V311),
        ((UNSUPPORTED_VERSION, UNSUPPORTED_VERSION), V5),
        ((None,), V5),
        ((None, None), V311),
        ((None, DENIED, None), V5),
        ((None, None, None, None), V5),
        ((UNSUPPORTED_VERSION, "accepted"), V5),
        ((DENIED,) * 5, V5),
    ],
)
def test_which_version_is_spoken_next(story: tuple[int | str | None, ...], version: int) -> None:
    dialect = Dialect()
    for event in story:
        if event == "accepted":
            dialect.ended()
        else:
            dialect.refused(event)
    assert dialect.version == version


def test_what_was_sent_in_months_is_not_gone_through_again():
    flight, outbox, _ = made()
    outbox._last_id = 10**9
    outbox.add([letter(n, Publication("a", b"x")) for n in (1, 2)])
    began_s = time.perf_counter()
    assert [item.letter.number for item in flight.due(0.0)] == [1, 2]
    assert time.perf_counter() - began_s < 1.0


def resent(flight: Flight, now_s: float = 0.0) -> list[bytes]:
    """What goes out over a new connection on which everything is taken."""
    flight.restart()
    broker = Broker(flight)
    broker.now_s = now_s
    while broker.send():
        broker.answer()
    return [payload for topic in broker.taken for payload in broker.taken[topic]]


def test_what_brokers_have_confirmed_of_late_goes_out_once_more_over_every_new_connection() -> None:
    flight, outbox, _ = made("a", "a", "a")
    assert resent(flight) == [b"0", b"1", b"2"]
    outbox.add([letter(3, Publication("a", b"3"))])
    assert resent(flight, now_s=60.0) == [b"0", b"1", b"2", b"3"]
    assert len(outbox) == 0
    assert resent(flight, now_s=1830.0) == [b"3"]
    assert resent(flight, now_s=1861.0) == []


@pytest.mark.parametrize(("incident_id", "copies"), [("7d0c", []), ("another", [b"0"])])
def test_it_goes_out_again_when_rooms_have_had_time_to_come_back(incident_id: str, copies: list[bytes]) -> None:
    flight, outbox, _ = made("a")
    assert resent(flight) == [b"0"]
    flight.restart()
    assert flight.next_s() == math.inf
    broker = Broker(flight)
    broker.now_s = 50.0
    outbox.add([replace(letter(1, Publication("a", b"1")), incident_id=incident_id)])
    broker.send()
    broker.answer()
    assert flight.next_s() == 50.0 + LATER_S
    broker.now_s += LATER_S
    broker.send()
    assert broker.taken["a"] == [b"0", b"1", *copies]
    assert flight.next_s() == math.inf


def test_no_more_goes_out_once_more_than_leaves_room_in_a_queue_for_what_is_new() -> None:
    flight, outbox, _ = made(*["a"] * (RECENT + 3))
    assert len(resent(flight)) == RECENT + 3
    outbox.add([letter(RECENT + 3, Publication("a", b"new"))])
    again = resent(flight)
    assert (len(again), again[0], again[-1]) == (RECENT + 1, b"3", b"new")


def test_only_alerts_go_out_once_more_and_none_that_rooms_are_still_to_confirm() -> None:
    outbox = Outbox(held=True)
    parts = Publication("alert", b"alert"), Publication("incident", b"incident", retain=True)
    outbox.add([letter(0, *parts)])
    flight = Flight(outbox, States())
    assert resent(flight) == [b"alert", b"incident"]
    assert resent(flight) == [b"incident", b"alert"]
    outbox.release([0])
    assert resent(flight) == [b"incident", b"alert"]


def test_a_copy_that_is_refused_is_not_tried_again() -> None:
    flight, _, _ = made("a", "b")
    assert resent(flight) == [b"0", b"1"]
    flight.restart()
    broker = Broker(flight)
    broker.send(denied=frozenset("a"))
    broker.answer()
    broker.now_s = 5.0
    assert broker.send() == 0
    assert dict(broker.taken) == {"b": [b"1"]}


def test_nothing_goes_out_so_more_than_twice_however_often_the_link_breaks() -> None:
    flight, _, _ = made("a")
    assert [resent(flight) for _ in range(4)] == [[b"0"], [b"0"], [b"0"], []]


def test_nothing_new_goes_out_before_copies_are_through() -> None:
    flight, outbox, _ = made(*["a"] * 40)
    assert len(resent(flight)) == 40
    outbox.add([letter(40, Publication("a", b"new"))])
    flight.restart(window=7)
    broker = Broker(flight)
    while broker.send():
        broker.answer()
    assert broker.taken["a"][-1] == b"new"
