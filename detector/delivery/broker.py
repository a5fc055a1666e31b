"""The broker of the configuration: where it is, how to log in, and clients that speak to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from detector import endpoints
from detector.delivery.dialect import V5
from detector.delivery.messages import Publication

KEEPALIVE_S = 10  # a dead broker is noticed after two of them, our death by the broker after one and a half
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerSettings(endpoints.Login, Protocol):
    """Table [mqtt] of the configuration."""

    @property
    def client_id(self) -> str:
        """Unique at the broker: it ends an older connection of the same name."""


@dataclass(frozen=True, slots=True)
class Broker:
    """What is needed to connect."""

    url: str
    client_id: str
    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    session_s: int = 0  # how long the broker keeps subscriptions and messages of a client that is away; 0: not at all

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    def client(self, version: MQTTProtocolVersion) -> paho.Client:
        """Return a client for one connection, so that paho's own queue never outlives one.

        With `session_s` a message counts as received when the client's `ack` says so, not when paho has read it.
        """
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=None if version == V5 else not self.session_s,
            protocol=version,
            reconnect_on_failure=False,
            manual_ack=self.session_s > 0,
        )
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        if self.tls is not None:
            client.tls_set_context(self.tls)
        return client

    def connect(self, client: paho.Client, version: MQTTProtocolVersion) -> None:
        """Connect a client. Raises OSError or ValueError if nobody is there."""
        if not self.session_s or version != V5:
            client.connect(*self.address, KEEPALIVE_S)
            return
        keep = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        keep.SessionExpiryInterval = self.session_s
        client.connect(*self.address, KEEPALIVE_S, clean_start=False, properties=keep)


def broker_of(settings: BrokerSettings) -> Broker:
    """Return the broker. Raises InputError for a password or certificates that cannot be read."""
    tls = endpoints.trust("mqtt", settings.ca_file) if urlsplit(settings.url).scheme == "mqtts" else None
    password = endpoints.password("mqtt", settings.password_file)
    return Broker(settings.url, settings.client_id, settings.username, password, tls)


def publish(client: paho.Client, publication: Publication, version: MQTTProtocolVersion) -> int:
    """Send a publication at once and return its packet id."""
    properties = _properties(publication.expiry_s) if version == V5 and publication.payload else None
    p = publication
    return client.publish(p.topic, p.payload, p.qos, p.retain, properties).mid


@lru_cache(maxsize=16)  # they cost more to make than the rest of a publication
def _properties(expiry_s: int | None) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.ContentType = "application/json"
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    return properties
