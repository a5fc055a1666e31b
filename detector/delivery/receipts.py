"""Receipts: what a room says it has had, on the topic PREFIX/SITE/receipt/ROOM."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Receipt(msgspec.Struct, frozen=True):
    """A room has seen every message of an incident up to a sequence; 0: none without a gap."""

    room: str
    incident_id: str
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    time: str
