"""What came of a replay, as a table for people."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from detector.incidents.message import IncidentMessage
from detector.pipeline import RESULTS, Step
from feeds.plots import Plots


@dataclass(slots=True)
class Summary:
    """Counts that grow with every step."""

    began_s: float = field(default_factory=time.monotonic)
    rejected: Counter[str] = field(default_factory=Counter)  # rows, by reason
    results: Counter[str] = field(default_factory=Counter)
    first_s: float = math.inf
    last_s: float = -math.inf
    messages: int = 0
    geofence_messages: int = 0
    last: dict[str, IncidentMessage] = field(default_factory=dict)  # by incident

    def take(self, plots: Plots, step: Step, geofence_messages: int) -> None:
        """Count a step."""
        self.results.update(dict(zip(RESULTS, np.bincount(step.results, minlength=len(RESULTS)).tolist(), strict=True)))
        self.first_s = min(self.first_s, float(plots.time_s.min()))
        self.last_s = max(self.last_s, float(plots.time_s.max()))
        self.messages += len(step.messages)
        self.geofence_messages = geofence_messages
        self.last.update({message.incident_id: message for message in step.messages})

    def table(self) -> str:
        """Return the table, a line a fact."""
        took_s = time.monotonic() - self.began_s
        recorded_s = max(self.last_s - self.first_s, 0.0)
        plots = sum(self.results.values())
        rows = [
            ("plots", f"{plots:,} over {recorded_s:,.0f} s of recording in {took_s:.1f} s"),
            ("times real time", f"{recorded_s / took_s:,.0f}" if took_s > 0 else "-"),
            *(("  " + name, f"{count:,}") for name, count in self.results.items() if count and name != "used"),
            ("rows rejected", f"{sum(self.rejected.values()):,}"),
            *(("  " + reason, f"{count:,}") for reason, count in sorted(self.rejected.items())),
            ("incidents", f"{len(self.last):,} in {self.messages:,} messages"),
            *(("  " + kind, f"{count:,}") for kind, count in self._stories()),
            ("a plain geofence", f"{self.geofence_messages:,} messages on the same zones"),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)

    def _stories(self) -> list[tuple[str, int]]:
        stories = Counter(f"{m.cause}, {m.outcome or 'still open'}" for m in self.last.values())
        return sorted(stories.items())
