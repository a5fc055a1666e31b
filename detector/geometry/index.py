"""The index: answers "inside which zones?" and "crossed which?" for arrays of points and paths.

A point is inside a zone when the path to it from the reference point of its leaf crosses the zone's edges an even
number of times and the reference point is inside, or odd and it is not. Leaves without edges, most of the sky, answer
by themselves. A path is held against the pieces of boundaries in the leaves that it passes.

Pieces of boundaries are held in rows of places, so that each place is told left or right of a path once for both its
pieces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.geometry import ragged
from detector.geometry.chains import Chains
from detector.geometry.edges import Edges
from detector.geometry.quadtree import DEPTH, Leaves, Square, grow, morton
from detector.geometry.segments import Paths
from feeds.plots import Floats

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

NUDGE_M = 0.001  # beyond a wall, paths step into the next leaf; less than SKIN_M
TABLE_LEVEL = 11  # of the grid that finds most leaves at once: 32 MB at most
ROW = 8  # places; most leaves fill one row
BOX_MARGIN_M = 1.0  # of rows' boxes, whose corners are rounded to 32 bits: by half a metre over the whole Earth
FIELDS = 8  # of a leaf's record: its walls in cells of the grid, its reference point, its spans of rows and of zones
LOW_U, LOW_V, HIGH_U, HIGH_V, REF_X_M, REF_Y_M, ROWS, ZONES = range(FIELDS)
COUNT_BITS = 28  # of a span; the others say where it begins
_NONE = np.empty(0, dtype=np.intp)


class CellIndex:
    """Edges of Z zones, ready to be asked. Inside, places are counted in cells (u, v) of the grid that finds leaves."""

    def __init__(self, edges: Edges, n_zones: int) -> None:
        self._chains, self._n_zones = Chains(edges), n_zones
        self._square = Square.around(self._chains)
        leaves = grow(self._chains, n_zones, self._square)
        self._zone = leaves.zone.astype(np.int32)
        self._tabulate(leaves)
        first_row = self._lay_rows(leaves)
        self._describe(leaves, first_row)

    def inside(self, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
        """Return the (point, zone) pairs of N points and the zones that they are inside of, sorted."""
        u, v = self._cells(x_m, y_m)
        point = np.flatnonzero(self._within(u, v))
        return self._inside(point, self._leaf_at(u.take(point), v.take(point)), x_m.take(point), y_m.take(point))

    def trace(
        self, x0_m: Floats, y0_m: Floats, x1_m: Floats, y1_m: Floats
    ) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices, Floats]]:
        """Return what N straight paths lead to: what `inside` says of their ends, and their crossings.

        Crossings are (path, zone, fraction), sorted in this order.
        """
        (u0, v0), (u1, v1) = self._cells(x0_m, y0_m), self._cells(x1_m, y1_m)
        end = np.flatnonzero(self._within(u1, v1))
        leaf = self._leaf_at(u1.take(end), v1.take(end))
        inside = self._inside(end, leaf, x1_m.take(end), y1_m.take(end))
        home = np.flatnonzero(self._holds(leaf, u0.take(end), v0.take(end)))  # they stay in the leaf they end in
        path, leaf = end.take(home), leaf.take(home)
        away = np.ones(len(u0), dtype=bool)
        away[path] = False
        others = np.flatnonzero(away)
        if len(others):
            which, passed = self._leaves_along(*(place.take(others) for place in (u0, v0, u1, v1)))
            path, leaf = np.concatenate([path, others.take(which)]), np.concatenate([leaf, passed])
        return inside, self._crossings(path, leaf, Paths(x0_m, y0_m, x1_m, y1_m))

    def _cells(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        return (x_m - self._square.x_m) * self._per_m, (y_m - self._square.y_m) * self._per_m

    def _within(self, u: Floats, v: Floats) -> Mask:
        """Tell which of N points are in the square; NaN is not."""
        low, high = self._nudge, self._n_cells - self._nudge
        within: Mask = (u > low) & (v > low) & (u < high) & (v < high)
        return within

    def _inside(self, point: Indices, leaf: Indices, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
        """Return (point, zone) of points in their leaves."""
        which, item = ragged.expand(*self._span(leaf, ZONES))
        reference_m = self._leaf.take(FIELDS * leaf + REF_X_M), self._leaf.take(FIELDS * leaf + REF_Y_M)
        paths = Paths(*reference_m, x_m, y_m)
        near, piece = self._candidates(*ragged.expand(*self._span(leaf, ROWS)), paths)
        key = point.take(which) * self._n_zones + self._zone.take(item)
        if len(near):
            hit, _, _ = self._chains.crossed(piece, paths.take(near))
            crossed = point.take(near.take(hit)) * self._n_zones + self._chains.zone.take(piece.take(hit))
            key = ragged.xor(key, ragged.odd(crossed))
        return key // self._n_zones, key % self._n_zones

    def _crossings(self, path: Indices, leaf: Indices, paths: Paths) -> tuple[Indices, Indices, Floats]:
        """Return (path, zone, fraction) of the crossings of N paths in the leaves that they pass."""
        begin, count = self._span(leaf, ROWS)
        some = np.flatnonzero(count > 0)
        which, row = ragged.expand(begin.take(some), count.take(some))
        path = path.take(some).take(which)
        beside = np.flatnonzero(self._beside(row, path, paths))
        if not len(beside):
            return _NONE, _NONE, np.empty(0)
        path, row = path.take(beside), row.take(beside)
        near, piece = self._candidates(np.arange(len(path)), row, paths.take(path))
        n_paths = len(paths.px_m)
        key = piece * n_paths + path.take(near)
        key.sort()  # by piece: neighbours in memory are asked for together
        piece, path = np.divmod(key[ragged.new(key)], n_paths)  # a piece may lie in several leaves
        hit, _, at = self._chains.crossed(piece, paths.take(path))
        pair = path.take(hit) * self._n_zones + self._chains.zone.take(piece.take(hit))
        order = np.argsort(pair)
        pair, at = pair.take(order), at.take(order)
        first = ragged.new(pair)
        some = np.flatnonzero(~first | ~np.append(first[1:], True))
        at[some] = at[some[np.lexsort((at[some], pair[some]))]]
        return pair // self._n_zones, pair % self._n_zones, at

    def _beside(self, row: Indices, path: Indices, paths: Paths) -> Mask:
        """Tell which of R rows have a box that meets that of their path, (R,)."""
        low_x, high_x = np.minimum(paths.px_m, paths.qx_m), np.maximum(paths.px_m, paths.qx_m)
        low_y, high_y = np.minimum(paths.py_m, paths.qy_m), np.maximum(paths.py_m, paths.qy_m)
        box = 4 * row
        beside: Mask = self._box_m.take(box) <= high_x.take(path)
        beside &= self._box_m.take(box + 1) <= high_y.take(path)
        beside &= self._box_m.take(box + 2) >= low_x.take(path)
        beside &= self._box_m.take(box + 3) >= low_y.take(path)
        return beside

    def _candidates(self, which: Indices, row: Indices, paths: Paths) -> tuple[Indices, Indices]:
        """Return (which, piece) of the pieces in R rows, of N paths, that the lines of these may cross."""
        if not len(row):
            return _NONE, _NONE
        dx_m, dy_m = paths.dx_m, paths.dy_m
        x_m, y_m = self._x_m.take(row, axis=0).ravel(), self._y_m.take(row, axis=0).ravel()
        side = np.repeat(dx_m.take(which), ROW) * y_m  # flat arrays: a broadcast over rows as short as these is slower
        side -= np.repeat(dy_m.take(which), ROW) * x_m
        right = (dx_m * paths.py_m - dy_m * paths.px_m).take(which)
        left = side >= np.repeat(right, ROW)
        near = left[1:] != left[:-1]
        if self._smooth:
            wide = np.flatnonzero(self._width_m.take(row) > 0)
            aside = np.abs(side.reshape(-1, ROW).take(wide, axis=0) - right.take(wide)[:, None])
            reach = paths.take(which.take(wide)).length_m * self._width_m.take(row.take(wide))
            of, place = np.nonzero(aside <= reach[:, None])
            close = wide.take(of) * ROW + place
            near[close[place < ROW - 1]] = near[close[place > 0] - 1] = True
        at = np.flatnonzero(near)
        piece = self._piece.take(row.take(at // ROW) * ROW + at % ROW)
        real = np.flatnonzero(piece >= 0)
        return which.take(at.take(real) // ROW), piece.take(real).astype(np.intp)

    def _span(self, leaf: Indices, field: int) -> tuple[Indices, Indices]:
        """Return where the rows, or the zones, of leaves begin, and how many they are."""
        span = self._leaf_spans.take(FIELDS * leaf + field)
        return span >> COUNT_BITS, span & (1 << COUNT_BITS) - 1

    def _leaf_at(self, u: Floats, v: Floats) -> Indices:
        """Return the leaves of points in the square, (N,)."""
        cell = v.astype(np.intp) << self._level | u.astype(np.intp)
        leaf = self._leaf_of_cell.take(cell).astype(np.intp)
        deep = np.flatnonzero(leaf < 0)
        if len(deep):
            finer = 2 ** (DEPTH - self._level)
            code = morton((u[deep] * finer).astype(np.intp), (v[deep] * finer).astype(np.intp))
            leaf[deep] = np.searchsorted(self._code, code, side="right") - 1
        return leaf

    def _holds(self, leaf: Indices, u: Floats, v: Floats) -> Mask:
        """Tell which of N places are within their leaves' walls."""
        record = FIELDS * leaf
        holds: Mask = u >= self._leaf.take(record + LOW_U)
        holds &= v >= self._leaf.take(record + LOW_V)
        holds &= u <= self._leaf.take(record + HIGH_U)
        holds &= v <= self._leaf.take(record + HIGH_V)
        return holds

    def _leaves_along(self, u0: Floats, v0: Floats, u1: Floats, v1: Floats) -> tuple[Indices, Indices]:
        """Return the (path, leaf) pairs of the leaves that paths pass, hopping from leaf to leaf."""
        du, dv = u1 - u0, v1 - v0
        at, until = self._clip(u0, v0, du, dv)
        nudge = self._nudge / np.maximum(np.sqrt(du * du + dv * dv), self._nudge)
        # A path that moves less than a nudge along an axis has no wall there: the skin covers it, and one slanting by a
        # rounding beside a wall would creep along it nudge by nudge.
        per_u, per_v = (1 / np.where(np.abs(step) < self._nudge, np.nan, step) for step in (du, dv))
        wall_u, wall_v = (
            np.where(du >= 0, HIGH_U, LOW_U),
            np.where(dv >= 0, HIGH_V, LOW_V),
        )  # towards which the path goes
        path = np.flatnonzero(at <= until)  # NaN compares false
        at = at.take(path)
        where = np.stack([u0, v0, du, dv, until, nudge, per_u, per_v]).take(path, axis=1)
        of = np.stack([path, wall_u.take(path), wall_v.take(path)])
        paths, leaves = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        while len(at):
            (u0, v0, du, dv, until, nudge, per_u, per_v), (path, wall_u, wall_v) = where, of
            leaf = self._leaf_at(u0 + at * du, v0 + at * dv)
            paths.append(path)
            leaves.append(leaf)
            record = FIELDS * leaf
            u_at = (self._leaf.take(record + wall_u) - u0) * per_u
            v_at = (self._leaf.take(record + wall_v) - v0) * per_v
            at = np.maximum(np.fmin(u_at, v_at), at) + nudge
            on = np.flatnonzero(at < until)
            at, where, of = at.take(on), where.take(on, axis=1), of.take(on, axis=1)
        return np.concatenate(paths), np.concatenate(leaves)

    def _clip(self, u0: Floats, v0: Floats, du: Floats, dv: Floats) -> tuple[Floats, Floats]:
        """Return the fractions between which paths are in the square (Liang, Barsky 1984); at > until if never."""
        at, until = np.zeros(len(u0)), np.ones(len(u0))
        low, high = self._nudge, self._n_cells - self._nudge  # so that no rounding leads outside
        whole = self._within(u0, v0) & self._within(u0 + du, v0 + dv)
        part = np.flatnonzero(~whole)
        for start, step in ((u0[part], du[part]), (v0[part], dv[part])):
            with np.errstate(divide="ignore", invalid="ignore"):
                a, b = (low - start) / step, (high - start) / step
            still = step == 0
            within = (start >= low) & (start < high)
            at[part] = np.where(still, np.where(within, at[part], np.inf), np.maximum(at[part], np.minimum(a, b)))
            until[part] = np.where(still, until[part], np.minimum(until[part], np.maximum(a, b)))
        return at, until

    def _tabulate(self, leaves: Leaves) -> None:
        """Lay a grid over the square that names the leaf of each of its cells; -1 where there are several."""
        self._level = min(int(np.log2(len(leaves.code)) / 2) + 2, TABLE_LEVEL)
        self._n_cells = 2**self._level
        self._per_m = self._n_cells / self._square.size_m
        self._nudge = NUDGE_M * self._per_m
        self._code = leaves.code
        code = morton(*np.divmod(np.arange(4**self._level), self._n_cells)[::-1])
        leaf = np.searchsorted(self._code, code << 2 * (DEPTH - self._level), side="right") - 1
        self._leaf_of_cell = np.where(leaves.level[leaf] <= self._level, leaf, -1).astype(np.int32)

    def _describe(self, leaves: Leaves, first_row: Indices) -> None:
        """Write what is asked of a leaf side by side, so that it takes one line of the cache."""
        size = 2.0 ** (self._level - leaves.level)
        low_u, low_v = leaves.ix * size, leaves.iy * size
        self._leaf = np.zeros((len(leaves.code), FIELDS))
        reference_m = self._square.reference(leaves.level, leaves.ix, leaves.iy)
        self._leaf[:, :ROWS] = np.column_stack([low_u, low_v, low_u + size, low_v + size, *reference_m])
        self._leaf_spans = self._leaf.view(np.int64)
        for field, start in ((ROWS, first_row), (ZONES, leaves.zone_start)):
            self._leaf_spans[:, field] = start[:-1] << COUNT_BITS | np.diff(start)

    def _lay_rows(self, leaves: Leaves) -> Indices:
        """Write each leaf's pieces as runs of places, in rows; return where each leaf's rows begin, (L + 1,).

        After a place of a row comes the piece that `_piece` names, or none (-1): a run ends, or the row, or what
        follows only fills it up. A run that goes on in the next row begins there with the place that ended this one.
        """
        c, piece = self._chains, leaves.piece
        begins = np.ones(len(piece), dtype=bool)
        begins[1:] = (piece[1:] != piece[:-1] + 1) | (c.first[piece[1:]] != c.last[piece[:-1]])
        begins[leaves.piece_start[:-1][np.diff(leaves.piece_start) > 0]] = True
        before = np.append(0, np.cumsum(begins))
        start = before[leaves.piece_start] + leaves.piece_start  # of each leaf among all places
        n_rows = -(-np.maximum(np.diff(start) - 1, 0) // (ROW - 1))
        first_row = np.append(0, np.cumsum(n_rows))
        leaf = np.repeat(np.arange(len(n_rows)), n_rows)
        turn = np.arange(len(leaf)) - first_row[leaf]
        place = np.minimum((start[leaf] + turn * (ROW - 1))[:, None] + np.arange(ROW), start[leaf + 1][:, None] - 1)
        end = np.arange(len(piece)) + before[1:]
        vertex, ends = np.empty(start[-1], dtype=np.intp), np.full(start[-1], -1, dtype=np.int32)
        vertex[end - 1], vertex[end], ends[end] = c.first[piece], c.last[piece], piece
        self._x_m, self._y_m = c.x_m[vertex[place]], c.y_m[vertex[place]]
        self._piece = np.full(place.shape, -1, dtype=np.int32)
        self._piece[:, :-1] = np.where(place[:, 1:] != place[:, :-1], ends[place[:, 1:]], -1)
        self._width_m = np.where(self._piece >= 0, c.width_m[self._piece], 0.0).max(axis=1, initial=0.0)
        self._smooth = bool(self._width_m.any())  # some boundary is: its pieces stand for several edges
        aside_m = self._width_m[:, None] + BOX_MARGIN_M
        low, high = (np.stack([end(self._x_m, axis=1), end(self._y_m, axis=1)], axis=1) for end in (np.min, np.max))
        self._box_m = np.concatenate([low - aside_m, high + aside_m], axis=1, dtype=np.float32)  # (rows, 4)
        return first_row
