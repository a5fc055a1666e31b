"""The index: a quadtree of cells over the theatre that answers "inside which zones?" and "crossed which?" for arrays.

A cell that few edges touch is a leaf. It knows which zones its reference point is inside of; a point of the cell is
inside a zone when the path from the reference point to it crosses the zone's edges an even number of times and the
reference point is inside, or odd and it is not. Cells without edges, most of the sky, answer by themselves.

The tree adapts to the density of edges, so the cost of a question hardly grows with the number of vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.geometry import ragged
from detector.geometry.edges import Edges
from detector.geometry.segments import crossings
from feeds.plots import Floats

Indices = NDArray[np.intp]

LEAF_EDGES = 8
DEPTH = 20  # levels: a root of 10,000 km has cells of 10 m
SKIN_M = 0.01  # cells know the edges this close around them, so that paths may step from cell to cell with ...
NUDGE_M = 0.001  # ... this much slack
TABLE_LEVEL = 11  # of the grid that finds most leaves at once: 16 MB at most
REFERENCE = (0.4142, 0.5858)  # of a cell; off its middle, where edges of drawn shapes like to lie


@dataclass(frozen=True, slots=True)
class _Cells:
    """C cells of one level with the (cell, edge) and (cell, zone its reference point is inside of) pairs, by cell."""

    ix: Indices
    iy: Indices
    edge_cell: Indices
    edge: Indices
    zone_cell: Indices
    zone: Indices


class CellIndex:
    """Edges of Z zones, ready to be asked."""

    def __init__(self, edges: Edges, n_zones: int) -> None:
        self._edges, self._n_zones = edges, n_zones
        self._x_m, self._y_m, self._size_m = _square(edges)
        self._build()

    def inside(self, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
        """Return the (point, zone) pairs of N points and the zones that they are inside of, sorted."""
        with np.errstate(invalid="ignore"):
            east_m, north_m = x_m - self._x_m, y_m - self._y_m
            within = (np.minimum(east_m, north_m) > NUDGE_M) & (np.maximum(east_m, north_m) < self._size_m - NUDGE_M)
            point = np.flatnonzero(within)
        x_m, y_m = x_m[point], y_m[point]
        leaf = self._leaf_at(x_m, y_m)
        which, item = ragged.expand(self._zone_start, leaf)
        hit, entry, _ = self._hits(leaf, self._ref_x_m[leaf], self._ref_y_m[leaf], x_m, y_m)
        key = np.setxor1d(
            point[which] * self._n_zones + self._zone[item],
            ragged.odd(self._keys(point[hit], self._edge[entry])),
            assume_unique=True,
        )
        return key // self._n_zones, key % self._n_zones

    def swept(self, x0_m: Floats, y0_m: Floats, x1_m: Floats, y1_m: Floats) -> tuple[Indices, Indices, Floats]:
        """Return (path, zone, fraction) of every crossing of N straight paths, sorted in this order."""
        path, leaf = self._leaves_along(x0_m, y0_m, x1_m, y1_m)
        hit, entry, at = self._hits(leaf, *(part.take(path) for part in (x0_m, y0_m, x1_m, y1_m)))
        path, edge = path.take(hit), self._edge.take(entry)
        key = path * len(self._edges) + edge
        order = np.argsort(key)
        order = order[np.diff(key.take(order), prepend=-1) != 0]  # an edge may lie in several cells
        path, zone, at = path.take(order), self._edges.zone.take(edge.take(order)), at.take(order)
        order = _sorted(path * self._n_zones + zone, at)
        return path.take(order), zone.take(order), at.take(order)

    def leaf_edges(self) -> tuple[Indices, Indices]:
        """Return every leaf's edges: where each leaf's start (L + 1,), and the edges."""
        return self._edge_start, self._edge

    def _ends(self, edge: Indices) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        e = self._edges
        return (e.ax_m[edge], e.ay_m[edge]), (e.bx_m[edge], e.by_m[edge])

    def _keys(self, owner: Indices, edge: Indices) -> Indices:
        return owner * self._n_zones + self._edges.zone[edge]

    # --- asking -------------------------------------------------------------------------------------------------------

    def _hits(
        self, leaf: Indices, px_m: Floats, py_m: Floats, qx_m: Floats, qy_m: Floats
    ) -> tuple[Indices, Indices, Floats]:
        """Return (which, entry, fraction) of the paths p -> q that cross an entry of the edge list of their leaf."""
        which, entry = ragged.expand(self._edge_start, leaf)
        px, py = px_m.take(which), py_m.take(which)
        dx, dy = (qx_m - px_m).take(which), (qy_m - py_m).take(which)
        ends = self._ends_m.take(entry, axis=0)
        a_left = dx * (ends[:, 1] - py) >= dy * (ends[:, 0] - px)
        b_left = dx * (ends[:, 3] - py) >= dy * (ends[:, 2] - px)
        some = np.flatnonzero(a_left != b_left)  # most edges lie on one side of the path: the rest is for the others
        which, entry, (ax, ay, bx, by) = which[some], entry[some], ends[some].T
        hit, at = crossings((px[some], py[some]), (qx_m[which], qy_m[which]), (ax, ay), (bx, by))
        return which[hit], entry[hit], at[hit]

    def _leaf_at(self, x_m: Floats, y_m: Floats) -> Indices:
        """Return the leaves of points in the square, (N,)."""
        scale = 2**self._level / self._size_m
        ix, iy = ((x_m - self._x_m) * scale).astype(np.intp), ((y_m - self._y_m) * scale).astype(np.intp)
        leaf = self._leaf_of_cell.take(iy << self._level | ix).astype(np.intp)
        deep = np.flatnonzero(leaf < 0)
        if len(deep):
            leaf[deep] = self._search(x_m[deep], y_m[deep])
        return leaf

    def _search(self, x_m: Floats, y_m: Floats) -> Indices:
        scale = 2**DEPTH / self._size_m
        code = _interleave(((x_m - self._x_m) * scale).astype(np.int64), ((y_m - self._y_m) * scale).astype(np.int64))
        return np.searchsorted(self._code, code, side="right") - 1

    def _leaves_along(self, x0_m: Floats, y0_m: Floats, x1_m: Floats, y1_m: Floats) -> tuple[Indices, Indices]:
        """Return the (path, leaf) pairs of the leaves that paths pass, hopping from leaf to leaf."""
        dx_m, dy_m = x1_m - x0_m, y1_m - y0_m
        at, until = self._clip(x0_m, y0_m, dx_m, dy_m)
        path = np.flatnonzero(at <= until)  # NaN compares false
        x0, y0, dx, dy, at, until = x0_m[path], y0_m[path], dx_m[path], dy_m[path], at[path], until[path]
        nudge = NUDGE_M / np.maximum(np.hypot(dx, dy), NUDGE_M)
        # A path that moves less than a nudge along an axis has no wall there: the skin covers it, and one slanting by a
        # rounding beside a wall would creep along it nudge by nudge.
        per_x, per_y = (1 / np.where(np.abs(step) < NUDGE_M, np.nan, step) for step in (dx, dy))
        wall_x, wall_y = np.where(dx >= 0, 2, 0), np.where(dy >= 0, 3, 1)  # of _walls_m, towards which the path goes
        paths, leaves = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        while len(path):
            leaf = self._leaf_at(x0 + at * dx, y0 + at * dy)
            paths.append(path)
            leaves.append(leaf)
            x_at = (self._walls_m.take(4 * leaf + wall_x) - x0) * per_x
            y_at = (self._walls_m.take(4 * leaf + wall_y) - y0) * per_y
            at = np.maximum(np.fmin(x_at, y_at), at) + nudge
            on = np.flatnonzero(at < until)
            path, wall_x, wall_y = path[on], wall_x[on], wall_y[on]
            x0, y0, dx, dy, at, until = x0[on], y0[on], dx[on], dy[on], at[on], until[on]
            nudge, per_x, per_y = nudge[on], per_x[on], per_y[on]
        return np.concatenate(paths), np.concatenate(leaves)

    def _clip(self, x0_m: Floats, y0_m: Floats, dx_m: Floats, dy_m: Floats) -> tuple[Floats, Floats]:
        """Return the fractions between which paths are in the square (Liang, Barsky 1984); at > until if never."""
        at, until = np.zeros(len(x0_m)), np.ones(len(x0_m))
        for start, step, corner in ((x0_m, dx_m, self._x_m), (y0_m, dy_m, self._y_m)):
            low, high = corner + NUDGE_M, corner + self._size_m - NUDGE_M  # so that no rounding leads outside
            with np.errstate(divide="ignore", invalid="ignore"):
                a, b = (low - start) / step, (high - start) / step
            still = step == 0
            within = (start >= low) & (start < high)
            at = np.where(still, np.where(within, at, np.inf), np.maximum(at, np.minimum(a, b)))
            until = np.where(still, until, np.minimum(until, np.maximum(a, b)))
        return at, until

    # --- building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        cells = self._root()
        done: list[tuple[int, _Cells]] = []
        for level in range(DEPTH + 1):
            full = np.bincount(cells.edge_cell, minlength=len(cells.ix)) > LEAF_EDGES
            if level == DEPTH:
                full[:] = False
            done.append((level, _subset(cells, ~full)))
            if not full.any():
                break
            cells = self._split(_subset(cells, full), level)
        self._freeze(done)

    def _root(self) -> _Cells:
        """Return the square as one cell; a path from outside all edges tells where its reference point lies."""
        every = np.arange(len(self._edges))
        none = np.zeros(len(every), dtype=np.intp)
        x, y = self._reference(0, np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp))
        outside = np.full(len(every), self._x_m - 1.0), np.full(len(every), y[0])
        hit, _ = crossings(outside, (np.full(len(every), x[0]), outside[1]), *self._ends(every))
        zone = ragged.odd(self._edges.zone[hit])
        origin = np.zeros(1, dtype=np.intp)
        return _Cells(origin, origin, none, every, np.zeros(len(zone), dtype=np.intp), zone)

    def _reference(self, level: int, ix: Indices, iy: Indices) -> tuple[Floats, Floats]:
        size_m = self._size_m / 2**level
        return self._x_m + (ix + REFERENCE[0]) * size_m, self._y_m + (iy + REFERENCE[1]) * size_m

    def _split(self, cells: _Cells, level: int) -> _Cells:
        """Return the four children of every cell."""
        ref_x, ref_y = self._reference(level, cells.ix, cells.iy)
        start = ref_x[cells.edge_cell], ref_y[cells.edge_cell]
        ends = self._ends(cells.edge)
        edge_cell, edge, keys = [], [], []
        ix = (2 * cells.ix[:, None] + np.array([0, 1, 0, 1])).ravel()  # children of one cell follow each other
        iy = (2 * cells.iy[:, None] + np.array([0, 0, 1, 1])).ravel()
        to_x, to_y = self._reference(level + 1, ix, iy)
        for quarter in range(4):
            child = 4 * cells.edge_cell + quarter
            hit, _ = crossings(start, (to_x[child], to_y[child]), *ends)
            keys += [
                self._keys(child[hit], cells.edge[hit]),
                (4 * cells.zone_cell + quarter) * self._n_zones + cells.zone,
            ]
            near = self._touches(level + 1, ix[child], iy[child], ends)
            edge_cell.append(child[near])
            edge.append(cells.edge[near])
        key = ragged.odd(np.concatenate(keys))
        in_cell, edges = np.concatenate(edge_cell), np.concatenate(edge)
        order = np.argsort(in_cell, kind="stable")
        return _Cells(ix, iy, in_cell[order], edges[order], key // self._n_zones, key % self._n_zones)

    def _touches(
        self, level: int, ix: Indices, iy: Indices, ends: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]
    ) -> NDArray[np.bool_]:
        """Tell whether edges touch boxes with their skin: neither axis nor the edge's normal separates them."""
        half = self._size_m / 2**level / 2
        reach = half + SKIN_M
        (ax, ay), (bx, by) = ends
        to_x, to_y = (self._x_m - ax) + (2 * ix + 1) * half, (self._y_m - ay) + (2 * iy + 1) * half
        dx, dy = bx - ax, by - ay
        wide, high = np.abs(dx), np.abs(dy)
        return (
            (np.abs(to_x - dx / 2) <= reach + wide / 2)
            & (np.abs(to_y - dy / 2) <= reach + high / 2)
            & (np.abs(dx * to_y - dy * to_x) <= reach * (wide + high))
        )

    def _freeze(self, done: list[tuple[int, _Cells]]) -> None:
        """Lay the leaves of all levels down in the order of their codes."""
        code = np.concatenate([_interleave(c.ix, c.iy) << 2 * (DEPTH - level) for level, c in done])
        order = np.argsort(code)
        place = np.empty(len(order), dtype=np.intp)
        place[order] = np.arange(len(order))
        offset = np.cumsum([0] + [len(c.ix) for _, c in done])
        self._code = code[order]
        reference = [self._reference(level, c.ix, c.iy) for level, c in done]
        self._ref_x_m = np.concatenate([x for x, _ in reference])[order]
        self._ref_y_m = np.concatenate([y for _, y in reference])[order]
        size = np.concatenate([np.full(len(c.ix), self._size_m / 2**level) for level, c in done])[order]
        ix, iy = np.concatenate([c.ix for _, c in done])[order], np.concatenate([c.iy for _, c in done])[order]
        low_x, low_y = self._x_m + ix * size, self._y_m + iy * size
        self._walls_m = np.column_stack([low_x, low_y, low_x + size, low_y + size])
        leaf = place[np.concatenate([c.edge_cell + o for (_, c), o in zip(done, offset, strict=False)])]
        edge = np.concatenate([c.edge for _, c in done])
        by_leaf = np.argsort(leaf, kind="stable")
        self._edge, self._edge_start = edge[by_leaf], ragged.starts(leaf, len(order))
        a_m, b_m = self._ends(self._edge)
        self._ends_m = np.column_stack([*a_m, *b_m])  # side by side as questions come, for the cache's sake
        leaf = place[np.concatenate([c.zone_cell + o for (_, c), o in zip(done, offset, strict=False)])]
        zone = np.concatenate([c.zone for _, c in done])
        by_leaf = np.argsort(leaf, kind="stable")
        self._zone, self._zone_start = zone[by_leaf], ragged.starts(leaf, len(order))
        self._tabulate(np.concatenate([np.full(len(c.ix), level) for level, c in done])[order])

    def _tabulate(self, level: Indices) -> None:
        """Lay a grid over the square that names the leaf of each of its cells; -1 where there are several."""
        self._level = min(int(np.log2(len(level)) / 2) + 2, TABLE_LEVEL)
        code = _interleave(*np.divmod(np.arange(4**self._level), 2**self._level)[::-1])
        leaf = np.searchsorted(self._code, code << 2 * (DEPTH - self._level), side="right") - 1
        self._leaf_of_cell = np.where(level[leaf] <= self._level, leaf, -1).astype(np.int32)


