"""Zones as RFC 7946 wants them: lines straight in longitude and latitude, parts cut at the antimeridian, shells left.

Geodesic lines are cut until straight ones are as near to them as chords are elsewhere. A part that crosses the
antimeridian is cut into parts on both sides (3.1.9); one around a pole goes there along it.
"""

from __future__ import annotations

import numpy as np
from pyproj import Geod

from detector.airspace.zones import Ring, Zone
from detector.arrays import Floats
from detector.geometry.edges import CHORD_ERROR_M
from detector.geometry.junctions import split
from detector.geometry.lines import Lines
from detector.outlines.nesting import is_inside

BULGE_M = CHORD_ERROR_M / 2  # in the middle; near a pole a line may bulge more elsewhere
COARSE_M = 50_000.0  # long lines are cut at this first, so that a midpoint speaks for its piece
ROUNDS = 4  # of cutting; a line across a pole would be cut for ever

Part = list[Ring]

_GEOD = Geod(ellps="WGS84")


def straight(zone: Zone) -> list[Part]:
    """Return the parts of a zone, each its shell counterclockwise and its holes clockwise (RFC 7946, 3.1.6)."""
    parts = [list(rings) for rings in zone.polygons]
    if zone.geodesic:
        rings_of = iter(_split(zone))
        parts = [[_densified(next(rings_of)) for _ in rings] for rings in parts]
        parts = [piece for rings in parts for piece in _cut_up(_side_by_side(rings))]
    return [_turned(rings) for rings in parts]


def _turned(rings: Part) -> Part:
    return [ring if (_area(ring) > 0) == (number == 0) else ring[::-1] for number, ring in enumerate(rings)]


