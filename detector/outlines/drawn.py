"""Drawn: a zone's boundary on a plane in which the lines of its file are straight.

Degrees, or the gnomonic plane where lines are geodesics. Pieces cut for the theatre's plane would not do to judge what
a file says: where two lines cross at their middles, both are cut at the crossing and no piece crosses another; where
rings share a border, their chords differ by what a chord may.
"""

from __future__ import annotations

import numpy as np
from pyproj import Proj

from detector.airspace.zones import Ring, Zone
from detector.arrays import Floats
from detector.geometry.projection import earth_centred

DEGREE_M = 111_320.0


class Plane:
    """The plane of one zone, in metres; infinite beyond the hemisphere around its middle if it is geodesic."""

    def __init__(self, zone: Zone) -> None:
        self._gnomonic = _gnomonic(zone) if zone.geodesic else None

    def draw(self, ring: Ring) -> Floats:
        """Return a ring's vertices, (V, 2) in metres."""
        return ring * DEGREE_M if self._gnomonic is None else np.column_stack(self._gnomonic(*ring.T))

    def holds(self, zone: Zone) -> bool:
        """Tell whether the whole zone is on the plane."""
        return all(bool(np.isfinite(self.draw(ring)).all()) for rings in zone.polygons for ring in rings)

    def place(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Return the longitude and latitude in degrees of a place on the plane."""
        if self._gnomonic is None:
            return float(x_m / DEGREE_M), float(y_m / DEGREE_M)
        lon_deg, lat_deg = self._gnomonic(x_m, y_m, inverse=True)
        return float(lon_deg), float(lat_deg)


def _gnomonic(zone: Zone) -> Proj:
    x_m, y_m, z_m = earth_centred(*np.concatenate([rings[0] for rings in zone.polygons]).T).mean(axis=0)
    lon_deg, lat_deg = np.degrees([np.arctan2(y_m, x_m), np.arctan2(z_m, np.hypot(x_m, y_m))])
    return Proj(proj="gnom", lon_0=lon_deg, lat_0=lat_deg, ellps="WGS84")
