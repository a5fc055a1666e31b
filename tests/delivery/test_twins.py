"""What a daemon makes of the words of another: whether that lives, and when its own word must be said again."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from detector.delivery.letters import letter
from detector.delivery.messages import ndjson
from detector.delivery.outbox import Outbox
from detector.delivery.states import States
from detector.delivery.topics import Topics
from detector.delivery.twins import SILENT_S, Twins, clocks_apart, facts
from detector.incidents.message import stamp
from detector.mqtt.publication import Publication
from tests.commands.test_schema import MESSAGE

TOPICS = Topics("airspace/v1", "pl-east")
INCIDENT = TOPICS.incident(MESSAGE.incident_id)


class Desk:
    """Daemon a, at a time that does not pass by itself."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.outbox, self.states = Outbox(), States()
        clock = lambda: self.now_s  # noqa: E731
        self.twins = Twins("a", TOPICS, self.outbox, self.states, clock, clock)
        self.twins.connected(True)

    def say(self, topic: str, payload: bytes) -> None:
        """Say something, and have it confirmed."""
        self.states.put(Publication(topic, payload, retain=True))
        for state in self.states.unsent():
            self.states.sent(state)

    def hear(self, topic: str, *, retained: bool = False, **word: object) -> None:
        self.twins.received(topic, json.dumps(word).encode() if word else b"", retained=retained)

    def again(self) -> list[str]:
        return [state.topic for state in self.states.unsent()]


def word(state: str, instance: str = "a", **facts: object) -> bytes:
    return json.dumps({"state": state, "instance": instance} | facts).encode()


def told(sequence: int) -> dict[str, object]:
    return {"incident_id": MESSAGE.incident_id, "sequence": sequence}


@pytest.mark.parametrize(
    ("topic", "ours", "theirs", "again"),
    [
        (TOPICS.status, "online", "offline", True),
        (TOPICS.status, "degraded", "offline", True),
        (TOPICS.status, "online", "degraded", False),
        (TOPICS.feed_status("mast"), "up", "down", True),
        (TOPICS.feed_status("mast"), "up", "stale", True),
        (TOPICS.feed_status("mast"), "stale", "down", True),
        (TOPICS.feed_status("mast"), "down", "up", False),
        (TOPICS.feed_status("mast"), "up", "up", False),
    ],
)
def test_what_is_worse_than_ours_does_not_stand(topic: str, ours: str, theirs: str, again: bool) -> None:
    desk = Desk()
    desk.say(topic, word(ours))
    desk.hear(topic, state=theirs, instance="a")
    assert not desk.again(), "it is our own"
    desk.hear(topic, state=theirs, instance="b")
    assert desk.again() == [topic] * again


@pytest.mark.parametrize(("sequence", "again"), [(0, True), (2, True), (3, False), (4, False)])
@pytest.mark.parametrize("waits", [False, True])
def test_an_incident_does_not_turn_back(sequence: int, again: bool, waits: bool) -> None:
    desk = Desk()
    desk.say(INCIDENT, json.dumps(told(3)).encode())
    desk.outbox.add([letter(1, replace(MESSAGE, sequence=4), TOPICS, 0.0)] if waits else [])
    desk.hear(INCIDENT, **(told(sequence) if sequence else {}))
    assert desk.again() == [INCIDENT] * (again and not waits), "what waits will set it right by itself"


@pytest.mark.parametrize(("ours", "retained", "again"), [(2, True, True), (3, True, False), (2, False, False)])
def test_what_an_earlier_life_has_told_last_stands(ours: int, retained: bool, again: bool) -> None:
    desk, sent = Desk(), letter(1, replace(MESSAGE, sequence=3), TOPICS, 0.0).publications[1]
    desk.say(INCIDENT, json.dumps(told(ours)).encode())
    desk.twins.received(INCIDENT, sent.payload, retained=retained)
    assert desk.states.unsent() == [sent] * again


@pytest.mark.parametrize("retained", [False, True])
def test_what_another_has_closed_is_not_back_when_it_is_cleared(retained: bool) -> None:
    desk = Desk()
    desk.say(INCIDENT, json.dumps(told(2)).encode())
    closed = letter(1, replace(MESSAGE, sequence=3, outcome="left"), TOPICS, 0.0).publications[1]
    desk.twins.received(INCIDENT, closed.payload, retained=retained)
    desk.hear(INCIDENT)
    assert not desk.again()


