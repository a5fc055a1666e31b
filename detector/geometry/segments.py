"""Segments in the plane: the one crossing test that answers both "is it inside?" and "did it cross?"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feeds.plots import Floats

Indices = NDArray[np.intp]


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
        return np.hypot(self.dx_m, self.dy_m)

    def take(self, which: Indices) -> Paths:
        """Return the paths that `which` names, in its order."""
        return Paths(self.px_m.take(which), self.py_m.take(which), self.qx_m.take(which), self.qy_m.take(which))

    def side(self, x_m: Floats, y_m: Floats) -> Floats:
        """Return how far places, (..., N), lie to the left of their paths' lines, times the length of the path, m2."""
        dx_m, dy_m = self.dx_m, self.dy_m
        side: Floats = dx_m * y_m - dy_m * x_m - (dx_m * self.py_m - dy_m * self.px_m)
        return side


def orientation(ax: Floats, ay: Floats, bx: Floats, by: Floats, cx: Floats, cy: Floats) -> Floats:
    """Return twice the area of the triangle a b c, (N,): positive where c lies to the left of a -> b."""
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def sides(
    ax: Floats, ay: Floats, bx: Floats, by: Floats, p: tuple[Floats, Floats], q: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return how far p and q lie to one side of edges a-b, times their length; the same whichever way an edge runs.

    So a point exactly on a seam, which a zone has once each way, is told alike by both and has crossed both or none.
    """
    back = (ax > bx) | ((ax == bx) & (ay > by))
    ax, bx = np.where(back, bx, ax), np.where(back, ax, bx)
    ay, by = np.where(back, by, ay), np.where(back, ay, by)
    return orientation(ax, ay, bx, by, *p), orientation(ax, ay, bx, by, *q)


def crossings(
    p: tuple[Floats, Floats], q: tuple[Floats, Floats], a: tuple[Floats, Floats], b: tuple[Floats, Floats]
) -> tuple[NDArray[np.bool_], Floats]:
    """Tell for N pairs whether the path p -> q crosses the edge a-b, and at which fraction of the path.

    A point on a line counts to its left, for the ends of the edge as for those of the path. An end that two edges share
    gets the same sign from both, so a path through a vertex is counted once where it goes through and twice or not at
    all where it only touches. Parities are right unless an end of the path lies exactly on the boundary.
    """
    a_side, b_side = orientation(*p, *q, *a), orientation(*p, *q, *b)
    p_side, q_side = sides(*a, *b, p, q)
    crosses = ((a_side >= 0) != (b_side >= 0)) & ((p_side >= 0) != (q_side >= 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return crosses, p_side / (p_side - q_side)


def distance_to_segment(point_m: Floats, a_m: Floats, b_m: Floats) -> Floats:
    """Return the distance of points to segments in any number of dimensions; shapes (N, K), (N, K), (N, K) -> (N,)."""
    along, offset = b_m - a_m, point_m - a_m
    length2 = np.einsum("ij,ij->i", along, along)
    fraction = np.einsum("ij,ij->i", offset, along) / np.where(length2 > 0, length2, 1.0)
    miss = offset - np.clip(fraction, 0.0, 1.0)[:, None] * along
    return np.sqrt(np.einsum("ij,ij->i", miss, miss))
