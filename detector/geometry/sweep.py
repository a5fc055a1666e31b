"""The sweep: which pieces of boundaries straight paths may cross.

For squares of many sizes, all over the plane, there are lists of the bundles that touch them. A path lies within the
square of the next larger size around its middle, so one list tells all that it may meet, and each once. Sizes go down
by the square root of two, and the middles of squares lie half a size apart; bundles listed for a size are not much
larger than it, or single pieces.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Indices
from detector.geometry import ragged
from detector.geometry.bundles import Bundles
from detector.geometry.chains import MARGIN_M, Chains
from detector.geometry.quadtree import Square
from detector.geometry.segments import Paths

SIZES = 21  # at most: the smallest is a thousandth of the whole
LARGE = 2.0  # times the size of its square is a bundle at most
DENSITY = 2  # middles of squares along each side of one


class Sweep:
    """The lists of all sizes, one after the other. The first square is the whole plane."""

    def __init__(self, chains: Chains, bundles: Bundles, square: Square) -> None:
        self._chains, self._bundles, self._square = chains, bundles, square
        n_sizes = min(int(np.log2(len(chains) + 1)) + 2, SIZES)
        self._size_m = square.size_m / np.sqrt(2.0) ** np.arange(n_sizes)
        self._per_m = DENSITY / self._size_m
        self._per_m[0] = 0.0  # one square
        self._n = np.ceil(self._per_m * square.size_m).astype(np.intp) + 2  # along an axis, with one more on both sides
        self._first = ragged.begins(self._n**2)
        node = bundles.tops
        lists, items = [np.full(len(node), 3)], [node]  # the last of its two times two
        for k in range(1, n_sizes):
            node = bundles.split(node, LARGE * self._size_m[k])
            which, item = self._touched(k, node)
            order = np.argsort(which, kind="stable")
            lists.append(self._first[k] + which[order])
            items.append(item[order])
        self._item = np.concatenate(items).astype(np.int32)
        self._start = ragged.starts(np.concatenate(lists), int((self._n**2).sum())).astype(np.int32)

    def met(self, paths: Paths) -> tuple[Indices, Indices]:
        """Return (path, piece) of the pieces that the lines of N paths may cross; of those with NaN, none."""
        reach_m = np.maximum(np.abs(paths.dx_m), np.abs(paths.dy_m))
        halvings = 2 * np.log2(self._square.size_m / np.clip(reach_m, self._size_m[-1], self._square.size_m))
        k = np.fmax(halvings, 0).astype(np.intp)
        per_m, n = self._per_m.take(k), self._n.take(k)
        column, line = (
            np.fmin(np.fmax(((p_m + q_m) / 2 - corner_m) * per_m + 1, 0), n - 1).astype(np.intp)
            for p_m, q_m, corner_m in (
                (paths.px_m, paths.qx_m, self._square.x_m),
                (paths.py_m, paths.qy_m, self._square.y_m),
            )
        )  # those far outside belong to the squares at the sides
        which = self._first.take(k) + line * n + column
        begin = self._start.take(which)
        count = self._start.take(which + 1) - begin
        path = np.flatnonzero(count > 0)
        of, item = ragged.expand(begin.take(path), count.take(path))
        of, piece = self._bundles.met(of, self._item.take(item), paths.take(path))
        return path.take(of), piece

    def _touched(self, k: int, node: Indices) -> tuple[Indices, Indices]:
        """Return (square, node) of the squares of a size that nodes touch."""
        size_m, n = self._size_m[k], self._n[k]
        part, low_m, high_m = self._parts(node, size_m)
        low, high = (
            np.clip(np.floor((corner_m - self._square.origin_m) * self._per_m[k]).astype(np.intp) + 1, 0, n - 1)
            for corner_m in (low_m - size_m / 2, high_m + size_m / 2)
        )
        wide, tall = high - low + 1
        which, nth = ragged.expand(np.zeros_like(wide), wide * tall)
        up, aside = np.divmod(nth, wide.take(which))
        square = (low[1].take(which) + up) * n + low[0].take(which) + aside
        if len(part) == len(node):
            return square, node.take(which)
        key = np.unique(square * len(node) + part.take(which))  # parts of a piece share squares
        return key // len(node), node.take(key % len(node))

    def _parts(self, node: Indices, size_m: float) -> tuple[Indices, Floats, Floats]:
        """Return (nth node, lower left and upper right corner) of nodes, of long pieces part by part."""
        low_m, high_m = self._bundles.corners_m(node)
        n_parts = np.ones(len(node), dtype=np.intp)
        long = np.flatnonzero(node < self._bundles.n_pieces)
        n_parts[long] = np.ceil((high_m - low_m)[:, long].max(axis=0, initial=0.0) / size_m)
        of, nth = ragged.expand(np.zeros_like(n_parts), n_parts)
        low_m, high_m = low_m[:, of], high_m[:, of]
        some = np.flatnonzero(n_parts[of] > 1)
        of_some, c = node[of[some]], self._chains
        from_m, to_m = (np.stack([c.x_m[end[of_some]], c.y_m[end[of_some]]]) for end in (c.first, c.last))
        ends_m = [from_m + (nth[some] + end) / n_parts[of[some]] * (to_m - from_m) for end in (0, 1)]
        aside_m = c.width_m[of_some] + MARGIN_M
        low_m[:, some], high_m[:, some] = np.minimum(*ends_m) - aside_m, np.maximum(*ends_m) + aside_m
        return of, low_m, high_m
