"""The quadtree: a square around all edges, parted until few edges touch each leaf.

A leaf knows which edges touch it and which zones its reference point is inside of. The tree adapts to the density of
edges, so what a leaf has to tell hardly grows with the number of vertices.
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
Ends = tuple[tuple[Floats, Floats], tuple[Floats, Floats]]

LEAF_EDGES = 8
DEPTH = 20  # levels: a root of 10,000 km has cells of 10 m
SKIN_M = 0.01  # cells know the edges this close around them, so that paths may step from cell to cell with slack
REFERENCE = (0.4142, 0.5858)  # of a cell; off its middle, where edges of drawn shapes like to lie


@dataclass(frozen=True, slots=True)
class Square:
    """The square that the tree parts."""

    x_m: float
    y_m: float
    size_m: float

    @classmethod
    def around(cls, edges: Edges) -> Square:
        """Return a square around all edges, with room to spare."""
        if not len(edges):
            return cls(0.0, 0.0, 1.0)
        low_x, low_y = min(edges.ax_m.min(), edges.bx_m.min()), min(edges.ay_m.min(), edges.by_m.min())
        high_x, high_y = max(edges.ax_m.max(), edges.bx_m.max()), max(edges.ay_m.max(), edges.by_m.max())
        size_m = max(high_x - low_x, high_y - low_y) + 20.0
        return cls(float(low_x) - 10.0, float(low_y) - 10.0, float(size_m))

    def reference(self, level: Indices | int, ix: Indices, iy: Indices) -> tuple[Floats, Floats]:
        """Return the reference points of cells (C,)."""
        size_m = self.size_m / 2**level
        return self.x_m + (ix + REFERENCE[0]) * size_m, self.y_m + (iy + REFERENCE[1]) * size_m


@dataclass(frozen=True, slots=True)
class Leaves:
    """L leaves in the order of their Morton codes, with their (leaf, edge) and (leaf, zone) pairs, by leaf."""

    code: Indices  # (L,) of the lower left corner, at DEPTH
    level: Indices  # (L,)
    ix: Indices  # (L,) at that level
    iy: Indices
    edge_start: Indices  # (L + 1,)
    edge: Indices  # ascending within a leaf
    zone_start: Indices  # (L + 1,)
    zone: Indices


@dataclass(frozen=True, slots=True)
class _Cells:
    """C cells of one level with the (cell, edge) and (cell, zone its reference point is inside of) pairs, by cell."""

    level: int
    ix: Indices
    iy: Indices
    edge_cell: Indices
    edge: Indices
    zone_cell: Indices
    zone: Indices

    def take(self, keep: NDArray[np.bool_]) -> _Cells:
        """Return the cells to keep, (C,)."""
        number = np.cumsum(keep) - 1
        with_edge, with_zone = keep[self.edge_cell], keep[self.zone_cell]
        return _Cells(
            self.level,
            self.ix[keep],
            self.iy[keep],
            number[self.edge_cell[with_edge]],
            self.edge[with_edge],
            number[self.zone_cell[with_zone]],
            self.zone[with_zone],
        )


def grow(edges: Edges, n_zones: int, square: Square) -> Leaves:
    """Return the leaves of a tree over the edges of Z zones."""
    cells = _root(edges, square)
    done = []
    while True:
        full = np.bincount(cells.edge_cell, minlength=len(cells.ix)) > LEAF_EDGES
        if cells.level == DEPTH:
            full[:] = False
        done.append(cells.take(~full))
        if not full.any():
            return _in_order(done)
        cells = _split(cells.take(full), edges, n_zones, square)


def morton(ix: Indices, iy: Indices) -> Indices:
    """Return the Morton code of cell numbers below 2**20: the bits of x and y in turn."""
    return _spread(ix) | _spread(iy) << 1


def _spread(bits: Indices) -> Indices:
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


def _root(edges: Edges, square: Square) -> _Cells:
    """Return the square as one cell; a path from outside all edges tells where its reference point lies."""
    every = np.arange(len(edges))
    none = np.zeros(len(every), dtype=np.intp)
    origin = np.zeros(1, dtype=np.intp)
    x, y = square.reference(0, origin, origin)
    outside = np.full(len(every), square.x_m - 1.0), np.full(len(every), y[0])
    hit, _ = crossings(outside, (np.full(len(every), x[0]), outside[1]), *_ends(edges, every))
    zone = ragged.odd(edges.zone[hit])
    return _Cells(0, origin, origin, none, every, np.zeros(len(zone), dtype=np.intp), zone)


def _split(cells: _Cells, edges: Edges, n_zones: int, square: Square) -> _Cells:
    """Return the four children of every cell."""
    level = cells.level + 1
    ref_x, ref_y = square.reference(cells.level, cells.ix, cells.iy)
    start = ref_x[cells.edge_cell], ref_y[cells.edge_cell]
    ends = _ends(edges, cells.edge)
    edge_cell, edge, keys = [], [], []
    ix = (2 * cells.ix[:, None] + np.array([0, 1, 0, 1])).ravel()  # children of one cell follow each other
    iy = (2 * cells.iy[:, None] + np.array([0, 0, 1, 1])).ravel()
    to_x, to_y = square.reference(level, ix, iy)
    for quarter in range(4):
        child = 4 * cells.edge_cell + quarter
        hit, _ = crossings(start, (to_x[child], to_y[child]), *ends)
        keys += [
            child[hit] * n_zones + edges.zone[cells.edge[hit]],
            (4 * cells.zone_cell + quarter) * n_zones + cells.zone,
        ]
        near = _touches(square, level, ix[child], iy[child], ends)
        edge_cell.append(child[near])
        edge.append(cells.edge[near])
    key = ragged.odd(np.concatenate(keys))
    in_cell, edge_of = np.concatenate(edge_cell), np.concatenate(edge)
    order = np.argsort(in_cell, kind="stable")
    return _Cells(level, ix, iy, in_cell[order], edge_of[order], key // n_zones, key % n_zones)


def _touches(square: Square, level: int, ix: Indices, iy: Indices, ends: Ends) -> NDArray[np.bool_]:
    """Tell whether edges touch boxes with their skin: neither axis nor the edge's normal separates them."""
    half = square.size_m / 2**level / 2
    reach = half + SKIN_M
    (ax, ay), (bx, by) = ends
    to_x, to_y = (square.x_m - ax) + (2 * ix + 1) * half, (square.y_m - ay) + (2 * iy + 1) * half
    dx, dy = bx - ax, by - ay
    wide, high = np.abs(dx), np.abs(dy)
    return (
        (np.abs(to_x - dx / 2) <= reach + wide / 2)
        & (np.abs(to_y - dy / 2) <= reach + high / 2)
        & (np.abs(dx * to_y - dy * to_x) <= reach * (wide + high))
    )


