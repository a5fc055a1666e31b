"""One connection to a broker. Its callbacks only note what happened; whoever drives it takes the notes."""

from __future__ import annotations

import ssl
import threading
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from detector.delivery.messages import Publication

KEEPALIVE_S = 15
CONNECT_S = 5.0
PORTS = {"mqtt": 1883, "mqtts": 8883}
NEWEST, OLDEST = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


class BrokerSettings(Protocol):
    """Table [mqtt] of the configuration."""

    @property
    def url(self) -> str:
        """`mqtt://HOST[:PORT]` or `mqtts://...`."""

    @property
    def client_id(self) -> str:
        """What the broker knows us by."""

    @property
    def username(self) -> str | None:
        """Of the broker."""

    @property
    def password_file(self) -> str | None:
        """Its first line is the password."""

    @property
    def ca_file(self) -> str | None:
        """Certificates to trust instead of the system's."""


class Note(NamedTuple):
    """Something a connection has to tell: it is "up", "refused" or "down", or publication `mid` is "done"."""

    what: str
    mid: int = 0
    code: int = 0  # MQTT 5 reason code; 0x80 and above is a refusal
    why: str = ""


class Connection:
    """A client that connects once and never again, so that nothing but its driver ever sends a message twice."""

    def __init__(
        self, settings: BrokerSettings, version: MQTTProtocolVersion, will: Publication, wake: threading.Event
    ) -> None:
        self.notes: deque[Note] = deque()
        self._version, self._wake = version, wake
        self._client = client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=settings.client_id, protocol=version, reconnect_on_failure=False
        )
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # the driver counts them
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        if settings.username:
            password = Path(settings.password_file).read_text().splitlines()[0] if settings.password_file else None
            client.username_pw_set(settings.username, password)
        url = urlsplit(settings.url)
        if url.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context(cafile=settings.ca_file))
        self._address = url.hostname or "", url.port or PORTS[url.scheme]

    def open(self) -> None:
        """Connect. Raises OSError if there is nobody."""
        start = {"clean_start": True} if self._version == NEWEST else {}
        self._client.connect(*self._address, keepalive=KEEPALIVE_S, **start)  # type: ignore[arg-type]
        self._client.loop_start()

    def publish(self, publication: Publication) -> int:
        """Send a publication and return the number that the note of its fate will carry."""
        properties = None
        if self._version == NEWEST and publication.payload:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.ContentType = "application/json"
            properties.PayloadFormatIndicator = 1
            if publication.expiry_s is not None:
                properties.MessageExpiryInterval = publication.expiry_s
        return self._client.publish(
            publication.topic, publication.payload, qos=1, retain=publication.retain, properties=properties
        ).mid

    def close(self) -> None:
        """Say goodbye, if anybody listens, and stop."""
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, note: Note) -> None:
        self.notes.append(note)
        self._wake.set()

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._note(Note("refused", code=reason.value, why=str(reason)) if reason.is_failure else Note("up"))

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._note(Note("down", code=reason.value, why=str(reason)))

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _properties: Any) -> None:
        self._note(Note("done", mid=mid, code=reason.value, why=str(reason)))
