"""Status: what a daemon says of itself, when that changes and every HEARTBEAT_S."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from detector.delivery.twins import Twin, facts

HEARTBEAT_S = 5.0  # a status that is older is of a daemon that hangs


class Status:
    """The status said last; `say` gets it with `again_s`, how soon it follows anew."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self.said: dict[str, object] = {}
        self._said_s = -math.inf

    def look(self, status: dict[str, object], now_s: float) -> None:
        """Say how the daemon is, if it is time to; `now_s` is of a clock that nobody sets."""
        if status != self.said or now_s - self._said_s >= HEARTBEAT_S:
            self.said, self._said_s = status, now_s
            self._say(again_s=HEARTBEAT_S, **status)


def status_of(
    incidents: Collection[str], troubles: Sequence[str], twins: Mapping[str, Twin] | None, notes: Sequence[str] = ()
) -> dict[str, object]:
    """Return what to say of open incidents, of troubles in words, and of the site's other daemons; None: it is alone.

    The troubles of other daemons degrade the site, not the one that speaks; what is only noted degrades nothing.
    """
    status: dict[str, object] = {"incidents_open": len(incidents), "incidents": sorted(incidents)}
    reasons = list(troubles)
    if twins is not None:
        reasons += [f"daemon {name} is {twin.state}" for name, twin in twins.items() if twin.state != "online"]
        status |= {"instance_state": _state(troubles), "twins": facts(twins)}
    return status | {"state": _state(reasons), "reason": "; ".join([*reasons, *notes])}


def _state(troubles: Sequence[str]) -> str:
    return "degraded" if troubles else "online"
