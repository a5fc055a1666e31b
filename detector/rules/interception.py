"""Interception: a friend joins the subject of an incident and stays with it, from join-up to break-off.

Joined is who has been within CLOSE_NM and LEVEL_FT of it, moving alike within ALIKE_KT, for JOINED_S; the friend has
broken off once that has not been so for JOINED_S, within half as much again. Both are held against each other at whole
seconds of event time, each extrapolated from its last report.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detector.airspace.zones import Identity
from detector.geometry.projection import east_north
from detector.rules.findings import Change
from detector.rules.params import Positive
from detector.rules.sight import best_window
from detector.rules.signs import Sign, Signs
from detector.tracks.fixes import Rows
from detector.tracks.kinematics import Motion
from detector.tracks.store import TrackStore
from detector.units import FOOT_M, KNOT_MPS, NAUTICAL_MILE_M
from feeds.plots import Floats

STAYS = 1.5  # times farther, and moving less alike, a friend who has joined is still there
EVERY_S = 1.0
FLICKER_S = 5.0  # apart for less, who is about to join has been close all the time
DOUBT_SIGMAS = 2.0  # velocities differ by what they surely differ by
KNOWN_S = 60.0  # a friend has been heard for so long, and is not somebody who has only just been named one


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.interception]."""

    enabled: bool = True
    close_nm: Positive = 2.0
    level_ft: Positive = 2000.0
    alike_kt: Positive = 60.0
    joined_s: Positive = 30.0


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
        self.next_s = math.inf

    @property
    def company(self) -> set[tuple[int, int]]:
        """Return who is near whom."""
        return set(self._company)

    def plain(self) -> list[tuple[Any, ...]]:
        """Return who keeps company with whom as plain data."""
        return [(*pair, *astuple(company)) for pair, company in self._company.items()]

    def restore(self, data: Iterable[tuple[Any, ...]], next_s: float) -> None:
        """Go on from plain data."""
        self._company = {(subject, friend): _Company(*known) for subject, friend, *known in data}
        self.next_s = next_s

    def due_s(self, subjects: Rows, tracks: TrackStore, now_s: float) -> float:
        """Return the whole second to look at next; inf while there is nobody to be met, or nobody to meet them."""
        if not len(subjects) or not (friends(tracks) & ~tracks.lost).any():
            self.next_s = math.inf
        elif self.next_s == math.inf:
            self.next_s = math.floor(now_s) + EVERY_S
        return self.next_s

    def look(self, now_s: float, subjects: Rows, tracks: TrackStore, params: Params) -> Signs:
        """Return what has begun, and what is over, at a whole second."""
        self.next_s = now_s + EVERY_S
        near = _pairs(now_s, subjects, _friends(tracks, now_s), tracks, params)
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
        """Let these tracks keep company with nobody."""
        gone = set(rows.tolist())
        self._company = {pair: company for pair, company in self._company.items() if gone.isdisjoint(pair)}


def friends(tracks: TrackStore) -> NDArray[np.bool_]:
    """Tell which rows are tracks of friends, lost or not, (C,)."""
    theirs: NDArray[np.bool_] = tracks.alive & (tracks.identity <= Identity.ASSUMED_FRIEND)
    return theirs


def _friends(tracks: TrackStore, now_s: float) -> Rows:
    flying = ~tracks.lost & ~tracks.trust.doubted & (tracks.grounded == 0)
    return np.flatnonzero(friends(tracks) & flying & (now_s - tracks.heard_s >= KNOWN_S))


def _pairs(
    now_s: float, subjects: Rows, friends: Rows, tracks: TrackStore, params: Params
) -> dict[tuple[int, int], tuple[float, bool]]:
    """Return the slant range of those who are near each other, and whether they are close rather than still there."""
    place_m, velocity_mps, sigma_mps, height_m = _extrapolated(np.concatenate([subjects, friends]), tracks, now_s)
    n = len(subjects)
    known = np.isfinite(velocity_mps[:, 0])
    theirs = np.flatnonzero(known[n:]) + n
    ours = np.flatnonzero(known[:n])
    reach_m = params.close_nm * NAUTICAL_MILE_M
    if not len(theirs) or not len(ours):
        return {}
    tree = cKDTree(place_m[theirs])
    near: Any = cKDTree(place_m[ours]).sparse_distance_matrix(tree, STAYS * reach_m, output_type="ndarray")
    one, other = ours[near["i"]], theirs[near["j"]]
    apart_m = np.linalg.norm(place_m[one] - place_m[other], axis=1)
    above_m = np.nan_to_num(np.abs(height_m[one] - height_m[other]))  # who knows no height may be on any
    unlike_mps = np.linalg.norm(velocity_mps[one] - velocity_mps[other], axis=1)
    unlike_mps -= DOUBT_SIGMAS * np.hypot(sigma_mps[one], sigma_mps[other])
    excess = np.maximum.reduce(
        [apart_m / reach_m, above_m / (params.level_ft * FOOT_M), unlike_mps / (params.alike_kt * KNOT_MPS)]
    )
    rows = np.concatenate([subjects, friends])
    return {
        (int(rows[one[p]]), int(rows[other[p]])): (math.hypot(apart_m[p], above_m[p]), bool(excess[p] <= 1))
        for p in np.flatnonzero(excess <= STAYS).tolist()
    }


def _extrapolated(rows: Rows, tracks: TrackStore, now_s: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return where tracks are now, (R, 3), their velocity, (R, 3), its sigma and height, (R,); NaN: not known."""
    motion, fix = Motion.of(tracks.history.last(rows)), tracks.fix.take(rows)
    window, least_mps = best_window(-motion.level.velocity_sigma_mps)
    east_mps, north_mps = (np.take_along_axis(axis, window[None], axis=0)[0] for axis in motion.level.velocity_mps)
    east, north = east_north(fix.earth_m)
    velocity_mps = east_mps[:, None] * east + north_mps[:, None] * north
    height_m = np.where(np.isnan(fix.pressure_alt_m), fix.geo_alt_m, fix.pressure_alt_m)
    return fix.earth_m + velocity_mps * (now_s - fix.time_s)[:, None], velocity_mps, -least_mps, height_m


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
