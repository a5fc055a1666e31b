"""Feeds from an MQTT broker: JSON reports published on a topic.

MQTT 5 is tried first. When a broker ends a session before it accepted it, the next attempt speaks the other version
(3.1.1, then 5 again), for a broker that does not know MQTT 5 may say so or just hang up.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from detector.endpoints import Login, password, trust
from feeds.objects import payload_to_plots
from feeds.reconnecting import Reconnecting
from feeds.sink import Feed, FeedSettings, Sink

KEEPALIVE_S = 30
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_OTHER_VERSION = {
    MQTTProtocolVersion.MQTTv5: MQTTProtocolVersion.MQTTv311,
    MQTTProtocolVersion.MQTTv311: MQTTProtocolVersion.MQTTv5,
}


@dataclass(slots=True)
class Broker:
    """Where a broker is, how to log in, and the version of the protocol to try next."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    username: str | None
    password: str | None = field(repr=False)
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5


class MqttSettings(FeedSettings, Login, Protocol):
    """Table [[feeds]] of a feed from a broker."""

    @property
    def topic(self) -> str:
        """To subscribe to; wildcards are allowed."""


def broker(settings: MqttSettings) -> Broker:
    """Return the broker of a feed. Raises InputError for a password or certificates that cannot be read."""
    table, url = f"feeds.{settings.name}", urlsplit(settings.url)
    tls = trust(table, settings.ca_file) if url.scheme == "mqtts" else None
    secret = password(table, settings.password_file)
    return Broker(url.hostname or "", url.port or _PORTS[url.scheme], tls, settings.username, secret)


class MqttSession:
    """One connection to a broker, subscribed to one topic (wildcards allowed)."""

    def __init__(self, name: str, server: Broker, topic: str, sink: Sink) -> None:
        self._name = name
        self._server = server
        self._topic = topic
        self._sink = sink
        self._accepted = False
        self._closed = False
        self._reason = ""
        self._client = self._make_client()

    def run(self, up: Callable[[str], None]) -> str:
        """Connect, subscribe and deliver until the connection ends; return why it did."""
        self._up = up
        self._client.connect(self._server.host, self._server.port, KEEPALIVE_S)
        if not self._closed:
            self._client.loop_forever()
        if not self._accepted:
            self._server.version = _OTHER_VERSION[self._server.version]
        return self._reason or "connection lost"

    def close(self) -> None:
        """End the connection; the loop returns at once."""
        self._closed = True
        self._client.disconnect()

    def _make_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, protocol=self._server.version, reconnect_on_failure=False
        )  # a clean session: positions of before the connection are of no use
        if self._server.username is not None:
            client.username_pw_set(self._server.username, self._server.password)
        if self._server.tls is not None:
            client.tls_set_context(self._server.tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(self, client: paho.Client, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._end(f"refused by the broker: {code}")
        else:
            self._accepted = True
            client.subscribe(self._topic, qos=1)

    def _on_subscribe(self, _client: paho.Client, _userdata: Any, _mid: int, codes: Any, _properties: Any) -> None:
        if codes[0].is_failure:
            self._end(f"subscription to {self._topic} refused: {codes[0]}")
        else:
            self._up("subscribed")

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        plots, rejected = payload_to_plots(message.payload)
        if not self._closed and (len(plots) or rejected):
            self._sink.plots(self._name, plots, rejected)

    def _on_disconnect(self, _client: paho.Client, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self._reason = self._reason or f"connection lost: {code}"

    def _end(self, reason: str) -> None:
        self._reason = reason
        self._client.disconnect()


def start(settings: MqttSettings, sink: Sink) -> Feed:
    """Start a feed from topic `settings.topic` of the broker at `settings.url`."""
    server = broker(settings)
    return Reconnecting(settings.name, sink, lambda: MqttSession(settings.name, server, settings.topic, sink))
