"""The index: answers "inside which zones?" and "crossed which?" for arrays of points and paths.

A point is inside a zone when the path to it from the reference point of its leaf crosses the zone's edges an even
number of times and the reference point is inside, or odd and it is not. Leaves without edges, most of the sky, answer
by themselves. What a path crosses is looked for among the bundles of pieces around it.

A place exactly on a boundary, as on a vertex that a flight was planned over, is on neither side of it, and the parities
of paths that end there are not those of points. So all places are moved by a hair, alike for points and for paths.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Indices
from detector.geometry import ragged
from detector.geometry.bundles import Bundles
from detector.geometry.chains import Chains
from detector.geometry.edges import Edges
from detector.geometry.quadtree import DEPTH, Leaves, Square, grow, morton
from detector.geometry.segments import Paths
from detector.geometry.sweep import Sweep

TABLE_LEVEL = 11  # of the grid that finds most leaves at once: 16 MB at most
FIELDS = 4  # of a leaf's record: its reference point, its spans of rows and of zones
REF_X_M, REF_Y_M, ROWS, ZONES = range(FIELDS)
HAIR_X_M, HAIR_Y_M = 1.1e-5, 1.7e-5  # nothing is drawn, or measured, to that
COUNT_BITS = 28  # of a span; the others say where it begins


class CellIndex:
    """Edges of Z zones, ready to be asked."""

    def __init__(self, edges: Edges, n_zones: int) -> None:
        self._chains, self._n_zones = Chains(edges), n_zones
        self._square = Square.around(self._chains)
        self._bundles = Bundles(self._chains, self._square)
        self._sweep = Sweep(self._chains, self._bundles, self._square)
        leaves = grow(self._chains, n_zones, self._square)
        self._tabulate(leaves)
        self._describe(leaves)

    def inside(self, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
        """Return the (point, zone) pairs of N points and the zones that they are inside of, sorted."""
        x_m, y_m = x_m + HAIR_X_M, y_m + HAIR_Y_M
        leaf = self._leaf.take(self._leaf_at(x_m, y_m), axis=0)
        spans = leaf.view(np.int64)
        which, item = ragged.expand(*_span(spans[:, ZONES]))
        key = which * self._n_zones + self._zone.take(item)
        begin, count = _span(spans[:, ROWS])
        point = np.flatnonzero(count > 0)
        if len(point):
            ways = Paths(leaf[point, REF_X_M], leaf[point, REF_Y_M], x_m.take(point), y_m.take(point))
            which, row = ragged.expand(begin.take(point), count.take(point))
            which, piece = self._bundles.met_in_rows(which, self._row.take(row), ways)
            hit, _, _ = self._chains.crossed(piece, ways.take(which))
            crossed = point.take(which.take(hit)) * self._n_zones + self._chains.zone.take(piece.take(hit))
            key = ragged.xor(key, ragged.odd(crossed))
        return ragged.split(key, self._n_zones)

    def trace(
        self, x0_m: Floats, y0_m: Floats, x1_m: Floats, y1_m: Floats
    ) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices, Floats]]:
        """Return what N straight paths lead to: what `inside` says of their ends, and their crossings.

        Crossings are (path, zone, fraction), sorted in this order.
        """
        paths = Paths(x0_m + HAIR_X_M, y0_m + HAIR_Y_M, x1_m + HAIR_X_M, y1_m + HAIR_Y_M)
        return self.inside(x1_m, y1_m), self._crossings(paths)

    def _crossings(self, paths: Paths) -> tuple[Indices, Indices, Floats]:
        path, piece = self._sweep.met(paths)
        hit, _, at = self._chains.crossed(piece, paths.take(path))
        pair = path.take(hit) * self._n_zones + self._chains.zone.take(piece.take(hit))
        order = np.argsort(pair, kind="stable")  # nearly in order already
        pair, at = pair.take(order), at.take(order)
        first = ragged.new(pair)
        some = np.flatnonzero(~first | ~np.append(first[1:], True))
        at[some] = at[some[np.lexsort((at[some], pair[some]))]]
        return *ragged.split(pair, self._n_zones), at

    def _leaf_at(self, x_m: Floats, y_m: Floats) -> Indices:
        """Return the leaves of N points; of those outside the square, and with NaN, the one that has nothing."""
        u, v = (
            np.fmin(np.fmax((place_m - corner_m) * self._per_m + 1, 0), self._n_cells + 1)
            for place_m, corner_m in ((x_m, self._square.x_m), (y_m, self._square.y_m))
        )
        leaf = self._leaf_of_cell.take(v.astype(np.intp) * (self._n_cells + 2) + u.astype(np.intp)).astype(np.intp)
        deep = np.flatnonzero(leaf < 0)
        if len(deep):
            finer = 2 ** (DEPTH - self._level)
            code = morton(*(((w.take(deep) - 1) * finer).astype(np.intp) for w in (u, v)))
            leaf[deep] = np.searchsorted(self._code, code, side="right") - 1
        return leaf

    def _tabulate(self, leaves: Leaves) -> None:
        """Lay a grid with a margin over the square: it names the leaf of each cell, -1 where there are several."""
        self._level = min(int(np.log2(len(leaves.code)) / 2) + 2, TABLE_LEVEL)
        self._n_cells = 2**self._level
        self._per_m = self._n_cells / self._square.size_m
        self._code = leaves.code
        code = morton(*np.divmod(np.arange(4**self._level), self._n_cells)[::-1])
        leaf = np.searchsorted(self._code, code << 2 * (DEPTH - self._level), side="right") - 1
        leaf_of_cell = np.where(leaves.level[leaf] <= self._level, leaf, -1).reshape(self._n_cells, -1)
        self._leaf_of_cell = np.pad(leaf_of_cell.astype(np.int32), 1, constant_values=len(leaves.code)).ravel()

    def _describe(self, leaves: Leaves) -> None:
        """Write what is asked of a leaf side by side, so that it takes one line of the cache; the last has nothing."""
        n_leaves = len(leaves.code)
        self._leaf = np.zeros((n_leaves + 1, FIELDS))
        self._leaf[:-1, :ROWS] = np.column_stack(self._square.reference(leaves.level, leaves.ix, leaves.iy))
        leaf = np.repeat(np.arange(n_leaves), np.diff(leaves.piece_start))
        row = self._bundles.row_of(leaves.piece)
        new = ragged.new(leaf) | ragged.new(row)  # pieces of a leaf ascend, and so do their rows
        self._row, self._zone = row[new].astype(np.int32), leaves.zone.astype(np.int32)
        for field, start in ((ROWS, ragged.starts(leaf[new], n_leaves)), (ZONES, leaves.zone_start)):
            self._leaf.view(np.int64)[:-1, field] = start[:-1] << COUNT_BITS | np.diff(start)


def _span(span: Indices) -> tuple[Indices, Indices]:
    """Return where rows, or zones, begin, and how many they are."""
    return span >> COUNT_BITS, span & (1 << COUNT_BITS) - 1
