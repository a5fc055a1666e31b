"""Incident messages as bytes, and as the publications that carry them to operations rooms."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage
from detector.mqtt.publication import Publication

EXPIRY_S = 86_400  # what a room has not fetched within a day is history, not an alert

Read = TypeVar("Read")

_ENCODER = msgspec.json.Encoder()


class Key(msgspec.Struct, frozen=True):
    """What names a message: rooms tell by it what they have had."""

    incident_id: str
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**53)]


_KEYS = msgspec.json.Decoder(Key)


def key_of(payload: bytes) -> Key:
    """Return what names the message in a payload. Raises ValueError for what is none."""
    return read(payload, _KEYS)


def read(payload: bytes, decoder: msgspec.json.Decoder[Read]) -> Read:
    """Return what a payload from outside holds. Raises ValueError for anything that it should not."""
    try:
        return decoder.decode(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def ndjson(message: IncidentMessage) -> bytes:
    """Return a message as one line of JSON; equal messages are equal bytes."""
    return _ENCODER.encode(message) + b"\n"


def publications(message: IncidentMessage, topics: Topics) -> list[Publication]:
    """Return what to publish for a message, in order: the alert first, then the incident as it stands.

    The incident stands, however long there is no news of it, until it is shown closed to whoever listens, and then
    cleared, so that nobody who comes later sees it.
    """
    payload = _ENCODER.encode(message)
    incident = topics.incident(message.incident_id)
    alert = topics.alert(message.severity, message.cause, message.zone_id)
    made = [
        Publication(alert, payload, expiry_s=EXPIRY_S),
        Publication(incident, payload, retain=True),
    ]
    return [*made, Publication(incident, b"", retain=True)] if message.event == "closed" else made
