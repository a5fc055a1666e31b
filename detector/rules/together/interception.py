"""Interception: a friend heads for the subject of an incident, joins it, escorts it, breaks away.

Closing is who surely comes within CLOSE_NM of it within CLOSING_S, at its height, if both fly straight on; held for
HELD_S by one who has not flown straight on himself: his velocity has surely changed by ALIKE_KT since he last did not
head for it (within STRAIGHT_S before). Who flies straight past, as airliners and patrols do, has not. Joined is who has
been within CLOSE_NM and LEVEL_FT of it, moving alike within ALIKE_KT, for JOINED_S; he escorts it after ESCORT_S of
that. It is over once it has not been so for JOINED_S, within half as much again; who surely moves away then has broken
away. All that is held against each other at whole seconds of event time.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from detector.airspace.zones import Identity
from detector.arrays import Floats, Mask
from detector.geometry.pairs import find
from detector.rules.findings import Change
from detector.rules.params import NotNegative
from detector.rules.signs import AGAIN_S, Sign, Signs
from detector.rules.together import alongside
from detector.rules.together.alongside import DOUBT_SIGMAS, FLICKER_S
from detector.rules.together.meeting import Meetings, meetings
from detector.rules.traffic import Traffic, airborne, pair_rows
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore
from detector.units import KNOT_MPS

Pairs = NDArray[np.void]

KNOWN_S = 60.0  # a friend has been heard for so long, and is not somebody who has only just been named one
HELD_S = 15.0  # who heads for another for so long does not do so by the way, in a turn
STRAIGHT_S = 30.0  # with what velocity a friend flew is remembered for so long at most


class Params(alongside.Params, frozen=True, forbid_unknown_fields=True):
    """Table [rules.interception]."""

    closing_s: NotNegative = 120.0
    escort_s: NotNegative = 120.0


PAIR = np.dtype(
    [
        ("key", "i8"),
        ("way_mps", "f8", 3),  # of the friend, before he headed for the subject
        ("way_s", "f8"),  # when
        ("turned", "?"),  # he has not flown straight on since
        ("heads_s", "f8"),  # since when he has headed for it; NaN: he does not
        ("headed_s", "f8"),  # when last
        ("beside_s", "f8"),  # since when he has been beside it; NaN: he is not
        ("was_s", "f8"),  # when last
        ("closest_m", "f8"),
        ("started_s", "f8"),
        ("phase", "i1"),
    ]
)


class _Phase(IntEnum):
    NONE = 0
    CLOSING = 1
    JOINED = 2
    ESCORT = 3
    BREAK_AWAY = 4

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", "-")


class Interceptions:
    """Subjects and the friends around them, by ascending key (see `Meetings`)."""

    def __init__(self) -> None:
        self._pairs = np.zeros(0, dtype=PAIR)

    def plain(self) -> bytes:
        """Return what is known of pairs as plain data."""
        return self._pairs.tobytes()

    def restore(self, data: bytes) -> None:
        """Go on from plain data."""
        self._pairs = np.frombuffer(data, dtype=PAIR).copy()

    def __bool__(self) -> bool:
        return len(self._pairs) > 0

    def rows(self) -> set[int]:
        """Return the rows of tracks of whom anything is known here."""
        return {row for ends in pair_rows(self._pairs["key"]) for row in ends.tolist()}

    def look(self, now_s: float, subjects: Rows, traffic: Traffic, tracks: TrackStore, params: Params) -> Signs:
        """Return what has begun, gone on to another phase, or is over, at a whole second."""
        friends = np.setdiff1d(_friends(tracks, now_s, traffic.row), subjects)
        near = meetings(traffic, subjects, friends, params, params.closing_s)
        pairs = _with_new(self._pairs[np.isin(pair_rows(self._pairs["key"])[0], subjects)], near)
        at, seen = find(near.key, pairs["key"])
        at, signs = at[seen], Signs()
        _hold(pairs, near, at, seen, now_s, params)
        before = pairs["phase"].copy()
        apart, opens = _spread(near.apart, at, seen) == 1, _spread(near.opens, at, seen) == 1
        _rise(pairs, apart, now_s, params)
        for n in np.flatnonzero(pairs["phase"] > before).tolist():
            told = _told(near, int(find(near.key, pairs["key"][n : n + 1])[0][0]), pairs["phase"][n])
            signs.append(_sign(pairs[n], Change.ESCALATED if before[n] else Change.OPENED, now_s, told))
        over = _lapsed(pairs)
        pairs["phase"][over & opens & (pairs["phase"] >= _Phase.JOINED)] = _Phase.BREAK_AWAY
        signs += [_sign(pair, Change.ENDED, now_s, {}) for pair in pairs[over]]
        _begin_anew(pairs, over)
        self._pairs = pairs[seen | (pairs["phase"] > _Phase.NONE)]
        return signs

    def forget(self, rows: Rows) -> None:
        """Let nobody keep company with these subjects; friends who are gone will break off by themselves."""
        self._pairs = self._pairs[~np.isin(pair_rows(self._pairs["key"])[0], rows)]


def _friends(tracks: TrackStore, now_s: float, rows: Rows) -> Rows:
    ours = (tracks.identity <= Identity.ASSUMED_FRIEND) & (now_s - tracks.heard_s >= KNOWN_S) & airborne(tracks)
    return rows[ours[rows]]


def _with_new(known: Pairs, near: Meetings) -> Pairs:
    """Return the pairs known with those who have met now, of whom nothing holds yet."""
    key = np.union1d(known["key"], near.key)
    pairs = np.zeros(len(key), dtype=PAIR)
    pairs["key"], pairs["closest_m"] = key, np.inf
    for name in ("heads_s", "beside_s", "started_s", "way_mps"):
        pairs[name] = np.nan
    for name in ("way_s", "headed_s", "was_s"):
        pairs[name] = -np.inf
    at, here = find(known["key"], key)
    pairs[here] = known[at[here]]
    return pairs


def _hold(pairs: Pairs, near: Meetings, at: Rows, seen: Mask, now_s: float, params: Params) -> None:
    """Take in who heads for whom now, who is beside whom, and who has changed his way for that."""
    told, joined = pairs["phase"] > _Phase.NONE, pairs["phase"] >= _Phase.JOINED
    heads, beside = np.zeros((2, len(pairs)), dtype=bool)
    beside[seen] = np.where(joined[seen], near.still[at], near.beside[at])
    heads[seen] = near.heads[at] | beside[seen]
    idle = np.isnan(pairs["heads_s"]) & np.isnan(pairs["beside_s"])
    pairs["closest_m"][idle & ~told & (now_s - pairs["headed_s"] > AGAIN_S)] = np.inf
    _go_on(pairs, "heads_s", "headed_s", heads, now_s, np.where(told, params.joined_s, FLICKER_S))
    _go_on(pairs, "beside_s", "was_s", beside, now_s, np.where(joined, params.joined_s, FLICKER_S))
    counts = seen & (heads | joined)
    pairs["closest_m"][counts] = np.minimum(pairs["closest_m"], _spread(near.slant_m, at, seen))[counts]
    way_mps, straight = np.full((len(pairs), 3), np.nan), np.isnan(pairs["heads_s"])
    way_mps[seen] = near.way_mps[at]
    changed_mps = np.linalg.norm(way_mps - pairs["way_mps"], axis=1)
    changed_mps -= DOUBT_SIGMAS * math.sqrt(2) * _spread(near.way_sigma_mps, at, seen)
    pairs["turned"] = ~straight & (pairs["turned"] | (changed_mps > params.alike_kt * KNOT_MPS))
    due = seen & straight & (now_s - pairs["way_s"] >= STRAIGHT_S)
    pairs["way_mps"][due], pairs["way_s"][due] = way_mps[due], now_s


def _spread(values: Floats | Mask, at: Rows, seen: Mask) -> Floats:
    """Return values of meetings by pair; NaN: it is none now."""
    spread = np.full(len(seen), np.nan)
    spread[seen] = values[at]
    return spread


def _go_on(pairs: Pairs, since: str, last: str, shown: Mask, now_s: float, patience_s: Floats) -> None:
    """Let what is shown begin or go on, and what has not been shown for too long be over."""
    pairs[since][shown & np.isnan(pairs[since])] = now_s
    pairs[last][shown] = now_s
    pairs[since][now_s - pairs[last] > patience_s] = np.nan


def _rise(pairs: Pairs, apart: Mask, now_s: float, params: Params) -> None:
    """Let pairs go on to the phase that they have reached."""
    phase, heads_s, beside_s = pairs["phase"], pairs["heads_s"], pairs["beside_s"]
    with_it, since_s = pairs["was_s"] == now_s, now_s - beside_s
    escort = (phase == _Phase.JOINED) & with_it & (since_s >= params.escort_s)
    join = (phase < _Phase.JOINED) & with_it & (since_s >= params.joined_s)
    close = (phase == _Phase.NONE) & pairs["turned"] & (pairs["headed_s"] == now_s) & (now_s - heads_s >= HELD_S)
    close &= apart & np.isnan(beside_s)
    pairs["started_s"] = np.where(close, heads_s, np.where(join & (phase == _Phase.NONE), beside_s, pairs["started_s"]))
    for rises, to in ((close, _Phase.CLOSING), (join, _Phase.JOINED), (escort, _Phase.ESCORT)):
        phase[rises] = to


def _lapsed(pairs: Pairs) -> Mask:
    """Tell what has been told and holds no more."""
    joined = pairs["phase"] >= _Phase.JOINED
    lapsed: Mask = np.isnan(np.where(joined, pairs["beside_s"], pairs["heads_s"]))
    return lapsed & (pairs["phase"] > _Phase.NONE)


def _begin_anew(pairs: Pairs, over: Mask) -> None:
    """Let nothing hold of pairs any more; who stays near closes only once he has headed elsewhere."""
    pairs["phase"][over], pairs["turned"][over], pairs["way_s"][over] = _Phase.NONE, False, -np.inf
    for name in ("heads_s", "beside_s", "way_mps"):
        pairs[name][over] = np.nan


def _told(near: Meetings, p: int, phase: int) -> dict[str, float | str]:
    if phase != _Phase.CLOSING:
        return {}
    values = {"range_m": near.slant_m, "time_to_cpa_s": near.time_s, "miss_distance_m": near.miss_m}
    return {name: float(value[p]) for name, value in values.items()}


def _sign(pair: np.void, change: Change, now_s: float, told: dict[str, float | str]) -> Sign:
    (subject,), (friend,) = pair_rows(pair["key"].reshape(1))
    phase = _Phase(pair["phase"])
    last_s = float(pair["was_s" if phase >= _Phase.JOINED else "headed_s"])
    evidence: dict[str, float | str] = {"phase": phase.word, "closest_m": float(pair["closest_m"])}
    return Sign(
        row=int(subject),
        rule="interception",
        change=change,
        started_s=float(pair["started_s"]),
        decided_s=now_s,
        ended_s=last_s if change is Change.ENDED else math.nan,
        evidence=evidence | told,
        others=(int(friend),),
        joined_s=float(pair["beside_s"]) if phase is _Phase.JOINED else math.nan,
    )
