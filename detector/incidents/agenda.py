"""The agenda: when incidents close, or tell what waits, by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from heapq import heappop, heappush

from detector.incidents.incident import Incident


class Agenda:
    """A heap of times; those at which an incident closes or tells no more are harmless."""

    def __init__(self, incidents: Iterable[Incident] = ()) -> None:
        self._due: list[tuple[float, str, Incident]] = []
        for incident in incidents:
            self.put(incident)

    def put(self, incident: Incident) -> None:
        """Note when an incident closes or tells what waits, if it does."""
        for time_s in (incident.close_s, incident.tell_s):
            if time_s < math.inf:
                heappush(self._due, (time_s, incident.incident_id, incident))

    def due_s(self) -> float:
        """Return a time before which no incident closes, or tells anything, by itself."""
        return self._due[0][0] if self._due else math.inf

    def take(self, now_s: float) -> set[Incident]:
        """Return the incidents that may close or tell something by now, once."""
        due = set()
        while self.due_s() <= now_s:
            due.add(heappop(self._due)[2])
        return due
