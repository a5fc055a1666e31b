"""Proximity: what pairs of aircraft show second by second, until 2 of 4 looks agree.

A look counts where either aircraft has reported since the last one: the same reports prove nothing twice. A finding is
over once three looks and 5 s have not shown it, as in DAIDALUS (hysteresis 5 s; longer than its persistence of 4 s).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from detector.geometry.pairs import find
from detector.rules.conditions import Conditions
from detector.rules.findings import Change
from detector.rules.sight import Sight
from detector.rules.signs import Sign, Signs
from detector.rules.together import bow_crossing, near_collision, well_clear
from detector.rules.together.encounters import Encounters, Reach
from detector.tracks.fixes import Rows

RULES: dict[str, Any] = {"well_clear": well_clear, "bow_crossing": bow_crossing, "near_collision": near_collision}
_CHANGES = Change.OPENED, Change.ESCALATED, Change.ENDED


def reach(params: Mapping[str, Any]) -> Reach:
    """Return how close and how soon two have to meet for any of these rules, by name, to tell of it."""
    distances_m, times_s = zip(*(RULES[rule].reach(params[rule]) for rule in params), strict=True)
    return Reach(max(distances_m), max(times_s))


class _Pair(NamedTuple):
    """A pair of which a condition holds, or has been shown lately."""

    slot: int
    owner: int  # row of the track it is a finding of
    other: int


class _Held:
    """One condition of pairs."""

    def __init__(self) -> None:
        self.pairs: dict[int, _Pair] = {}  # by key
        self.condition = Conditions()
        self.counted_s = np.zeros(0)  # the last report that a look of a slot rests on
        self._free: list[int] = []

    def begin(self, key: int, owner: int, other: int) -> None:
        """Hold a pair that has not been."""
        if not self._free:
            size = len(self.counted_s)
            self._free = list(range(2 * size, size - 1, -1))
            self.condition.fit(2 * size + 1)
            self.counted_s = np.concatenate([self.counted_s, np.zeros(size + 1)])
        slot = self._free.pop()
        self.pairs[key], self.counted_s[slot] = _Pair(slot, owner, other), -np.inf

    def end(self, key: int) -> None:
        """Let nothing hold of a pair any more."""
        slot = self.pairs.pop(key).slot
        self.condition.forget(np.array([slot]))
        self._free.append(slot)

    def end_where(self, which: Callable[[_Pair], bool]) -> None:
        """Let nothing hold of such pairs any more."""
        for key in [key for key, pair in self.pairs.items() if which(pair)]:
            self.end(key)


class Proximities:
    """What pairs of tracks have shown, by rule and strand."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, int], _Held] = {}

    def plain(self) -> list[tuple[Any, ...]]:
        """Return what pairs have shown as plain data."""
        return [
            (
                rule,
                strand,
                key,
                pair.owner,
                pair.other,
                float(held.counted_s[pair.slot]),
                held.condition.plain(pair.slot),
            )
            for (rule, strand), held in self._held.items()
            for key, pair in held.pairs.items()
        ]

    def restore(self, data: Iterable[tuple[Any, ...]]) -> None:
        """Go on from plain data."""
        self._held = {}
        for rule, strand, key, owner, other, counted_s, condition in data:
            held = self._held.setdefault((rule, strand), _Held())
            held.begin(key, owner, other)
            held.counted_s[held.pairs[key].slot] = counted_s
            held.condition.restore(held.pairs[key].slot, condition)

    def rows(self) -> set[int]:
        """Return the rows of tracks that have a part in any."""
        pairs = (pair for held in self._held.values() for pair in held.pairs.values())
        return {row for pair in pairs for row in (pair.owner, pair.other)}

    def __bool__(self) -> bool:
        return any(held.pairs for held in self._held.values())

    def look(self, rule: str, pairs: Encounters, params: Any, now_s: float, zone: Rows) -> Signs:
        """Let a rule look at a whole second; return what that changes. `zone`: near which tracks are, (C,)."""
        signs, keys = Signs(), pairs.key
        for strand, sight in enumerate(RULES[rule].look(pairs, params)):
            held = self._held.setdefault((rule, strand), _Held())
            for p in np.flatnonzero(sight.shown).tolist():
                if (key := int(keys[p])) not in held.pairs:
                    one, other, owner = int(pairs.one[p]), int(pairs.other[p]), int(pairs.owner[p])
                    held.begin(key, owner, one + other - owner)
            if held.pairs:
                signs += _turn(rule, strand, held, pairs, sight, now_s, zone)
        return signs

    def switch_off(self, rules: Container[str]) -> None:
        """Let nothing hold of any pairs by these rules."""
        self._held = {of: held for of, held in self._held.items() if of[0] not in rules}

    def end(self, row: int, rule: str, strand: int, others: Rows) -> None:
        """Let nothing hold of a track and others by a strand of a rule: it begins anew where it goes on."""
        if (rule, strand) in self._held:
            self._held[rule, strand].end_where(lambda pair: pair.owner == row and pair.other in others)

    def forget(self, rows: Rows) -> None:
        """Let nothing hold of what would be findings of these tracks; what would be of others ends by itself."""
        gone = set(rows.tolist())
        for held in self._held.values():
            held.end_where(lambda pair: pair.owner in gone)


def _turn(rule: str, strand: int, held: _Held, pairs: Encounters, sight: Sight, now_s: float, zone: Rows) -> list[Sign]:
    """Take one look at the pairs held."""
    keys = np.array(sorted(held.pairs), dtype=np.int64)
    every = [held.pairs[key] for key in keys.tolist()]
    slot = np.array([pair.slot for pair in every])
    p, here = find(pairs.key, keys)
    news = ~here
    news[here] = pairs.reported_s[p[here]] > held.counted_s[slot[here]]
    shown, value = np.zeros(len(keys), dtype=bool), np.zeros(len(keys))
    shown[here], value[here] = sight.shown[p[here]], sight.value[p[here]]
    held.counted_s[slot[here]] = pairs.reported_s[p[here]]
    at = np.flatnonzero(news)
    turn = held.condition.take(slot[at], shown[at], np.full(len(at), now_s), value[at])
    signs = [
        _sign(rule, strand, every[n], change, held.condition, now_s, zone, sight, int(p[n]))
        for change, changed in zip(_CHANGES, (turn.begins, turn.grows, turn.ends), strict=True)
        for n in at[changed].tolist()
    ]
    for n in np.flatnonzero(~held.condition.pending(slot)).tolist():
        held.end(int(keys[n]))
    return signs


def _sign(
    rule: str,
    strand: int,
    pair: _Pair,
    change: Change,
    condition: Conditions,
    now_s: float,
    zone: Rows,
    sight: Sight,
    p: int,
) -> Sign:
    ended = change is Change.ENDED
    return Sign(
        row=pair.owner,
        rule=rule,
        change=change,
        started_s=float(condition.first_s[pair.slot]),
        decided_s=now_s,
        ended_s=float(condition.last_s[pair.slot]) if ended else math.nan,
        zone=int(zone[pair.owner]),
        grave=not ended and sight.is_grave(p),
        value=0.0 if ended else float(sight.value[p]),
        evidence={} if ended else {name: float(value) for name, value in sight.evidence(p).items()},
        others=(pair.other,),
        strand=strand,
    )
