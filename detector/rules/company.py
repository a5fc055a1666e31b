"""Company: who is near whom, looked at on whole seconds of event time while there is anybody who matters.

Those who matter are the subjects of open incidents and watched aircraft that were near a zone when last heard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from functools import partial

import numpy as np

from detector.arrays import Mask
from detector.rules.signs import Signs
from detector.rules.tables import Rules
from detector.rules.together import proximity
from detector.rules.together.encounters import encounters
from detector.rules.together.formation import Formations
from detector.rules.together.interception import Interceptions
from detector.rules.together.proximity import Proximities
from detector.rules.traffic import around
from detector.rules.vicinity import NOWHERE, Vicinity
from detector.tracks.columns import fitted
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore

EVERY_S = 1.0


class Company:
    """What C tracks have to do with each other."""

    def __init__(self) -> None:
        self.formations = Formations()
        self.interceptions = Interceptions()
        self.proximities = Proximities()
        self._zone = np.full(0, NOWHERE)  # near which a track was when last heard
        self.next_s = math.inf
        self.every_s = EVERY_S
        self.crowded = False  # proximity is not looked at then

    def hear(self, rows: Rows, vicinity: Vicinity, capacity: int) -> None:
        """Take in near which zones M tracks are."""
        self.fit(capacity)
        self._zone[rows] = vicinity.zone

    def schedule(self, subjects: Rows, watched: Mask, tracks: TrackStore, rules: Rules, now_s: float) -> None:
        """Set the whole second to look at next; inf while there is nobody who matters, or nobody else."""
        some = enabled(rules) and len(tracks) > 1 and (len(subjects) or self.near(watched, tracks).any())
        if not (some or self.formations or self.interceptions or self.proximities):
            self.next_s = math.inf
        elif self.next_s == math.inf:
            self.next_s = math.floor(now_s) + EVERY_S

    def looks(
        self, now_s: float, subjects: Rows, watched: Mask, tracks: TrackStore, rules: Rules
    ) -> Iterator[tuple[str, Callable[[], Signs]]]:
        """Yield the rules that look at a whole second, and how; `watched`: which identities are, by any zone."""
        self.next_s = now_s + self.every_s
        matter = self._matter(subjects, watched, tracks)
        traffic = around(now_s, matter, tracks)
        if rules.formation.enabled:
            yield "formation", partial(self.formations.look, now_s, traffic, watched, tracks, rules.formation)
        if rules.interception.enabled:
            yield (
                "interception",
                partial(self.interceptions.look, now_s, subjects, traffic, tracks, rules.interception),
            )
        some = {rule: params for rule in proximity.RULES if (params := getattr(rules, rule)).enabled}
        if some and not self.crowded:
            pairs = encounters(traffic, subjects, matter, watched, tracks, proximity.reach(some))
            pairs = pairs.take(~self.formations.together(pairs.key))
            for rule, params in some.items():
                yield rule, partial(self.proximities.look, rule, pairs, params, now_s, self._zone)

    def forget(self, rows: Rows) -> None:
        """Let these tracks be near nothing and nobody."""
        self._zone[rows[rows < len(self._zone)]] = NOWHERE
        self.formations.forget(rows)
        self.interceptions.forget(rows)
        self.proximities.forget(rows)

    def switch_off(self, rules: Container[str]) -> None:
        """Let nothing hold of any tracks by these rules."""
        if "formation" in rules:
            self.formations = Formations()
        if "interception" in rules:
            self.interceptions = Interceptions()
        self.proximities.switch_off(rules)

    def forget_zones(self) -> None:
        """Let nobody be near a zone until heard again."""
        self._zone[:] = NOWHERE

    def _matter(self, subjects: Rows, watched: Mask, tracks: TrackStore) -> Rows:
        matters = self.near(watched, tracks)
        matters[subjects] = True
        return np.flatnonzero(matters)

    def near(self, watched: Mask, tracks: TrackStore) -> Mask:
        """Tell which rows are watched tracks that were near a zone when last heard, (C,)."""
        self.fit(tracks.capacity)
        near: Mask = tracks.alive & ~tracks.lost & (self._zone != NOWHERE) & watched[tracks.identity]
        return near

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        self._zone = fitted(self._zone, capacity, NOWHERE)


def enabled(rules: Rules) -> bool:
    """Tell whether any rule asks who is near whom."""
    return any(getattr(rules, rule).enabled for rule in ("formation", "interception", *proximity.RULES))
