"""Dark: a watched aircraft on its way into a zone, or inside one, is not heard any more.

It is `likely` that it fell silent of its own accord where its source went on hearing others, `possible` where nobody
can tell that from a receiver that failed. Who is low and slow when last heard may have landed; who would have left by
now, had it flown straight on, may have left what the source can see as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.picture.airspace import Airspace
from detector.rules.findings import Certainty, Change
from detector.rules.params import SHORTEST_PATIENCE_S
from detector.rules.signs import Sign, Signs
from detector.tracks.columns import fitted
from detector.tracks.fixes import Rows
from detector.tracks.store import LOST_AFTER_S, TrackStore
from detector.units import FOOT_M, KNOT_MPS

PERIODS = 4.0  # missed in succession; the store gives a track up after five
LOW_M, SLOW_MPS = 2000 * FOOT_M, 165 * KNOT_MPS  # on final approach to land
GOES_ON = 0.5  # of its patience: a source that hears others for so long has not failed together with the track


Silence = Annotated[
    float,
    msgspec.Meta(
        ge=SHORTEST_PATIENCE_S,
        le=LOST_AFTER_S,  # who is lost is expected no more
        description=f"a number of seconds from {SHORTEST_PATIENCE_S:.0f} to {LOST_AFTER_S:.0f}",
    ),
]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.dark]."""

    enabled: bool = True
    after_s: Silence = 20.0  # without a report, and at least four periods of its source


class Dark:
    """Which of C tracks are in which zone or on their way there, and which of these have fallen silent."""

    def __init__(self) -> None:
        self._zone, self._ahead = np.full(0, -1), np.full(0, -1)  # the latter: last shown to be on the way into
        self._inside = np.zeros(0, dtype=bool)
        self._silent = np.zeros(0, dtype=bool)

    def fit(self, capacity: int) -> None:
        """Make room for so many tracks."""
        self._zone, self._ahead = fitted(self._zone, capacity, -1), fitted(self._ahead, capacity, -1)
        self._inside, self._silent = fitted(self._inside, capacity), fitted(self._silent, capacity)

    def silent(self, rows: Rows) -> Mask:
        """Tell which of R tracks have fallen silent, and have not been heard since."""
        silent: Mask = self._silent[rows]
        return silent

    def aim(self, rows: Rows, zone: Rows) -> None:
        """Take in which zones R tracks are on their way into."""
        self._ahead[rows] = zone

    def hear(self, rows: Rows, heading: Mask, stay: Rows) -> Rows:
        """Take in which of R tracks are still on their way, and where they are (-1: no zone); return who was silent."""
        silent, inside = np.flatnonzero(self.silent(rows)), stay >= 0
        self._zone[rows] = np.where(inside, stay, np.where(heading, self._ahead[rows], -1))
        self._inside[rows], self._silent[rows] = inside, False
        return silent

    def give_up(self, rows: Rows) -> None:
        """Wait for these tracks no more; of who was outside, that it is heard again is to be told."""
        rows = rows[rows < len(self._zone)]
        self._zone[rows], self._ahead[rows] = -1, -1
        self._silent[rows] &= ~self._inside[rows]

    def forget(self, rows: Rows) -> None:
        """Forget that these tracks, given up, were silent: they will not be heard again."""
        self._silent[rows[rows < len(self._silent)]] = False

    def close(self, zones: Sequence[int]) -> None:
        """Miss nobody in these zones any more."""
        for each in (self._zone, self._ahead):
            each[np.isin(each, zones)] = -1

    def renumber(self, zone_now: Sequence[int]) -> None:
        """Name zones by their numbers from now on; -1: gone."""
        now = np.array([*zone_now, -1])
        self._zone, self._ahead = now[self._zone], now[self._ahead]

    def due_at_s(self, tracks: TrackStore, params: Params) -> Floats:
        """Return when each track will have been silent for too long; inf for those of whom nobody expects anything."""
        self.fit(tracks.capacity)
        expected = tracks.alive & ~tracks.lost & ~tracks.trust.doubted & (self._zone >= 0) & ~self._silent
        return np.where(expected, np.fmax(tracks.taken_s, tracks.deaf_until_s) + _patience_s(tracks, params), np.inf)

    def look(self, now_s: float, tracks: TrackStore, airspace: Airspace, params: Params) -> Signs:
        """Return who has fallen silent by now."""
        rows = np.flatnonzero(self.due_at_s(tracks, params) <= now_s)
        self._silent[rows] = True
        fix, zone = tracks.fix.take(rows), self._zone[rows]
        speed_mps, _, _ = tracks.motion(rows)
        altitude_m = np.fmin(fix.pressure_alt_m, fix.geo_alt_m)
        landing = (tracks.grounded[rows] > 0) | ((altitude_m < LOW_M) & (speed_mps < SLOW_MPS))
        by_now_m = tracks.ahead_m(rows, now_s - fix.time_s)
        depth_m, by_now_m = (airspace.depth_m(place_m, fix, zone) for place_m in (fix.earth_m, by_now_m))
        left = self._inside[rows] & (by_now_m < 0)
        gone_on_s = fix.time_s + GOES_ON * _patience_s(tracks, params)[rows]
        return Signs(
            Sign(
                row=int(rows[m]),
                rule="dark",
                change=Change.OPENED,
                started_s=float(fix.time_s[m]),
                decided_s=now_s,
                zone=int(zone[m]),
                evidence={"depth_m" if depth_m[m] > 0 else "distance_m": float(abs(depth_m[m]))},
                certainty=_certainty(int(rows[m]), gone_on_s[m], tracks),
                tells=True,
            )
            for m in np.flatnonzero(~landing & ~left).tolist()
        )


def _patience_s(tracks: TrackStore, params: Params) -> Floats:
    """Return for how long each track may miss, (C,)."""
    patience_s: Floats = np.fmax(params.after_s, PERIODS * tracks.fix.period_s)
    return patience_s


def _certainty(row: int, gone_on_s: float, tracks: TrackStore) -> Certainty:
    """Tell how sure it is that the track fell silent, by whether its source has heard others after a time."""
    since = tracks.alive & (tracks.fix.time_s > gone_on_s)
    heard = (since & (tracks.last.source == tracks.last.source[row])).any()
    return Certainty.LIKELY if heard else Certainty.POSSIBLE


def heard_again(rows: Rows, segment: Rows, since_s: Floats, time_s: Floats) -> Signs:
    """Return that R tracks report again, which had been silent since then."""
    return Signs(
        Sign(
            row=row,
            segment=at,
            rule="dark",
            change=Change.ENDED,
            started_s=from_s,
            decided_s=when_s,
            ended_s=when_s,
            evidence={},
            tells=True,
        )
        for row, at, from_s, when_s in zip(
            rows.tolist(), segment.tolist(), since_s.tolist(), time_s.tolist(), strict=True
        )
    )
