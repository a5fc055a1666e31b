"""Distance to a zone's boundary, exact at any range, for many (point, zone) pairs at once.

Points along all boundaries are held in one tree with the zone as a fourth coordinate, so that one query serves every
zone. The edges around the nearest few of these points give a distance; it is exact once no unseen point could belong to
a nearer edge: an edge nearer than `best` has a point within hypot(best, SPACING_M / 2), since the foot of the
perpendicular is at most half the spacing away from one.

Edges that a zone has twice part nothing: the seam of a zone cut at the antimeridian or drawn to a pole, a border that
two of its parts share. They are no boundary.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detector.geometry.edges import Edges
from detector.geometry.segments import distance_to_segment
from feeds.plots import Floats

Indices = NDArray[np.intp]

SPACING_M = 1000.0
APART_M = 1e8  # between zones in the fourth coordinate: more than any two points on Earth
EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS84; its choice matters 1e-6 at 500 km
FIRST_LOOK = 2
SAME_M = 0.01  # places this close are one


class Boundaries:
    """The edges of all zones, ready to be asked for distances."""

    def __init__(self, edges: Edges) -> None:
        length_m = np.linalg.norm(edges.b_m - edges.a_m, axis=1)
        parts = np.where(_twice(edges), 0, np.maximum(np.ceil(length_m / SPACING_M), 1)).astype(np.intp)
        edge = np.repeat(np.arange(len(edges)), parts)
        part = np.arange(len(edge)) - np.repeat(np.cumsum(parts) - parts, parts)
        step_m = (edges.b_m - edges.a_m)[edge] / parts[edge][:, None]
        a_m = edges.a_m[edge] + part[:, None] * step_m
        b_m = a_m + step_m
        before = _predecessors(edges.ring[edge])
        joined = _are_one(b_m[before], a_m)
        last = np.setdiff1d(before, before[joined])  # before a gap: their ends are points too
        self._a_m, self._b_m = np.concatenate([a_m, a_m[last]]), np.concatenate([b_m, b_m[last]])
        self._before = np.concatenate([np.where(joined, before, np.arange(len(edge))), last])
        zone = np.concatenate([edges.zone[edge], edges.zone[edge[last]]])
        points = np.column_stack([np.concatenate([a_m, b_m[last]]), zone * APART_M])
        self._tree = cKDTree(points, leafsize=48, balanced_tree=False) if len(points) else None

    def distance(self, point_m: Floats, zone: Indices) -> Floats:
        """Return the distance over ground of earth-centred points (P, 3) to the boundaries of their zones (P,), m."""
        if self._tree is None:
            return np.full(len(zone), np.inf)
        chord_m = np.full(len(zone), np.inf)
        query = np.column_stack([point_m, zone * APART_M])
        asked, look = np.argsort(zone, kind="stable"), FIRST_LOOK  # neighbours in the tree are asked for together
        asked = asked[np.isfinite(query[asked]).all(axis=1)]
        while len(asked):
            found: tuple[Floats, Indices] = self._tree.query(query[asked], k=min(look, self._tree.n))  # type: ignore[assignment]
            reach_m, near = found
            chord_m[asked] = np.minimum(chord_m[asked], self._around(point_m[asked], near))
            bound_m = np.hypot(chord_m[asked], SPACING_M / 2)
            asked = asked[(reach_m[:, -1] < bound_m) & (look < self._tree.n)]
            look *= 4
        return 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord_m / (2 * EARTH_RADIUS_M), 1.0))

    def _around(self, point_m: Floats, near: Indices) -> Floats:
        """Return the least distance of points (A,) to the pieces on both sides of boundary points (A, K)."""
        piece = np.concatenate([near, self._before[near]], axis=1)
        points = np.repeat(point_m, piece.shape[1], axis=0)
        flat = piece.ravel()
        return distance_to_segment(points, self._a_m[flat], self._b_m[flat]).reshape(piece.shape).min(axis=1)


def _predecessors(ring: Indices) -> Indices:
    """Return the piece before each in its ring; pieces lie ring after ring."""
    before = np.arange(len(ring)) - 1
    first = np.flatnonzero(np.diff(ring, prepend=-1))
    last = np.append(first[1:], len(ring)) - 1
    before[first] = last
    return before


def _twice(edges: Edges) -> NDArray[np.bool_]:
    """Tell which edges, (E,), another edge of the same zone repeats, in either direction."""
    a_m, b_m = edges.a_m, edges.b_m
    twice = np.zeros(len(edges), dtype=bool)
    if len(edges):
        middle = cKDTree(np.column_stack([(a_m + b_m) / 2, edges.zone * APART_M]))
        one, two = middle.query_pairs(SAME_M, output_type="ndarray").T
        back = _are_one(a_m[one], b_m[two]) & _are_one(b_m[one], a_m[two])
        along = _are_one(a_m[one], a_m[two]) & _are_one(b_m[one], b_m[two])
        twice[one[back | along]] = twice[two[back | along]] = True
    return twice


def _are_one(p_m: Floats, q_m: Floats) -> NDArray[np.bool_]:
    return np.abs(p_m - q_m).max(axis=1) < SAME_M
