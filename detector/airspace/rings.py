"""Rings as files draw them, in degrees, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from detector.airspace.draft import at, shown
from detector.airspace.properties import filled
from detector.airspace.zones import Ring

POSITION = "longitude from -180 to 180, then latitude from -90 to 90"


def vertices(positions: Any) -> Ring:
    """Return positions as an array, (V, 2)."""
    if not filled(positions):
        raise ValueError(f"got {shown(positions)}, expected a list of positions")
    for n, position in enumerate(positions, 1):
        if not (isinstance(position, list) and len(position) > 1 and all(isinstance(c, float) for c in position[:2])):
            raise ValueError(f"position {n} is {shown(position)}, expected {POSITION}")
    ring = np.array([position[:2] for position in positions])
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(ring) <= [180, 90]).all(axis=1)
    if wrong.any():
        n = int(np.argmax(wrong))
        raise ValueError(f"position {n + 1} is {at(ring[n])}, expected {POSITION}")
    return ring


def sound(ring: Ring) -> Ring:
    """Return a closed ring. Raises ValueError if it spans the globe."""
    start, end = ring[:-1], ring[1:]
    at_pole = (np.abs(start[:, 1]) == 90) & (start[:, 1] == end[:, 1])
    span_deg = np.abs(end[:, 0] - start[:, 0])
    # A parallel all round, from -180 to 180, bounds a cap whose ring goes on to the pole; else it is a careless cut.
    too_wide = (span_deg > 180) & ~at_pole & ~((span_deg == 360) & at_pole.any())
    if too_wide.any():
        n = int(np.argmax(too_wide))
        raise ValueError(
            f"the edge from {at(start[n])} to {at(end[n])} spans {span_deg[n]:g} degrees of longitude, "
            "expected a polygon split at the antimeridian (RFC 7946, 3.1.9)"
        )
    return ring
