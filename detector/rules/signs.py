"""Signs: what the rules about conduct tell the incident book, one a change. They are few: objects, not columns."""

from __future__ import annotations

from typing import NamedTuple

from detector.rules.findings import Certainty, Change

KIND = {
    "approach": "approach",
    "hard_turn": "manoeuvre",
    "steep_descent": "manoeuvre",
    "pull_up": "manoeuvre",
    "emergency_code": "emergency",
    "jump": "integrity",
    "dark": "dark",
    "interception": "interception",
    "asset_pass": "asset-pass",
    "well_clear": "proximity",
    "bow_crossing": "proximity",
    "near_collision": "proximity",
}
"""The kind of finding that each rule makes."""

ROLE = {"interception": "interceptor", "proximity": "conflict"}
"""The part that others have in a kind of finding."""


class Sign(NamedTuple):
    """One change of one rule's finding about one track."""

    row: int  # of the track
    segment: int  # the step that decided it; -1: the clock did
    rule: str
    change: Change  # OPENED, ESCALATED (there is more to it now), ENDED
    started_s: float
    decided_s: float
    ended_s: float  # NaN: it has not
    zone: int  # -1: none
    grave: bool
    value: float  # how much of it, where there is evidence
    evidence: dict[str, float | str]  # fields of the message's evidence, in its units
    certainty: Certainty = Certainty.OBSERVED
    others: tuple[int, ...] = ()  # rows of other tracks that have a part in it
    strand: int = 0  # of what a rule tells apart, such as turns to the right and to the left


class Signs(list[Sign]):
    """The signs of one run of a rule."""

    def opened(self) -> int:
        """Return how many findings began."""
        return sum(sign.change == Change.OPENED for sign in self)
