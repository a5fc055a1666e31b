"""Letters: incident messages made ready to be sent, under numbers that ascend in the order in which they were made."""

from __future__ import annotations

from msgspec import Struct

from detector.delivery.messages import publications
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage
from detector.mqtt.publication import Publication


class Letter(Struct, frozen=True):
    """One message as the publications that carry it: what is sent again is sent with the same bytes."""

    number: int
    incident_id: str
    sequence: int
    event: str
    received_s: float  # when the oldest report of its step was, so that no latency is told too short
    publications: tuple[Publication, ...]


def letter(number: int, message: IncidentMessage, topics: Topics, received_s: float) -> Letter:
    """Return the letter that carries a message."""
    made = tuple(publications(message, topics))
    return Letter(number, message.incident_id, message.sequence, message.event, received_s, made)
