"""Where assets are: fixed ones in their middle for ever, moving ones where the tracks are that they follow.

Moving ones are looked up at whole seconds of event time, each extrapolated from its last report; until the next such
second, and back over the steps of other tracks, they go on straight.

Each asset has a strand, so that passes of neighbours, which may go on at the same time, are told apart.
"""

from __future__ import annotations

import math

import numpy as np

from detector.arrays import Floats, Small
from detector.picture.airspace import Airspace
from detector.rules.traffic import carried_on
from detector.rules.vicinity import Vicinity
from detector.tracks.fixes import Rows, Segments
from detector.tracks.store import TrackStore
from detector.units import NAUTICAL_MILE_M

EVERY_S = 1.0
LEAST_M = 1.0  # of a way
STRANDS = 8  # the more, the denser may assets be, and the longer takes every look
KNOWN_S = 60.0  # a track has been heard for so long before it counts: longer than a plot may be late and a piece last


class Assets:
    """The middles of Z zones that are assets, as columns over all zones; NaN: nowhere."""

    def __init__(self, airspace: Airspace) -> None:
        zones = airspace.zones
        self._moving = airspace.moving  # A of them
        self._follows = [str(zones[zone].follows) for zone in self._moving]
        self._radius_m = np.array([zones[zone].radius_m for zone in self._moving])
        self._near_m = np.array([zones[zone].near_nm for zone in self._moving]) * NAUTICAL_MILE_M
        self._cares = airspace.cares[:, self._moving]
        self.strand = _strands(airspace)  # (Z,)
        self._row = np.full(len(self._moving), -1)  # of the tracks they follow
        self._middle_m, self._velocity_mps = airspace.middle_m.copy(), np.zeros((len(zones), 3))
        self._time_s = 0.0
        self.next_s = math.inf

    def schedule(self, tracks: TrackStore, now_s: float) -> None:
        """Set the whole second to look at next; inf while no track is there to follow."""
        if not self.followed(tracks):
            self.next_s = math.inf
            self._row[:], self._middle_m[self._moving] = -1, np.nan  # or it would fly on for ever
        elif self.next_s == math.inf:
            self.next_s = math.floor(now_s) + EVERY_S

    def followed(self, tracks: TrackStore) -> bool:
        """Tell whether any asset has a track to follow."""
        return any(_row_of(name, tracks) is not None for name in self._follows)

    def nowhere(self) -> list[tuple[int, str]]:
        """Return the moving assets that are nowhere, by zone, each with the track that it follows."""
        unknown = np.isnan(self._middle_m[self._moving, 0])
        return [(int(self._moving[n]), self._follows[n]) for n in np.flatnonzero(unknown).tolist()]

    def look(self, now_s: float, tracks: TrackStore) -> None:
        """Take over where moving assets are at a whole second."""
        self._time_s, self.next_s = now_s, now_s + EVERY_S
        rows = [_row_of(name, tracks) for name in self._follows]
        self._row = np.array([-1 if row is None else row for row in rows])
        known = np.flatnonzero(self._row >= 0)
        known = known[now_s - tracks.heard_s[self._row[known]] >= KNOWN_S]
        self._middle_m[self._moving] = np.nan
        there = carried_on(now_s, self._row[known], tracks)
        zone, moves = self._moving[known], np.isfinite(there.velocity_mps)
        self._middle_m[zone] = np.where(moves, there.place_m, tracks.fix.earth_m[self._row[known]])
        self._velocity_mps[zone] = np.where(moves, there.velocity_mps, 0.0)

    def middle_m(self, zone: Rows, time_s: Floats) -> Floats:
        """Return where the middles of assets are at times, earth-centred (P, 3)."""
        middle_m: Floats = self._middle_m[zone] + (time_s - self._time_s)[:, None] * self._velocity_mps[zone]
        return middle_m

    def velocity_mps(self, zone: Rows) -> Floats:
        """Return how fast assets move, earth-centred (P, 3)."""
        velocity_mps: Floats = self._velocity_mps[zone]
        return velocity_mps

    def passed(self, segments: Segments, identity: Small) -> tuple[Rows, Rows]:
        """Return the (m, zone) pairs of M steps and the moving assets whose circles they led into or through."""
        if not len(self._moving):
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        before, now = segments.before, segments.now
        _, closest_m = closest(self._offsets_m(before.earth_m, before.time_s), self._offsets_m(now.earth_m, now.time_s))
        m, asset = np.nonzero((closest_m < self._radius_m) & self._asked(segments.row, identity))
        return m, self._moving[asset]

    def near(self, row: Rows, identity: Small, earth_m: Floats, time_s: Floats, vicinity: Vicinity) -> Vicinity:
        """Return the vicinity of M tracks with the nearest moving asset where nothing else is nearer."""
        if not len(self._moving):
            return vicinity
        apart_m = np.linalg.norm(self._offsets_m(earth_m, time_s), axis=2) - self._radius_m  # negative in the circle
        apart_m = np.where((apart_m < self._near_m) & self._asked(row, identity), apart_m, np.inf)
        nearest = apart_m.argmin(axis=1)
        least_m = np.take_along_axis(apart_m, nearest[:, None], axis=1)[:, 0]
        zone = np.where(least_m < vicinity.distance_m, self._moving[nearest], vicinity.zone)
        return Vicinity(zone, np.minimum(np.abs(least_m), vicinity.distance_m))

    def _offsets_m(self, earth_m: Floats, time_s: Floats) -> Floats:
        """Return the ways from A moving assets to M places at times, (M, A, 3): assets that move are few."""
        since_s = time_s[:, None, None] - self._time_s
        middle_m = self._middle_m[self._moving] + since_s * self._velocity_mps[self._moving]
        offsets_m: Floats = earth_m[:, None, :] - middle_m
        return offsets_m

    def _asked(self, row: Rows, identity: Small) -> np.ndarray:
        """Tell which of M tracks matter to which moving assets, (M, A): nobody to itself."""
        asked: np.ndarray = self._cares[identity] & (row[:, None] != self._row)
        return asked


def _row_of(name: str, tracks: TrackStore) -> int | None:
    """Return the row of a track that is known; addresses are named in lower case, whatever zones say."""
    row = tracks.row_of(name)
    return tracks.row_of(name.lower()) if row is None else row


def _strands(airspace: Airspace) -> Small:
    """Return numbers of assets, below STRANDS, such that those with the same are far from each other, (Z,).

    Each gets the number that is farthest away from it, in their order; those that move may meet any and take turns.
    """
    strand = np.zeros(len(airspace), dtype=np.int8)
    strand[airspace.moving] = STRANDS - 1 - np.arange(len(airspace.moving)) % STRANDS
    fixed = np.flatnonzero(np.isfinite(airspace.middle_m[:, 0]))  # no other zone has a middle
    for n, zone in enumerate(fixed):
        nearest_m = np.full(STRANDS, np.inf)
        apart_m = np.linalg.norm(airspace.middle_m[fixed[:n]] - airspace.middle_m[zone], axis=1)
        np.minimum.at(nearest_m, strand[fixed[:n]], apart_m)
        strand[zone] = nearest_m.argmax()
    return strand


def closest(before_m: Floats, now_m: Floats) -> tuple[Floats, Floats]:
    """Return at which fraction straight ways between places (..., 3) are closest to the origin, and how close."""
    way_m = now_m - before_m
    length2 = np.maximum((way_m**2).sum(axis=-1), LEAST_M**2)
    share = np.clip(-(way_m * before_m).sum(axis=-1) / length2, 0.0, 1.0)
    return share, np.linalg.norm(before_m + share[..., None] * way_m, axis=-1)