@pytest.mark.parametrize(("sequence", "outcome"), [(1, None), (2, None), (3, "left"), (3, None), (4, None)])
@pytest.mark.parametrize("waits", [False, True])
def test_a_closed_incident_that_a_broker_brings_back_is_cleared_and_not_gone_on_with(
    sequence: int, outcome: str | None, waits: bool
) -> None:
    desk = Desk()
    desk.twins.close(MESSAGE.incident_id, 3)
    desk.outbox.add([letter(1, replace(MESSAGE, sequence=3), TOPICS, 0.0)] if waits else [])
    message = replace(MESSAGE, sequence=sequence, outcome=outcome, event="closed" if outcome else "updated")
    desk.twins.received(INCIDENT, ndjson(message), retained=True)
    is_over = sequence < 3 or outcome is not None
    cleared = [Publication(INCIDENT, b"", retain=True)]
    assert desk.states.unsent() == cleared * (is_over and not waits), "what waits will set it right by itself"
    assert desk.twins.take().messages == [(message, False)] * (not is_over), (
        "it is open again, or by another under this very number"
    )
    assert desk.states.latest(INCIDENT) is None


def test_a_refused_clear_does_not_come_after_what_another_goes_on_with() -> None:
    desk = Desk()
    desk.twins.close(MESSAGE.incident_id, 5)
    is_open = replace(MESSAGE, event="updated", outcome=None, closed_at=None)
    desk.twins.received(INCIDENT, ndjson(replace(is_open, sequence=4)), retained=True)
    (clear,) = desk.states.unsent()
    desk.states.sent(clear)
    desk.twins.received(INCIDENT, ndjson(replace(is_open, sequence=6)), retained=False)
    desk.states.again(clear)
    assert not desk.states.unsent()


def test_what_another_closes_is_known_too() -> None:
    desk = Desk()
    desk.twins.received(INCIDENT, ndjson(replace(MESSAGE, sequence=3, outcome="left")), retained=False)
    desk.twins.received(INCIDENT, ndjson(replace(MESSAGE, sequence=2)), retained=True)
    assert desk.states.unsent() == [Publication(INCIDENT, b"", retain=True)]


@pytest.mark.parametrize(
    ("instance", "known", "retained", "cleared"),
    [("a", False, True, True), (None, False, True, True), ("a", True, True, False), ("b", False, True, False)],
)
def test_a_feed_of_an_earlier_life_does_not_stand(
    instance: str | None, known: bool, retained: bool, cleared: bool
) -> None:
    desk, topic = Desk(), TOPICS.feed_status("mast")
    if known:
        desk.say(topic, word("down"))
    desk.hear(topic, retained=retained, state="up", **({"instance": instance} if instance else {}))
    assert desk.states.unsent() == [Publication(topic, b"", retain=True)] * cleared


def test_a_clock_that_is_apart_is_told_once_several_words_say_so() -> None:
    desk = Desk()

    def says(ahead_s: float) -> list[str]:
        desk.hear(TOPICS.status, state="online", instance="b", time=stamp(desk.now_s + ahead_s))
        return clocks_apart(desk.twins.look())

    assert [says(12.0), says(11.0), says(12.0)] == [[], [], ["the clock of daemon b is 12 s ahead"]]
    assert [says(0.0), says(0.0), says(-30.0)][-1] == [], "a word may come late"
    assert [says(-8.0), says(-8.0), says(-9.0)][-1] == ["the clock of daemon b is 8 s behind"]
    desk.hear(TOPICS.status, retained=True, state="online", instance="c", time=stamp(0.0))
    assert len(clocks_apart(desk.twins.look())) == 1, "of what is retained nobody knows when it was said"
    desk.hear(TOPICS.status, state="offline", instance="b")
    assert not clocks_apart(desk.twins.look()), "it is gone, and so is its clock"


