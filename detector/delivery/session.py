"""One connection to the broker, from CONNECT to its end.

Whoever owns it drives it, turn by turn, from one thread: paho's sockets are read and written with select, so every call
into paho is made here and no lock is held across one. Callbacks only note what happened, for paho calls them with its
own locks held.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from detector.delivery.broker import KEEPALIVE_S, Broker, publish
from detector.delivery.dialect import UNSUPPORTED_VERSION
from detector.delivery.flight import WINDOW, Answer, Flight, publication_of
from detector.delivery.messages import Publication
from detector.delivery.outbox import Item

ANSWER_S = 3.0  # for the answer to CONNECT
TURN_S = 1.0  # paho wants to look at its keepalive so often
_HEADER_BYTES = 64  # of a PUBLISH with our properties: more than it can be
_UNLIMITED = 2**28

Heard = Callable[[Answer, Item | Publication | None, str], None]


class Session:
    """A connection that ends once and is then of no more use; `reason` says why it ended."""

    def __init__(
        self,
        broker: Broker,
        version: MQTTProtocolVersion,
        will: Publication,
        flight: Flight,
        heard: Heard,
        monotonic_s: Callable[[], float],
    ) -> None:
        self.accepted = False
        self.refused: int | None = None  # why CONNECT was, a reason code
        self.reason = ""
        self._version, self._flight, self._heard, self._monotonic_s = version, flight, heard, monotonic_s
        self._largest = _UNLIMITED
        self._notes: deque[Callable[[], None]] = deque()
        self._client = client = broker.client(version, will)
        note = self._notes.append
        client.on_connect = lambda _client, _data, _flags, code, facts: note(partial(self._answered, code, facts))
        client.on_publish = lambda _client, _data, packet_id, code, _facts: note(partial(self._ack, packet_id, code))
        client.on_disconnect = lambda _client, _data, _flags, code, _facts: note(partial(self._lost, code))
        client.connect(*broker.address, KEEPALIVE_S)
        self._answer_by_s = monotonic_s() + ANSWER_S

    def turn(self, awake: socket.socket) -> bool:
        """Send what is due, then wait for answers or for `awake` and take them; tell whether the connection stands."""
        if self.accepted:
            self._send()
        self._wait(awake)
        while self._notes:
            self._notes.popleft()()
        if not self.accepted and self._monotonic_s() > self._answer_by_s:
            # Some brokers meet a version that they do not know with silence (amqtt 0.12 does).
            self.refused, self.reason = UNSUPPORTED_VERSION, "no answer to CONNECT"
            return False
        return self._client.socket() is not None

    def close(self) -> None:
        """End the connection: a good-bye, so that the broker keeps our last will to itself."""
        self._client.disconnect()

    def _send(self) -> None:
        now_s = self._monotonic_s()
        for what in self._flight.due(now_s):
            publication = publication_of(what)
            if self._flight.held(publication.topic):
                continue
            if len(publication.payload) + len(publication.topic.encode()) + _HEADER_BYTES > self._largest:
                self._flight.refused(what, now_s)
                self._heard(Answer.REFUSED, what, f"larger than the {self._largest} bytes that the broker takes")
                continue
            self._flight.sent(publish(self._client, publication, self._version), what)

    def _wait(self, awake: socket.socket) -> None:
        sock = self._client.socket()
        if sock is None:
            return
        buffered = hasattr(sock, "pending") and sock.pending() > 0  # TLS may hold what select cannot see
        timeout_s = 0.0 if buffered else min(TURN_S, max(0.0, self._flight.next_s() - self._monotonic_s()))
        writable = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock, awake], writable, [], timeout_s)
        if awake in readable:
            awake.recv(4096)
        if writable:
            self._client.loop_write()
        if sock in readable or buffered:
            self._client.loop_read()
        self._client.loop_misc()

    def _answered(self, code: ReasonCode, facts: Any) -> None:
        if code.is_failure:
            self.refused, self.reason = code.value, f"refused: {code}".lower()
            return
        self.accepted = True
        self._largest = getattr(facts, "MaximumPacketSize", _UNLIMITED)
        self._flight.restart(getattr(facts, "ReceiveMaximum", WINDOW))

    def _ack(self, packet_id: int, code: ReasonCode) -> None:
        answer, what = self._flight.answered(packet_id, code.value, self._monotonic_s())
        self._heard(answer, what, str(code).lower())

    def _lost(self, code: ReasonCode) -> None:
        self.reason = self.reason or f"connection lost: {code}".lower()
