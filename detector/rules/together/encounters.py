"""Encounters: pairs of aircraft that will be near each other before long, one of whom matters, at one whole second.

Who matters are the subjects of open incidents, and watched aircraft near a zone. Two suspects are a room's business
each by itself, not as a danger to each other; so are two watched aircraft that fly together, such as a tanker and its
receiver, and whoever is low and slow enough to be landing. What moves alike within the error of places may be one
aircraft under two names, and so may what was first heard when the other had been heard last.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from detector.airspace.zones import Identity
from detector.arrays import Floats, Mask
from detector.geometry.pairs import level, soon
from detector.rules.alone.dark import LOW_M, SLOW_MPS
from detector.rules.traffic import Keys, Traffic, pair_key
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore
from detector.units import FOOT_M, KNOT_MPS, NAUTICAL_MILE_M

TOGETHER_M, TOGETHER_LEVEL_M, TOGETHER_MPS = 2 * NAUTICAL_MILE_M, 2000 * FOOT_M, 60 * KNOT_MPS  # as of interceptions


class Reach(NamedTuple):
    """How close two have to come, flying straight on, and how soon, for a rule to have anything to tell."""

    distance_m: float
    ahead_s: float


@dataclass(frozen=True, slots=True)
class Encounters:
    """P pairs of tracks, `one` < `other` by row, in order; the plane is that of each pair, east and north."""

    one: Rows  # rows of tracks
    other: Rows
    owner: Rows  # whichever of them it is a finding of
    apart_m: Floats  # (P, 2) from one to the other, over ground
    velocity_mps: Floats  # (P, 2) of the other, as one sees it
    way_mps: Floats  # (P, 2) velocity of one over ground
    other_way_mps: Floats  # (P, 2) of the other
    above_m: Floats  # the other above the one; NaN: not known
    climb_mps: Floats  # of the other, as one sees it
    sigma_m: Floats  # of apart_m, along each axis
    sigma_mps: Floats  # of velocity_mps
    is_friend: Mask  # the one is, and may be there to meet the other
    other_is_friend: Mask
    reported_s: Floats  # when either was last heard

    @property
    def key(self) -> Keys:
        """One number for each pair, ascending."""
        return pair_key(self.one, self.other)

    @property
    def range_m(self) -> Floats:
        """Slant range; over ground where no height is known."""
        return np.hypot(np.linalg.norm(self.apart_m, axis=1), np.nan_to_num(self.above_m))

    def take(self, index: Rows | Mask) -> Encounters:
        """Return the pairs that `index` names, in its order."""
        return Encounters(*(getattr(self, f.name)[index] for f in fields(self)))


def encounters(
    traffic: Traffic, subjects: Rows, matter: Rows, watched: Mask, tracks: TrackStore, reach: Reach
) -> Encounters:
    """Return the encounters of those who matter, subjects among them, with everybody in the traffic.

    `watched`: which identities are, by any zone.
    """
    one, other = _pairs(traffic, traffic.find(matter), reach)
    middle_m = (traffic.place_m[one] + traffic.place_m[other]) / 2
    way_mps, other_way_mps = (level(middle_m, traffic.velocity_mps[at]) for at in (one, other))
    rows = traffic.row[one], traffic.row[other]
    is_friend = [tracks.identity[row] <= Identity.ASSUMED_FRIEND for row in rows]
    every = Encounters(
        one=rows[0],
        other=rows[1],
        owner=_owner(*rows, subjects, matter, tracks),
        apart_m=level(middle_m, traffic.place_m[other] - traffic.place_m[one]),
        velocity_mps=other_way_mps - way_mps,
        way_mps=way_mps,
        other_way_mps=other_way_mps,
        above_m=traffic.above_m(one, other),
        climb_mps=traffic.climb_mps[other] - traffic.climb_mps[one],
        sigma_m=np.hypot(traffic.sigma_m[one], traffic.sigma_m[other]),
        sigma_mps=np.hypot(traffic.velocity_sigma_mps[one], traffic.velocity_sigma_mps[other]),
        is_friend=is_friend[0],
        other_is_friend=is_friend[1],
        reported_s=np.maximum(traffic.reported_s[one], traffic.reported_s[other]),
    )
    landing = _landing(traffic)
    return every.take(~(_no_danger(every, watched, tracks) | landing[one] | landing[other]))


def _pairs(traffic: Traffic, matter: Rows, reach: Reach) -> tuple[Rows, Rows]:
    """Return the pairs of indices (one < other) of those who matter and anybody they meet, each pair once."""
    moving = np.flatnonzero(traffic.moving)
    matter = matter[traffic.moving[matter]]
    place_m, velocity_mps = traffic.place_m, traffic.velocity_mps
    m, n = soon(
        place_m[matter], velocity_mps[matter], place_m[moving], velocity_mps[moving], reach.distance_m, reach.ahead_s
    )
    one, other = matter[m], moving[n]
    matters = np.zeros(len(traffic.row), dtype=bool)
    matters[matter] = True
    once = np.flatnonzero((one < other) | ~matters[other] & (one != other))
    key = np.minimum(one, other)[once] * len(traffic.row) + np.maximum(one, other)[once]
    key.sort()
    return np.divmod(key, len(traffic.row))


def _owner(one: Rows, other: Rows, subjects: Rows, matter: Rows, tracks: TrackStore) -> Rows:
    """Return who of each pair it is about: a subject rather than another who matters, then the first by name."""
    rank = [2 * np.isin(row, subjects) + np.isin(row, matter) for row in (one, other)]
    by_name = tracks.last.track_id[one] < tracks.last.track_id[other]
    return np.where((rank[0] > rank[1]) | ((rank[0] == rank[1]) & by_name.astype(bool)), one, other)


def _landing(traffic: Traffic) -> Mask:
    slow: Mask = np.linalg.norm(traffic.velocity_mps, axis=1) < SLOW_MPS
    return slow & (traffic.height_m < LOW_M)


def _no_danger(pairs: Encounters, watched: Mask, tracks: TrackStore) -> Mask:
    """Tell which pairs endanger nobody, or may be no pair, (P,)."""
    who = tracks.identity[pairs.one], tracks.identity[pairs.other]
    unlike_mps = np.linalg.norm(pairs.velocity_mps, axis=1) - SURELY_SIGMAS * pairs.sigma_mps
    far_m, alike = np.linalg.norm(pairs.apart_m, axis=1), unlike_mps <= TOGETHER_MPS
    level_m = np.nan_to_num(np.abs(pairs.above_m))
    together = alike & (far_m <= TOGETHER_M) & (level_m <= TOGETHER_LEVEL_M) & watched[who[0]] & watched[who[1]]
    suspects = np.minimum(*who) >= Identity.SUSPECT
    one_and_the_same = alike & (far_m <= SURELY_SIGMAS * pairs.sigma_m)
    first_s, last_s = (
        [time_s[row] for row in (pairs.one, pairs.other)] for time_s in (tracks.heard_s, tracks.fix.time_s)
    )
    in_turn = np.minimum(*last_s) < np.maximum(*first_s)
    nothing: Mask = together | suspects | one_and_the_same | in_turn
    return nothing
