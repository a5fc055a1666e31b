"""Sights: what one rule sees in one report of each of M tracks, before several reports are held against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass

import numpy as np

from detector.airspace.activation import Activation
from detector.arrays import Floats, Indices, Mask
from detector.picture.airspace import Airspace
from detector.rules.assets import Assets
from detector.rules.conditions import Conditions, M, Turn
from detector.rules.contacts import Contacts
from detector.rules.criteria import Criteria
from detector.rules.findings import Change
from detector.rules.signs import Sign
from detector.rules.vicinity import Vicinity
from detector.tracks.fixes import Rows, Segments
from detector.tracks.kinematics import Motion
from detector.tracks.store import TrackStore


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a rule may look at: M steps of tracks, all of them watched, where they are, and what they do."""

    segments: Segments
    airspace: Airspace
    activation: Activation
    tracks: TrackStore
    vicinity: Vicinity
    assets: Assets
    contacts: Contacts
    criteria: Criteria
    touched: tuple[Rows, Rows]  # (m, zone) pairs of steps and the zones they led into or through
    motion: Motion

    def marks(self) -> Mask:
        """Tell which steps added a point to the trails of their tracks, (M,)."""
        marks: Mask = self.tracks.trail.latest_s(self.segments.row) == self.segments.now.time_s
        return marks


@dataclass(frozen=True, slots=True)
class Sight:
    """What a rule sees in M reports; `evidence(m)` are the fields of the message for one of them."""

    shown: Mask  # (M,)
    value: Floats  # (M,) how much of it, where it is shown
    evidence: Callable[[int], dict[str, float | str]]
    _: KW_ONLY
    grave: Mask | None = None  # (M,) severe for its kind, if any may be
    zone: Indices | None = None  # (M,) that it is about, if not the nearest
    reports: int = M  # of N that must show it
    asked: Mask | None = None  # (M,) which reports were looked at, if not all
    since_s: Floats | None = None  # (M,) when it began, if before the first report that shows it
    behind: Mask | None = None  # (M,) the most of it is over: worth telling once it is

    def is_grave(self, m: int) -> bool:
        """Tell whether it is severe for its kind in one of the reports."""
        return self.grave is not None and bool(self.grave[m])


def changes(
    rule: str,
    strand: int,
    row: Rows,
    time_s: Floats,
    zone: Rows,
    sight: Sight,
    condition: Conditions,
    of: Rows,
    turn: Turn,
) -> Iterator[Sign]:
    """Yield what a turn of R reports, `of` M that were seen, changed of a condition; row, time and zone are (M,).

    What ends comes first: it may begin anew, of another zone, by the same report.
    """
    more = (turn.grows | turn.tells) & ~turn.begins & ~turn.ends
    about = zone[of] if sight.zone is None else turn.zone
    for change, changed in ((Change.ENDED, turn.ends), (Change.OPENED, turn.begins), (Change.ESCALATED, more)):
        for r in np.flatnonzero(changed).tolist():
            m, ended = int(of[r]), change is Change.ENDED
            yield Sign(
                row=int(row[m]),
                segment=m,
                rule=rule,
                change=change,
                started_s=float(turn.first_s[r] if ended else condition.first_s[row[m]]),
                decided_s=float(time_s[m]),
                ended_s=float(turn.last_s[r]) if ended else math.nan,
                zone=int(about[r] if ended else zone[m]),
                grave=not ended and sight.is_grave(m),
                value=float(sight.value[m]),
                evidence={} if ended else {name: _plain(value) for name, value in sight.evidence(m).items()},
                strand=strand,
                tells=bool(turn.tells[r]),
            )


def _plain(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(value)