def test_what_another_has_closed_and_we_have_open_still_stands() -> None:
    desk = Desk()
    desk.say(TOPICS.status, json.dumps({"state": "online", "incidents": [MESSAGE.incident_id]}).encode())
    desk.say(INCIDENT, json.dumps(told(2)).encode())
    closed = letter(1, replace(MESSAGE, sequence=3, outcome="lost"), TOPICS, 0.0).publications[1]
    desk.twins.received(INCIDENT, closed.payload, retained=False)
    assert desk.states.latest(INCIDENT) is not None
    desk.hear(INCIDENT)
    assert desk.again() == [INCIDENT]


def test_who_is_heard_lives_until_its_will_or_its_silence() -> None:
    desk = Desk()

    def states() -> list[str]:
        return [twin.state for twin in desk.twins.look().values()]

    desk.hear(TOPICS.status, state="online", instance="a")
    assert not states(), "it is our own"
    desk.hear(TOPICS.status, state="degraded", instance="b", instance_state="online")
    assert states() == ["online"]
    desk.now_s += SILENT_S
    assert states() == ["online"]
    desk.now_s += 1.0
    assert states() == ["silent"]
    since = facts(desk.twins.look())
    desk.now_s += 1.0
    assert facts(desk.twins.look()) == since == [{"instance": "b", "state": "silent", "since": stamp(1016.0)}]
    desk.hear(TOPICS.status, state="online", instance="b")
    assert states() == ["online"]
    desk.twins.connected(False)
    desk.now_s += 100.0
    assert states() == ["online"], "without a broker nobody can be heard"
    desk.twins.connected(True)
    assert states() == ["online"]
    desk.hear(TOPICS.status, state="offline", instance="b")
    desk.now_s += 100.0
    assert states() == ["offline"]


def test_all_has_been_read_when_our_own_status_comes_back() -> None:
    desk = Desk()
    desk.hear(TOPICS.status, state="offline", instance="a", retained=True)
    desk.hear(TOPICS.status, state="online", instance="b")
    desk.hear(TOPICS.feed_status("mast"), state="up", instance="a")
    assert not desk.twins.caught_up.is_set()
    desk.hear(TOPICS.status, state="online", instance="a")
    assert desk.twins.caught_up.is_set()


def test_what_is_told_of_incidents_is_handed_on_once() -> None:
    desk, sent = Desk(), letter(1, MESSAGE, TOPICS, 0.0).publications[1]
    desk.twins.received(sent.topic, sent.payload, retained=True)
    desk.twins.received(sent.topic, sent.payload, retained=False)
    desk.hear(TOPICS.status, state="online", instance="b", time=stamp(5.0), incidents=["x"])
    heard = desk.twins.take()
    assert heard.messages == [(MESSAGE, False), (MESSAGE, True)]
    assert heard.vouched == [(["x"], 5.0)]
    assert not desk.twins.take()


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"[" * 100_000,
        b'{"state": 1}',
        b'{"state": "x", "time": "?", "incidents": ["i"]}',
        *(
            ndjson(replace(MESSAGE, **{field: word}))
            for field, word in (
                ("time", "noon"),
                ("opened_at", "0001-01-01T00:00:00"),
                ("phase", "x"),
                ("severity", "x"),
            )
        ),
    ],
)
@pytest.mark.parametrize("topic", [TOPICS.status, INCIDENT, TOPICS.feed_status("mast")])
def test_nonsense_is_left_alone(topic: str, payload: bytes) -> None:
    desk = Desk()
    desk.say(topic, word("online", **told(1)))
    desk.twins.received(topic, payload, retained=False)
    assert not desk.twins.take()


@pytest.mark.parametrize("goes", ["by its will", "silently", "not"])
def test_who_goes_abandons_what_it_had_open(goes: str) -> None:
    desk = Desk()
    desk.hear(TOPICS.status, state="online", instance="b", time=stamp(1000.0), incidents=[MESSAGE.incident_id])
    heard = desk.twins.take()
    assert (heard.vouched, heard.abandoned) == ([([MESSAGE.incident_id], 1000.0)], False)
    if goes == "by its will":
        desk.hear(TOPICS.status, state="offline", instance="b")
    desk.now_s += SILENT_S + 1.0 if goes == "silently" else 1.0
    desk.twins.look()
    assert desk.twins.take().abandoned == (goes != "not")
