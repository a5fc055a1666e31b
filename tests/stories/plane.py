"""A plane around a place, in which stories are flown and their truth is read off."""

from __future__ import annotations

import numpy as np
from pyproj import Transformer

from detector.arrays import Floats


class Plane:
    """Azimuthal equidistant: m east and north of a place."""

    def __init__(self, lon_deg: float, lat_deg: float) -> None:
        aeqd = f"+proj=aeqd +lat_0={lat_deg} +lon_0={lon_deg} +datum=WGS84"
        self._to = Transformer.from_crs("EPSG:4326", aeqd, always_xy=True)

    def to_plane(self, lon: Floats, lat: Floats) -> Floats:
        """Return places (N, 2) in the plane."""
        return np.column_stack(self._to.transform(lon, lat))

    def to_lon_lat(self, xy: Floats) -> tuple[Floats, Floats]:
        lon, lat = self._to.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
        return lon, lat

    def place(self, lon_deg: float, lat_deg: float) -> Floats:
        """Return one place (2,) in the plane."""
        return self.to_plane(np.array([lon_deg]), np.array([lat_deg]))[0]
