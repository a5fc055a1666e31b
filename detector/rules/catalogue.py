"""The catalogue: what a finding of each rule about conduct is to a room."""

from __future__ import annotations

from typing import NamedTuple


class Nature(NamedTuple):
    """The kind of a rule's findings, how severe one is at least, and how it tells of others."""

    kind: str
    severity: int  # index into SEVERITIES
    role: str = ""  # of other aircraft that have a part in one
    counts: bool = False  # all findings of the same zone are one, which counts them


CATALOGUE = {
    "approach": Nature("approach", 1),
    "hard_turn": Nature("manoeuvre", 1),
    "steep_descent": Nature("manoeuvre", 1),
    "pull_up": Nature("manoeuvre", 1),
    "speed_change": Nature("manoeuvre", 1),
    "low_pass": Nature("manoeuvre", 1),
    "too_fast": Nature("manoeuvre", 1),
    "emergency_code": Nature("emergency", 1),
    "renegade": Nature("emergency", 2),
    "jump": Nature("integrity", 1),
    "frozen": Nature("integrity", 1),
    "accuracy_collapse": Nature("integrity", 1),
    "duplicate_address": Nature("integrity", 1),
    "impossible_identity": Nature("integrity", 1),
    "interference": Nature("integrity", 1, role="affected"),
    "dark": Nature("dark", 1),
    "interception": Nature("interception", 0, role="interceptor"),
    "asset_pass": Nature("asset-pass", 2, counts=True),
    "skirting": Nature("skirting", 0),
    "loitering": Nature("loitering", 0),
    "probing": Nature("approach", 2, counts=True),
    "well_clear": Nature("proximity", 1, role="conflict"),
    "bow_crossing": Nature("proximity", 2, role="conflict"),
    "near_collision": Nature("proximity", 2, role="conflict"),
}
