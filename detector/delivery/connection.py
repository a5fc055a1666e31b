"""One connection to the broker, from CONNECT to its end.

Whoever owns it drives it, turn by turn, from one thread, and does the waiting: turns know no sockets. Every call into
paho is made here and no lock is held across one. Callbacks only note what happened, for paho calls them with its own
locks held.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from detector.clock import Clock
from detector.mqtt.broker import Broker
from detector.mqtt.dialect import UNSUPPORTED_VERSION

ANSWER_S = 3.0  # for the answer to CONNECT
TURN_S = 1.0  # paho wants to look at its keepalive so often

# What to wait for before the next step: whatever comes over a client's connection (None: over none), a wake, or a time.
Wait = tuple[paho.Client | None, float]
Turn = Generator[Wait, None, bool]


class Connection:
    """A connection that ends once and is then of no more use; `reason` says why it ended.

    `answered` gets what the broker says of itself when it accepts. Raises OSError or ValueError if nobody is there.
    """

    def __init__(
        self,
        broker: Broker,
        client: paho.Client,
        version: MQTTProtocolVersion,
        answered: Callable[[Any], None],
        monotonic_s: Clock,
    ) -> None:
        self.accepted = False
        self.refused: int | None = None  # why CONNECT was, a reason code
        self.reason = ""
        self.client, self._on_answer, self._monotonic_s = client, answered, monotonic_s
        self._notes: deque[Callable[[], None]] = deque()
        client.on_connect = lambda _client, _data, _flags, code, facts: self.note(partial(self._answered, code, facts))
        client.on_disconnect = lambda _client, _data, _flags, code, _facts: self.note(partial(self._lost, code))
        broker.connect(client, version)
        self._answer_by_s = monotonic_s() + ANSWER_S

    def note(self, what: Callable[[], None]) -> None:
        """Do something when paho's locks are free again; for its callbacks."""
        self._notes.append(what)

    def turn(self, until_s: float) -> Turn:
        """Wait for the broker, a wake or a time, and take what came; tell whether the connection stands."""
        if self.client.socket() is not None:
            yield self.client, min(until_s, self._monotonic_s() + TURN_S)
            if self.client.want_write():
                self.client.loop_write()
            self.client.loop_read()
            self.client.loop_misc()
        while self._notes:
            self._notes.popleft()()
        if not self.accepted and self._monotonic_s() > self._answer_by_s:
            # Some brokers meet a version that they do not know with silence (amqtt 0.12 does).
            self.refused, self.reason = UNSUPPORTED_VERSION, "no answer to CONNECT"
            return False
        return self.client.socket() is not None

    def close(self) -> None:
        """End the connection: a good-bye, so that the broker keeps our last will to itself."""
        self.client.disconnect()

    def _answered(self, code: ReasonCode, facts: Any) -> None:
        if code.is_failure:
            self.refused, self.reason = code.value, f"refused: {code}".lower()
            return
        self.accepted = True
        self._on_answer(facts)

    def _lost(self, code: ReasonCode) -> None:
        self.reason = self.reason or f"connection lost: {code}".lower()
