"""Validity: boundaries that cross themselves, and parts inside parts, judged on the lines as a zone file draws them.

Pieces cut for the plane would not do: where two lines cross at their middles, both are cut at the crossing and no piece
crosses another; where rings share a border, their chords differ by what a chord may. So each zone is judged in a plane
in which its lines are straight: degrees, or the gnomonic one where lines are geodesics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from detector.airspace.zones import Ring, Zone
from detector.geometry.chains import Chains
from detector.geometry.edges import Edges
from detector.geometry.quadtree import Square, grow
from detector.geometry.segments import orientation
from feeds.plots import Floats

Indices = NDArray[np.intp]

DEGREE_M = 111_320.0
OVERSHOOT_M = 0.01  # less is rounding, of a border that parts share or of a file's decimals
CHUNK = 4_000_000  # candidate pairs at once


def self_crossings(zones: Sequence[Zone]) -> list[tuple[int, float, float]]:
    """Return (zone index, lon_deg, lat_deg) of one place in each zone whose boundary properly crosses itself.

    Rings may touch, share vertices and run along each other.
    """
    return [(z, *place) for z, zone in enumerate(zones) if (place := _self_crossing(zone)) is not None]


def _self_crossing(zone: Zone) -> tuple[float, float] | None:
    # One zone at a time: geodesic ones have planes of their own, all around (0, 0), where they would lie in a heap.
    lines = _drawn(zone)
    chains = Chains(lines, widest_m=0.0)  # every line a piece
    leaves = grow(chains, 1, Square.around(chains))
    for pair in _pairs(leaves.piece_start, leaves.piece):
        one, two = _crossing(lines, *pair)
        if len(one):
            x_m, y_m = _meeting(lines, one[:1], two[:1])
            return _place(zone, x_m[0], y_m[0])
    return None


def nested_shells(zone: Zone) -> list[tuple[float, float]]:
    """Return (lon_deg, lat_deg) of a place in each part that lies inside another part, not in a hole of it.

    By the even-odd rule such a part is a hole, which its author may not have meant. One inside two others is none.
    """
    low = np.array([rings[0].min(axis=0) for rings in zone.polygons])
    high = np.array([rings[0].max(axis=0) for rings in zone.polygons])
    size = (high - low).prod(axis=1)
    places = []
    for part, rings in enumerate(zone.polygons):
        around = ((low <= low[part]) & (high >= high[part])).all(axis=1)
        around &= (size > size[part]) | (np.arange(len(size)) < part)  # of twins, the second
        if size[part] > 0 and around.any():  # a part without extent has no place inside it
            lon_deg, lat_deg = _interior(rings)
            if sum(_is_inside(lon_deg, lat_deg, zone.polygons[other]) for other in np.flatnonzero(around)) % 2:
                places.append((lon_deg, lat_deg))
    return places


# --- crossings --------------------------------------------------------------------------------------------------------


def _drawn(zone: Zone) -> Edges:
    """Return the lines of a zone in a plane where they are straight; nobody asks for their places on Earth."""
    rings = [_plane(zone, ring) for polygon in zone.polygons for ring in polygon]
    sizes = [len(ring) - 1 for ring in rings]
    a = np.concatenate([np.empty((0, 2)), *(ring[:-1] for ring in rings)])
    b = np.concatenate([np.empty((0, 2)), *(ring[1:] for ring in rings)])
    some = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1) & (a != b).any(axis=1)
    nowhere = np.empty((0, 3))
    ring = np.repeat(np.arange(len(rings)), sizes)[some]
    (ax, ay), (bx, by) = a[some].T, b[some].T
    return Edges(ax, ay, bx, by, nowhere, nowhere, np.zeros(len(ax), dtype=np.intp), ring)


def _plane(zone: Zone, ring: Ring) -> Floats:
    if not zone.geodesic:
        return ring * DEGREE_M
    return np.column_stack(_gnomonic(zone)(*ring.T))


def _place(zone: Zone, x_m: float, y_m: float) -> tuple[float, float]:
    if not zone.geodesic:
        return float(x_m / DEGREE_M), float(y_m / DEGREE_M)
    lon_deg, lat_deg = _gnomonic(zone)(x_m, y_m, inverse=True)
    return float(lon_deg), float(lat_deg)


def _gnomonic(zone: Zone) -> Proj:
    """Return the plane in which geodesics are straight, around a vertex; infinite beyond a hemisphere."""
    lon_deg, lat_deg = zone.polygons[0][0][0]
    return Proj(proj="gnom", lon_0=lon_deg, lat_0=lat_deg, ellps="WGS84")


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


def _crossing(lines: Edges, one: Indices, two: Indices) -> tuple[Indices, Indices]:
    """Return the pairs that cross, each line reaching OVERSHOOT_M beyond the other on both sides."""
    for _ in range(2):
        a_off_m, b_off_m = _offsets(lines, one, two)
        cross = (a_off_m * b_off_m < 0) & (np.minimum(np.abs(a_off_m), np.abs(b_off_m)) > OVERSHOOT_M)
        one, two = two[cross], one[cross]
    return one, two


def _offsets(lines: Edges, line: Indices, base: Indices) -> tuple[Floats, Floats]:
    """Return how far both ends of lines lie to the left of others."""
    ax, ay, bx, by = lines.ax_m[base], lines.ay_m[base], lines.bx_m[base], lines.by_m[base]
    length_m = np.hypot(bx - ax, by - ay)
    a_side = orientation(ax, ay, bx, by, lines.ax_m[line], lines.ay_m[line])
    b_side = orientation(ax, ay, bx, by, lines.bx_m[line], lines.by_m[line])
    return a_side / length_m, b_side / length_m


def _meeting(lines: Edges, one: Indices, two: Indices) -> tuple[Floats, Floats]:
    a_off_m, b_off_m = _offsets(lines, one, two)
    at = a_off_m / (a_off_m - b_off_m)
    x_m = lines.ax_m[one] + at * (lines.bx_m[one] - lines.ax_m[one])
    return x_m, lines.ay_m[one] + at * (lines.by_m[one] - lines.ay_m[one])


# --- nesting ----------------------------------------------------------------------------------------------------------


def _interior(rings: Sequence[Ring]) -> tuple[float, float]:
    """Return the middle of the longest stretch of a polygon on a parallel that passes none of its vertices."""
    lats = np.unique(np.concatenate(rings)[:, 1])
    lat_deg = float(lats[len(lats) // 2 - 1 : len(lats) // 2 + 1].mean())
    stretch = np.sort(np.concatenate([_passes(ring, lat_deg) for ring in rings])).reshape(-1, 2)
    longest = np.argmax(stretch[:, 1] - stretch[:, 0])
    return float(stretch[longest].mean()), lat_deg


def _is_inside(lon_deg: float, lat_deg: float, rings: Sequence[Ring]) -> bool:
    return sum(int((_passes(ring, lat_deg) < lon_deg).sum()) for ring in rings) % 2 == 1


def _passes(ring: Ring, lat_deg: float) -> Floats:
    """Return the longitudes at which a ring passes a parallel."""
    a, b = ring[:-1], ring[1:]
    passes = (a[:, 1] > lat_deg) != (b[:, 1] > lat_deg)
    a, b = a[passes], b[passes]
    lon_deg: Floats = a[:, 0] + (lat_deg - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return lon_deg
