"""Other daemons of the same site (instances): what they tell, and whether they live.

This one in an earlier life is another, too: what it told without a journal, the broker has retained.

All of them write the same retained topics. So whoever hears there what is worse, or older, than what it has said itself
says that again: the last will of one that died does not stand, nor an incident as it was before. What a broker that has
lost its latest memory brings back of an incident that has been closed is cleared, and not gone on with.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detector.clock import Clock
from detector.delivery.letters import Letter
from detector.delivery.messages import key_of, read
from detector.delivery.outbox import Outbox
from detector.delivery.states import States
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage, stamp
from detector.incidents.stories import check, seconds
from detector.mqtt.publication import Publication

log = logging.getLogger(__name__)

MOST_CLOSED = 10_000
WORDS = 3  # that tell how far a clock is ahead
DIFFERS_S = 3.0  # clocks: then two daemons may tell one story twice, or its times backwards
SILENT_S = 15.0  # three times what a daemon says in vain: it hangs, though the broker still has its connection

_BADNESS = {"offline": 2, "down": 2, "stale": 1}
_MESSAGES = msgspec.json.Decoder(IncidentMessage)


class _Word(msgspec.Struct):
    """What a daemon says of itself, or of a feed."""

    state: str
    instance: str | None = None
    instance_state: str | None = None  # for itself alone, whatever has become of others
    time: str | None = None
    incidents: list[str] = []


_WORDS = msgspec.json.Decoder(_Word)


@dataclass(slots=True)
class Twin:
    """Another daemon."""

    state: str  # online, degraded, offline or silent
    since_s: float  # Unix time
    heard_s: float  # monotonic
    ahead_s: deque[float] = field(default_factory=lambda: deque(maxlen=WORDS))  # of our clock, by its last words

    @property
    def lives(self) -> bool:
        """Tell whether it says that it is there, however it is."""
        return self.state in {"online", "degraded"}

    @property
    def differs_s(self) -> float:
        """By how much its clock is ahead of ours, as far as that is known: words may come late, and never early."""
        return max(self.ahead_s) if len(self.ahead_s) == WORDS else 0.0


@dataclass(slots=True)
class Heard:
    """What others have told of incidents, or this daemon in an earlier life."""

    messages: list[tuple[IncidentMessage, bool]]  # each with whether it has just been told
    vouched: list[tuple[list[str], float]]  # ids of incidents that one had open at a Unix time
    abandoned: bool = False  # one is gone, after that

    def __bool__(self) -> bool:
        return bool(self.messages or self.vouched or self.abandoned)


class Twins:
    """The other daemons; `received` and `connected` belong to the link's thread, the rest to another one.

    `caught_up` is set once everything has been read that was told before.
    """

    def __init__(
        self,
        instance: str | None,
        topics: Topics,
        outbox: Outbox,
        states: States,
        time_s: Clock,
        monotonic_s: Clock,
    ) -> None:
        self.caught_up = threading.Event()
        self._instance, self._topics, self._outbox, self._states = instance, topics, outbox, states
        self._time_s, self._monotonic_s = time_s, monotonic_s
        self._twins: dict[str, Twin] = {}
        self._closed: dict[str, int] = {}  # incidents, and with which sequence; the latest last
        self._connected = False
        self._heard = Heard([], [])
        self._lock = threading.Lock()

    def connected(self, connected: bool) -> None:
        """Note whether there is a broker; without one nobody is heard, and nobody blamed for that."""
        with self._lock:
            self._connected = connected
            for twin in self._twins.values():
                twin.heard_s = self._monotonic_s()

    def received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take what arrived on a topic of the site."""
        try:
            if self._topics.kind(topic) == "incident":
                self._incident(topic, payload, retained=retained)
            elif payload:
                self._state(topic, read(payload, _WORDS), retained=retained)
        except ValueError as error:
            log.debug("%s: refused: %s", topic, error)

    def remember(self, told: Letter) -> None:
        """Take a letter of an earlier life of this daemon."""
        try:
            message = _told(told.publications[0].payload)
        except ValueError as error:  # of another version, or of this one
            log.warning("journal: a message of an earlier run is left out: %s", error)
            return
        with self._lock:
            self._heard.messages.append((message, False))

    def close(self, incident_id: str, sequence: int) -> None:
        """Note with which message an incident was closed: what was told of it before is over."""
        with self._lock:
            self._closed[incident_id] = max(sequence, self._closed.pop(incident_id, 0))
            if len(self._closed) > MOST_CLOSED:
                del self._closed[next(iter(self._closed))]

    def take(self) -> Heard:
        """Return what was told of incidents since this was last called."""
        with self._lock:
            heard, self._heard = self._heard, Heard([], [])
        return heard

    def look(self) -> dict[str, Twin]:
        """Return the other daemons that have been heard of, by instance."""
        now_s = self._monotonic_s()
        with self._lock:
            for twin in self._twins.values():
                if self._connected and twin.state not in {"offline", "silent"} and now_s - twin.heard_s > SILENT_S:
                    twin.state, twin.since_s = "silent", self._time_s()
                    self._heard.abandoned = True
            return dict(sorted(self._twins.items()))

    def _incident(self, topic: str, payload: bytes, *, retained: bool) -> None:
        sequence, waits = key_of(payload).sequence if payload else 0, self._outbox.waits(topic)
        ours = None if waits else self._states.latest(topic)
        if ours and key_of(ours.payload).sequence > sequence:
            self._states.again(ours)
        if payload:
            message = _told(payload)
            closed = self._closed.get(message.incident_id, 0)  # another may have gone on under this very number
            if retained and (sequence < closed or (sequence == closed and message.event == "closed")):
                if not ours and not waits:
                    self._states.clear(topic)
                return
            if not ours and not waits:
                self._states.drop(topic)  # a clear of what was told before, lest it come after this
            if message.outcome is not None:
                self.close(message.incident_id, sequence)
            over = message.outcome is not None and not self._open_here(message.incident_id)
            if ours and over and key_of(ours.payload).sequence <= sequence:
                self._states.drop(topic)  # or our older view of it would be back when it is cleared
            elif ours and retained and key_of(ours.payload).sequence < sequence:  # told without a journal
                self._states.put(Publication(topic, payload, retain=True))
            with self._lock:
                self._heard.messages.append((message, not retained))

    def _open_here(self, incident_id: str) -> bool:
        """Tell whether our own status vouches for an incident."""
        status = self._states.latest(self._topics.status)
        return status is not None and incident_id in read(status.payload, _WORDS).incidents

    def _state(self, topic: str, word: _Word, *, retained: bool) -> None:
        if word.instance in {self._instance, None}:
            if topic == self._topics.status and not retained:
                self.caught_up.set()
            elif self._topics.kind(topic) == "feed" and retained and not self._states.latest(topic):
                self._states.clear(topic)  # of an earlier life, in which there was such a feed
            return
        ours = self._states.latest(topic)
        if ours and _BADNESS.get(word.state, 0) > _BADNESS.get(read(ours.payload, _WORDS).state, 0):
            self._states.again(ours)
        if topic == self._topics.status:
            self._note(str(word.instance), word, retained=retained)

    def _note(self, instance: str, word: _Word, *, retained: bool) -> None:
        state = "offline" if word.state == "offline" else word.instance_state or word.state
        with self._lock:
            twin = self._twins.setdefault(instance, Twin("", 0.0, 0.0))
            twin.heard_s = self._monotonic_s()
            if word.time and not retained:
                twin.ahead_s.append(seconds(word.time) - self._time_s())
            if twin.state != state:
                twin.state, twin.since_s = state, self._time_s()
                self._heard.abandoned |= state == "offline"
            if word.time and word.incidents:
                self._heard.vouched.append((word.incidents, seconds(word.time)))


def clocks_apart(twins: Mapping[str, Twin]) -> list[str]:
    """Return in words whose clock is not ours."""
    apart_s = {name: twin.differs_s for name, twin in twins.items() if twin.lives}
    sides = [(name, abs(s), "ahead" if s > 0 else "behind") for name, s in apart_s.items() if abs(s) > DIFFERS_S]
    return [f"the clock of daemon {name} is {s:.0f} s {side}" for name, s, side in sides]


def facts(twins: Mapping[str, Twin]) -> list[dict[str, Any]]:
    """Return what a status says of them."""
    return [{"instance": name, "state": twin.state, "since": stamp(twin.since_s)} for name, twin in twins.items()]


def _told(payload: bytes) -> IncidentMessage:
    message = read(payload, _MESSAGES)
    check(message)
    return message
