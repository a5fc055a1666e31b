"""Probing: approaching and turning away, again and again.

Counted are the approaches (rule `approach`) that ended without an entry, by who had turned by then; who approaches anew
within a minute has not turned away. Nor has who headed there for so short a time and way as on the leg of a circuit or
a hold, or around an orbit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import Any

import msgspec
import numpy as np

from detector.rules.findings import Change
from detector.rules.params import Count, NotNegative
from detector.rules.sight import Scene
from detector.rules.signs import AGAIN_S, Sign, Signs
from detector.rules.vicinity import NOWHERE
from detector.tracks.fixes import Rows
from detector.tracks.kinematics import best_window, of_window

TURNED_DEG = 30.0
LEG_S, LEG_M = 75.0, 8000.0  # of a hold (a minute at up to 230 kt), its turn and a margin; circuits have shorter ones


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.probing]."""

    enabled: bool = True
    approaches: Count = 2
    within_s: NotNegative = 3600.0


@dataclass(slots=True)
class _Past:
    """What is remembered of one track."""

    course_deg: float  # at the start of the latest approach
    zone: int  # that it led to
    since_s: float  # since then it has headed there, or for other zones before
    entered: bool = False  # since
    away: list[tuple[float, float]] = field(default_factory=list)  # from and to, of approaches that ended with a turn


class Probes:
    """The approaches of tracks, by row; there are few."""

    def __init__(self) -> None:
        self._past: dict[int, _Past] = {}

    def plain(self) -> list[tuple[Any, ...]]:
        """Return what is remembered as plain data."""
        return [(row, *astuple(past)) for row, past in self._past.items()]

    def restore(self, data: Iterable[tuple[Any, ...]]) -> None:
        """Go on from plain data."""
        self._past = {
            row: _Past(course_deg, zone, since_s, entered, [(start_s, end_s) for start_s, end_s in away])
            for row, course_deg, zone, since_s, entered, away in data
        }

    def forget(self, rows: Rows) -> None:
        """Remember nothing of these tracks."""
        for row in rows.tolist():
            self._past.pop(row, None)

    def forget_zones(self) -> None:
        """Remember no zone: they are numbered anew."""
        for past in self._past.values():
            past.zone = NOWHERE

    def look(self, signs: Iterable[Sign], scene: Scene, params: Params) -> Signs:
        """Take in what a scene showed; return whose approaches are so many by now."""
        m, zone = scene.touched
        rows = scene.segments.row[m]
        entered = scene.airspace.forbidden[zone] & scene.airspace.watch[scene.tracks.identity[rows], zone]
        for row in rows[entered].tolist():
            if row in self._past:
                self._past[row].entered = True
        found, approaches = Signs(), [s for s in signs if s.rule == "approach" and s.change is not Change.ESCALATED]
        ends, begins = ({s.row for s in approaches if s.change is each} for each in (Change.ENDED, Change.OPENED))
        for sign in approaches:
            velocity_mps, past = _velocity_mps(scene, sign.segment), self._past.get(sign.row)
            course_deg, moves = float(np.degrees(np.arctan2(*velocity_mps))), sign.row in ends & begins
            if sign.change is Change.OPENED:
                since_s = past.since_s if past and moves and not past.entered else sign.started_s
                self._past[sign.row] = _Past(course_deg, sign.zone, since_s, away=past.away if past else [])
            elif past and not moves:  # to another zone: then it goes on
                whole = sign._replace(started_s=past.since_s)
                if _headed_there(whole, math.hypot(*velocity_mps)) and _turned_away(whole, past, course_deg, params):
                    found.append(_sign(whole, past))
        return found


def _turned_away(sign: Sign, past: _Past, course_deg: float, params: Params) -> bool:
    """Take in that an approach has ended; tell whether it was one too many."""
    if past.entered:
        return False
    if not abs((course_deg - past.course_deg + 180) % 360 - 180) >= TURNED_DEG:  # nor where either is not known
        return False
    again = bool(past.away) and sign.started_s - past.away[-1][1] <= AGAIN_S
    started_s = past.away.pop()[0] if again else sign.started_s
    past.away = [(start_s, end_s) for start_s, end_s in past.away if sign.ended_s - end_s <= params.within_s]
    past.away.append((started_s, sign.ended_s))
    return not again and len(past.away) >= params.approaches


def _headed_there(sign: Sign, speed_mps: float) -> bool:
    """Tell whether an approach that has ended was more than a leg of a circuit or a hold."""
    lasted_s = sign.ended_s - sign.started_s
    return lasted_s >= LEG_S or speed_mps * lasted_s >= LEG_M


def _velocity_mps(scene: Scene, m: int) -> tuple[float, float]:
    """Return the velocity that a step shows, east and north; NaN if none."""
    level = scene.motion.level
    window, _ = best_window(-level.velocity_sigma_mps[:, [m]])
    east_mps, north_mps = (float(of_window(axis[:, [m]], window)[0]) for axis in level.velocity_mps)
    return east_mps, north_mps


def _sign(last: Sign, past: _Past) -> Sign:
    """Return the sign of a probing whose last approach has just ended."""
    n = len(past.away)
    return last._replace(
        rule="probing",
        change=Change.OPENED,
        started_s=past.away[0][0],
        zone=past.zone,
        value=float(n),
        evidence={"approaches": n},
        tells=True,
    )
