"""A room's session with the broker: subscribes, takes messages, acknowledges what is safe here, sends receipts."""

from __future__ import annotations

import logging
import math
from functools import partial
from typing import Any, Protocol

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from detector.clock import Clock
from detector.delivery.connection import Connection, Turn
from detector.delivery.receipts import Receipt
from detector.delivery.topics import Topics
from detector.mqtt.broker import Broker
from detector.mqtt.dialect import V5
from detector.mqtt.publication import Publication, publish
from detector.room.owed import Owed

log = logging.getLogger(__name__)

BATCH = 100  # messages that are made safe together


class Desk(Protocol):
    """What a room does with messages."""

    receipts: Owed

    def take(self, messages: list[paho.MQTTMessage]) -> None:
        """Make messages safe here."""

    def next_s(self) -> float:
        """Return when it wants to be asked without messages."""

    def latest(self) -> str | None:
        """Return the incident of the latest message, if there was any."""

    def owed(self) -> list[Receipt]:
        """Return the receipts to send now."""


class Session:
    """Receives over one connection."""

    connection: Connection

    def __init__(
        self,
        broker: Broker,
        version: MQTTProtocolVersion,
        topics: Topics,
        desk: Desk,
        monotonic_s: Clock,
    ) -> None:
        self._version, self._topics, self._desk, self._monotonic_s = version, topics, desk, monotonic_s
        self._arrived: list[paho.MQTTMessage] = []
        client = broker.client(version)
        client.on_message = lambda _client, _data, message: self._arrived.append(message)
        client.on_subscribe = lambda _client, _data, _id, codes, _facts: self.connection.note(
            partial(self._subscribed, codes)
        )
        client.on_publish = lambda _client, _data, packet_id, _code, _facts: self.connection.note(
            partial(desk.receipts.answered, packet_id)
        )
        self.connection = Connection(broker, client, version, self._accepted, monotonic_s)

    def turn(self) -> Turn:
        """Take what comes, acknowledge it once it is safe, send the receipts that are due."""
        stands = yield from self._receive()
        arrived, self._arrived = self._arrived, []
        self._desk.take(arrived)
        for message in arrived:
            self.connection.client.ack(message.mid, message.qos)
        for receipt in self._desk.owed() if stands and self.connection.accepted else ():
            self._send(receipt)
        return stands

    def _receive(self) -> Turn:
        """Wait for messages, and collect those that are there already."""
        until_s = self._desk.next_s() if self.connection.accepted else math.inf  # receipts cannot leave before
        stands, before = (yield from self.connection.turn(until_s)), 0
        while stands and before < len(self._arrived) < BATCH:
            before = len(self._arrived)
            stands = yield from self.connection.turn(self._monotonic_s())
        return stands

    def _send(self, receipt: Receipt) -> None:
        publication = Publication(self._topics.receipt(receipt.room), msgspec.json.encode(receipt))
        packet_id = publish(self.connection.client, publication, self._version)
        self._desk.receipts.sent(packet_id, receipt.incident_id, self._monotonic_s())

    def _accepted(self, _facts: Any) -> None:
        """Subscribe, also where the broker knows us: so it sends the incidents that are open, whatever we missed."""
        options: Any = SubscribeOptions(qos=1) if self._version == V5 else 1
        self.connection.client.subscribe([(self._topics.alerts, options), (self._topics.incidents, options)])
        self._desk.receipts.reconnected(self._desk.latest(), self._monotonic_s())

    def _subscribed(self, codes: list[ReasonCode]) -> None:
        for topic, code in zip((self._topics.alerts, self._topics.incidents), codes, strict=True):
            if code.is_failure:
                log.error("subscription to %s refused: %s", topic, str(code).lower())
        if all(code.is_failure for code in codes):
            self.connection.reason = "refused both subscriptions"
            self.connection.close()
