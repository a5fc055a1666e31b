"""Severity, urgency and certainty of an incident, in the words of CAP 1.2 in lower case (OASIS CAP 1.2, 3.2.2)."""

from __future__ import annotations

from detector.airspace.zones import Identity
from detector.incidents.lifecycle import Phase

SEVERITIES = ("minor", "moderate", "severe", "extreme")
CERTAINTIES = ("observed", "likely", "possible")

_OF_ZONE = {"national": 2, "prohibited": 2, "restricted": 2, "danger": 1, "adiz": 1, "fir": 0, "buffer": 1}

_OF_RULE = {
    "approach": 1,
    "hard_turn": 1,
    "steep_descent": 1,
    "pull_up": 1,
    "speed_change": 1,
    "low_pass": 1,
    "too_fast": 1,
    "emergency_code": 1,
    "renegade": 2,
    "jump": 1,
    "frozen": 1,
    "accuracy_collapse": 1,
    "duplicate_address": 1,
    "impossible_identity": 1,
    "interference": 1,
    "dark": 1,
    "interception": 0,
    "asset_pass": 2,
    "skirting": 0,
    "loitering": 0,
    "probing": 2,
    "well_clear": 1,
    "bow_crossing": 2,
    "near_collision": 2,
}

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
    return _graded(_OF_RULE[rule] + grave, identity)


def _graded(steps: int, identity: Identity) -> int:
    return min(steps + (identity >= Identity.SUSPECT), len(SEVERITIES) - 1)
