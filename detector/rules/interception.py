"""Interception: a friend joins the subject of an incident and stays with it, from join-up to break-off.

Joined is who has been within CLOSE_NM and LEVEL_FT of it, moving alike within ALIKE_KT, for JOINED_S; the friend has
broken off once that has not been so for JOINED_S, within half as much again. Both are held against each other at whole
seconds of event time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from detector.airspace.zones import Identity
from detector.geometry.pairs import between
from detector.rules import alongside
from detector.rules.alongside import FLICKER_S, STAYS
from detector.rules.findings import Change
from detector.rules.signs import Sign, Signs
from detector.rules.traffic import Traffic, airborne
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore

KNOWN_S = 60.0  # a friend has been heard for so long, and is not somebody who has only just been named one


class Params(alongside.Params, frozen=True, forbid_unknown_fields=True):
    """Table [rules.interception]."""


@dataclass(slots=True)
class _Company:
    """A friend near a subject."""

    since_s: float  # it has been so without a break
    last_s: float  # it was so
    closest_m: float
    joined: bool = False


class Interceptions:
    """Who keeps company with whom: subject row, friend row."""

    def __init__(self) -> None:
        self._company: dict[tuple[int, int], _Company] = {}

    @property
    def company(self) -> set[tuple[int, int]]:
        """Return who is near whom."""
        return set(self._company)

    def plain(self) -> list[tuple[Any, ...]]:
        """Return who keeps company with whom as plain data."""
        return [(*pair, *astuple(company)) for pair, company in self._company.items()]

    def restore(self, data: Iterable[tuple[Any, ...]]) -> None:
        """Go on from plain data."""
        self._company = {(subject, friend): _Company(*known) for subject, friend, *known in data}

    def __bool__(self) -> bool:
        return bool(self._company)

    def look(self, now_s: float, subjects: Rows, traffic: Traffic, tracks: TrackStore, params: Params) -> Signs:
        """Return what has begun, and what is over, at a whole second."""
        near = _pairs(traffic, subjects, _friends(tracks, now_s, traffic.row), params)
        signs = Signs()
        for (subject, friend), (apart_m, close) in near.items():
            company = self._company.get((subject, friend))
            if company is None:
                if close:
                    self._company[subject, friend] = _Company(now_s, now_s, apart_m)
                continue
            if close or company.joined:
                company.last_s, company.closest_m = now_s, min(company.closest_m, apart_m)
            if close and not company.joined and now_s - company.since_s >= params.joined_s:
                company.joined = True
                signs.append(_sign(subject, friend, company, Change.OPENED, now_s))
        for (subject, friend), company in list(self._company.items()):
            patience_s = params.joined_s if company.joined else FLICKER_S
            if now_s - company.last_s > patience_s:
                del self._company[subject, friend]
                if company.joined:
                    signs.append(_sign(subject, friend, company, Change.ENDED, now_s))
        return Signs(sorted(signs, key=lambda sign: (tracks.name(sign.row), *map(tracks.name, sign.others))))

    def forget(self, rows: Rows) -> None:
        """Let nobody keep company with these subjects; friends who are gone will break off by themselves."""
        gone = set(rows.tolist())
        self._company = {pair: company for pair, company in self._company.items() if pair[0] not in gone}


def _friends(tracks: TrackStore, now_s: float, rows: Rows) -> Rows:
    ours = (tracks.identity <= Identity.ASSUMED_FRIEND) & (now_s - tracks.heard_s >= KNOWN_S) & airborne(tracks)
    return rows[ours[rows]]


def _pairs(
    traffic: Traffic, subjects: Rows, friends: Rows, params: Params
) -> dict[tuple[int, int], tuple[float, bool]]:
    """Return the slant range of those who are near each other, and whether they are close rather than still there."""
    ours, theirs = (at[traffic.moving[at]] for at in map(traffic.find, (subjects, friends)))
    i, j = between(traffic.place_m[ours], traffic.place_m[theirs], STAYS * params.reach_m)
    one, other = ours[i], theirs[j]
    apart_m = np.linalg.norm(traffic.place_m[one] - traffic.place_m[other], axis=1)
    slant_m = np.hypot(apart_m, np.nan_to_num(traffic.height_m[one] - traffic.height_m[other]))
    excess = alongside.excess(traffic, one, other, apart_m, params)
    return {
        (int(traffic.row[one[p]]), int(traffic.row[other[p]])): (float(slant_m[p]), bool(excess[p] <= 1))
        for p in np.flatnonzero(excess <= STAYS).tolist()
    }


def _sign(subject: int, friend: int, company: _Company, change: Change, now_s: float) -> Sign:
    return Sign(
        row=subject,
        segment=-1,
        rule="interception",
        change=change,
        started_s=company.since_s,
        decided_s=now_s,
        ended_s=company.last_s if change is Change.ENDED else math.nan,
        zone=-1,
        grave=False,
        value=-company.closest_m,
        evidence={"closest_m": company.closest_m},
        others=(friend,),
    )
