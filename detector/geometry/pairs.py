"""Pairs of aircraft: who is near whom, when they will be closest, and how close.

Columns over P pairs, never a square over all aircraft. `apart_m` and `velocity_mps`, (P, D), are the place and velocity
of one aircraft as the other sees them; both fly straight on. D is 2 over ground, 3 for slant ranges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detector.arrays import Floats, Indices, Mask
from detector.geometry.projection import east_north

FAST_MPS = 350.0  # faster than nearly everybody
_NOBODY = np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)


def within(place_m: Floats, reach_m: float) -> tuple[Indices, Indices]:
    """Return the pairs (i < j) of N places (N, 3) that are no farther apart than `reach_m`, in order."""
    pairs = cKDTree(place_m).query_pairs(reach_m, output_type="ndarray").astype(np.intp)
    return _sorted(pairs[:, 0], pairs[:, 1], len(place_m))


def between(these_m: Floats, those_m: Floats, reach_m: float) -> tuple[Indices, Indices]:
    """Return which of N places, (N, 3), are no farther than `reach_m` from which of M others, (M, 3), in order."""
    return _sorted(*_between(these_m, those_m, reach_m), len(those_m))


def _between(these_m: Floats, those_m: Floats, reach_m: float) -> tuple[Indices, Indices]:
    near: Any = cKDTree(these_m).sparse_distance_matrix(cKDTree(those_m), reach_m, output_type="ndarray")
    return near["i"].astype(np.intp), near["j"].astype(np.intp)


def soon(
    these_m: Floats, these_mps: Floats, those_m: Floats, those_mps: Floats, reach_m: float, ahead_s: float
) -> tuple[Indices, Indices]:
    """Return which of N aircraft come within `reach_m` of which of M others within `ahead_s`, in order.

    Places and velocities, (N, 3) and (M, 3). Who meets within that time is near half-way through it: a search there
    needs a quarter of the pairs that one around the places of now would. The few that are faster than others are looked
    for by themselves, so that all others need not be looked for as far.
    """
    fast, swift = (np.linalg.norm(each, axis=1) > FAST_MPS for each in (these_mps, those_mps))
    parts = (~fast, ~swift), (fast, np.ones_like(swift)), (~fast, swift)
    found = []
    for one, other in (map(np.flatnonzero, part) for part in parts):
        if len(one) and len(other):
            i, j = _meeting(these_m[one], these_mps[one], those_m[other], those_mps[other], reach_m, ahead_s)
            found.append((one[i], other[j]))
    ones, others = (np.concatenate(each) for each in zip(_NOBODY, *found, strict=True))
    return _sorted(ones, others, len(those_m))


def _meeting(
    these_m: Floats, these_mps: Floats, those_m: Floats, those_mps: Floats, reach_m: float, ahead_s: float
) -> tuple[Indices, Indices]:
    half_s = ahead_s / 2
    drift_m = half_s * sum(np.linalg.norm(each, axis=1).max() for each in (these_mps, those_mps))
    one, other = _between(these_m + half_s * these_mps, those_m + half_s * those_mps, reach_m + drift_m)
    apart_m, velocity_mps = those_m[other] - these_m[one], those_mps[other] - these_mps[one]
    time_s = np.minimum(cpa_s(apart_m, velocity_mps), ahead_s)
    miss_m = apart_m + time_s[:, None] * velocity_mps
    meet = dot(miss_m, miss_m) <= reach_m**2
    return one[meet], other[meet]


def _sorted(one: Indices, other: Indices, n_others: int) -> tuple[Indices, Indices]:
    key = one * max(n_others, 1) + other
    key.sort()
    return np.divmod(key, max(n_others, 1))


def find(among: NDArray[np.int64], keys: NDArray[np.int64]) -> tuple[Indices, Mask]:
    """Return where keys stand among ascending others, and whether they do."""
    at = np.searchsorted(among, keys)
    here = at < len(among)
    here[here] = among[at[here]] == keys[here]
    return at, here


def level(place_m: Floats, vectors: Floats) -> Floats:
    """Return the parts east and north, (P, 2), of earth-centred vectors (P, 3) at places (P, 3)."""
    return np.column_stack([dot(vectors, axis) for axis in east_north(place_m)])


def cpa_s(apart_m: Floats, velocity_mps: Floats) -> Floats:
    """Return the time to the closest point of approach, s, (P,); 0 for who does not close."""
    closing, speed2 = -dot(apart_m, velocity_mps), dot(velocity_mps, velocity_mps)
    return np.maximum(_ratio(closing, speed2, 0.0), 0.0)


def cpa(apart_m: Floats, velocity_mps: Floats) -> tuple[Floats, Floats]:
    """Return the time to the closest point of approach, s, and the distance there, m, (P,) each."""
    time_s = cpa_s(apart_m, velocity_mps)
    return time_s, np.linalg.norm(apart_m + time_s[:, None] * velocity_mps, axis=1)


def tau_s(apart_m: Floats, velocity_mps: Floats) -> Floats:
    """Return range over closing speed, s, (P,); inf for who does not close."""
    return _tau_s(apart_m, velocity_mps, 0.0)


def modified_tau_s(apart_m: Floats, velocity_mps: Floats, dmod_m: float | Floats) -> Floats:
    """Return (DMOD^2 - r^2) / (r r'), s, (P,); 0 within DMOD, inf for who is outside and does not close.

    Munoz, Narkawicz, Chamberlain, "A TCAS-II Resolution Advisory Detection Algorithm", AIAA 2013-4622. It warns in time
    of those who close too slowly for tau.
    """
    return _tau_s(apart_m, velocity_mps, dmod_m)


def _tau_s(apart_m: Floats, velocity_mps: Floats, dmod_m: float | Floats) -> Floats:
    beyond_m2, closing = np.maximum(dot(apart_m, apart_m) - np.square(dmod_m), 0.0), -dot(apart_m, velocity_mps)
    return np.where(beyond_m2 == 0, 0.0, _ratio(beyond_m2, np.maximum(closing, 0.0), np.inf))


def dot(one: Floats, other: Floats) -> Floats:
    """Return the products of vectors (..., D) with others."""
    product: Floats = np.einsum("...d,...d->...", one, other)
    return product


def _ratio(above: Floats, below: Floats, instead: float) -> Floats:
    """Return above / below; `instead` where that divides by nothing."""
    ratio: Floats = np.divide(above, below, out=np.full(len(above), instead), where=below != 0)
    return ratio
