"""Crossings: where boundaries cross or touch themselves, on the lines as zone files draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from detector.airspace.zones import Zone
from detector.arrays import Floats, Indices, Mask
from detector.geometry.chains import Chains
from detector.geometry.edges import Edges
from detector.geometry.quadtree import Square, grow
from detector.geometry.segments import orientation
from detector.outlines.drawn import Plane

OVERSHOOT_M = 0.01  # less is rounding, of a border that parts share or of a file's decimals
CHUNK = 4_000_000  # candidate pairs at once
TINY_M = 1e-9  # two places of a file may be one on the plane
APART_M = 10.0
SHEET = 20_000  # lines judged at once: few calls for many small zones, and arrays that a cache holds


@dataclass(frozen=True, slots=True, order=True)
class Crossing:
    """One place where two lines of a zone properly cross; rings count through its parts, lines through a ring."""

    ring: int
    line: int
    other_ring: int
    other_line: int
    lon_deg: float
    lat_deg: float


@dataclass(slots=True)
class Meetings:
    """Where the lines of a zone meet that do not follow each other in a ring."""

    crossings: list[Crossing] = field(default_factory=list)  # in the order of lines
    touching: set[tuple[int, int]] = field(default_factory=set)  # rings, perhaps one and the same, that may touch


def meetings(zones: Sequence[Zone]) -> list[Meetings]:
    """Return, for each zone, every place where its boundary properly crosses itself, and which rings touch.

    Rings touch that share a place, or part of a line, within OVERSHOOT_M. One that neither crosses nor touches itself
    goes around once.
    """
    lines = np.cumsum([sum(len(ring) for polygon in zone.polygons for ring in polygon) for zone in zones])
    sheets = np.flatnonzero(np.diff(lines // SHEET, prepend=0)).tolist()
    return [found for i, j in pairwise([0, *sheets, len(zones)]) for found in _on_one_sheet(zones[i:j])]


def self_crossings(zones: Sequence[Zone]) -> list[list[Crossing]]:
    """Return, for each zone, every place where its boundary properly crosses itself, in the order of its lines."""
    return [met.crossings for met in meetings(zones)]


def _on_one_sheet(zones: Sequence[Zone]) -> list[Meetings]:
    drawn = _Drawn(zones)
    chains = Chains(drawn.edges, widest_m=0.0)  # every line a piece
    leaves = grow(chains, len(zones), Square.around(chains))
    pairs = [drawn.meeting(*pair) for pair in _pairs(leaves.piece_start, leaves.piece)]
    crossing, touching = (_unique([each[n] for each in pairs]) for n in (0, 1))
    found = [Meetings() for _ in zones]
    for one, two in crossing:
        found[drawn.edges.zone[one]].crossings.append(drawn.crossing(one, two))
    for zone, *rings in np.unique(drawn.rings(touching), axis=0).tolist():
        found[zone].touching.add((rings[0], rings[1]))
    return found


def _unique(pairs: Sequence[tuple[Indices, Indices]]) -> Indices:
    """Return pairs of lines once each, (N, 2): lines may share several leaves."""
    both = np.concatenate([np.empty((0, 2), dtype=np.intp), *map(np.column_stack, pairs)])
    return np.unique(np.sort(both), axis=0)


class _Drawn:
    """The lines of zones, each zone in its own plane and all planes on one sheet, so far apart that none meet."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._planes = [Plane(zone) for zone in zones]
        rings = [
            (z, r, self._planes[z].draw(ring))
            for z, zone in enumerate(zones)
            for r, ring in enumerate(ring for polygon in zone.polygons for ring in polygon)
        ]
        sizes = [len(ring) - 1 for *_, ring in rings]
        a = np.concatenate([np.empty((0, 2)), *(ring[:-1] for *_, ring in rings)])
        b = np.concatenate([np.empty((0, 2)), *(ring[1:] for *_, ring in rings)])
        zone, ring = (np.repeat(np.array([each[n] for each in rings], dtype=np.intp), sizes) for n in (0, 1))
        line = np.arange(len(a)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        some = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1) & (a != b).any(axis=1)
        a, b, zone = a[some], b[some], zone[some]
        self._ring, self._line = ring[some], line[some]
        self._next = _next(zone, self._ring)
        self._shift_m = _apart(a, zone, len(zones))
        (ax, ay), (bx, by) = (a + self._shift_m[zone]).T, (b + self._shift_m[zone]).T
        nowhere = np.empty((0, 3))  # nobody asks for places on Earth
        self.edges = Edges(ax, ay, bx, by, nowhere, nowhere, zone, self._ring)

    def meeting(self, one: Indices, two: Indices) -> tuple[tuple[Indices, Indices], tuple[Indices, Indices]]:
        """Return which pairs of lines cross, and which touch.

        Of two that cross, each reaches OVERSHOOT_M beyond the other on both sides.
        """
        crosses = np.ones(len(one), dtype=bool)
        for _ in range(2):
            a_off_m, b_off_m = _offsets(self.edges, one, two)
            aside = np.minimum(np.abs(a_off_m), np.abs(b_off_m)) > OVERSHOOT_M
            opposite = a_off_m * b_off_m < 0
            meets = opposite | ~aside
            crosses = (crosses & opposite & aside)[meets]
            one, two = two[meets], one[meets]
        touches = ~crosses & (self._next[one] != two) & (self._next[two] != one) & self._side_by_side(one, two)
        return (one[crosses], two[crosses]), (one[touches], two[touches])

    def _side_by_side(self, one: Indices, two: Indices) -> Mask:
        """Tell which lines have boxes that touch: others along the same line need not."""
        e = self.edges
        near = np.ones(len(one), dtype=bool)
        for a, b in ((e.ax_m, e.bx_m), (e.ay_m, e.by_m)):
            low, high = np.minimum(a, b) - OVERSHOOT_M, np.maximum(a, b)
            near &= (low[one] <= high[two]) & (low[two] <= high[one])
        return near

    def rings(self, pairs: Indices) -> Indices:
        """Return the zone and both rings of pairs of lines of one zone, (N, 3)."""
        return np.column_stack([self.edges.zone[pairs[:, 0]], np.sort(self._ring[pairs])])

    def crossing(self, one: int, two: int) -> Crossing:
        e, zone = self.edges, self.edges.zone[one]
        a_off_m, b_off_m = _offsets(e, np.array([one]), np.array([two]))
        at = float((a_off_m / (a_off_m - b_off_m))[0])
        x_m = e.ax_m[one] + at * (e.bx_m[one] - e.ax_m[one]) - self._shift_m[zone, 0]
        y_m = e.ay_m[one] + at * (e.by_m[one] - e.ay_m[one]) - self._shift_m[zone, 1]
        rings = int(self._ring[one]), int(self._line[one]), int(self._ring[two]), int(self._line[two])
        return Crossing(*rings, *self._planes[zone].place(x_m, y_m))


