"""The life of an incident, as a table: {phase: {what the findings now amount to: next phase}}.

new -> approach -> incursion -> egress -> closed

What was closed because its track was lost goes on when that is heard again.
"""

from __future__ import annotations

import enum

from detector.errors import IncursiondError


class Phase(enum.StrEnum):
    """Where the story stands."""

    NEW = "new"
    APPROACH = "approach"  # in an outer zone
    INCURSION = "incursion"  # inside
    EGRESS = "egress"  # out again, still watched
    CLOSED = "closed"


class Standing(enum.StrEnum):
    """The strongest finding that is open, or why there will be none."""

    INSIDE = "inside"
    NEAR = "near"
    CLEAR = "clear"
    OVER = "over"


TRANSITIONS: dict[Phase, dict[Standing, Phase]] = {
    Phase.NEW: {
        Standing.INSIDE: Phase.INCURSION,
        Standing.NEAR: Phase.APPROACH,
        Standing.CLEAR: Phase.EGRESS,  # it cut a corner: in and out before anybody saw it
    },
    Phase.APPROACH: {
        Standing.INSIDE: Phase.INCURSION,
        Standing.NEAR: Phase.APPROACH,
        Standing.CLEAR: Phase.EGRESS,
        Standing.OVER: Phase.CLOSED,
    },
    Phase.INCURSION: {
        Standing.INSIDE: Phase.INCURSION,
        Standing.NEAR: Phase.EGRESS,
        Standing.CLEAR: Phase.EGRESS,
        Standing.OVER: Phase.CLOSED,
    },
    Phase.EGRESS: {
        Standing.INSIDE: Phase.INCURSION,
        Standing.NEAR: Phase.EGRESS,
        Standing.CLEAR: Phase.EGRESS,
        Standing.OVER: Phase.CLOSED,
    },
    Phase.CLOSED: {
        Standing.INSIDE: Phase.INCURSION,
        Standing.NEAR: Phase.APPROACH,
        Standing.CLEAR: Phase.EGRESS,
        Standing.OVER: Phase.CLOSED,
    },
}

RANK = {Phase.NEW: -1, Phase.CLOSED: -1, Phase.EGRESS: 0, Phase.APPROACH: 1, Phase.INCURSION: 2}


class IllegalTransitionError(IncursiondError):
    """The table has no such step."""


def advance(phase: Phase, standing: Standing) -> Phase:
    """Return the next phase. Raises IllegalTransitionError where the table has none."""
    try:
        return TRANSITIONS[phase][standing]
    except KeyError:
        raise IllegalTransitionError(f"an incident that is {phase} cannot become {standing}") from None
