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
from detector.arrays import Floats
from detector.geometry.centre import centre

FLATTENING = 1 / 298.257223563  # of WGS84
NOWHERE_DEG = 5.0  # around the antipode, where the chord of an aircraft's step may lead right across the plane
REACH_M = 2 * 6_371_007.2 * np.cos(np.radians(NOWHERE_DEG / 2))  # on the sphere of the ellipsoid's area

_EARTH_CENTRED = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


class Theatre:
    """The plane around one centre."""

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        self.lon_deg, self.lat_deg = lon_deg, lat_deg
        plane = f"+proj=laea +lat_0={lat_deg:.6f} +lon_0={lon_deg:.6f} +datum=WGS84 +units=m"
        self._to_plane = Transformer.from_crs("EPSG:4326", plane, always_xy=True)

    @classmethod
    def around(cls, zones: Sequence[Zone]) -> Theatre:
        """Return the theatre around the best centre for zones. Raises InputError if there is none."""
        return cls(*centre(zones))

    def project(self, lon_deg: Floats, lat_deg: Floats) -> tuple[Floats, Floats]:
        """Return x and y in metres, shape (N,); NaN where there is no such place, and near the antipode."""
        lon_deg = np.where(np.abs(lat_deg) == 90, 0.0, lon_deg)  # PROJ draws a pole as a circle of 0.2 m
        x_m, y_m = self._to_plane.transform(lon_deg, lat_deg)
        near = np.hypot(x_m, y_m) < REACH_M
        return np.where(near, x_m, np.nan), np.where(near, y_m, np.nan)

    def unproject(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude in degrees, shape (N,); NaN where there is no such place."""
        lon_deg, lat_deg = self._to_plane.transform(x_m, y_m, direction="INVERSE")
        good = np.isfinite(lon_deg) & np.isfinite(lat_deg)
        return np.where(good, lon_deg, np.nan), np.where(good, lat_deg, np.nan)


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
    off_axis = np.hypot(x, y)
    at_pole = off_axis == 0
    around = np.where(at_pole, 1.0, off_axis)
    east, north = np.zeros_like(earth_m), np.empty_like(earth_m)
    east[:, 0], east[:, 1] = -y / around, x / around + at_pole
    up_z = z / (1 - FLATTENING) ** 2
    up = np.hypot(off_axis, up_z)
    sin_lat = up_z / up
    north[:, 0], north[:, 1], north[:, 2] = -sin_lat * east[:, 1], sin_lat * east[:, 0], off_axis / up
    return east, north
