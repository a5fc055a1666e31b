"""Renegade: several things at once that an aircraft does which has been taken over, or has lost its radio.

Air policing counts criteria rather than waiting for a single proof: an emergency code, a code changed in flight,
silence, leaving the course it held, heading for a zone. Each by itself is ordinary, and airliners that are handed on
over a border change codes, turn and head for it: so an emergency code must be among them, or silence and another code.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from detector.arrays import Mask
from detector.rules.findings import Change
from detector.rules.params import Count, NotNegative
from detector.rules.sight import Scene, Sight
from detector.rules.signs import Sign
from detector.tracks.columns import Columns, fitted
from detector.tracks.fixes import Rows

CRITERIA = ("emergency code", "code changed", "silence", "deviation", "approach")
CODE, CODE_CHANGED, SILENCE, DEVIATION, APPROACH = range(len(CRITERIA))
SIGNS = {
    ("emergency_code", Change.OPENED): CODE,
    ("dark", Change.ENDED): SILENCE,
    ("approach", Change.OPENED): APPROACH,
}
HELD_S = 300.0  # a course held for so long ...
TURNED_DEG = 60.0  # ... and left by so much is a deviation


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.renegade]."""

    enabled: bool = True
    criteria: Count = 3
    within_s: NotNegative = 1800.0


class Criteria(Columns):
    """When each of C tracks last met each criterion."""

    def __init__(self) -> None:
        self.met_s = np.zeros((0, len(CRITERIA)))

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        self.met_s = fitted(self.met_s, capacity, -np.inf)

    def forget(self, rows: Rows) -> None:
        """Remember nothing of these tracks."""
        rows = rows[rows < len(self.met_s)]
        self.met_s[rows] = -np.inf

    def take(self, signs: Iterable[Sign], scene: Scene) -> None:
        """Take in what M steps showed, and what rules found in them."""
        self.fit(scene.tracks.capacity)
        row, now_s = scene.segments.row, scene.segments.now.time_s
        self.met_s[row, CODE_CHANGED] = scene.tracks.recoded_s[row]
        for sign in signs:
            if (criterion := SIGNS.get((sign.rule, sign.change))) is not None:
                self.met_s[sign.row, criterion] = sign.decided_s
        suspicious = np.flatnonzero(scene.marks() & (self.met_s[row] > -np.inf).any(axis=1))
        left = suspicious[_left_course(row[suspicious], scene)]
        self.met_s[row[left], DEVIATION] = now_s[left]


def _left_course(row: Rows, scene: Scene) -> Mask:
    """Tell who of R tracks flew straight on for a while, and does not go on like that, (R,)."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    stretch = scene.tracks.trail.over(row, HELD_S)
    points = np.isfinite(stretch.time_s).sum(axis=0)
    every, middle, first = np.arange(len(row)), points // 2, np.maximum(points - 1, 0)
    before_m = stretch.earth_m[middle, every] - stretch.earth_m[first, every]
    last_m = stretch.earth_m[0] - stretch.earth_m[np.minimum(1, first), every]
    cos = (before_m * last_m).sum(axis=1)
    lengths = np.linalg.norm(before_m, axis=1) * np.linalg.norm(last_m, axis=1)
    left: Mask = stretch.known & (cos < np.cos(np.radians(TURNED_DEG)) * lengths)
    return left


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show, by what tracks did before."""
    row, now_s = scene.segments.row, scene.segments.now.time_s
    scene.criteria.fit(scene.tracks.capacity)
    met = now_s[:, None] - scene.criteria.met_s[row] <= params.within_s
    many = met.sum(axis=1)
    grave = met[:, CODE] | (met[:, CODE_CHANGED] & met[:, SILENCE])
    shown = grave & (many >= params.criteria)

    def evidence(m: int) -> dict[str, float | str]:
        return {"criteria": ", ".join(np.array(CRITERIA)[met[m]].tolist())}

    return [Sight(shown, many.astype(float), evidence, grave=met[:, CODE], reports=1)]
