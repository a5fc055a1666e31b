"""Which incidents a room owes a receipt for.

Every message that arrives earns one: a new one confirms; one behind a gap repeats the receipt from before the gap, by
which the daemon learns what to send again (as in TCP); one that came again says that the receipt before may be lost. No
clock: times in, incidents out.
"""

from __future__ import annotations

import math

DELAY_S = 0.1  # many messages, one receipt
AGAIN_S = 1.0  # a copy that comes sooner after a receipt is the one over the other topic


class Owed:
    """The receipts that are owed, and those on their way."""

    def __init__(self) -> None:
        self._owed: dict[str, None] = {}
        self._due_s = math.inf
        self._under_way: dict[int, str] = {}  # incidents, by packet id
        self._sent_s: dict[str, float] = {}

    def owe(self, incident_id: str, now_s: float, *, repeated: bool) -> None:
        """Note that a message has arrived, for the first time or again."""
        if repeated and now_s - self._sent_s.get(incident_id, -math.inf) < AGAIN_S:
            return
        self._owed[incident_id] = None
        self._due_s = min(self._due_s, now_s + DELAY_S)

    def next_s(self) -> float:
        """Return when receipts are due; infinity if none is owed."""
        return self._due_s

    def settled(self) -> bool:
        """Tell whether the broker has every receipt that is owed."""
        return not self._owed and not self._under_way

    def due(self, now_s: float, *, at_once: bool = False) -> list[str]:
        """Return the incidents to send a receipt for; the caller sends all, and says so with `sent`."""
        if now_s < self._due_s and not at_once:
            return []
        due, self._owed, self._due_s = list(self._owed), {}, math.inf
        return due

    def sent(self, packet_id: int, incident_id: str, now_s: float) -> None:
        """Note that a receipt is on its way."""
        self._under_way[packet_id] = incident_id
        self._sent_s = {each: at_s for each, at_s in self._sent_s.items() if now_s - at_s < AGAIN_S}
        self._sent_s[incident_id] = now_s

    def answered(self, packet_id: int) -> None:
        """Note that the broker has answered one; a refusal is no reason to try it again and again."""
        self._under_way.pop(packet_id, None)

    def reconnected(self, known_or_none: str | None, now_s: float) -> None:
        """Owe what was under way, and, as a sign of life, one for an incident that is known, on a new connection."""
        for incident_id in [*self._under_way.values(), *filter(None, [known_or_none])]:
            self.owe(incident_id, now_s, repeated=False)
        self._under_way = {}