def _next(zone: Indices, ring: Indices) -> Indices:
    """Return which line follows each in its ring."""
    after = np.arange(1, len(ring) + 1)
    first = np.flatnonzero((np.diff(zone, prepend=-1) != 0) | (np.diff(ring, prepend=-1) != 0))
    after[np.append(first[1:], len(ring))[: len(first)] - 1] = first
    return after


def _apart(points: Floats, zone: Indices, n_zones: int) -> Floats:
    """Return how far to shift each zone, (Z, 2), so that none meet: in rows, the highest first."""
    low, high = np.full((n_zones, 2), np.inf), np.full((n_zones, 2), -np.inf)
    np.minimum.at(low, zone, points)
    np.maximum.at(high, zone, points)
    low[np.isinf(low)] = high[np.isinf(high)] = 0.0
    size_m = high - low + APART_M
    row_m = np.sqrt(size_m.prod(axis=1).sum())
    shift_m, x_m, y_m, next_m = -low, 0.0, 0.0, 0.0
    for z in np.argsort(-size_m[:, 1], kind="stable"):
        if x_m > row_m:
            x_m, y_m = 0.0, next_m
        if x_m == 0:
            next_m = y_m + size_m[z, 1]
        shift_m[z] += x_m, y_m
        x_m += size_m[z, 0]
    return shift_m


def _pairs(start: Indices, line: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Yield every pair of lines that share a leaf, about CHUNK at a time."""
    leaf = np.repeat(np.arange(len(start) - 1), np.diff(start))
    later = start[leaf + 1] - np.arange(len(line)) - 1  # the entries that follow each in its leaf
    upto = np.cumsum(later)
    cuts = np.searchsorted(upto, np.arange(CHUNK, upto[-1] if len(upto) else 0, CHUNK))
    for entry in np.split(np.arange(len(line)), cuts):
        count = later[entry]
        one = np.repeat(entry, count)
        two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        yield line[one], line[two]


def _offsets(lines: Edges, line: Indices, base: Indices) -> tuple[Floats, Floats]:
    """Return how far both ends of lines lie to the left of others."""
    ax, ay, bx, by = lines.ax_m[base], lines.ay_m[base], lines.bx_m[base], lines.by_m[base]
    length_m = np.maximum(np.hypot(bx - ax, by - ay), TINY_M)
    a_side = orientation(ax, ay, bx, by, lines.ax_m[line], lines.ay_m[line])
    b_side = orientation(ax, ay, bx, by, lines.bx_m[line], lines.by_m[line])
    return a_side / length_m, b_side / length_m
