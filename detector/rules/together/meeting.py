"""Meetings: friends around the subjects of incidents at one instant, and where it leads if they fly straight on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.pairs import between, cpa, dot, level
from detector.rules.together import alongside
from detector.rules.together.alongside import DOUBT_SIGMAS, STAYS
from detector.rules.traffic import REACH_M, Keys, Traffic, pair_key
from detector.tracks.fixes import Rows
from detector.units import FOOT_M


@dataclass(frozen=True, slots=True)
class Meetings:
    """P pairs of a subject and a friend within REACH_M of each other."""

    key: Keys  # of the rows of subject and friend, ascending
    slant_m: Floats
    way_mps: Floats  # (P, 3) velocity of the friend, earth-centred
    way_sigma_mps: Floats
    time_s: Floats  # until the two are closest over ground
    miss_m: Floats  # and how close
    apart: Mask  # not within `close_nm` yet
    beside: Mask  # close, at its height, and flying alike
    still: Mask  # not much less so
    heads: Mask  # surely within `close_nm` before long, and at its height by then; or there already
    opens: Mask  # they surely move apart


def meetings(traffic: Traffic, subjects: Rows, friends: Rows, params: alongside.Params, horizon_s: float) -> Meetings:
    """Return the meetings of subjects with friends, rows of the traffic, ascending."""
    ours, theirs = (at[traffic.moving[at]] for at in map(traffic.find, (subjects, friends)))
    i, j = between(traffic.place_m[ours], traffic.place_m[theirs], REACH_M)
    one, other = ours[i], theirs[j]
    middle_m = (traffic.place_m[one] + traffic.place_m[other]) / 2
    apart_m = level(middle_m, traffic.place_m[other] - traffic.place_m[one])
    velocity_mps = level(middle_m, traffic.velocity_mps[other] - traffic.velocity_mps[one])
    range_m = np.linalg.norm(apart_m, axis=1)
    above_m, climb_mps = traffic.above_m(one, other), traffic.climb_mps[other] - traffic.climb_mps[one]
    sigma_mps = np.hypot(traffic.velocity_sigma_mps[one], traffic.velocity_sigma_mps[other])
    sigma_m = np.hypot(traffic.sigma_m[one], traffic.sigma_m[other])
    time_s, miss_m = cpa(apart_m, velocity_mps)
    surely_m = miss_m + DOUBT_SIGMAS * np.hypot(sigma_m, sigma_mps * time_s)
    off_level_m = _least_m(above_m, above_m + climb_mps * time_s)
    differ_mps = alongside.unlike_mps(traffic.velocity_mps, traffic.velocity_sigma_mps, one, other)
    excess = alongside.excess(traffic, one, other, range_m, differ_mps, params)
    return Meetings(
        key=pair_key(traffic.row[one], traffic.row[other]),
        slant_m=np.hypot(range_m, np.nan_to_num(above_m)),
        way_mps=traffic.velocity_mps[other],
        way_sigma_mps=traffic.velocity_sigma_mps[other],
        time_s=time_s,
        miss_m=miss_m,
        apart=range_m > params.reach_m,
        beside=excess <= 1,
        still=excess <= STAYS,
        heads=(surely_m <= params.reach_m) & (time_s <= horizon_s) & (off_level_m <= params.level_ft * FOOT_M),
        opens=dot(apart_m, velocity_mps) > DOUBT_SIGMAS * sigma_mps * range_m,
    )


def _least_m(from_m: Floats, to_m: Floats) -> Floats:
    """Return how near to nothing a height comes that changes from one to another, (P,); not known: all the way."""
    least_m = np.where(from_m * to_m <= 0, 0.0, np.minimum(np.abs(from_m), np.abs(to_m)))
    return np.nan_to_num(np.where(np.isnan(from_m), 0.0, least_m))
