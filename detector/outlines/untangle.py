r"""Untangling: rings that cross themselves in stray loops, made into rings that do not.

By the even-odd rule a loop inside its ring, where the line curls once too often, counts as outside; one outside of it,
where the line turns over, counts as inside. Here both count as enclosed by the ring: a curl is cut off, and one that
turns over is walked the other way round, which encloses the same and crosses nothing.

    curl:  ---->--.        turned over:  ---.  .--->
             .->--+--.                       \/
              '---'                          /\
                                            '--'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from detector.airspace.zones import Ring, Zone
from detector.outlines.crossings import Crossing, self_crossings
from detector.outlines.size import size, width_m

WIDEST_M = 100.0  # of a stray loop: two lines rounded to the second of arc, 31 m, are off by less; so is every radar
LARGEST = 0.01  # of the rest of its ring: in a small zone even a narrow loop may be vertices in the wrong order
ROUNDS = 20  # loops within loops


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of a ring from where it crosses itself; without size (NaN) where two rings cross."""

    lon_deg: float
    lat_deg: float
    area_m2: float = np.nan
    width_m: float = np.nan  # that of a strip of the same area and perimeter
    is_stray: bool = False


def untangled(zone: Zone, crossings: Sequence[Crossing]) -> tuple[Zone, list[Loop]]:
    """Return a zone without stray loops, and the loops found: the strays that are gone and others that remain.

    A loop is a stray if it is at most WIDEST_M wide and LARGEST of the rest of its ring: however the line was meant,
    nobody could tell where it passes that narrowly. The loops of a bow tie are none.
    """
    loops: list[Loop] = []
    for _ in range(ROUNDS):
        rings = [ring for polygon in zone.polygons for ring in polygon]
        before = len(loops)
        for number, ring in enumerate(rings):
            own = [each for each in crossings if each.ring == each.other_ring == number]
            rings[number], found = _untangled(ring, own)
            loops += found
        if len(loops) == before or not all(loop.is_stray for loop in loops):
            break
        numbers = count()
        zone = replace(zone, polygons=tuple(tuple(rings[next(numbers)] for _ in part) for part in zone.polygons))
        crossings = self_crossings([zone])[0]
    else:
        return zone, loops + [Loop(each.lon_deg, each.lat_deg) for each in crossings]
    return zone, loops + [Loop(each.lon_deg, each.lat_deg) for each in crossings if each.ring != each.other_ring]


def _untangled(ring: Ring, crossings: Sequence[Crossing]) -> tuple[Ring, list[Loop]]:
    """Return a ring without those of its stray loops that nothing else crosses, and these and the others found."""
    loops = []
    for crossing in sorted(_innermost(crossings, len(ring) - 1), key=lambda each: -each.line):
        untangled, loop = _cut(ring, crossing)
        loops.append(loop)
        if loop.is_stray:
            ring = untangled
    return ring, loops


def _innermost(crossings: Sequence[Crossing], n_lines: int) -> list[Crossing]:
    """Return crossings whose loops share no line, the shortest first; one whose loop passes the ring's start alone."""
    chosen: list[Crossing] = []
    for each in sorted(crossings, key=lambda each: _span(each, n_lines)):
        if each.other_line - each.line > n_lines / 2:
            if not chosen:
                return [each]
        elif all(each.other_line < other.line or other.other_line < each.line for other in chosen):
            chosen.append(each)
    return chosen


def _span(crossing: Crossing, n_lines: int) -> int:
    lines = crossing.other_line - crossing.line
    return min(lines, n_lines - lines)


def _cut(ring: Ring, crossing: Crossing) -> tuple[Ring, Loop]:
    """Return the ring with the smaller of the two loops that meet in a crossing cut off or turned, and that loop."""
    at = np.array([[crossing.lon_deg, crossing.lat_deg]])
    before, inner = ring[: crossing.line + 1], ring[crossing.line + 1 : crossing.other_line + 1]
    after = ring[crossing.other_line + 1 :]
    outer = np.concatenate([after, before[1:]])
    (inner_m2, inner_m), (outer_m2, outer_m) = size(np.concatenate([at, inner])), size(np.concatenate([at, outer]))
    is_curl = inner_m2 * outer_m2 > 0
    if abs(inner_m2) <= abs(outer_m2):
        kept = [before, at, after] if is_curl else [before, at, inner[::-1], at, after]
        area_m2, around_m, rest_m2 = abs(inner_m2), inner_m, abs(outer_m2)
    else:
        kept = [at, inner, at] if is_curl else [at, inner, at, outer[::-1], at]
        area_m2, around_m, rest_m2 = abs(outer_m2), outer_m, abs(inner_m2)
    wide_m = width_m(area_m2, around_m)
    is_stray = wide_m <= WIDEST_M and area_m2 <= LARGEST * rest_m2
    return np.concatenate(kept), Loop(crossing.lon_deg, crossing.lat_deg, area_m2, wide_m, is_stray)
