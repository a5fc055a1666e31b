"""Conduct: what watched aircraft near zones do. Conditions hold several reports against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from detector.rules import approach, asset_pass, emergency_code, hard_turn, pull_up, steep_descent
from detector.rules.company import Company
from detector.rules.conditions import Conditions, Turn
from detector.rules.dark import Dark, heard_again
from detector.rules.findings import Change
from detector.rules.sight import Scene, Sight
from detector.rules.signs import Sign, Signs
from detector.tracks.fixes import Rows, Segments


class Rule(Protocol):
    """A module that looks at each report by itself."""

    look: Callable[[Scene, Any], list[Sight]]


RULES: dict[str, Any] = {
    "hard_turn": hard_turn,
    "steep_descent": steep_descent,
    "pull_up": pull_up,
    "approach": approach,
    "emergency_code": emergency_code,
    "asset_pass": asset_pass,
}


class Conduct:
    """The conditions of all rules, for C tracks."""

    def __init__(self) -> None:
        self._conditions: dict[str, list[Conditions]] = {rule: [] for rule in RULES}
        self.jumps = Conditions()
        self.dark = Dark()
        self.company = Company()

    def on(self, rows: Rows, capacity: int) -> np.ndarray:
        """Tell of which tracks any condition holds, (R,)."""
        held = np.zeros(len(rows), dtype=bool)
        for condition in self._every():
            condition.fit(capacity)
            held |= condition.on[rows]
        return held

    def forget(self, rows: Rows) -> None:
        """Let nothing hold of these tracks."""
        for condition in (*self._every(), self.jumps):
            condition.forget(rows[rows < len(condition.on)])
        self.dark.forget(rows)
        self.company.forget(rows)

    def hear(self, segments: Segments, scene: Scene | None, some: Rows, capacity: int) -> Signs:
        """Take in who is on the way into a zone, of whom a scene tells; return who had fallen silent."""
        self.dark.fit(capacity)
        zone = np.full(len(segments.row), -1)
        if scene is not None and self._conditions["approach"]:
            heading = self._conditions["approach"][0].on[scene.segments.row]
            zone[some] = np.where(heading, scene.vicinity.zone, -1)
        silent = self.dark.hear(segments.row, zone)
        return heard_again(segments.row[silent], silent, segments.now.time_s[silent])

    def look(self, rule: str, how: Rule, scene: Scene, params: Any) -> Signs:
        """Let a rule look at M steps; return what that changes, in the order of segments."""
        conditions, sights = self._conditions[rule], how.look(scene, params)
        conditions += [Conditions(sight.reports) for sight in sights[len(conditions) :]]
        signs = Signs()
        for strand, (condition, sight) in enumerate(zip(conditions, sights, strict=True)):
            condition.fit(scene.tracks.capacity)
            shown, row = sight.shown & scene.vicinity.near, scene.segments.row
            asked = shown | condition.pending(row)
            m = np.flatnonzero(asked if sight.asked is None else asked & sight.asked)
            if len(m):
                turn = condition.take(row[m], shown[m], scene.segments.now.time_s[m], sight.value[m])
                signs += _signs(rule, strand, scene, sight, condition, m, turn)
        signs.sort(key=lambda sign: sign.segment)
        return signs

    def _every(self) -> Iterator[Conditions]:
        for conditions in self._conditions.values():
            yield from conditions


def _signs(
    rule: str, strand: int, scene: Scene, sight: Sight, condition: Conditions, of: Rows, turn: Turn
) -> Iterator[Sign]:
    """Yield what a turn of R reports, `of` the M of the scene, changed."""
    for change, changed in zip((Change.OPENED, Change.ESCALATED, Change.ENDED), turn, strict=True):
        for m in of[changed].tolist():
            row, ended = int(scene.segments.row[m]), change is Change.ENDED
            zone = scene.vicinity.zone if sight.zone is None else sight.zone
            yield Sign(
                row=row,
                segment=m,
                rule=rule,
                change=change,
                started_s=float(condition.first_s[row]),
                decided_s=float(scene.segments.now.time_s[m]),
                ended_s=float(condition.last_s[row]) if ended else math.nan,
                zone=int(zone[m]),
                grave=bool(sight.grave[m]) and not ended,
                value=float(sight.value[m]),
                evidence={} if ended else {name: _plain(value) for name, value in sight.evidence(m).items()},
                strand=strand,
            )


def _plain(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(value)
