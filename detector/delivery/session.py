"""The daemon's session with the broker: sends what is due while its connection stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from detector.clock import Clock
from detector.delivery.connection import Connection, Turn
from detector.delivery.ears import Ears
from detector.delivery.flight import WINDOW, Answer, Flight, publication_of
from detector.delivery.outbox import Item
from detector.delivery.rooms import Rooms
from detector.mqtt.broker import Broker
from detector.mqtt.publication import Publication, leave_will, publish

ANSWER_S = 20.0  # for a publication; a broker that takes longer has lost its way, and another connection may mend that
_HEADER_BYTES = 64  # of a PUBLISH with our properties: more than it can be
_UNLIMITED = 2**28

Heard = Callable[[Answer, Item | Publication | None, str], None]


class Session:
    """Publishes over one connection."""

    connection: Connection

    def __init__(
        self,
        broker: Broker,
        version: MQTTProtocolVersion,
        will: Publication,
        flight: Flight,
        heard: Heard,
        rooms: Rooms,
        ears: Ears,
        monotonic_s: Clock,
    ) -> None:
        self._version, self._flight, self._heard, self._monotonic_s = version, flight, heard, monotonic_s
        self._rooms, self._ears = rooms, ears
        self._largest = _UNLIMITED
        self._sent_s: dict[int, float] = {}  # when what is not answered left, by packet id, the earliest first
        client = broker.client(version)
        client.max_inflight_messages_set(0)  # paho must send at once, not queue: the window is ours
        leave_will(client, will, version)
        client.on_publish = lambda _client, _data, packet_id, code, _facts: self.connection.note(
            partial(self._ack, packet_id, code)
        )
        client.on_message = lambda _client, _data, message: self.connection.note(
            partial(ears.received, message.topic, bytes(message.payload), retained=message.retain)
        )
        client.on_subscribe = lambda _client, _data, _id, codes, _facts: self.connection.note(
            partial(ears.subscribed, codes)
        )
        self.connection = Connection(broker, client, version, self._accepted, monotonic_s)

    def turn(self) -> Turn:
        """Send what is due, then wait for answers or for a wake and take them; tell whether the connection stands."""
        self._rooms.look(connected=self.connection.accepted)
        if self._monotonic_s() - next(iter(self._sent_s.values()), math.inf) > ANSWER_S:
            self.connection.reason = f"no answer to a publication for {ANSWER_S:g} s"
            return False
        flight_s = math.inf
        if self.connection.accepted:
            self._send()
            flight_s = self._flight.next_s()
        return (yield from self.connection.turn(min(flight_s, self._rooms.next_s())))

    def _send(self) -> None:
        now_s = self._monotonic_s()
        for what in self._flight.due(now_s):
            publication = publication_of(what)
            if self._flight.held(publication.topic):
                continue
            if len(publication.payload) + len(publication.topic.encode()) + _HEADER_BYTES > self._largest:
                self._flight.too_large(what, now_s)
                self._heard(Answer.REFUSED, what, f"larger than the {self._largest} bytes that the broker takes")
                continue
            packet_id = publish(self.connection.client, publication, self._version)
            self._sent_s[packet_id] = now_s
            self._flight.sent(packet_id, what)

    def _accepted(self, facts: Any) -> None:
        self._largest = getattr(facts, "MaximumPacketSize", _UNLIMITED)
        if filters := self._ears.filters(self._version):
            self.connection.client.subscribe(filters)
        self._flight.restart(getattr(facts, "ReceiveMaximum", WINDOW))

    def _ack(self, packet_id: int, code: ReasonCode) -> None:
        self._sent_s.pop(packet_id, None)
        answer, what = self._flight.answered(packet_id, code.value, self._monotonic_s())
        self._heard(answer, what, str(code).lower())
