"""Signs: what the rules about conduct tell the incident book, one a change. They are few: objects, not columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from detector.rules.findings import Certainty, Change

AGAIN_S = 60.0  # who does the same again within this has not stopped doing it


class Sign(NamedTuple):
    """One change of one rule's finding about one track."""

    row: int  # of the track
    rule: str
    change: Change  # OPENED, ESCALATED (there is more to it now), ENDED
    started_s: float
    decided_s: float
    evidence: dict[str, float | str]  # fields of the message's evidence, in its units
    segment: int = -1  # the step that decided it; -1: the clock did
    ended_s: float = math.nan  # NaN: it has not
    zone: int = -1  # -1: none
    grave: bool = False
    value: float = 0.0  # how much of it, where there is evidence
    certainty: Certainty = Certainty.OBSERVED
    others: tuple[int, ...] = ()  # rows of other tracks that have a part in it
    strand: int = 0  # of what a rule tells apart, such as turns to the right and to the left
    joined_s: float = math.nan  # when an interceptor joined it; NaN: this does not tell
    tells: bool = False  # it is news even if its finding is known
    away: bool = False  # it goes on, but near no zone any more

    @classmethod
    def of(cls, data: Sequence[Any]) -> Sign:
        """Return the sign that plain data tells of."""
        sign = cls(*data)
        change, certainty = Change(sign.change), Certainty(sign.certainty)
        return sign._replace(change=change, certainty=certainty, others=tuple(sign.others))


class Signs(list[Sign]):
    """The signs of one run of a rule."""

    def opened(self) -> int:
        """Return how many findings began."""
        return sum(sign.change == Change.OPENED for sign in self)
