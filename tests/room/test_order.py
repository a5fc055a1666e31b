"""What a room is to read, of messages in any order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.room.order import GRACE_S, LOST_S, Order, Step, Verdict, digest

P, W, R, D, L = Verdict.PASSED, Verdict.WAITS, Verdict.REPEATED, Verdict.DIFFERS, Verdict.LATE


def payload(sequence: int, incident_id: str = "a", text: str = "") -> bytes:
    return json.dumps({"incident_id": incident_id, "sequence": sequence, "headline": text}).encode()


def told(steps: list[Step]) -> list[tuple[Verdict, int]]:
    return [(step.verdict, step.sequence) for step in steps]


def passed(steps: list[Step], incident_id: str = "a") -> list[int]:
    return [step.sequence for step in steps if step.verdict is P and step.incident_id == incident_id]


ARRIVALS = {  # sequences as they come, and the verdicts
    "in order": ([1, 2, 3], [(P, 1), (P, 2), (P, 3)]),
    "over two topics": ([1, 1, 2, 2], [(P, 1), (R, 1), (P, 2), (R, 2)]),
    "sent again from an earlier one": ([1, 2, 3, 2, 3, 4], [(P, 1), (P, 2), (P, 3), (R, 2), (R, 3), (P, 4)]),
    "exchanged": ([2, 1], [(W, 2), (P, 1), (P, 2)]),
    "reversed": ([4, 3, 2, 1], [(W, 4), (W, 3), (W, 2), (P, 1), (P, 2), (P, 3), (P, 4)]),
    "repeated while it waits": ([3, 3, 1], [(W, 3), (R, 3), (P, 1)]),
}


@pytest.mark.parametrize(("sequences", "verdicts"), ARRIVALS.values(), ids=ARRIVALS.keys())
def test_arrivals(sequences: list[int], verdicts: list[tuple[Verdict, int]]) -> None:
    order = Order()
    assert [each for n in sequences for each in told(order.take(payload(n), 0.0))] == verdicts


def test_payloads_are_passed_on_as_they_came() -> None:
    order = Order()
    odd = b'{"sequence":1, "incident_id" : "a","x":1.50}'
    assert order.take(odd, 0.0) == [Step(P, "a", 1, odd)]
    pretty = json.dumps({"incident_id": "a", "sequence": 2}, indent=2).encode()
    (step,) = order.take(pretty, 0.0)
    assert b"\n" not in step.payload
    assert json.loads(step.payload) == json.loads(pretty)


def test_other_content_under_the_same_name_is_told_apart() -> None:
    order = Order()
    order.take(payload(1), 0.0)
    order.take(payload(3), 0.0)
    assert told(order.take(payload(1, text="other"), 0.0)) == [(D, 1)]
    assert told(order.take(payload(3, text="other"), 0.0)) == [(D, 3)]
    assert told(order.take(payload(1), 0.0)) == [(R, 1)]


def test_a_gap_holds_up_its_incident_for_the_grace_time_only() -> None:
    order = Order()
    order.take(payload(1), 0.0)
    assert told(order.take(payload(4), 10.0)) == [(W, 4)]
    assert told(order.take(payload(1, "b"), 10.0)) == [(P, 1)]
    assert order.next_s() == 10.0 + GRACE_S
    assert order.tick(10.0 + GRACE_S - 0.01) == []
    gap, step = order.tick(10.0 + GRACE_S)
    assert (gap.verdict, gap.first, gap.sequence) == (Verdict.MISSING, 2, 3)
    assert (step.verdict, step.sequence, step.payload) == (P, 4, payload(4))
    assert told(order.take(payload(5), 13.0)) == [(P, 5)]
    assert order.upto("a") == 1


def test_what_fills_a_gap_in_time_leaves_none() -> None:
    order = Order()
    for n in (1, 3, 2):
        order.take(payload(n), 0.0)
    assert order.tick(1000.0) == []
    assert (order.upto("a"), order.next_s()) == (3, float("inf"))


def test_what_comes_too_late_is_left_out_but_seen() -> None:
    order = Order()
    order.take(payload(2), 0.0)
    order.tick(GRACE_S)
    assert order.upto("a") == 0
    assert told(order.take(payload(1), 3.0)) == [(L, 1)]
    assert told(order.take(payload(1), 3.0)) == [(R, 1)]
    assert (order.upto("a"), order.next_s()) == (2, float("inf"))


def test_each_gap_has_a_grace_time_of_its_own() -> None:
    order = Order()
    order.take(payload(2), 0.0)
    order.take(payload(4), 1.5)
    assert told(order.tick(GRACE_S)) == [(Verdict.MISSING, 1), (P, 2)]
    assert told(order.take(payload(3), GRACE_S)) == [(P, 3), (P, 4)]


def test_what_nobody_sends_again_is_lost_and_receipts_go_on() -> None:
    order = Order()
    for n in (1, 3, 5):
        order.take(payload(n), 0.0)
    order.tick(GRACE_S)
    assert order.upto("a") == 1
    assert order.tick(GRACE_S + LOST_S - 0.01) == []
    (lost,) = order.tick(GRACE_S + LOST_S)
    assert (lost.verdict, lost.first, lost.sequence, order.upto("a")) == (Verdict.LOST, 2, 5, 5)


def test_what_is_lost_is_given_up_though_more_is_lost_all_the_time() -> None:
    order, steps = Order(), []
    for n in range(1, 101):
        steps += order.take(payload(2 * n), 1.5 * n)
        steps += order.tick(1.5 * n)
    assert Verdict.LOST in {step.verdict for step in steps}
    assert order.upto("a") > 2 * (150.0 - 2 * (LOST_S + GRACE_S)) / 1.5


def test_a_late_room_begins_with_the_retained_message() -> None:
    order = Order()
    assert told(order.take(payload(5), 0.0, retained=True)) == [(W, 5)]
    assert told(order.tick(GRACE_S)) == [(Verdict.BEFORE, 4), (P, 5)]
    assert order.upto("a") == 5
    assert told(order.take(payload(6), 3.0)) == [(P, 6)]


def test_a_late_room_gets_the_whole_story_of_a_daemon_that_sends_it_again() -> None:
    order = Order()
    order.take(payload(3), 0.0, retained=True)
    assert [n for m in (1, 2, 3) for n in passed(order.take(payload(m), 0.1))] == [1, 2, 3]
    assert order.tick(100.0) == []


@pytest.mark.parametrize(
    "junk",
    [
        *(b"", b"{", b"[]", b"\xff\n", b'{"x":' + b"[" * 100_000, b'{"incident_id": "\xff", "sequence": 1}'),
        *(b'{"incident_id": "a"}', b'{"incident_id": 1, "sequence": 1}', payload(0), payload(10**30)),
    ],
)
def test_what_is_no_message(junk: bytes) -> None:
    order = Order()
    (step,) = order.take(junk, 0.0)
    assert step.verdict is Verdict.UNREADABLE
    assert step.reason
    assert order.next_s() == float("inf")


def test_memory_is_all_that_matters() -> None:
    order = Order()
    order.skip("a", 2)
    order.recall("a", 3, digest(payload(3)), 0.0)
    order.recall("a", 5, digest(payload(5)), 0.0)
    assert order.upto("a") == 3
    again = [told(order.take(payload(n), 0.0))[0][0] for n in (3, 5, 4, 6)]
    assert again == [R, R, L, P]
    assert order.upto("a") == 6


ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.booleans()),
        st.floats(0.0, 3.0),
        st.just("restart"),
    ),
    max_size=60,
)


@given(ACTS)
def test_whatever_comes_each_is_passed_on_once_and_in_order(acts: list) -> None:
    order, now_s = Order(), 0.0
    steps: list[Step] = []
    for act in acts:
        if act == "restart":
            order, before = Order(), order
            for name, story in before._stories.items():
                order.skip(name, story.upto)
                for n, known in story.seen.items():
                    order.recall(name, n, known, now_s)
                for line, since_s in story.waiting.values():
                    order.take(line, since_s)
        elif isinstance(act, float):
            now_s += act
            steps += order.tick(now_s)
        else:
            name, sequence, retained = act
            steps += order.take(payload(sequence, name), now_s, retained=retained)
    steps += order.tick(now_s + GRACE_S)
    came = {name: {n for each in acts if isinstance(each, tuple) for m, n, _ in [each] if m == name} for name in "ab"}
    for name in "ab":
        lines = passed(steps, name)
        late = {step.sequence for step in steps if step.verdict is L and step.incident_id == name}
        assert lines == sorted(set(lines))
        assert set(lines) | late == came[name]
        assert not set(lines) & late
        missing = set(range(1, 10)) - came[name]
        joined = any(step.verdict is Verdict.BEFORE and step.incident_id == name for step in steps)
        if came[name] and not joined and now_s < LOST_S:
            assert order.upto(name) == min((*missing, max(came[name]) + 1)) - 1
