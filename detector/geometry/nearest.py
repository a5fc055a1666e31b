"""Distance to a zone's boundary, exact at any range, for many (point, zone) pairs at once.

Points along all boundaries are held in one tree with the zone as a fourth coordinate, so that one query serves every
zone. The edges around the nearest few of these points give a distance; it is exact once no unseen point could belong to
a nearer edge: an edge nearer than `best` has a point within hypot(best, spacing / 2), since the foot of the
perpendicular is at most half the spacing away from one. The finer a boundary is drawn, the closer are its points, at
most half as many again as its vertices, and the fewer lie within that bound.

Edges that a zone has twice part nothing: the seam of a zone cut at the antimeridian or drawn to a pole, a border that
two of its parts share. They are no boundary.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from detector.arrays import Floats, Indices, Mask
from detector.geometry.edges import Edges
from detector.geometry.junctions import SAME_M
from detector.geometry.segments import distance_to_segment

SPACING = 2.0  # of points along the boundary of a zone, in mean lengths of its edges, ...
LEAST_SPACING_M, MOST_SPACING_M = 1.0, 1000.0  # ... between these
APART_M = 1e8  # between zones in the fourth coordinate: more than any two points on Earth
EARTH_RADIUS_M = 6_371_008.8  # mean radius of WGS84; its choice matters 1e-6 at 500 km
FIRST_LOOK = 2
PATCH_M = 100_000.0  # points are asked for patch by patch, for the sake of the caches
FEW = 3000  # points of a zone


class Boundaries:
    """The edges of all zones, ready to be asked for distances."""

    def __init__(self, edges: Edges) -> None:
        length_m = np.linalg.norm(edges.b_m - edges.a_m, axis=1)
        spacing_m = _spacing_m(edges.zone, length_m)
        self._half_m = spacing_m / 2  # (Z,)
        parts = np.where(_twice(edges), 0, np.maximum(np.ceil(length_m / spacing_m[edges.zone]), 1)).astype(np.intp)
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
        self._zone = np.concatenate([edges.zone[edge], edges.zone[edge[last]]])
        self._points_m = np.concatenate([a_m, b_m[last]])
        self._by_zone = _tree(np.column_stack([self._points_m, self._zone * APART_M]), len(spacing_m))

    @cached_property
    def _anywhere(self) -> cKDTree | None:
        return _tree(self._points_m, len(self._half_m))

    def distance(self, point_m: Floats, zone: Indices) -> Floats:
        """Return the distance over ground of earth-centred points (P, 3) to the boundaries of their zones (P,), m."""
        if not len(zone):
            return np.empty(0)
        order = np.argsort(zone, kind="stable")  # neighbours in the tree are asked for together
        query = np.column_stack([point_m, zone * APART_M])
        chord_m, _ = self._search(self._by_zone, query, order, self._half_m[zone], np.inf)
        return _over_ground_m(chord_m)

    def nearest(self, point_m: Floats, reach_m: float) -> tuple[Floats, Indices]:
        """Return the distance over ground of points (P, 3) to the nearest boundary of all, and its zone, (P,).

        Of a boundary that several zones share, any of them. Beyond reach: inf, and -1.
        """
        reach_chord_m = 2 * EARTH_RADIUS_M * np.sin(min(reach_m / (2 * EARTH_RADIUS_M), np.pi / 2))
        order = np.lexsort(np.floor(point_m / PATCH_M).T)
        half_m = np.full(len(point_m), self._half_m.max(initial=0.0))
        chord_m, piece = self._search(self._anywhere, point_m, order, half_m, reach_chord_m)
        within = chord_m <= reach_chord_m
        zone = np.full(len(point_m), -1)
        zone[within] = self._zone[piece[within]]
        return _over_ground_m(np.where(within, chord_m, np.inf)), zone

    def _search(
        self, tree: cKDTree | None, query: Floats, order: Indices, half_m: Floats, reach_m: float
    ) -> tuple[Floats, Indices]:
        """Return the chords from places of a tree (P, 3 or 4) to the nearest pieces, and these, (P,).

        `order`: in which they are asked for; `half_m` (P,): half the spacing of the points. Nothing is sure of what
        lies beyond reach.
        """
        chord_m, piece = np.full(len(query), np.inf), np.full(len(query), -1)
        if tree is None:
            return chord_m, piece
        asked, look = order[np.isfinite(query[order]).all(axis=1)], FIRST_LOOK
        while len(asked):
            bound_m = np.hypot(reach_m, half_m.max())
            found: tuple[Floats, Indices] = tree.query(query[asked], min(look, tree.n), distance_upper_bound=bound_m)  # type: ignore[assignment]
            far_m, near = found
            some = np.flatnonzero(near[:, 0] < tree.n)
            asked, far_m, near = asked[some], far_m[some], near[some]
            least_m, which = self._around(query[asked, :3], np.where(near < tree.n, near, near[:, :1]))
            chord_m[asked], piece[asked] = least_m, which
            asked = asked[(far_m[:, -1] < np.hypot(least_m, half_m[asked])) & (look < tree.n)]
            look *= 4
        return chord_m, piece

    def _around(self, point_m: Floats, near: Indices) -> tuple[Floats, Indices]:
        """Return the least distance of points (A,) to the pieces on both sides of boundary points (A, K), and which."""
        piece = np.concatenate([near, self._before[near]], axis=1)
        points = np.repeat(point_m, piece.shape[1], axis=0)
        flat = piece.ravel()
        far_m = distance_to_segment(points, self._a_m[flat], self._b_m[flat]).reshape(piece.shape)
        least = far_m.argmin(axis=1)[:, None]
        return np.take_along_axis(far_m, least, axis=1)[:, 0], np.take_along_axis(piece, least, axis=1)[:, 0]


def _spacing_m(zone: Indices, length_m: Floats) -> Floats:
    """Return the spacing of points along the boundary of each zone, (Z,)."""
    if not len(zone):
        return np.full(1, MOST_SPACING_M)
    count = np.maximum(np.bincount(zone), 1)
    return np.clip(SPACING * np.bincount(zone, length_m) / count, LEAST_SPACING_M, MOST_SPACING_M)


def _tree(points: Floats, n_zones: int) -> cKDTree | None:
    """Return a tree split at midpoints, for fewer visits than medians need.

    Its boxes are shrunk to their points where these are few: queries take 1.0 us instead of 1.25 at 500 a zone, but 13
    instead of 5 at 50,000.
    """
    if not len(points):
        return None
    return cKDTree(points, leafsize=48, balanced_tree=False, compact_nodes=len(points) < FEW * n_zones)


def _over_ground_m(chord_m: Floats) -> Floats:
    over_ground_m = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord_m / (2 * EARTH_RADIUS_M), 1.0))
    return np.where(np.isinf(chord_m), np.inf, over_ground_m)


def _predecessors(ring: Indices) -> Indices:
    """Return the piece before each in its ring; pieces lie ring after ring."""
    before = np.arange(len(ring)) - 1
    first = np.flatnonzero(np.diff(ring, prepend=-1))
    last = np.append(first[1:], len(ring)) - 1
    before[first] = last
    return before


def _twice(edges: Edges) -> Mask:
    """Tell which edges, (E,), another edge of the same zone repeats, in either direction."""
    a_m, b_m = edges.a_m, edges.b_m
    twice = np.zeros(len(edges), dtype=bool)
    if len(edges):
        middle = cKDTree(np.column_stack([(a_m + b_m) / 2, edges.zone * APART_M]))
        one, two = middle.query_pairs(SAME_M, output_type="ndarray").T
        back = _are_one(a_m[one], b_m[two]) & _are_one(b_m[one], a_m[two])
        along = _are_one(a_m[one], a_m[two]) & _are_one(b_m[one], b_m[two])
        twice[one[back | along]] = twice[two[back | along]] = True
        # What two neighbours split within SAME_M of each other has a piece between these that nobody repeats.
        before = _predecessors(edges.ring)
        after = np.argsort(before)
        twice |= _are_one(a_m, b_m) & twice[before] & twice[after]
    return twice


def _are_one(p_m: Floats, q_m: Floats) -> Mask:
    return np.abs(p_m - q_m).max(axis=1) < SAME_M
