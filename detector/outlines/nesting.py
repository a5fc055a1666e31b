"""Nesting: parts inside parts, and holes outside their shells, judged on the lines as a zone file draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detector.airspace.zones import Zone
from detector.arrays import Floats
from detector.outlines.drawn import Plane


@dataclass(frozen=True, slots=True)
class Nested:
    """A place in a part that lies inside another, and the number of the smallest it lies inside of."""

    lon_deg: float
    lat_deg: float
    inside: int


def nested_shells(zone: Zone) -> dict[int, Nested]:
    """Return the parts, by number, that lie inside another part, not in a hole of it.

    By the even-odd rule such a part is a hole, which its author may not have meant. One inside two others is none.
    """
    plane = Plane(zone)
    within = enumerate(_within(zone, plane))
    return {part: Nested(*plane.place(*place_m), others[0]) for part, (place_m, others) in within if len(others) % 2}


def depths(zone: Zone) -> list[int]:
    """Return inside how many others each part lies, not in a hole of them."""
    return [len(others) for _, others in _within(zone, Plane(zone))]


def _within(zone: Zone, plane: Plane) -> Iterator[tuple[tuple[float, float], list[int]]]:
    """Yield a place in each part, and the others that it lies inside of, the smallest first."""
    polygons = [[plane.draw(ring) for ring in rings] for rings in zone.polygons]
    low = np.array([rings[0].min(axis=0) for rings in polygons])
    high = np.array([rings[0].max(axis=0) for rings in polygons])
    size = (high - low).prod(axis=1)
    for part, rings in enumerate(polygons):
        around = ((low <= low[part]) & (high >= high[part])).all(axis=1)
        around &= (size > size[part]) | (np.arange(len(size)) < part)  # of twins, the second
        if size[part] > 0 and around.any():  # a part without extent has no place inside it
            place_m = interior(rings)
            others = [int(other) for other in np.flatnonzero(around) if is_inside(*place_m, polygons[other])]
            yield place_m, sorted(others, key=lambda other: size[other])
        else:
            yield (np.nan, np.nan), []


def stray_holes(zone: Zone) -> list[tuple[float, float]]:
    """Return (lon_deg, lat_deg) of a place in each hole that lies outside its shell.

    By the even-odd rule such a hole is a part of the zone.
    """
    plane = Plane(zone)
    holed = [[plane.draw(ring) for ring in rings] for rings in zone.polygons if len(rings) > 1]
    places_m = [(shell, interior([hole])) for shell, *holes in holed for hole in holes]
    return [plane.place(*place_m) for shell, place_m in places_m if not is_inside(*place_m, [shell])]


def held_holes(zone: Zone) -> set[tuple[int, int]]:
    """Return each hole with what, by its extent, may lie around it inside its shell: another hole, or a part.

    Rings count through parts. By the even-odd rule such a hole is a part, or the part around it a hole.
    """
    if all(len(rings) == 1 for rings in zone.polygons):
        return set()
    plane = Plane(zone)
    drawn = [[plane.draw(ring) for ring in rings] for rings in zone.polygons]
    rings = [(part, n == 0, ring) for part, rings in enumerate(drawn) for n, ring in enumerate(rings)]
    part, is_shell = (np.array([each[n] for each in rings]) for n in (0, 1))
    low, high = (np.array([extent(ring, axis=0) for *_, ring in rings]) for extent in (np.min, np.max))
    found = set()
    for hole in np.flatnonzero(~is_shell):
        shell = np.flatnonzero(is_shell)[part[hole]]
        around = ((low <= low[hole]) & (high >= high[hole])).all(axis=1) & (np.arange(len(rings)) != hole)
        inside = ((low >= low[shell]) & (high <= high[shell])).all(axis=1)
        around &= (part == part[hole]) & ~is_shell | (part != part[hole]) & is_shell & inside
        found |= {(int(hole), int(ring)) for ring in np.flatnonzero(around)}
    return found


def interior(rings: Sequence[Floats]) -> tuple[float, float]:
    """Return the middle of the longest stretch of a polygon along x that passes none of its vertices."""
    heights_m = np.unique(np.concatenate(rings)[:, 1])
    shell_m = rings[0][:, 1]
    heights_m = heights_m[(heights_m >= shell_m.min()) & (heights_m <= shell_m.max())]  # a hole may lie outside
    y_m = float(heights_m[len(heights_m) // 2 - 1 : len(heights_m) // 2 + 1].mean())
    stretch = np.sort(np.concatenate([_passes(ring, y_m) for ring in rings])).reshape(-1, 2)
    longest = np.argmax(stretch[:, 1] - stretch[:, 0])
    return float(stretch[longest].mean()), y_m


def is_inside(x_m: float, y_m: float, rings: Sequence[Floats]) -> bool:
    """Tell whether a place is inside an odd number of rings, (V, 2) each."""
    return sum(int((_passes(ring, y_m) < x_m).sum()) for ring in rings) % 2 == 1


def _passes(ring: Floats, y_m: float) -> Floats:
    """Return where a ring passes a line along x."""
    a, b = ring[:-1], ring[1:]
    passes = (a[:, 1] > y_m) != (b[:, 1] > y_m)
    a, b = a[passes], b[passes]
    x_m: Floats = a[:, 0] + (y_m - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return x_m
