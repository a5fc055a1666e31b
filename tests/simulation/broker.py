"""A broker as MQTT lets it be: sessions, queues and retained messages, all of it lost when it is killed, or none.

Or it comes back with the retained messages of a while ago, as mosquitto does after a kill between two autosaves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from paho.mqtt.client import topic_matches_sub as matches_slowly

from tests.simulation.net import Net, Packet, Wire
from tests.simulation.world import Process, World

matches = lru_cache(maxsize=100_000)(matches_slowly)

SAVE_EVERY = 50  # packets, where it saves what is retained
WINDOW = 20  # messages that a subscriber has not acknowledged
UNAVAILABLE, UNSUPPORTED_VERSION, NOBODY, DENIED = 0x88, 0x84, 0x10, 0x87


@dataclass
class Session:
    keep: bool
    wire: Wire | None = None
    will: tuple[str, bytes] | None = None
    filters: dict[str, bool] = field(default_factory=dict)  # each with whether to leave out its own words
    queue: deque[tuple[str, bytes, bool]] = field(default_factory=deque)
    under_way: dict[int, tuple[str, bytes, bool]] = field(default_factory=dict)
    mid: int = 0


class Broker(Process):
    """What goes wrong with it, and until when, others set."""

    def __init__(self, world: World, net: Net) -> None:
        super().__init__(world, "broker")
        self._net, net.broker = net, self
        kind = world.chance.random()
        self.persistent, self.saves = kind < 0.3, 0.3 <= kind < 0.6
        self._saved, self._taken = dict[str, bytes](), 0
        self.sessions: dict[str, Session] = {}
        self.retained: dict[str, bytes] = {}
        self.mute_until_s = self.closed_until_s = self.full_until_s = self.deny_until_s = 0.0
        self.denied = ""

    def begin(self) -> None:
        if not self.persistent:
            self.sessions, self.retained = {}, dict(self._saved)

    def end(self) -> None:
        for wire in list(self._net.wires):
            wire.client_gone()
        for name, session in list(self.sessions.items()):
            session.wire = None
            if not session.keep:
                del self.sessions[name]

    def take(self, wire: Wire, packet: Packet) -> None:
        self._taken += 1
        if self.saves and self._taken % SAVE_EVERY == 0:
            self._saved = dict(self.retained)
        kind, *facts = packet
        if kind == "connect":
            self._connect(wire, *facts)
            return
        session = next((each for each in self.sessions.values() if each.wire is wire), None)
        if session is None:
            return
        if kind == "publish":
            self._publish(wire, *facts)
        elif kind == "puback":
            session.under_way.pop(facts[0], None)
            self._deliver(session)
        elif kind == "subscribe":
            session.filters |= dict(facts[0])
            wire.down(("suback", len(facts[0])))
            for topic, payload in self.retained.items():
                if any(matches(each, topic) for each, _ in facts[0]):
                    session.queue.append((topic, payload, True))
            self._deliver(session)
        else:
            self.lost(wire, will=False)
            wire.close()

    def lost(self, wire: Wire, *, will: bool) -> None:
        for name, session in list(self.sessions.items()):
            if session.wire is wire:
                session.wire = None
                if not session.keep:
                    del self.sessions[name]
                if will and session.will:
                    self._route(*session.will, retain=True)

    def _connect(self, wire: Wire, name: str, keep: bool, will: Any, five: bool) -> None:
        closed = self.world.now_s < self.closed_until_s
        if closed or not five:
            wire.down(("connack", UNAVAILABLE if closed else UNSUPPORTED_VERSION, {}))
            return
        session = self.sessions.get(name)
        if session and session.wire:  # the newer connection of a name ends the older
            older = session.wire
            self.lost(older, will=True)
            older.client_gone()
        session = self.sessions.setdefault(name, Session(keep)) if keep else Session(keep)
        self.sessions[name] = session
        session.wire, session.will = wire, will
        limits = self.world.chance.choice(({}, {"ReceiveMaximum": 20}, {"ReceiveMaximum": 3}))
        wire.down(("connack", 0, limits))
        for mid, message in session.under_way.items():
            wire.down(("publish", mid, *message))
        self._deliver(session)

    def _publish(self, wire: Wire, mid: int, topic: str, payload: bytes, retain: bool) -> None:
        denies = self.world.now_s < self.deny_until_s and self.denied in topic
        if denies and ("/alert/" in topic or self.world.chance.random() < 0.8):  # a quota lets some through
            code = DENIED
        else:
            code = 0 if self._route(topic, payload, wire, retain=retain) else NOBODY
        # Answers must come in order (MQTT 5, 4.6): one that is held up holds up all that follow.
        self.world.at(self.mute_until_s, lambda: wire.down(("puback", mid, code)))

    def _route(self, topic: str, payload: bytes, source: Wire | None = None, *, retain: bool) -> bool:
        if retain and payload:
            self.retained[topic] = payload
        elif retain:
            self.retained.pop(topic, None)
        takers = [
            session
            for session in self.sessions.values()
            if any(
                matches(each, topic) and not (own and session.wire is source) for each, own in session.filters.items()
            )
        ]
        for session in takers:
            if self.world.now_s < self.full_until_s and self.world.chance.random() < 0.5:
                continue  # its queue is full: dropped without a word
            session.queue.append((topic, payload, False))
            self._deliver(session)
        return bool(takers)

    def _deliver(self, session: Session) -> None:
        while session.wire and session.queue and len(session.under_way) < WINDOW:
            message = session.queue.popleft()
            if session.queue and self.world.chance.random() < 0.1:  # only of one topic is the order kept
                other = next((each for each in session.queue if each[0] != message[0]), None)
                if other and not any(each[0] == other[0] for each in list(session.queue)[: session.queue.index(other)]):
                    session.queue.remove(other)
                    session.queue.appendleft(message)
                    message = other
            session.mid = session.mid % 65_535 + 1
            session.under_way[session.mid] = message
            session.wire.down(("publish", session.mid, *message))
