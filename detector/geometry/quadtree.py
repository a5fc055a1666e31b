"""The quadtree: a square around all edges, parted until few pieces of boundaries touch each leaf.

A leaf knows which pieces touch it and which zones its reference point is inside of. The tree adapts to the density of
pieces, so what a leaf has to tell hardly grows with the number of vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Indices, Mask
from detector.geometry import ragged
from detector.geometry.chains import Chains
from detector.geometry.segments import Paths, crossings, distance_to_segment

Ends = tuple[tuple[Floats, Floats], tuple[Floats, Floats]]

LEAF_PIECES = 3
BROAD = 1 / 4  # of a cell: where pieces are as wide, parting it does not part them
SPREAD = 16  # leaves a piece may touch on average before the splitting ends; real borders touch 1.5, hairy stars 15
ROOM = 100_000  # more of such pairs, however few pieces there are
DEPTH = 20  # levels: a root of 10,000 km has cells of 10 m
SKIN_M = 0.01  # cells know the pieces this close around them, whatever rounding does
REFERENCE = (0.4142, 0.5858)  # of a cell; off its middle, where edges of drawn shapes like to lie


@dataclass(frozen=True, slots=True)
class Square:
    """The square that the tree parts."""

    x_m: float
    y_m: float
    size_m: float

    @classmethod
    def around(cls, chains: Chains) -> Square:
        """Return a square around all edges, with room to spare."""
        if not len(chains):
            return cls(0.0, 0.0, 1.0)
        low_x, low_y, high_x, high_y = chains.x_m.min(), chains.y_m.min(), chains.x_m.max(), chains.y_m.max()
        size_m = max(high_x - low_x, high_y - low_y) + 20.0
        return cls(float(low_x) - 10.0, float(low_y) - 10.0, float(size_m))

    @property
    def origin_m(self) -> Floats:
        """Its lower left corner, (2, 1)."""
        return np.array([[self.x_m], [self.y_m]])

    def reference(self, level: Indices | int, ix: Indices, iy: Indices) -> tuple[Floats, Floats]:
        """Return the reference points of cells (C,)."""
        size_m = self.size_m / 2**level
        return self.x_m + (ix + REFERENCE[0]) * size_m, self.y_m + (iy + REFERENCE[1]) * size_m


@dataclass(frozen=True, slots=True)
class Leaves:
    """L leaves in the order of their Morton codes, with their (leaf, piece) and (leaf, zone) pairs, by leaf."""

    code: Indices  # (L,) of the lower left corner, at DEPTH
    level: Indices  # (L,)
    ix: Indices  # (L,) at that level
    iy: Indices
    piece_start: Indices  # (L + 1,)
    piece: Indices  # ascending within a leaf
    zone_start: Indices  # (L + 1,)
    zone: Indices


@dataclass(frozen=True, slots=True)
class _Cells:
    """C cells of one level with the (cell, piece) and (cell, zone its reference point is inside of) pairs, by cell."""

    level: int
    ix: Indices
    iy: Indices
    piece_cell: Indices
    piece: Indices
    zone_cell: Indices
    zone: Indices

    def take(self, keep: Mask) -> _Cells:
        """Return the cells to keep, (C,)."""
        number = np.cumsum(keep) - 1
        with_piece, with_zone = keep[self.piece_cell], keep[self.zone_cell]
        return _Cells(
            self.level,
            self.ix[keep],
            self.iy[keep],
            number[self.piece_cell[with_piece]],
            self.piece[with_piece],
            number[self.zone_cell[with_zone]],
            self.zone[with_zone],
        )


def grow(chains: Chains, n_zones: int, square: Square) -> Leaves:
    """Return the leaves of a tree over the pieces of the boundaries of Z zones.

    Borders that more than LEAF_PIECES zones share cannot be parted; the splitting ends before it grinds them to dust.
    """
    cells = _root(chains, square)
    done: list[_Cells] = []
    while True:
        slim = chains.width_m[cells.piece] < BROAD * square.size_m / 2**cells.level
        full = np.bincount(cells.piece_cell[slim], minlength=len(cells.ix)) > LEAF_PIECES
        pairs = len(cells.piece) + sum(len(leaves.piece) for leaves in done)
        if cells.level == DEPTH or pairs > SPREAD * len(chains) + ROOM:
            full[:] = False
        done.append(cells.take(~full))
        if not full.any():
            return _in_order(done)
        cells = _split(cells.take(full), chains, n_zones, square)


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


def _root(chains: Chains, square: Square) -> _Cells:
    """Return the square as one cell; a path from outside all edges tells where its reference point lies."""
    every = np.arange(len(chains))
    none = np.zeros(len(every), dtype=np.intp)
    origin = np.zeros(1, dtype=np.intp)
    x, y = square.reference(0, origin, origin)
    way = Paths(*(np.full(len(every), place) for place in (square.x_m - 1.0, y[0], x[0], y[0])))
    zone = ragged.odd(chains.zone[chains.crossed(every, way)[0]])
    return _Cells(0, origin, origin, none, every, np.zeros(len(zone), dtype=np.intp), zone)


def _split(cells: _Cells, chains: Chains, n_zones: int, square: Square) -> _Cells:
    """Return the four children of every cell."""
    level = cells.level + 1
    ref_x, ref_y = square.reference(cells.level, cells.ix, cells.iy)
    start = ref_x[cells.piece_cell], ref_y[cells.piece_cell]
    ends, width_m = _ends(chains, cells.piece), chains.width_m[cells.piece]
    piece_cell, piece, keys = [], [], []
    ix = (2 * cells.ix[:, None] + np.array([0, 1, 0, 1])).ravel()  # children of one cell follow each other
    iy = (2 * cells.iy[:, None] + np.array([0, 0, 1, 1])).ravel()
    to_x, to_y = square.reference(level, ix, iy)
    for quarter in range(4):
        child = 4 * cells.piece_cell + quarter
        hit = _parts(chains, cells.piece, Paths(*start, to_x[child], to_y[child]), ends, width_m)
        keys += [
            child[hit] * n_zones + chains.zone[cells.piece[hit]],
            (4 * cells.zone_cell + quarter) * n_zones + cells.zone,
        ]
        near = _touches(square, level, ix[child], iy[child], ends, width_m)
        piece_cell.append(child[near])
        piece.append(cells.piece[near])
    key = ragged.odd(np.concatenate(keys))
    in_cell, piece_of = np.concatenate(piece_cell), np.concatenate(piece)
    order = np.argsort(in_cell, kind="stable")
    return _Cells(level, ix, iy, in_cell[order], piece_of[order], key // n_zones, key % n_zones)


def _parts(chains: Chains, piece: Indices, paths: Paths, ends: Ends, width_m: Floats) -> Mask:
    """Tell which pieces paths, one for each, cross an odd number of times.

    A piece and its chord enclose what lies within its width, so a path with both ends beyond it parts them alike.
    """
    odd = np.zeros(len(piece), dtype=bool)
    odd[crossings(paths, *ends[0], *ends[1])[0]] = True
    thick = np.flatnonzero(chains.level[piece] > 0)
    a, b = (np.column_stack(end)[thick] for end in ends)
    places = (paths.px_m, paths.py_m), (paths.qx_m, paths.qy_m)
    off_m = [distance_to_segment(np.column_stack(place)[thick], a, b) for place in places]
    unsure = thick[np.minimum(*off_m) <= width_m[thick]]
    which, _, _ = chains.crossed(piece[unsure], paths.take(unsure))
    odd[unsure] = np.bincount(which, minlength=len(unsure)) % 2 == 1
    return odd


def _touches(square: Square, level: int, ix: Indices, iy: Indices, ends: Ends, width_m: Floats) -> Mask:
    """Tell whether pieces touch boxes with their skin: neither axis nor the chord's normal separates them."""
    half = square.size_m / 2**level / 2
    reach = half + SKIN_M + width_m
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
    piece_leaf = place[np.concatenate([c.piece_cell + o for c, o in zip(done, offset, strict=False)])]
    zone_leaf = place[np.concatenate([c.zone_cell + o for c, o in zip(done, offset, strict=False)])]
    return Leaves(
        code[order],
        level[order],
        ix[order],
        iy[order],
        ragged.starts(piece_leaf, len(order)),
        np.concatenate([c.piece for c in done])[np.argsort(piece_leaf, kind="stable")],
        ragged.starts(zone_leaf, len(order)),
        np.concatenate([c.zone for c in done])[np.argsort(zone_leaf, kind="stable")],
    )


def _ends(chains: Chains, piece: Indices) -> Ends:
    a, b = chains.first[piece], chains.last[piece]
    return (chains.x_m[a], chains.y_m[a]), (chains.x_m[b], chains.y_m[b])