def _in_order(done: list[_Cells]) -> Leaves:
    """Lay the leaves of all levels down in the order of their codes."""
    level = np.concatenate([np.full(len(c.ix), c.level) for c in done])
    ix, iy = np.concatenate([c.ix for c in done]), np.concatenate([c.iy for c in done])
    code = morton(ix, iy) << 2 * (DEPTH - level)
    order = np.argsort(code)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    offset = np.cumsum([0] + [len(c.ix) for c in done])
    edge_leaf = place[np.concatenate([c.edge_cell + o for c, o in zip(done, offset, strict=False)])]
    zone_leaf = place[np.concatenate([c.zone_cell + o for c, o in zip(done, offset, strict=False)])]
    return Leaves(
        code[order],
        level[order],
        ix[order],
        iy[order],
        ragged.starts(edge_leaf, len(order)),
        np.concatenate([c.edge for c in done])[np.argsort(edge_leaf, kind="stable")],
        ragged.starts(zone_leaf, len(order)),
        np.concatenate([c.zone for c in done])[np.argsort(zone_leaf, kind="stable")],
    )


def _ends(edges: Edges, edge: Indices) -> Ends:
    return (edges.ax_m[edge], edges.ay_m[edge]), (edges.bx_m[edge], edges.by_m[edge])
