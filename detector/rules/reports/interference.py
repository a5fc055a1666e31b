"""Interference: positions of many aircraft in one area go wrong within minutes. It is one incident, not one for each.

Whoever's positions go wrong is evidence, watched or not. No incident is opened for that alone before HOLD_S have shown
how many there are. Where they are many, the incident of the first who is watched tells of all; the others' are held
back while it lasts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from typing import Any

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.rules.conditions import Conditions
from detector.rules.findings import Change
from detector.rules.params import SHORTEST_PATIENCE_S, Count, NotNegative
from detector.rules.signs import Sign, Signs
from detector.tracks.columns import fitted
from detector.tracks.fixes import Rows, distance_m
from detector.tracks.store import TrackStore
from detector.units import NAUTICAL_MILE_M

HOLD_S = SHORTEST_PATIENCE_S
EVERY_S = 30.0  # while it lasts, it is looked at again


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.interference]."""

    enabled: bool = True
    aircraft: Count = 3  # with positions that are wrong ...
    within_nm: NotNegative = 100.0  # ... around one of them ...
    within_s: NotNegative = 300.0  # ... over so long


class Interference:
    """Whose positions have gone wrong, of C tracks, and what has not been told of it."""

    def __init__(self) -> None:
        self.wrong = Conditions()
        self._last_s = np.zeros(0)  # event time when positions were wrong last; -inf: they were not
        # Of watched tracks near zones, by row:
        self._due_s: dict[int, float] = {}  # when to decide what to tell of it
        self._waiting: dict[int, list[Sign]] = {}  # signs that wait for that
        self._covered: dict[int, list[Sign]] = {}  # and that go without saying while interference lasts
        self._lasting: dict[int, set[int]] = {}  # subjects of interferences: rows of all affected
        self._next_s = math.inf

    @property
    def rows(self) -> set[int]:
        """Return of whom something is still to be told, or who is affected."""
        return {*self._due_s, *self._waiting, *self._covered, *self._lasting}.union(*self._lasting.values())

    def plain(self) -> dict[str, Any]:
        """Return what has not been told as plain data."""
        return {
            "due_s": list(self._due_s.items()),
            "waiting": list(self._waiting.items()),
            "covered": list(self._covered.items()),
            "lasting": [(subject, sorted(rows)) for subject, rows in self._lasting.items()],
            "next_s": self._next_s,
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Go on from plain data."""
        self._due_s, self._next_s = dict(data["due_s"]), data["next_s"]
        self._waiting, self._covered = (
            {row: [Sign.of(sign) for sign in signs] for row, signs in data[name]} for name in ("waiting", "covered")
        )
        self._lasting = {subject: set(rows) for subject, rows in data["lasting"]}

    def renumber(self, zone_now: Sequence[int]) -> None:
        """Let what has not been told name zones by their numbers from now on; -1: gone."""
        for held in (self._waiting, self._covered):
            for row, signs in held.items():
                held[row] = [s if s.zone < 0 else s._replace(zone=zone_now[s.zone]) for s in signs]

    def release(self) -> Signs:
        """Return all that is held back, for nobody will decide about it any more."""
        held = [*self._waiting.values(), *self._covered.values()]
        self._due_s, self._waiting, self._covered = {}, {}, {}
        return Signs(sign for signs in held for sign in signs)

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        self.wrong.fit(capacity)
        self._last_s = fitted(self._last_s, capacity, -math.inf)

    def forget(self, rows: Rows) -> None:
        """Let nothing be wrong with these tracks."""
        rows = rows[rows < len(self._last_s)]
        self.wrong.forget(rows)
        self._last_s[rows] = -math.inf
        for row in rows.tolist():
            self._due_s.pop(row, None)
            self._waiting.pop(row, None)
            self._covered.pop(row, None)
            self._lasting.pop(row, None)
        for affected in self._lasting.values():
            affected.difference_update(rows.tolist())

    def hear(self, rows: Rows, wrong: Mask, time_s: Floats, clock_s: Floats) -> None:
        """Take in with which of M reports something is wrong; `clock_s` are the event times when they came."""
        self.wrong.take(rows, wrong, time_s, np.ones(len(rows)))
        wrong = wrong & self.wrong.on[rows]
        self._last_s[rows[wrong]] = clock_s[wrong]

    def hold(self, signs: Iterable[Sign], clock_s: Floats, subjects: Set[int]) -> Signs:
        """Return the signs to be told at once, of those about tracks that are subjects of incidents; keep the others.

        `clock_s` are the event times of the reports that signs number by their segments.
        """
        at_once = Signs()
        for sign in signs:
            row, told = sign.row, sign.row in subjects
            waiting = self._covered.get(row) or self._waiting.get(row)
            if waiting:
                waiting.append(sign)
            elif told:
                at_once.append(sign)
            if sign.change is Change.OPENED:
                self._due_s.setdefault(row, float(clock_s[sign.segment]) + HOLD_S)
                if not told and not waiting:
                    self._waiting[row] = [sign]
        return at_once

    def due_s(self) -> float:
        """Return when there is something to decide; inf: never."""
        return min([*self._due_s.values(), self._next_s])

    def look(self, now_s: float, subjects: Set[int], tracks: TrackStore, params: Params) -> Signs:
        """Return what is to be told by now; `subjects` are the rows of open incidents."""
        signs = Signs()
        if self._next_s <= now_s:
            signs += self._review(now_s, subjects, tracks, params)
        due = [row for row, due_s in self._due_s.items() if due_s <= now_s]
        for row in due:
            del self._due_s[row]
        told = [row for row in self._covered if row in subjects or not self._covers(row, now_s, tracks, params)]
        for row in sorted({*due, *told}, key=lambda row: self._order(row, tracks)):
            signs += self._decide(row, now_s, subjects, tracks, params)
        if not self._lasting and not self._covered:
            self._next_s = math.inf
        elif not now_s < self._next_s < math.inf:
            self._next_s = now_s + EVERY_S
        return signs

    def _review(self, now_s: float, subjects: Set[int], tracks: TrackStore, params: Params) -> Signs:
        """Return which interferences have spread, and which are over."""
        signs = Signs()
        for subject, before in list(self._lasting.items()):
            if subject not in subjects:
                del self._lasting[subject]
                continue
            now = self._around(subject, now_s, tracks, params)
            if len(now) < params.aircraft:
                del self._lasting[subject]
                signs.append(self._sign(subject, before, Change.ENDED, now_s, tracks))
            elif now - before:
                self._lasting[subject] = before | now
                signs.append(self._sign(subject, before | now, Change.ESCALATED, now_s, tracks))
        return signs

    def _decide(self, row: int, now_s: float, subjects: Set[int], tracks: TrackStore, params: Params) -> Signs:
        """Return what there is to be told because the positions of a watched track have gone wrong."""
        was_covered = row in self._covered
        waiting = Signs([*self._waiting.pop(row, ()), *self._covered.pop(row, ())])
        over = waiting[-1:] and waiting[-1].change is Change.ENDED
        if was_covered and over:
            return Signs()
        begun = self._begin(row, now_s, subjects, tracks, params)
        if row in subjects or row in self._lasting or not self._covers(row, now_s, tracks, params):
            return Signs([*waiting, *begun])
        if not over:
            self._covered[row] = list(waiting)
        return begun

    def _begin(self, row: int, now_s: float, subjects: Set[int], tracks: TrackStore, params: Params) -> Signs:
        """Return that there is interference around a track, if that is so and has not been told."""
        affected = self._around(row, now_s, tracks, params)
        if len(affected) < params.aircraft or self._covers(row, now_s, tracks, params):
            return Signs()
        subject = min(affected & subjects | {row}, key=lambda one: self._order(one, tracks))
        self._lasting[subject] = affected
        return Signs([self._sign(subject, affected, Change.OPENED, now_s, tracks)])

    def _order(self, row: int, tracks: TrackStore) -> tuple[float, str]:
        """Return what sorts tracks by when they went wrong."""
        return float(self.wrong.first_s[row]), tracks.name(row)

    def _covers(self, row: int, now_s: float, tracks: TrackStore, params: Params) -> bool:
        """Tell whether an interference that has been told of affects a track."""
        return any(row in self._around(subject, now_s, tracks, params) for subject in self._lasting)

    def _around(self, row: int, now_s: float, tracks: TrackStore, params: Params) -> set[int]:
        """Return who is affected near a track, itself among them."""
        rows = np.flatnonzero(self._last_s >= now_s - params.within_s)
        apart_m = distance_m(tracks.fix.earth_m[rows], tracks.fix.earth_m[row])
        return set(rows[apart_m <= params.within_nm * NAUTICAL_MILE_M].tolist())

    def _sign(self, subject: int, affected: set[int], change: Change, now_s: float, tracks: TrackStore) -> Sign:
        ended = change is Change.ENDED
        return Sign(
            row=subject,
            rule="interference",
            change=change,
            started_s=float(self.wrong.first_s[subject]),
            decided_s=now_s,
            ended_s=float(self._last_s[list(affected)].max()) if ended else math.nan,
            value=len(affected),
            evidence={} if ended else {"aircraft": len(affected)},
            others=tuple(sorted(affected - {subject}, key=tracks.name)),
        )
