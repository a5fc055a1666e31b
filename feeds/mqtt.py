"""Feeds from an MQTT broker: JSON reports published on a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import paho.mqtt.client as paho

from detector.endpoints import Login
from detector.mqtt.broker import Broker, broker_of
from detector.mqtt.dialect import Dialect
from feeds.objects import payload_to_plots
from feeds.reconnecting import Reconnecting
from feeds.sink import Feed, FeedSettings, Sink


class MqttSettings(FeedSettings, Login, Protocol):
    """Table [[feeds]] of a feed from a broker."""

    @property
    def topic(self) -> str:
        """To subscribe to; wildcards are allowed."""


class MqttSession:
    """One connection to a broker, subscribed to one topic (wildcards allowed)."""

    def __init__(self, name: str, broker: Broker, dialect: Dialect, topic: str, sink: Sink) -> None:
        self._name, self._broker, self._dialect, self._topic, self._sink = name, broker, dialect, topic, sink
        self._accepted = self._closed = False
        self._refusal: int | None = None
        self._reason = ""
        self._client = client = broker.client(dialect.version)  # of a session that ends with it: old reports are no use
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def run(self, up: Callable[[str], None]) -> str:
        """Connect, subscribe and deliver until the connection ends; return why it did."""
        self._up = up
        self._broker.connect(self._client, self._dialect.version)
        if not self._closed:
            self._client.loop_forever()
        if self._accepted:
            self._dialect.ended()
        else:
            self._dialect.refused(self._refusal)
        return self._reason or "connection lost"

    def close(self) -> None:
        """End the connection; the loop returns at once."""
        self._closed = True
        self._client.disconnect()

    def _on_connect(self, client: paho.Client, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refusal = code.value
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
    name, broker, dialect = settings.name, broker_of(f"feeds.{settings.name}", settings), Dialect()
    return Reconnecting(name, sink, lambda: MqttSession(name, broker, dialect, settings.topic, sink))
