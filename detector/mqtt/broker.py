"""A broker of the configuration: where it is, how to log in, and clients that speak to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from detector.endpoints import Login, password, trust
from detector.mqtt.dialect import V5

KEEPALIVE_S = 10  # a dead broker is noticed after two of them, our death by the broker after one and a half
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """What is needed to connect."""

    url: str
    client_id: str  # unique at the broker: it ends an older connection of the same name; empty: one is made up
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


def broker_of(table: str, login: Login, client_id: str = "") -> Broker:
    """Return the broker that a table names. Raises InputError for a password or certificates that cannot be read."""
    tls = trust(table, login.ca_file) if urlsplit(login.url).scheme == "mqtts" else None
    return Broker(login.url, client_id, login.username, password(table, login.password_file), tls)
