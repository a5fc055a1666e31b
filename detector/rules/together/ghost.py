"""Ghost: an aircraft appears in mid-air, where its source sees everybody else come and go.

Who flies into what a receiver or a radar sees appears at its edge, or low. Where others have lately been seen all
round, and no higher, nobody comes from: a transponder has just been switched on, or somebody makes an aircraft up. It
may well be there, so that this takes nothing from its positions. A track that goes on from another's, or beside one,
is the same aircraft under two names.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.rules.findings import Change
from detector.rules.params import SHORTEST_PATIENCE_S
from detector.rules.signs import Sign, Signs
from detector.tracks.columns import Columns, fitted
from detector.tracks.fixes import Rows, distance_m
from detector.tracks.store import TrackStore
from detector.units import FOOT_M, NAUTICAL_MILE_M

SETTLE_S = SHORTEST_PATIENCE_S  # it may yet tell who it is
NEW_S = 60.0  # since it was first heard, and no longer; who has been heard for so long is established
HIGH_M = 10_000 * FOOT_M
LOWER_M = 300.0  # above it at most, others show that it could have been seen before
NEAREST_M, FARTHEST_M = 5 * NAUTICAL_MILE_M, 20 * NAUTICAL_MILE_M
BESIDE_M = 2_000.0
FASTEST_MPS = 350.0
POINTS = 4  # of a trail, one of so many: a minute apart
AT_ONCE = 32  # bounds what is held in memory
OCTANTS, ENOUGH = 8, 7
LISTENED_S = 600.0  # without a minute in which its source told nothing of anybody


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.ghost]."""

    enabled: bool = False  # partial outages of a source of many receivers pass for ghosts


class Ghosts(Columns):
    """Which of C tracks have been judged, and which of them have appeared in mid-air."""

    def __init__(self) -> None:
        self._judged = np.zeros(0, dtype=bool)
        self._told = np.zeros(0, dtype=bool)
        self._away = np.zeros(0, dtype=bool)  # from all zones, when last heard

    def __bool__(self) -> bool:
        return bool(self._told.any())

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        for name, column in list(vars(self).items()):
            setattr(self, name, fitted(column, capacity))

    def hear(self, rows: Rows, near: Mask) -> None:
        """Take in which of M tracks are near zones."""
        self._away[rows] = ~near

    def forget(self, rows: Rows) -> None:
        """Let nothing be known of these tracks."""
        rows = rows[rows < len(self._judged)]
        self._judged[rows] = self._told[rows] = self._away[rows] = False

    def end(self, row: int) -> None:
        """Let a track be told of no more."""
        self._told[row : row + 1] = False

    def look(self, now_s: float, near: Mask, zone: Rows, tracks: TrackStore) -> Signs:
        """Return of whom of C tracks `near` zones it is known by now that it has appeared, and who is away again."""
        age_s = now_s - tracks.heard_s
        rows = np.flatnonzero(near & ~self._judged & (age_s >= SETTLE_S))
        self._judged[rows] = True
        rows = rows[(age_s[rows] <= NEW_S) & (tracks.heard_s[rows] > tracks.deaf_until_s + LISTENED_S)]
        begun = rows[_appeared(rows, now_s, tracks)]
        over = np.flatnonzero(self._told & self._away)
        self._told[begun], self._told[over] = True, False
        ended = [_sign(row, Change.ENDED, now_s, zone, tracks, ended_s=now_s) for row in over.tolist()]
        return Signs([*ended, *(_sign(row, Change.OPENED, now_s, zone, tracks) for row in begun.tolist())])


def _sign(row: int, change: Change, now_s: float, zone: Rows, tracks: TrackStore, ended_s: float = np.nan) -> Sign:
    return Sign(
        row=row,
        rule="ghost",
        change=change,
        started_s=float(tracks.heard_s[row]),
        decided_s=now_s,
        evidence={},
        ended_s=ended_s,
        zone=int(zone[row]),
        away=change is Change.ENDED,
    )


def _appeared(rows: Rows, now_s: float, tracks: TrackStore) -> Mask:
    """Tell who of R tracks has appeared in mid-air, (R,)."""
    appeared = np.zeros(len(rows), dtype=bool)
    source, altitude_m = tracks.last.source[rows], _altitude_m(tracks)
    high = altitude_m[rows] > HIGH_M
    for name in dict.fromkeys(source[high].tolist()):
        some = np.flatnonzero(high & (source == name))
        others = np.flatnonzero(tracks.alive & (now_s - tracks.heard_s >= NEW_S) & (tracks.last.source == name))
        other, ago_s, place_m = tracks.trail.places(others, now_s, POINTS)
        if len(np.unique(ago_s[ago_s < LISTENED_S] // 60.0)) < LISTENED_S / 60.0:
            continue  # it did not listen all the time: who came meanwhile is new as well
        for part in np.array_split(some, -(-len(some) // AT_ONCE)):
            row = rows[part]
            octants = _octants(tracks.fix.earth_m[row], altitude_m[row], place_m, altitude_m[other])
            appeared[part] = (octants.sum(axis=1) >= ENOUGH) & ~_is_another(row, now_s, tracks)
    return appeared


def _octants(place_m: Floats, altitude_m: Floats, seen_m: Floats, seen_altitude_m: Floats) -> Mask:
    """Tell in which octants round R places any of P others, no higher, has been seen, (R, OCTANTS)."""
    middle_m = place_m.mean(axis=0)
    reach_m = distance_m(place_m, middle_m).max() + FARTHEST_M
    seen = distance_m(seen_m, middle_m) <= reach_m
    away_m = seen_m[seen] - place_m[:, None]  # (R, P, 3)
    up = place_m / np.linalg.norm(place_m, axis=1, keepdims=True)
    axis = np.where(np.abs(up[:, 2:]) < np.sqrt(0.5), [0.0, 0.0, 1.0], [1.0, 0.0, 0.0])
    one = np.cross(axis, up)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    x_m, y_m = (np.einsum("rpk,rk->rp", away_m, each) for each in (one, np.cross(up, one)))
    apart_m = np.hypot(x_m, y_m)
    counts = (apart_m >= NEAREST_M) & (apart_m <= FARTHEST_M) & (seen_altitude_m[seen] <= altitude_m[:, None] + LOWER_M)
    row, at = np.nonzero(counts)
    octants = np.zeros((len(place_m), OCTANTS), dtype=bool)
    octants[row, (np.arctan2(y_m[row, at], x_m[row, at]) // (2 * np.pi / OCTANTS)).astype(int)] = True
    return octants


def _is_another(rows: Rows, now_s: float, tracks: TrackStore) -> Mask:
    """Tell which of R tracks may be another of the store under a second name, heard beside it or just before, (R,)."""
    since_s = now_s - tracks.fix.time_s
    known = np.flatnonzero(tracks.alive & (since_s <= SETTLE_S + NEW_S))
    apart_m = np.linalg.norm(tracks.fix.earth_m[known] - tracks.fix.earth_m[rows][:, None], axis=2)
    reach_m = BESIDE_M + FASTEST_MPS * (since_s[known] + since_s[rows][:, None])
    another: Mask = ((apart_m <= reach_m) & (known != rows[:, None])).any(axis=1)
    return another


def _altitude_m(tracks: TrackStore) -> Floats:
    """Return how high C tracks are, as far as is known, (C,)."""
    altitude_m: Floats = np.fmin(tracks.fix.pressure_alt_m, tracks.fix.geo_alt_m)
    return altitude_m
