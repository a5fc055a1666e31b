"""What the daemon itself subscribes to: receipts of rooms, and the words of other daemons of its site."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from detector.delivery.rooms import Rooms
from detector.delivery.topics import Topics
from detector.delivery.twins import Twins
from detector.mqtt.dialect import V5

log = logging.getLogger(__name__)


class Ears:
    """Hands on what arrives."""

    def __init__(self, topics: Topics, rooms: Rooms, twins: Twins | None) -> None:
        self._topics, self._rooms, self._twins = topics, rooms, twins

    def filters(self, version: MQTTProtocolVersion) -> list[tuple[str, Any]]:
        """Return what to subscribe to, each with paho's options; 3.1.1 has our own words come back, too."""
        five = version == V5
        return [(each, SubscribeOptions(qos=1, noLocal=own) if five else 1) for each, own in self._wanted()]

    def received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Take what has arrived."""
        if self._topics.kind(topic) == "receipt":
            self._rooms.received(topic, payload)
        elif self._twins:
            self._twins.received(topic, payload, retained=retained)

    def subscribed(self, codes: Sequence[ReasonCode]) -> None:
        """Take the broker's answer to the subscriptions."""
        for (each, _), code in zip(self._wanted(), codes, strict=True):
            if code.is_failure:
                log.error("broker: refused the subscription to %s: %s", each, str(code).lower())

    def _wanted(self) -> list[tuple[str, bool]]:
        """Return filters, each with whether to leave out our own words."""
        topics = self._topics
        wanted = [(topics.receipts, False)] if self._rooms else []
        if self._twins:  # our own status comes last of all that is retained: then all of it has come
            wanted += [(topics.incidents, True), (topics.feed_statuses, True), (topics.status, False)]
        return wanted
