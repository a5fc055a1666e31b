"""Integrity: what is wrong with the positions that watched tracks report, near zones or leading there."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Protocol

import numpy as np

from detector.arrays import Floats, Indices
from detector.picture.airspace import Airspace
from detector.rules.conditions import Conditions
from detector.rules.reports import accuracy_collapse, duplicate_address, frozen, jump
from detector.rules.reports.claims import Claims
from detector.rules.reports.interference import Interference
from detector.rules.sight import Sight, changes
from detector.rules.signs import Signs
from detector.rules.vicinity import around
from detector.tracks.fixes import Fixes, Rows
from detector.tracks.store import TrackStore


class Rule(Protocol):
    """A module that looks at each report, believed or not."""

    REPORTS: int  # of N that must show it
    look: Callable[[Claims], Sight]


RULES: dict[str, Any] = {
    "jump": jump,
    "frozen": frozen,
    "accuracy_collapse": accuracy_collapse,
    "duplicate_address": duplicate_address,
}


class Integrity:
    """The conditions of all rules about positions, for C tracks."""

    def __init__(self) -> None:
        self._conditions = {name: Conditions(rule.REPORTS) for name, rule in RULES.items()}
        self.interference = Interference()

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        self.interference.fit(capacity)
        for condition in self._conditions.values():
            condition.fit(capacity)

    def forget(self, rows: Rows) -> None:
        """Let nothing be wrong with these tracks."""
        for condition in self._conditions.values():
            condition.forget(rows)
        self.interference.forget(rows)

    def end(self, row: int, rule: str) -> None:
        """Let a rule hold no more of a track: what is wrong begins anew where it goes on."""
        if rule in self._conditions:
            self._conditions[rule].forget(np.array([row]))

    def switch_off(self, rules: Container[str]) -> None:
        """Let nothing be wrong with any track by these rules."""
        self._conditions |= {name: Conditions(rule.REPORTS) for name, rule in RULES.items() if name in rules}
        if "interference" in rules:
            self.interference = Interference()

    def suspicious(self, rows: Rows, time_s: Floats, clock_s: Floats, tracks: TrackStore) -> Rows:
        """Take M reports, which came at event times `clock_s`; return with which something is wrong, or was lately."""
        wrong = tracks.distrusted(rows)
        self.fit(tracks.capacity)
        pending = self.interference.wrong.pending(rows)
        for condition in self._conditions.values():
            pending |= condition.pending(rows)
        some = np.flatnonzero(wrong | pending)
        self.interference.hear(rows[some], wrong[some], time_s[some], clock_s[some])
        return some

    def look(self, rule: str, how: Rule, claims: Claims, zone: Rows) -> Signs:
        """Let a rule look at M reports; return what that changes. `zone` is the one that each matters to, or -1."""
        sight, row = how.look(claims), claims.row
        condition = self._conditions[rule]
        shown = sight.shown & (zone >= 0)
        m = np.flatnonzero(shown | condition.pending(row))
        since_s = None if sight.since_s is None else sight.since_s[m]
        turn = condition.take(row[m], shown[m], claims.now.time_s[m], sight.value[m], since_s)
        return Signs(changes(rule, 0, row, claims.now.time_s, zone, sight, condition, m, turn))


def concerned(claims: Claims, airspace: Airspace) -> Indices:
    """Return the zone that each of M reports matters to, where the track was or where it claims to be; else -1."""
    identity = claims.tracks.identity[claims.row]

    def near(fixes: Fixes) -> Rows:
        place, within = airspace.index.inside(fixes.x_m, fixes.y_m)
        at_height = airspace.at_height(fixes.take(place), within)
        return around(fixes.earth_m, identity, (place[at_height], within[at_height]), airspace).zone

    here, there = near(claims.last), near(claims.now)
    return np.where(~airspace.watched[identity], -1, np.where(here >= 0, here, there))
