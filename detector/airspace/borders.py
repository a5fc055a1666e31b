"""Lines that airspaces follow: a section of a border, a corridor around a centreline. Their edges are geodesics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pyproj import Geod

from detector.airspace.draft import at
from detector.airspace.zones import Ring

JOIN_M = 100.0  # nearer ends are one place: published arcs and borders miss their ends by some seconds of arc
_GEOD = Geod(ellps="WGS84")


def distance_m(start: Ring, end: Ring) -> float:
    """Return how far two positions are apart."""
    length_m: float = _GEOD.inv(*start, *end)[2]
    return length_m


def along(border: Ring, start: Ring, end: Ring, warn: Callable[[str], None]) -> Ring:
    """Return the vertices of a border between the places on it nearest to two positions, from `start` to `end`.

    A closed border goes both ways: the shorter is taken, aloud, for AIXM does not say which is meant.
    """
    a, b = (_nearest(border, position, warn) for position in (start, end))
    low, high = sorted((a, b))
    section = border[int(np.ceil(low)) : int(np.floor(high)) + 1]
    if distance_m(border[0], border[-1]) <= JOIN_M:
        other = np.concatenate([border[int(np.ceil(high)) :], border[: int(np.floor(low)) + 1]])[::-1]
        ends = [start, end] if a <= b else [end, start]
        section = min(section, other, key=lambda way: _length_m(np.array([ends[0], *way, ends[1]])))
        warn(f"geometry: the border is closed; the shorter way from {at(start)} to {at(end)} is taken")
    return section if a <= b else section[::-1]


def _length_m(line: Ring) -> float:
    length_m: float = _GEOD.line_length(*line.T)
    return length_m


def _nearest(line: Ring, position: Ring, warn: Callable[[str], None]) -> float:
    """Return where on a line it is nearest to a position: the number of a vertex, or between two."""
    plane = line - position
    plane[:, 0] = ((plane[:, 0] + 180) % 360 - 180) * np.cos(np.radians(position[1]))
    start, step = plane[:-1], np.diff(plane, axis=0)
    squared = np.maximum((step**2).sum(axis=1), np.finfo(float).tiny)
    part = np.clip(-(start * step).sum(axis=1) / squared, 0, 1)
    off_deg = np.hypot(*(start + part[:, None] * step).T)
    edge = int(np.argmin(off_deg))
    off_m = float(np.radians(off_deg[edge])) * _GEOD.a
    if off_m > JOIN_M:
        warn(f"geometry: the border passes {off_m:.0f} m from {at(position)}; an edge to it is added")
    return edge + float(part[edge])


def corridor(centreline: Ring, width_m: float) -> Ring:
    """Return the ring around a centreline, (V, 2), half the width to each side, ended square and mitred at bends.

    Raises ValueError where it turns by more than 90 degrees, for there a mitre reaches too far out.
    """
    repeated = np.append(False, (np.diff(centreline, axis=0) == 0).all(axis=1))
    lon_deg, lat_deg = centreline[~repeated].T
    if len(lon_deg) < 2:
        raise ValueError("centreline: got one position, expected two or more")
    out_deg, back_deg, _ = _GEOD.inv(lon_deg[:-1], lat_deg[:-1], lon_deg[1:], lat_deg[1:])
    leaving_deg, arriving_deg = np.append(out_deg, back_deg[-1] + 180), np.append(out_deg[0], back_deg + 180)
    turn_deg = (leaving_deg - arriving_deg + 180) % 360 - 180
    if (np.abs(turn_deg) > 90).any():
        sharp = int(np.argmax(np.abs(turn_deg)))
        raise ValueError(
            f"centreline: turns by {abs(turn_deg[sharp]):.0f} degrees at {lon_deg[sharp]:.6g} {lat_deg[sharp]:.6g}, "
            "expected 90 at most"
        )
    side_deg, half_m = arriving_deg + turn_deg / 2, width_m / 2 / np.cos(np.radians(turn_deg / 2))
    right, left = (np.column_stack(_GEOD.fwd(lon_deg, lat_deg, side_deg + off, half_m)[:2]) for off in (90, -90))
    return np.concatenate([right, left[::-1], right[:1]])