def _sorted(key: Indices, at: Floats) -> Indices:
    """Return what lexsort((at, key)) does, sorting in full only what shares a key."""
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    twice = np.flatnonzero(np.append(same, False) | np.append(False, same)) if len(key) else np.empty(0, dtype=np.intp)
    order[twice] = order[twice][np.lexsort((at[order[twice]], key[order[twice]]))]
    return order


def _square(edges: Edges) -> tuple[float, float, float]:
    """Return the corner and the side of a square around all edges."""
    if not len(edges):
        return 0.0, 0.0, 1.0
    low_x, low_y = min(edges.ax_m.min(), edges.bx_m.min()), min(edges.ay_m.min(), edges.by_m.min())
    high_x, high_y = max(edges.ax_m.max(), edges.bx_m.max()), max(edges.ay_m.max(), edges.by_m.max())
    size_m = max(high_x - low_x, high_y - low_y) + 20.0
    return float(low_x) - 10.0, float(low_y) - 10.0, float(size_m)


def _interleave(ix: NDArray[np.int64], iy: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the Morton code of cell numbers below 2**20: the bits of x and y in turn."""
    return _spread(ix) | _spread(iy) << 1


def _spread(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    spread = bits.astype(np.int64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        spread = (spread | spread << shift) & mask
    return spread


def _subset(cells: _Cells, keep: NDArray[np.bool_]) -> _Cells:
    number = np.cumsum(keep) - 1
    with_edge, with_zone = keep[cells.edge_cell], keep[cells.zone_cell]
    return _Cells(
        cells.ix[keep],
        cells.iy[keep],
        number[cells.edge_cell[with_edge]],
        cells.edge[with_edge],
        number[cells.zone_cell[with_zone]],
        cells.zone[with_zone],
    )
