"""Chains: edges as runs of vertices, and pieces that stand for many edges where a boundary is smooth.

Every FAN edges of a chain make a stretch of level 1, every FAN of these one of level 2, and so on; an edge is a stretch
of level 0 and named by its first vertex. A stretch lies within its width of its chord. Pieces are the longest stretches
that are slender: who asks which edges a path crosses asks the pieces first, and of these only the stretches that the
path meets (Ballard, Strip trees, CACM 1981). So what has to be looked at hardly grows with the number of vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Indices, Mask
from detector.geometry import ragged
from detector.geometry.edges import Edges
from detector.geometry.segments import Paths, crossings, distance_to_segment

FAN = 8
SLENDER = 1 / 8  # of its chord is a piece wide at most, ...
WIDEST_M = 20.0  # ... and no more than this
MARGIN_M = 0.001  # for rounding


@dataclass(frozen=True, slots=True)
class _Level:
    """The stretches of one level: first and last vertex, first stretch of the level below, width."""

    first: NDArray[np.int32]
    last: NDArray[np.int32]
    child: NDArray[np.int32]
    width_m: NDArray[np.float32]


class Chains:
    """E edges as chains of V vertices, and as P pieces of them; zone after zone, ring after ring."""

    def __init__(self, edges: Edges, *, widest_m: float = WIDEST_M) -> None:
        begins = _begins(edges)
        chain = np.cumsum(begins) - 1
        vertex = np.arange(len(edges)) + chain  # the first of each edge
        self._place_m = np.empty((len(edges) + begins.sum(), 2))  # side by side, for they are asked for together
        self.x_m[vertex], self.y_m[vertex] = edges.ax_m, edges.ay_m
        self.x_m[vertex + 1], self.y_m[vertex + 1] = edges.bx_m, edges.by_m
        n_edges = np.bincount(chain)
        self._levels: list[_Level] = []
        while FAN ** len(self._levels) < n_edges.max(initial=0):
            self._levels.append(self._next_level(vertex[begins], n_edges))
        *numbers, width_m = self._pieces(vertex, widest_m)
        self.width_m = width_m.copy()  # a view would hold all the others
        self.first, self.last, self.level, self.stretch = (column.astype(np.intp) for column in numbers)
        self.zone = edges.zone[np.searchsorted(vertex, self.first)]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def x_m(self) -> Floats:
        """Where the vertices lie eastwards, (V,), a view."""
        return self._place_m[:, 0]

    @property
    def y_m(self) -> Floats:
        """Where the vertices lie northwards, (V,), a view."""
        return self._place_m[:, 1]

    def crossed(self, piece: Indices, paths: Paths) -> tuple[Indices, Indices, Floats]:
        """Return (which, edge, fraction) of the edges of N pieces that paths, one for each piece, cross.

        What counts as crossed, and where parities are right, is for `segments.crossings` to say.
        """
        level, met, which = self.level.take(piece), self.stretch.take(piece), np.arange(len(piece))
        for number in range(level.max(initial=0), 0, -1):
            here = np.flatnonzero(level == number)
            of, child = self._meet(number, met.take(here), paths.take(which.take(here)))
            rest = np.flatnonzero(level != number)
            level = np.concatenate([level.take(rest), np.full(len(of), number - 1)])
            met = np.concatenate([met.take(rest), child])
            which = np.concatenate([which.take(rest), which.take(here.take(of))])
        a_m, b_m = (self._place_m.take(met + end, axis=0).T for end in (0, 1))
        hit, at = crossings(paths.take(which), *a_m, *b_m)
        return which.take(hit), met.take(hit), at

    def _meet(self, number: int, stretch: Indices, paths: Paths) -> tuple[Indices, Indices]:
        """Return (which, child) of the children of stretches that the lines of paths may cross."""
        level, part = self._levels[number - 1], np.arange(FAN + 1, dtype=np.int32)[:, None]
        corner = level.first.take(stretch) + FAN ** (number - 1) * part
        np.minimum(corner, level.last.take(stretch), out=corner)
        place_m = self._place_m.take(corner, axis=0)
        side = paths.side(place_m[..., 0], place_m[..., 1])  # (FAN + 1, N)
        child = level.child.take(stretch) + part[:-1]
        width_m = self._levels[number - 2].width_m.take(child, mode="clip") if number > 1 else 0.0
        reach = paths.length_m * (width_m + MARGIN_M)
        met = np.minimum(side[1:], side[:-1]) <= reach
        met &= np.maximum(side[1:], side[:-1]) >= -reach
        met &= corner[1:] > corner[:-1]
        which = np.flatnonzero(met)
        return ragged.split(which, len(stretch))[1], child.ravel().take(which).astype(np.intp)

    def _next_level(self, first: Indices, n_edges: Indices) -> _Level:
        """Return one more level, over chains that begin at `first` and have so many edges."""
        span = FAN ** len(self._levels)
        n_below, n = -(-n_edges // span), -(-n_edges // (span * FAN))
        chain = np.repeat(np.arange(len(n)), n)
        nth = np.arange(len(chain)) - (np.cumsum(n) - n)[chain]
        begin = first[chain] + nth * span * FAN
        end = np.minimum(begin + span * FAN, (first + n_edges)[chain])
        child = (np.cumsum(n_below) - n_below)[chain] + nth * FAN if self._levels else begin
        width_m = np.full(len(chain), MARGIN_M)
        for part in range(1, FAN):
            corner = self._places(np.minimum(begin + part * span, end))
            off_m = distance_to_segment(corner, self._places(begin), self._places(end))
            width_m = np.maximum(width_m, off_m + MARGIN_M)
        if self._levels:  # what lies close to chords whose ends lie close
            width_m += np.maximum.reduceat(self._levels[-1].width_m, child)
        i4, f4 = np.int32, np.float32
        return _Level(begin.astype(i4), end.astype(i4), child.astype(i4), width_m.astype(f4))

    def _pieces(self, edge: Indices, widest_m: float) -> Floats:
        """Return first and last vertex, level, place in it and width of the longest slender stretches, (5, P)."""
        taken: Mask = np.zeros(len(self._levels[-1].first) if self._levels else len(edge), dtype=bool)
        pieces: list[Floats] = []
        for number in range(len(self._levels), 0, -1):
            level = self._levels[number - 1]
            length_m = np.hypot(*(place[level.last] - place[level.first] for place in (self.x_m, self.y_m)))
            slender = ~taken & (level.width_m <= np.minimum(SLENDER * length_m, widest_m))
            ends = np.append(level.child[1:], len(self._levels[number - 2].first))
            taken = np.repeat(taken | slender, level.last - level.first if number == 1 else ends - level.child)
            some = np.flatnonzero(slender)
            columns = level.first[some], level.last[some], np.full(len(some), number), some, level.width_m[some]
            pieces.append(np.stack(columns))
        some = edge[~taken]
        pieces.append(np.stack([some, some + 1, np.zeros(len(some)), some, np.zeros(len(some))]))
        every = np.concatenate(pieces, axis=1)
        return every[:, np.argsort(every[0], kind="stable")]

    def _places(self, vertex: Indices) -> Floats:
        return self._place_m[vertex]


def _begins(edges: Edges) -> Mask:
    """Tell which edges do not go on where the one before ended."""
    begins = np.ones(len(edges), dtype=bool)
    begins[1:] = edges.ring[1:] != edges.ring[:-1]
    begins[1:] |= (edges.ax_m[1:] != edges.bx_m[:-1]) | (edges.ay_m[1:] != edges.by_m[:-1])
    return begins
