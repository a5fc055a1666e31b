"""Publications: what is to be published, and how it is over either version of MQTT."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from detector.mqtt.dialect import V5


class Publication(msgspec.Struct, frozen=True):
    """One MQTT PUBLISH. An empty payload clears a retained topic."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    expiry_s: int | None = None


def publish(client: paho.Client, publication: Publication, version: MQTTProtocolVersion) -> int:
    """Send a publication at once and return its packet id."""
    properties = _properties(publication.expiry_s) if version == V5 and publication.payload else None
    p = publication
    return client.publish(p.topic, p.payload, p.qos, p.retain, properties).mid


def leave_will(client: paho.Client, will: Publication, version: MQTTProtocolVersion) -> None:
    """Let the broker publish this when the connection is lost."""
    properties = _properties(will.expiry_s, PacketTypes.WILLMESSAGE) if version == V5 else None
    client.will_set(will.topic, will.payload, will.qos, will.retain, properties)


@lru_cache(maxsize=16)  # they cost more to make than the rest of a publication
def _properties(expiry_s: int | None, packet: int = PacketTypes.PUBLISH) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.ContentType = "application/json"
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    return properties
