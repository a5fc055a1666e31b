"""Bundles: pieces of boundaries bound by fives along the boundary, these by fives again, and so on, each with a box.

A tree of boxes as an R-tree is (Guttman, SIGMOD 1984), packed along the boundaries, whose neighbours are neighbours in
the plane. Bundles of pieces are rows of places, so that each place is told left or right of a path once for both pieces
that end there.

A box is one number: its four sides in steps of a square, 15 bits each under a free one. All four comparisons of two
boxes are one subtraction, in which a side that lies beyond the other borrows the free bit above it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Indices
from detector.geometry import ragged
from detector.geometry.chains import MARGIN_M, Chains
from detector.geometry.quadtree import Square
from detector.geometry.ragged import Integers
from detector.geometry.segments import Paths

Boxes = NDArray[np.int64]

FAN = 5
ROW = FAN + 1  # places: one more than pieces
STEPS = 2**15 - 1  # along a side of the square
_BITS = 16 * np.arange(4)[:, None]  # where the sides of a box begin
_FREE = np.array(0x8000800080008000, dtype=np.uint64).view(np.int64)[()]


class Bundles:
    """N nodes over P pieces: these themselves, R rows of them, then bundles of rows and bundles of bundles.

    `tops` are the nodes that are in no bundle.
    """

    def __init__(self, chains: Chains, square: Square) -> None:
        self._square, self.n_pieces = square, len(chains)
        ends, aside_m = np.stack([chains.first, chains.last]), chains.width_m + MARGIN_M
        places_m = np.stack([chains.x_m[ends], chains.y_m[ends]])
        lows_m, highs_m = [places_m.min(axis=1) - aside_m], [places_m.max(axis=1) + aside_m]
        first = np.flatnonzero(np.append(True, ends[0, 1:] != ends[1, :-1])[: len(chains)])  # of each boundary
        count, offset = np.diff(first, append=len(chains)), 0
        none = np.zeros(len(chains), dtype=np.intp)
        begins, counts = [none], [none]
        while len(count) and (len(begins) == 1 or count.max() > 1):
            n_parts = -(-count // FAN)
            of, nth = ragged.expand(np.zeros_like(count), n_parts)
            begin = first[of] + FAN * nth
            begins.append(offset + begin)
            counts.append(np.minimum(count[of] - FAN * nth, FAN))
            lows_m.append(np.minimum.reduceat(lows_m[-1], begin, axis=1))
            highs_m.append(np.maximum.reduceat(highs_m[-1], begin, axis=1))
            offset += len(begins[-2])
            first, count = ragged.begins(n_parts), n_parts
        self._begin, self._count = (np.concatenate(each).astype(np.int32) for each in (begins, counts))
        self._n_below_bundles = sum(map(len, begins[:2]))  # pieces and rows
        self.tops = np.arange(offset, offset + len(count))
        low, high = (self._steps(np.concatenate(each, axis=1)) for each in (lows_m, highs_m))
        self._box = _packed(low, STEPS - high)
        self._lay_rows(chains)

    def row_of(self, piece: Indices) -> Indices:
        """Return the rows that pieces are in, (N,)."""
        row: Indices = np.searchsorted(self._first_piece, piece, side="right") - 1
        return row

    def split(self, node: Indices, largest_m: float) -> Indices:
        """Return nodes with bundles longer or wider than this taken apart, as far as they go."""
        while True:
            low_m, high_m = self.corners_m(node)
            large = (high_m - low_m).max(axis=0, initial=0.0) > largest_m
            large &= node >= self.n_pieces
            if not large.any():
                return node
            node = np.concatenate([node[~large], self.members(node[large])[1]])

    def corners_m(self, node: Indices) -> tuple[Floats, Floats]:
        """Return the lower left and the upper right corners of boxes, (2, N) each, to the next step outside."""
        sides = self._box.take(node) >> _BITS & STEPS
        origin_m, step_m = self._square.origin_m, self._square.size_m / STEPS
        return origin_m + step_m * sides[:2], origin_m + step_m * (STEPS - sides[2:] + 1)

    def met(self, which: Indices, node: Integers, paths: Paths) -> tuple[Indices, Indices]:
        """Return (which, piece) of the pieces in nodes, of N paths, that the lines of these may cross."""
        box = self._box_of(paths)
        found: list[tuple[Indices, Indices]] = []
        while True:
            meets = np.flatnonzero((box.take(which) - self._box.take(node)) & _FREE == _FREE)
            which, node = which.take(meets), node.take(meets)
            above = np.flatnonzero(node >= self._n_below_bundles)
            if not len(above):
                break
            below = np.flatnonzero(node < self._n_below_bundles)
            found.append((which.take(below), node.take(below)))
            of, member = self.members(node.take(above))
            which, node = which.take(above).take(of), member
        if found:
            which, node = (np.concatenate(each) for each in zip(*found, (which, node), strict=True))
        row = np.flatnonzero(node >= self.n_pieces)
        pieces = self.met_in_rows(which.take(row), node.take(row) - self.n_pieces, paths)
        if len(row) == len(node):
            return pieces
        piece = np.flatnonzero(node < self.n_pieces)
        single = which.take(piece), node.take(piece)
        return np.concatenate([pieces[0], single[0]]), np.concatenate([pieces[1], single[1]])

    def met_in_rows(self, which: Indices, row: Integers, paths: Paths) -> tuple[Indices, Indices]:
        """Return (which, piece) of the pieces in R rows, of N paths, that the lines of these may cross."""
        dx_m, dy_m = paths.dx_m, paths.dy_m
        x_m, y_m = self._x_m.take(row, axis=0).ravel(), self._y_m.take(row, axis=0).ravel()
        aside = np.repeat(dx_m.take(which), ROW) * y_m  # flat arrays: a broadcast over rows as short as these is slower
        aside -= np.repeat(dy_m.take(which), ROW) * x_m
        aside -= np.repeat((dx_m * paths.py_m - dy_m * paths.px_m).take(which), ROW)
        left = aside >= 0
        near = np.append(left[1:] != left[:-1], False)
        if self._smooth:
            wide = np.flatnonzero(self._width_m.take(row) > 0)
            reach = paths.length_m.take(which.take(wide)) * self._width_m.take(row.take(wide))
            close = np.abs(aside.reshape(-1, ROW).take(wide, axis=0).ravel()) <= np.repeat(reach, ROW)
            close[:-1] |= close[1:]
            of, place = ragged.split(np.flatnonzero(close), ROW)
            of = wide.take(of)
            near[of * ROW + place] |= place < self._n_in_row.take(row.take(of))
        near[FAN::ROW] = False
        of, place = ragged.split(np.flatnonzero(near), ROW)
        return which.take(of), self._first_piece.take(row.take(of)) + place

    def members(self, node: Indices) -> tuple[Indices, Indices]:
        """Return (which, member) of nodes; pieces have none."""
        return ragged.expand(self._begin.take(node), self._count.take(node))

    def _steps(self, places_m: Floats) -> Boxes:
        """Return where places, (2, N), lie in the square, in whole steps; those outside at its sides."""
        steps = (places_m - self._square.origin_m) * (STEPS / self._square.size_m)
        whole: Boxes = np.fmin(np.fmax(steps, 0), STEPS).astype(np.int64)  # NaN too is somewhere
        return whole

    def _box_of(self, paths: Paths) -> Boxes:
        """Return the boxes of N paths, as those of nodes are taken from them: with the far sides first."""
        p, q = np.stack([paths.px_m, paths.py_m]), np.stack([paths.qx_m, paths.qy_m])
        return _packed(self._steps(np.maximum(p, q)), STEPS - self._steps(np.minimum(p, q))) | _FREE

    def _lay_rows(self, chains: Chains) -> None:
        """Write the places of rows; what follows the last piece of a row repeats its last place."""
        rows = slice(self.n_pieces, self._n_below_bundles)
        self._first_piece, self._n_in_row = self._begin[rows].astype(np.intp), self._count[rows].astype(np.intp)
        last = self._first_piece + self._n_in_row - 1
        piece = np.minimum(self._first_piece[:, None] + np.arange(ROW), last[:, None])
        place = np.where(np.arange(ROW) < self._n_in_row[:, None], chains.first[piece], chains.last[piece])
        self._x_m, self._y_m = chains.x_m[place], chains.y_m[place]  # (R, ROW)
        self._width_m = chains.width_m[piece].max(axis=1, initial=0.0)
        self._smooth = bool(self._width_m.any())  # some boundary is: its pieces stand for several edges


def _packed(near: Boxes, far: Boxes) -> Boxes:
    packed: Boxes = near[0] | near[1] << 16 | far[0] << 32 | far[1] << 48
    return packed
