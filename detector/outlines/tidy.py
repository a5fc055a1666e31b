"""Tidying: what encloses nothing, or the same twice, taken out of a zone.

Lines there and back enclose nothing, but aircraft would be measured against them; of parts or holes given twice, or
of a ring that goes around twice, the even-odd rule makes nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from detector.airspace.zones import Ring, Zone
from detector.arrays import Mask
from detector.geometry.segments import orientation
from detector.outlines.crossings import OVERSHOOT_M
from detector.outlines.drawn import Plane

ALIKE_DECIMALS = 7  # of degrees, a centimetre: two rings that are the same to these are one, reckoned twice

Item = TypeVar("Item")


def without_spikes(zone: Zone) -> tuple[Zone, list[Ring]]:
    """Return a zone whose lines nowhere run back along themselves, and the (lon_deg, lat_deg) of spikes that did.

    Rings that are nothing but spikes are left out, parts with their holes; perhaps no part is left.
    """
    plane, tips, polygons = Plane(zone), [], []
    for rings in zone.polygons:
        cut = [_without_spikes(plane, ring) for ring in rings]
        tips += [tip for _, found in cut for tip in found]
        if len(cut[0][0]):
            polygons.append(tuple(ring for ring, _ in cut if len(ring)))
    return (replace(zone, polygons=tuple(polygons)), tips) if tips else (zone, [])


def _without_spikes(plane: Plane, ring: Ring) -> tuple[Ring, list[Ring]]:
    tips: list[Ring] = []
    while len(ring) > 3:
        tip = _tips(plane, ring[:-1])
        if not tip.any():
            return ring, tips
        tips.append(ring[int(np.argmax(tip))])
        rest = ring[:-1][~tip]
        rest = rest[(rest != np.roll(rest, 1, axis=0)).any(axis=1)]
        ring = np.concatenate([rest, rest[:1]])
    return np.empty((0, 2)), tips


def _tips(plane: Plane, vertices: Ring) -> Mask:
    """Tell at which vertices of an open ring the line turns back along itself; of two in a row, at the first."""
    here = plane.draw(vertices)
    (bx, by), (cx, cy) = np.roll(here, 1, axis=0).T, np.roll(here, -1, axis=0).T
    x, y = here.T
    longer_m = np.maximum(np.hypot(bx - x, by - y), np.hypot(cx - x, cy - y))
    back = (bx - x) * (cx - x) + (by - y) * (cy - y) > 0
    tip = back & (np.abs(orientation(x, y, bx, by, cx, cy)) <= OVERSHOOT_M * longer_m)
    return tip & ~np.roll(tip, 1) if not tip.all() else np.arange(len(tip)) == 0


def without_twins(zone: Zone) -> tuple[Zone, list[Ring]]:
    """Return a zone with each part, and each hole of a part, once, and a (lon_deg, lat_deg) of what was given again."""
    rounds = [tuple(map(_once_around, rings)) for rings in zone.polygons]
    again = [
        ring[0]
        for rings, once in zip(zone.polygons, rounds, strict=True)
        for ring, single in zip(rings, once, strict=True)
        if len(single) < len(ring)
    ]
    parts, twins = _once(rounds, lambda rings: (_outline(rings[0]), frozenset(map(_outline, rings[1:]))))
    again += [ring[0] for rings in twins for ring in rings[:1]]
    polygons = []
    for shell, *holes in parts:
        single, same = _once(holes, _outline)
        polygons.append((shell, *single))
        again += [hole[0] for hole in same]
    return (replace(zone, polygons=tuple(polygons)), again) if again else (zone, [])


def _once_around(ring: Ring) -> Ring:
    """Return a ring that goes around once, of one that does so several times over the same vertices."""
    vertices = ring[:-1]
    for period in np.flatnonzero((vertices == vertices[0]).all(axis=1))[1:]:
        if len(vertices) % period == 0 and np.array_equal(vertices[period:], vertices[:-period]):
            return ring[: period + 1]
    return ring


def _once(items: Iterable[Item], name: Callable[[Item], Hashable]) -> tuple[list[Item], list[Item]]:
    """Return the first items of each name, and the others."""
    first: dict[Hashable, Item] = {}
    again = [item for item in items if first.setdefault(name(item), item) is not item]
    return list(first.values()), again


def _outline(ring: Ring) -> bytes:
    """Return the same for rings that enclose the same, wherever they start and whichever way they go."""
    vertices = ring[:-1].round(ALIKE_DECIMALS)
    start = int(np.lexsort(vertices.T)[0])
    there = np.roll(vertices, -start, axis=0)
    back = np.roll(there[::-1], 1, axis=0)
    return min((there + 0.0).tobytes(), (back + 0.0).tobytes())  # -0.0 is 0.0
