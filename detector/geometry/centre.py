"""The centre of the plane: a place whose antipode, which the plane tears apart, matters to no zone.

A zone around the antipode would be told inside out, and beside it steps of aircraft lead right across the plane.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from detector.airspace.draft import shown
from detector.airspace.zones import Zone
from detector.arrays import Floats, Indices
from detector.errors import InputError
from detector.geometry.lines import Lines

CLEAR_DEG = 20.0  # from the antipode to the nearest boundary: the plane stretches sixfold there
NEEDED_DEG = 15.0  # at least; a track unheard for minutes beside the antipode then has no chord that meets a boundary
CANDIDATES = 4000  # places three degrees apart


def centre(zones: Sequence[Zone]) -> tuple[float, float]:
    """Return longitude and latitude of the middle of all vertices of the zones, (0, 0) without any.

    Its antipode must lie outside all zones, CLEAR_DEG from their boundaries; else the place is taken whose antipode is
    clearest. Raises InputError if none is NEEDED_DEG clear.
    """
    lines = Lines.of(zones)
    if not len(lines):
        return 0.0, 0.0
    middle = _middle(_directions(lines.lon0, lines.lat0))
    lines = lines.coarse()
    boundary = _directions(lines.lon0, lines.lat0)
    if (boundary @ -middle).max() < np.cos(np.radians(CLEAR_DEG)) and _outside(lines, -middle):
        return _degrees(middle)
    places = _everywhere()
    chord = np.asarray(cKDTree(boundary).query(-places)[0])
    clear = np.flatnonzero(chord > 2 * np.sin(np.radians(NEEDED_DEG / 2)))
    for place in places[clear[np.argsort(-chord[clear], kind="stable")]]:
        if _outside(lines, -place):
            return _degrees(place)
    far = int((boundary @ middle).argmin())
    ends = dict.fromkeys(zones[lines.zone[end]].id for end in (far, int((boundary @ boundary[far]).argmin())))
    raise InputError(
        [
            f"zones: they span the Earth, such as {' and '.join(map(shown, ends))}, "
            f"expected a place {NEEDED_DEG:g} degrees off all of them: load them as two sites"
        ]
    )


def _directions(lon_deg: Floats, lat_deg: Floats) -> Floats:
    """Return the verticals at places as unit vectors, shape (N, 3)."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _degrees(direction: Floats) -> tuple[float, float]:
    x, y, z = direction
    return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))


def _middle(directions: Floats) -> Floats:
    """Return the direction of the mean, (3,); nothing where there is none."""
    total: Floats = np.sum(directions, axis=0)
    return total / max(float(np.linalg.norm(total)), 1e-9)


def _everywhere() -> Floats:
    """Return directions spread evenly, shape (CANDIDATES, 3): a spiral that turns by the golden angle."""
    number = np.arange(CANDIDATES)
    z, turn = 1 - (2 * number + 1) / CANDIDATES, number * np.pi * (3 - np.sqrt(5))
    return np.column_stack([np.sqrt(1 - z * z) * np.cos(turn), np.sqrt(1 - z * z) * np.sin(turn), z])


def _outside(lines: Lines, direction: Floats) -> bool:
    """Tell whether a place lies outside all zones, as drawn; of geodesics, off the cap around each of their rings."""
    lon_deg, lat_deg = _degrees(direction)
    passes = np.flatnonzero(~lines.geodesic & ((lines.lon0 <= lon_deg) != (lines.lon1 <= lon_deg)))
    lon0, lat0, lon1, lat1 = (end[passes] for end in (lines.lon0, lines.lat0, lines.lon1, lines.lat1))
    north = passes[lat0 + (lon_deg - lon0) / (lon1 - lon0) * (lat1 - lat0) > lat_deg]
    if (np.bincount(lines.zone[north]) % 2).any():
        return False
    rings = np.split(np.arange(len(lines)), np.flatnonzero(np.diff(lines.ring)) + 1)
    return not any(_in_cap(lines, ring, direction) for ring in rings if lines.geodesic[ring[0]])


def _in_cap(lines: Lines, ring: Indices, direction: Floats) -> bool:
    """Tell whether a direction is as near to the middle of a ring as its farthest vertex."""
    places = _directions(lines.lon0[ring], lines.lat0[ring])
    middle = _middle(places)
    return bool(middle @ direction >= (places @ middle).min())
