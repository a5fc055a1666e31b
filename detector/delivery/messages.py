"""Incident messages as bytes, and as the publications that carry them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage

EXPIRY_S = 86_400  # an alert older than a day is history, not an alert

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Publication:
    """One MQTT PUBLISH with QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None


def ndjson(message: IncidentMessage) -> bytes:
    """Return a message as one line."""
    return _ENCODER.encode(message) + b"\n"


def publications(message: IncidentMessage, topics: Topics) -> list[Publication]:
    """Return what to publish, in order: the alert, and the incident as it stands, cleared once it is closed."""
    payload, incident = _ENCODER.encode(message), topics.incident(message.incident_id)
    alert = topics.alert(message.severity, message.cause, message.zone_id)
    made = [Publication(alert, payload, expiry_s=EXPIRY_S), Publication(incident, payload, retain=True)]
    if message.event == "closed":
        made.append(Publication(incident, b"", retain=True))
    return made