def _area(ring: Ring) -> float:
    x, y = (ring[:-1] - ring[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


# --- geodesics --------------------------------------------------------------------------------------------------------


def _split(zone: Zone) -> list[Ring]:
    """Return all rings of a zone with the vertices of others that lie on their lines: both sides of a border alike."""
    lines = split(Lines.of([zone]))
    rings = np.split(np.column_stack([lines.lon0, lines.lat0]), np.flatnonzero(np.diff(lines.ring)) + 1)
    return [np.vstack([ring, ring[:1]]) for ring in rings]


def _densified(ring: Ring) -> Ring:
    """Return a ring with vertices so near to each other that lines between them are straight either way."""
    (lon0, lat0), (lon1, lat1) = ring[:-1].T, ring[1:].T
    azimuth_deg, _, length_m = _GEOD.inv(lon0, lat0, lon1, lat1)
    pieces = np.maximum(np.ceil(length_m / COARSE_M), 1).astype(np.intp)
    for _ in range(ROUNDS):
        line = np.repeat(np.arange(len(pieces)), pieces)
        piece = np.arange(len(line)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        lon, lat, _ = _GEOD.fwd(lon0[line], lat0[line], azimuth_deg[line], (length_m / pieces)[line] * piece)
        whole = piece == 0
        lon[whole], lat[whole] = lon0, lat0
        half_m = (length_m / pieces)[line] * (piece + 0.5)
        off_m = _bulge_m(lon, lat, *_GEOD.fwd(lon0[line], lat0[line], azimuth_deg[line], half_m)[:2])
        worst_m = np.maximum.reduceat(off_m, np.flatnonzero(whole))
        if worst_m.max() <= BULGE_M:
            break
        pieces *= np.ceil(np.sqrt(worst_m / BULGE_M)).clip(1, 8).astype(np.intp)
    return np.column_stack([np.append(lon, lon[0]), np.append(lat, lat[0])])


def _bulge_m(lon: Floats, lat: Floats, middle_lon: Floats, middle_lat: Floats) -> Floats:
    """Return how far the middles of geodesics from each vertex to the next lie from those of straight lines."""
    east_deg = (np.roll(lon, -1) - lon + 180) % 360 - 180
    _, _, off_m = _GEOD.inv(lon + east_deg / 2, (lat + np.roll(lat, -1)) / 2, middle_lon, middle_lat)
    return off_m


# --- the antimeridian -------------------------------------------------------------------------------------------------


def _side_by_side(rings: Part) -> Part:
    """Return rings without jumps in longitude, holes where their shell is; around a pole closed along a meridian."""
    whole = [np.column_stack([np.unwrap(lon, period=360.0), lat]) for lon, lat in (ring.T for ring in rings)]
    for number, ring in enumerate(whole):
        if abs(ring[-1, 0] - ring[0, 0]) > 180:
            whole[number] = _over_the_pole(ring)
    middle = whole[0][:, 0].mean()
    for ring in whole[1:]:
        ring[:, 0] += 360 * np.round((middle - ring[:, 0].mean()) / 360)
    return _turned(whole)


def _over_the_pole(ring: Ring) -> Ring:
    """Return a ring around a pole from the antimeridian to the antimeridian, and closed over the pole."""
    there = np.flatnonzero(np.diff(np.floor((ring[:, 0] + 180) / 360)))[0]
    start, end = ring[: there + 1], ring[there + 1 :]
    first = _meeting(start[-1], end[0], 360 * np.floor((max(start[-1, 0], end[0, 0]) + 180) / 360) - 180)
    pole = np.copysign(90.0, ring[:, 1].mean())
    turn = np.array([np.copysign(360.0, ring[-1, 0] - ring[0, 0]), 0.0])
    last = first + turn
    return np.vstack([first, end, start[1:] + turn, last, [last[0], pole], [first[0], pole], first])


def _cut_up(rings: Part) -> list[Part]:
    """Return what parts of turned rings lie between the antimeridians, each moved to longitudes from -180 to 180."""
    shell_lon = rings[0][:, 0]
    turn = np.floor((shell_lon.min() + 180) / 360)
    here = [ring - [360 * turn, 0] for ring in rings]
    if here[0][:, 0].max() <= 180:
        return _all_round(here) if np.ptp(here[0][:, 0]) == 360 else [here]
    return [*_side(here, -1), *(piece for part in _side(here, 1) for piece in _cut_up(part))]


def _all_round(rings: Part) -> list[Part]:
    """Return what parts of turned rings there are if the shell goes around a pole from -180 to 180.

    Holes that meet the antimeridian open it: in the east, and turned by 360 degrees in the west.
    """
    shell, *holes = rings
    west_deg = [hole[:, 0].min() + (np.ptp(hole[:, 0]) == 360) for hole in holes]  # one all round, too, begins at -180
    holes = [hole - [360 * np.ceil((west - 180) / 360), 0] for hole, west in zip(holes, west_deg, strict=True)]
    across = [hole for hole in holes if hole[:, 0].max() >= 180]
    if not across:
        return [[shell, *holes]]
    parts = _side([shell, *holes], -1)
    inner = [part for part in parts if part[0][:, 0].min() > -180]
    outer = [ring - [-360, 0] for part in parts if part[0][:, 0].min() == -180 for ring in part]
    return inner + [[ring - [360, 0] for ring in part] for part in _side([*outer, *across], 1)]


def _side(rings: Part, sign: int) -> list[Part]:
    """Return the parts west (-1) or east (1) of the antimeridian, along which they are closed.

    With the part on their left, rings leave and enter the side in turn as one goes up the antimeridian, so that the
    boundary goes on from where the n-th leaves to where the n-th enters.
    """
    chains = [chain for ring in rings for chain in _chains(ring, sign)]
    enters = np.argsort([chain[0, 1] for chain in chains])
    leaves = np.argsort([chain[-1, 1] for chain in chains])
    after = dict(zip(leaves.tolist(), enters.tolist(), strict=True))
    shells = []
    while after:
        chain, loop = next(iter(after)), []
        while chain in after:
            loop.append(chains[chain])
            chain = after.pop(chain)
        ring = np.concatenate([*loop, loop[0][:1]])
        ring = ring[np.append(True, (np.diff(ring, axis=0) != 0).any(axis=1))]
        shells += [ring] if len(ring) > 3 else []  # along the pole and back: nothing
    holes = [ring for ring in rings if (sign * (ring[:, 0] - 180) > 0).all()]
    return [[shell, *(hole for hole in holes if is_inside(hole[0, 0], hole[0, 1], [shell]))] for shell in shells]


def _chains(ring: Ring, sign: int) -> list[Ring]:
    """Return the pieces of a ring on one side, each from the antimeridian to the antimeridian."""
    on = sign * (ring[:-1, 0] - 180) > 0
    starts = np.flatnonzero(on & ~np.roll(on, 1))
    if not len(starts):
        return []
    vertices, on = np.roll(ring[:-1], -starts[0], axis=0), np.roll(on, -starts[0])
    starts, ends = np.flatnonzero(on & ~np.roll(on, 1)), np.flatnonzero(on & ~np.roll(on, -1)) + 1
    around = np.vstack([vertices, vertices[:1]])
    return [
        np.vstack([_meeting(vertices[a - 1], vertices[a]), vertices[a:b], _meeting(around[b - 1], around[b])])
        for a, b in zip(starts, ends, strict=True)
    ]


def _meeting(one: Ring, two: Ring, lon_deg: float = 180.0) -> Ring:
    """Return where a line meets a meridian."""
    return np.array([lon_deg, one[1] + (lon_deg - one[0]) / (two[0] - one[0]) * (two[1] - one[1])])
