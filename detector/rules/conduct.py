"""Conduct: what watched aircraft near zones do. Conditions hold several reports against each other."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from detector.arrays import Mask
from detector.rules.alone import (
    approach,
    asset_pass,
    emergency_code,
    hard_turn,
    impossible_identity,
    loitering,
    low_pass,
    pull_up,
    renegade,
    skirting,
    speed_change,
    steep_descent,
    too_fast,
)
from detector.rules.alone.dark import Dark, heard_again
from detector.rules.alone.probing import Probes
from detector.rules.company import Company
from detector.rules.conditions import Conditions
from detector.rules.criteria import Criteria
from detector.rules.findings import Change
from detector.rules.integrity import Integrity
from detector.rules.sight import Scene, Sight, changes
from detector.rules.signs import Signs
from detector.rules.vicinity import NOWHERE
from detector.tracks.fixes import Rows, Segments


class Rule(Protocol):
    """A module that looks at each report by itself."""

    look: Callable[[Scene, Any], list[Sight]]


RULES: dict[str, Any] = {
    "hard_turn": hard_turn,
    "steep_descent": steep_descent,
    "pull_up": pull_up,
    "speed_change": speed_change,
    "low_pass": low_pass,
    "too_fast": too_fast,
    "approach": approach,
    "emergency_code": emergency_code,
    "impossible_identity": impossible_identity,
    "asset_pass": asset_pass,
    "skirting": skirting,
    "loitering": loitering,
    "renegade": renegade,
}


class Conduct:
    """The conditions of all rules, for C tracks."""

    def __init__(self) -> None:
        self._conditions: dict[str, list[Conditions]] = {rule: [] for rule in RULES}
        self.integrity = Integrity()
        self.dark = Dark()
        self.probes = Probes()
        self.criteria = Criteria()
        self.company = Company()

    def pending(self, rows: Rows, capacity: int) -> Mask:
        """Tell of which tracks any condition holds, or has been shown lately, and who is silent, (R,)."""
        self.dark.fit(capacity)
        pending = self.dark.silent(rows)
        for condition in self._every():
            condition.fit(capacity)
            pending |= condition.pending(rows)
        return pending

    def strands(self) -> dict[str, list[int]]:
        """Return how many reports each condition of each rule needs."""
        return {rule: [condition.reports for condition in conditions] for rule, conditions in self._conditions.items()}

    def fit(self, capacity: int, strands: Mapping[str, Sequence[int]] | None = None) -> None:
        """Make room for so many tracks, in all of these conditions."""
        for rule, reports in (strands or {}).items():
            conditions = self._conditions.setdefault(rule, [])
            conditions += map(Conditions, reports[len(conditions) :])
        for condition in self._every():
            condition.fit(capacity)
        self.dark.fit(capacity)
        self.integrity.fit(capacity)
        self.company.fit(capacity)
        self.criteria.fit(capacity)

    def forget(self, rows: Rows) -> None:
        """Let nothing hold of these tracks."""
        for condition in self._every():
            condition.forget(rows)
        self.integrity.forget(rows)
        self.dark.give_up(rows)
        self.company.forget(rows)

    def drop(self, rows: Rows) -> None:
        """Forget these tracks, which will not be heard again, with all that is remembered of them."""
        self.forget(rows)
        self.dark.forget(rows)
        self.probes.forget(rows)
        self.criteria.forget(rows)

    def end(self, row: int, rule: str, strand: int, others: Rows) -> None:
        """Let a strand of a rule hold no more of a track, and of it with others: it begins anew where it goes on."""
        for condition in self._conditions.get(rule, [])[strand : strand + 1]:
            condition.forget(np.array([row]))
        self.integrity.end(row, rule)
        self.company.proximities.end(row, rule, strand, others)

    def renumber(self, zone_now: Sequence[int]) -> None:
        """Name zones by their numbers from now on; -1: gone."""
        for condition in self._every():
            condition.renumber(np.array([*zone_now, NOWHERE]))
        self.dark.renumber(zone_now)
        self.probes.forget_zones()
        self.company.forget_zones()
        self.integrity.interference.renumber(zone_now)

    def switch_off(self, rules: Container[str]) -> None:
        """Let nothing hold of any track by these rules."""
        self._conditions = {rule: [] if rule in rules else held for rule, held in self._conditions.items()}
        if "dark" in rules:
            self.dark = Dark()
        if "probing" in rules:
            self.probes = Probes()
        self.integrity.switch_off(rules)
        self.company.switch_off(rules)

    def hear(self, segments: Segments, stays: Rows) -> Signs:
        """Take in who is in a zone (stays, by row) or on the way there; return who was silent."""
        self.dark.fit(len(stays))
        heading = np.zeros(len(segments.row), dtype=bool)
        for condition in self._conditions["approach"]:
            heading |= condition.on[segments.row]
        silent = self.dark.hear(segments.row, heading, stays[segments.row])
        before_s, now_s = segments.before.time_s[silent], segments.now.time_s[silent]
        return heard_again(segments.row[silent], silent, before_s, now_s)

    def look(self, rule: str, how: Rule, scene: Scene, params: Any) -> Signs:
        """Let a rule look at M steps; return what that changes, in the order of segments."""
        conditions, sights = self._conditions[rule], how.look(scene, params)
        conditions += [Conditions(sight.reports) for sight in sights[len(conditions) :]]
        signs, watched = Signs(), scene.airspace.watched[scene.tracks.identity[scene.segments.row]]
        for strand, (condition, sight) in enumerate(zip(conditions, sights, strict=True)):
            condition.fit(scene.tracks.capacity)
            shown, row = sight.shown & scene.vicinity.near, scene.segments.row
            if rule == "approach" and sight.zone is not None:
                self.dark.fit(scene.tracks.capacity)
                self.dark.aim(row[shown], sight.zone[shown])
            asked = shown | condition.pending(row)
            m = np.flatnonzero(asked if sight.asked is None else asked & sight.asked)
            if len(m):
                time_s, zone = scene.segments.now.time_s, scene.vicinity.zone if sight.zone is None else sight.zone
                since_s = None if sight.since_s is None else sight.since_s[m]
                behind = None if sight.behind is None else sight.behind[m]
                about = None if sight.zone is None else sight.zone[m]
                turn = condition.take(row[m], shown[m], time_s[m], sight.value[m], since_s, behind, about)
                found = changes(rule, strand, row, time_s, zone, sight, condition, m, turn)
                away = sight.shown & ~scene.vicinity.near & watched
                signs += (s._replace(away=s.change is Change.ENDED and bool(away[s.segment])) for s in found)
        signs.sort(key=lambda sign: sign.segment)
        return signs

    def _every(self) -> Iterator[Conditions]:
        for conditions in self._conditions.values():
            yield from conditions
