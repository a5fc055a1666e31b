"""Stretches: what zones have, share and leave between them on lines across the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Indices, Mask
from detector.geometry import ragged
from detector.geometry.edges import Edges

ROUNDING_M = 1.0  # less is how files round: five decimals of a degree are a metre
APART_M = 1e8  # between lines laid end to end: more than a plane is wide


@dataclass(frozen=True, slots=True)
class Stretches:
    """S stretches, line after line; each belongs to two zones, or to `one` and the same."""

    line: Indices
    start_m: Floats  # along the line
    end_m: Floats
    one: Indices
    other: Indices
    spacing_m: float  # from line to line

    def __len__(self) -> int:
        return len(self.line)

    @property
    def width_m(self) -> Floats:
        """How long each is."""
        return self.end_m - self.start_m

    def take(self, some: Indices | Mask) -> Stretches:
        """Return some of the stretches."""
        line, start_m, end_m = self.line[some], self.start_m[some], self.end_m[some]
        return Stretches(line, start_m, end_m, self.one[some], self.other[some], self.spacing_m)


def along_x(edges: Edges, spacing_m: float) -> Stretches:
    """Return the stretches of lines along x that zones have, in the order of where they start."""
    return _scanned(edges.ax_m, edges.ay_m, edges.bx_m, edges.by_m, edges.zone, spacing_m)


def along_y(edges: Edges, spacing_m: float) -> Stretches:
    """Return those of lines along y."""
    return _scanned(edges.ay_m, edges.ax_m, edges.by_m, edges.bx_m, edges.zone, spacing_m)


def _scanned(ax_m: Floats, ay_m: Floats, bx_m: Floats, by_m: Floats, zone: Indices, spacing_m: float) -> Stretches:
    ends_m = np.minimum(ay_m, by_m), np.maximum(ay_m, by_m)
    below, upto = (np.floor(end_m / spacing_m).astype(np.intp) for end_m in ends_m)
    edge, line = ragged.expand(below + 1, upto - below)
    x_m = ax_m[edge] + (line * spacing_m - ay_m[edge]) / (by_m - ay_m)[edge] * (bx_m - ax_m)[edge]
    order = np.lexsort((x_m, zone[edge], line))
    start, end = order[::2], order[1::2]  # rings are closed: a line meets each an even number of times
    order = np.lexsort((x_m[start], line[start]))
    start, end = start[order], end[order]
    return Stretches(line[start], x_m[start], x_m[end], zone[edge[start]], zone[edge[start]], spacing_m)


def overlaps(had: Stretches) -> Indices:
    """Return how many of the stretches after each begin before it ends, (S,)."""
    start, end = had.line * APART_M + had.start_m, had.line * APART_M + had.end_m
    return np.maximum(np.searchsorted(start, end) - np.arange(1, len(had) + 1), 0)


def shared(had: Stretches) -> Stretches:
    """Return what two zones both have, more than ROUNDING_M."""
    one, two = ragged.expand(np.arange(1, len(had) + 1), overlaps(had))
    return _of_two(had, one, two, had.start_m[two], np.minimum(had.end_m[one], had.end_m[two]))


def between(had: Stretches) -> Stretches:
    """Return what lies between two zones and no zone has, more than ROUNDING_M."""
    end = had.line * APART_M + had.end_m
    reach = np.maximum.accumulate(end)
    farthest = np.maximum.accumulate(np.where(end == reach, np.arange(len(had)), 0))
    one, two = farthest[:-1], np.arange(1, len(had))
    return _of_two(had, one, two, had.end_m[one], had.start_m[two])


def _of_two(had: Stretches, one: Indices, two: Indices, start_m: Floats, end_m: Floats) -> Stretches:
    some = (had.one[one] != had.one[two]) & (had.line[one] == had.line[two]) & (end_m - start_m > ROUNDING_M)
    first, second = np.minimum(had.one[one], had.one[two]), np.maximum(had.one[one], had.one[two])
    return Stretches(had.line[two], start_m, end_m, first, second, had.spacing_m).take(some)
