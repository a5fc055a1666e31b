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
from detector.rules.criteria import APPROACH, CODE, CODE_CHANGED, DEVIATION, LATELY_S, SILENCE, named
from detector.rules.findings import Change
from detector.rules.params import Count, NotNegative
from detector.rules.sight import Scene, Sight
from detector.rules.signs import Sign
from detector.tracks.fixes import Rows
from detector.tracks.identity import EMERGENCY_CODES

SIGNS = {
    ("emergency_code", Change.OPENED): CODE,
    ("dark", Change.ENDED): SILENCE,
    ("approach", Change.OPENED): APPROACH,
}
STRAIGHT = 0.9  # of the way flown leads from its beginning to its end: a course held, and no hold
HELD_S = 300.0  # a course held for so long ...
TURNED_DEG = 60.0  # ... and left by so much is a deviation


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.renegade]."""

    enabled: bool = True
    criteria: Count = 3
    within_s: NotNegative = LATELY_S


def note(signs: Iterable[Sign], scene: Scene) -> None:
    """Take in which criteria M steps met, and what rules found in them."""
    met_s, row, now_s = scene.criteria.fit(scene.tracks.capacity), scene.segments.row, scene.segments.now.time_s
    met_s[row, CODE_CHANGED] = scene.tracks.recoded_s[row]
    for sign in signs:
        if (criterion := SIGNS.get((sign.rule, sign.change))) is not None:
            met_s[sign.row, criterion] = sign.decided_s
    squawk = scene.tracks.last.squawk[row]
    told = np.logical_or.reduce([squawk == code for code in EMERGENCY_CODES]).astype(bool)
    met_s[row[told], CODE] = now_s[told]
    suspicious = np.flatnonzero(scene.marks() & (met_s[row] > -np.inf).any(axis=1))
    left = suspicious[_left_course(row[suspicious], scene)]
    met_s[row[left], DEVIATION] = now_s[left]


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
    legs_m = np.linalg.norm(np.diff(stretch.earth_m, axis=0), axis=2)
    earlier = np.arange(len(legs_m))[:, None] >= middle
    way_m = np.where(earlier, np.nan_to_num(legs_m), 0.0).sum(axis=0)
    straight = np.linalg.norm(before_m, axis=1) > STRAIGHT * way_m
    left: Mask = stretch.known & straight & (cos < np.cos(np.radians(TURNED_DEG)) * lengths)
    return left


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show, by what tracks did before."""
    row, now_s = scene.segments.row, scene.segments.now.time_s
    met = scene.criteria.lately(row, now_s, params.within_s)
    many = met.sum(axis=1)
    grave = met[:, CODE] | (met[:, CODE_CHANGED] & met[:, SILENCE])
    shown = grave & (many >= params.criteria)

    def evidence(m: int) -> dict[str, float | str]:
        return {"criteria": named(met[m])}

    return [Sight(shown, many.astype(float), evidence, grave=met[:, CODE], reports=1)]
