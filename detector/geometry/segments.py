"""Segments in the plane: the one crossing test that answers both "is it inside?" and "did it cross?"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Indices


@dataclass(frozen=True, slots=True)
class Paths:
    """N straight paths p -> q."""

    px_m: Floats
    py_m: Floats
    qx_m: Floats
    qy_m: Floats

    @property
    def dx_m(self) -> Floats:
        """How far they go eastwards, (N,)."""
        return self.qx_m - self.px_m

    @property
    def dy_m(self) -> Floats:
        """How far they go northwards, (N,)."""
        return self.qy_m - self.py_m

    @property
    def length_m(self) -> Floats:
        """How long they are, (N,)."""
        length_m: Floats = np.sqrt(self.dx_m**2 + self.dy_m**2)  # sooner than `hypot`
        return length_m

    def take(self, which: Indices) -> Paths:
        """Return the paths that `which` names, in its order."""
        return Paths(self.px_m.take(which), self.py_m.take(which), self.qx_m.take(which), self.qy_m.take(which))

    def side(self, x_m: Floats, y_m: Floats) -> Floats:
        """Return how far places, (..., N), lie to the left of their paths' lines, times the length of the path, m2."""
        dx_m, dy_m = self.dx_m, self.dy_m
        side: Floats = dx_m * y_m - dy_m * x_m - (dx_m * self.py_m - dy_m * self.px_m)
        return side


def orientation(ax: Floats, ay: Floats, bx: Floats, by: Floats, cx: Floats, cy: Floats) -> Floats:
    """Return twice the area of the triangle a b c, (N,): positive where c lies to the left of a -> b.

    That of b a c is its exact opposite.
    """
    return (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)


def crossings(paths: Paths, ax: Floats, ay: Floats, bx: Floats, by: Floats) -> tuple[Indices, Floats]:
    """Return (which, fraction) of N paths that cross the edge a-b of each; which ascends.

    A place on a line counts to its left, for the ends of the edge as for those of the path. An end that two edges share
    has one side, so a path through it is counted once where it goes through, and twice or not at all where it only
    touches. A seam, an edge that a zone has once each way, is crossed by both or none. Parities are right unless an end
    of the path lies exactly on the boundary.
    """
    dx_m, dy_m = paths.dx_m, paths.dy_m
    on_line = dx_m * paths.py_m - dy_m * paths.px_m
    which = np.flatnonzero((dx_m * ay - dy_m * ax >= on_line) != (dx_m * by - dy_m * bx >= on_line))
    ax, ay, bx, by, on = ax.take(which), ay.take(which), bx.take(which), by.take(which), paths.take(which)
    eastward = np.where((ax < bx) | ((ax == bx) & (ay < by)), 1.0, -1.0)
    p_side = eastward * orientation(ax, ay, bx, by, on.px_m, on.py_m)
    q_side = eastward * orientation(ax, ay, bx, by, on.qx_m, on.qy_m)
    hit = np.flatnonzero((p_side >= 0) != (q_side >= 0))
    p_side, q_side = p_side.take(hit), q_side.take(hit)
    return which.take(hit), p_side / (p_side - q_side)


def distance_to_segment(point_m: Floats, a_m: Floats, b_m: Floats) -> Floats:
    """Return the distance of points to segments in any number of dimensions; shapes (N, K), (N, K), (N, K) -> (N,)."""
    along, offset = b_m - a_m, point_m - a_m
    length2 = np.einsum("ij,ij->i", along, along)
    fraction = np.einsum("ij,ij->i", offset, along) / np.where(length2 > 0, length2, 1.0)
    miss = offset - np.clip(fraction, 0.0, 1.0)[:, None] * along
    return np.sqrt(np.einsum("ij,ij->i", miss, miss))
