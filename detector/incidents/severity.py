"""Severity, urgency and certainty of an incident, in the words of CAP 1.2 in lower case (OASIS CAP 1.2, 3.2.2)."""

from __future__ import annotations

from detector.airspace.zones import Identity
from detector.incidents.lifecycle import Phase
from detector.rules.catalogue import CATALOGUE

SEVERITIES = ("minor", "moderate", "severe", "extreme")
CERTAINTIES = ("observed", "likely", "possible")

_OF_ZONE = {"national": 2, "prohibited": 2, "restricted": 2, "danger": 1, "adiz": 1, "fir": 0, "buffer": 1}

URGENCY = {
    Phase.APPROACH: "expected",
    Phase.INCURSION: "immediate",
    Phase.EGRESS: "expected",
    Phase.CLOSED: "past",
}


def of_stay(zone_kind: str, identity: Identity, *, deep: bool) -> int:
    """Return the index into SEVERITIES: by kind of zone, one step more when deep inside, one more for a suspect."""
    return _graded(_OF_ZONE[zone_kind] + deep, identity)


def of_conduct(rule: str, identity: Identity, *, grave: bool) -> int:
    """Return the index into SEVERITIES: by rule, one step more where it is grave for that, one more for a suspect."""
    return _graded(CATALOGUE[rule].severity + grave, identity)


def _graded(steps: int, identity: Identity) -> int:
    return min(steps + (identity >= Identity.SUSPECT), len(SEVERITIES) - 1)
