"""Projections: the plane of a theatre for topology, earth-centred points for distances.

The plane is Lambert azimuthal equal-area: it maps all of the Earth but the antipode of its centre into a disc, so that
zones across the antimeridian or a pole are ordinary. It stretches lengths (1.5 % at 2,000 km), so distances are taken
in three dimensions, where nothing is stretched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyproj import Transformer

from detector.airspace.zones import Zone
from feeds.plots import Floats

TOO_FAR = np.cos(np.radians(160.0))  # the plane stretches sixfold there
EARTH_RADIUS_M = 6_371_008.8
FLATTENING = 1 / 298.257223563  # of WGS84

_EARTH_CENTRED = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


class Theatre:
    """The plane around one centre."""

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        self.lon_deg, self.lat_deg = lon_deg, lat_deg
        plane = f"+proj=laea +lat_0={lat_deg:.6f} +lon_0={lon_deg:.6f} +datum=WGS84 +units=m"
        self._to_plane = Transformer.from_crs("EPSG:4326", plane, always_xy=True)

    @classmethod
    def around(cls, zones: Sequence[Zone]) -> Theatre:
        """Return the theatre centred on all vertices of the zones; on (0, 0) without any.

        Should that leave a vertex TOO_FAR, the end of an axis of the Earth that is farthest from having an antipode
        among the vertices is the centre: a plane has no place for it.
        """
        rings = [ring for zone in zones for polygon in zone.polygons for ring in polygon]
        if not rings:
            return cls(0.0, 0.0)
        places = earth_centred(*np.concatenate(rings).T)
        centres = np.vstack([places.mean(axis=0), np.eye(3), -np.eye(3)])
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1.0)
        worst = (places @ centres.T).min(axis=0) / EARTH_RADIUS_M  # cosine of the angle to the farthest vertex
        x, y, z = centres[0 if worst[0] > TOO_FAR else np.argmax(worst)]
        return cls(float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y)))))

    def project(self, lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats]:
        """Return x and y in metres, shape (N,); NaN where there is no such place."""
        return _finite(*self._to_plane.transform(lon_deg, lat_deg))

    def unproject(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude in degrees, shape (N,); NaN where there is no such place."""
        return _finite(*self._to_plane.transform(x_m, y_m, direction="INVERSE"))


def _finite(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    good = np.isfinite(u) & np.isfinite(v)
    return np.where(good, u, np.nan), np.where(good, v, np.nan)


def earth_centred(lon_deg: Floats, lat_deg: Floats) -> Floats:
    """Return earth-centred positions on the ellipsoid in metres, shape (N, 3)."""
    return np.column_stack(_EARTH_CENTRED.transform(lon_deg, lat_deg, np.zeros(len(lon_deg))))


def on_earth(earth_m: Floats) -> tuple[Floats, Floats]:
    """Return longitude and latitude in degrees, (N,) each, of earth-centred positions (N, 3) at any height."""
    x_m, y_m, z_m = earth_m.T
    lon_deg, lat_deg, _ = _EARTH_CENTRED.transform(x_m, y_m, z_m, direction="INVERSE")
    return lon_deg, lat_deg


def east_north(earth_m: Floats) -> tuple[Floats, Floats]:
    """Return the directions east and north, (N, 3) each, at earth-centred positions on the ellipsoid."""
    x, y, z = earth_m.T
    up = _unit(np.column_stack([x, y, z / (1 - FLATTENING) ** 2]))
    off_axis = np.hypot(x, y) > 0
    east = _unit(np.column_stack([np.where(off_axis, -y, 0.0), np.where(off_axis, x, 1.0), np.zeros_like(z)]))
    return east, np.cross(up, east)


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
