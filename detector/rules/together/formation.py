"""Formation: watched aircraft that fly together, one incident whatever they do.

Two are together who have been within CLOSE_NM, LEVEL_FT and, as surely as can be told, ALIKE_KT of each other for
JOINED_S; no longer, once that has not been so for JOINED_S, within half as much again. Ahead and behind, CLOSE_NM
counts from the way that the other flies in TRAIL_S. With 20 s, who flies in trail is less than 5 NM off up to 540 kt:
so far apart controllers keep those who do not fly together (ICAO Doc 4444, 8.7.3.1). Whoever is together with one of a
formation belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.arrays import Floats, Mask
from detector.geometry.pairs import dot, find, within
from detector.rules.params import NotNegative
from detector.rules.signs import Signs
from detector.rules.together import alongside
from detector.rules.together.alongside import FLICKER_S, STAYS
from detector.rules.traffic import Keys, Traffic, airborne, pair_key, pair_rows
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore


class Params(alongside.Params, frozen=True, forbid_unknown_fields=True):
    """Table [rules.formation]."""

    trail_s: NotNegative = 20.0


MOST = 100  # in one formation: its reports are taken one after the other, and chance ties thousands of ghosts together
PAIR = np.dtype([("key", "i8"), ("since_s", "f8"), ("last_s", "f8"), ("joined", "?")])


class Formations:
    """Which pairs of tracks fly together, or may come to, by ascending key (see `Encounters`)."""

    def __init__(self) -> None:
        self._pairs = np.zeros(0, dtype=PAIR)

    def __bool__(self) -> bool:
        return len(self._pairs) > 0

    def plain(self) -> list[tuple[Any, ...]]:
        """Return what is known of pairs as plain data."""
        return [tuple(pair) for pair in self._pairs.tolist()]

    def restore(self, data: Iterable[Sequence[Any]]) -> None:
        """Go on from plain data."""
        self._pairs = np.array([tuple(pair) for pair in data], dtype=PAIR)

    def look(self, now_s: float, traffic: Traffic, watched: Mask, tracks: TrackStore, params: Params) -> Signs:
        """Take in who flies together at a whole second; that by itself is nothing to tell."""
        near, excess = _near(traffic, watched, tracks, params)
        key = np.union1d(self._pairs["key"], near[excess <= 1.0])
        pairs = np.zeros(len(key), dtype=PAIR)
        pairs["key"], pairs["since_s"], pairs["last_s"] = key, now_s, now_s
        at, known = find(self._pairs["key"], key)
        pairs[known] = self._pairs[at[known]]
        at, seen = find(near, key)
        together = np.zeros(len(key), dtype=bool)
        together[seen] = excess[at[seen]] <= np.where(pairs["joined"][seen], STAYS, 1.0)
        pairs["last_s"][together] = now_s
        pairs["joined"] |= together & (now_s - pairs["since_s"] >= params.joined_s)
        self._pairs = pairs[now_s - pairs["last_s"] <= np.where(pairs["joined"], params.joined_s, FLICKER_S)]
        return Signs()

    def together(self, key: Keys) -> Mask:
        """Tell which pairs, by key, fly together."""
        together: Mask = np.isin(key, self._pairs["key"][self._pairs["joined"]])
        return together

    def rows(self) -> set[int]:
        """Return the rows of tracks of whom anything is known here."""
        return set(np.unique(pair_rows(self._pairs["key"])).tolist())

    def groups(self) -> list[list[int]]:
        """Return the rows of each formation, ascending; more than MOST tied together are a crowd."""
        rows, ends = np.unique(pair_rows(self._pairs["key"][self._pairs["joined"]]), return_inverse=True)
        one, other = ends.reshape(2, -1)
        graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(rows), len(rows)))
        _, label = connected_components(graph, directed=False)
        order = np.argsort(label, kind="stable")
        every = np.split(rows[order], np.flatnonzero(np.diff(label[order])) + 1)
        return [group.tolist() for group in every if 0 < len(group) <= MOST]

    def forget(self, rows: Rows) -> None:
        """Let these tracks fly with nobody."""
        self._pairs = self._pairs[~np.isin(pair_rows(self._pairs["key"]), rows).any(axis=0)]


def _near(traffic: Traffic, watched: Mask, tracks: TrackStore, params: Params) -> tuple[Keys, Floats]:
    """Return the keys, ascending, of watched aircraft near each other, and by how much they miss flying together."""
    flying = airborne(tracks) & watched[tracks.identity]
    some = np.flatnonzero(flying[traffic.row] & traffic.moving)
    place_m, velocity_mps = traffic.place_m[some], traffic.velocity_mps[some]
    fastest_mps = np.linalg.norm(velocity_mps, axis=1).max(initial=0.0)
    i, j = within(place_m, STAYS * params.reach_m + fastest_mps * params.trail_s)
    apart_m = _off_the_way_m(place_m[j] - place_m[i], (velocity_mps[i] + velocity_mps[j]) / 2, params.trail_s)
    one, other = some[i], some[j]
    key = pair_key(traffic.row[one], traffic.row[other])
    return key, alongside.excess(traffic, one, other, apart_m, _unlike_mps(tracks, *pair_rows(key)), params)


def _unlike_mps(tracks: TrackStore, one: Rows, other: Rows) -> Floats:
    """Return by how much the velocities of P pairs, by row, surely differ.

    Those that err least: ends of short windows of places alone know so little that strangers who turn pass for alike.
    """
    rows, ends = np.unique([one, other], return_inverse=True)
    velocity_mps, sigma_mps = tracks.kinematics(rows).likeliest_velocity_mps(tracks.fix.earth_m[rows])
    return alongside.unlike_mps(velocity_mps, sigma_mps, *ends.reshape(2, -1))


def _off_the_way_m(apart_m: Floats, velocity_mps: Floats, trail_s: float) -> Floats:
    """Return how far one is from the way that the other flies in so many seconds, ahead or behind, (P,)."""
    speed_mps = np.linalg.norm(velocity_mps, axis=1)
    along_m = np.abs(dot(apart_m, velocity_mps)) / np.fmax(speed_mps, 1e-9)
    abeam_m = np.sqrt(np.maximum(dot(apart_m, apart_m) - along_m**2, 0.0))
    return np.hypot(abeam_m, np.maximum(along_m - speed_mps * trail_s, 0.0))
