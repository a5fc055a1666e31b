"""The size of rings on the ellipsoid, their edges taken as geodesics."""

from __future__ import annotations

import numpy as np
from pyproj import Geod

from detector.airspace.zones import Ring
from detector.geometry import ragged

FINE_DEG = 0.1  # geodesics between ends as near put areas of straight lines 1e-6 off

_GEOD = Geod(ellps="WGS84")


def size(ring: Ring) -> tuple[float, float]:
    """Return the area of a ring, positive where it runs counterclockwise, and its perimeter; it need not be closed."""
    area_m2, around_m = _GEOD.polygon_area_perimeter(*ring.T)
    return area_m2, around_m


def width_m(area_m2: float, around_m: float) -> float:
    """Return how wide a long strip of an area and a perimeter is."""
    return 2 * area_m2 / max(around_m, 1.0)


def fine(ring: Ring) -> Ring:
    """Return a ring of lines straight in degrees with vertices so near that geodesics between them are as good."""
    pieces = np.maximum(np.ceil(np.abs(np.diff(ring, axis=0)).max(axis=1) / FINE_DEG), 1).astype(np.intp)
    line, piece = ragged.expand(np.zeros_like(pieces), pieces)
    at = np.append(line + piece / pieces[line], len(pieces))
    return np.column_stack([np.interp(at, np.arange(len(ring)), column) for column in ring.T])
