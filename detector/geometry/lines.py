"""Lines: what files draw between vertices, in degrees, straight there or geodesic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyproj import Geod

from detector.airspace.zones import Zone
from detector.arrays import Floats, Indices, Mask

COARSE_DEG = 0.5  # long lines are cut at this first, so that a midpoint speaks for its piece
# Lines may be longer by 53 mm: files draw borders of whole and half degrees, and where the two sides of one differ by
# rounding, both must be cut alike, or neither repeats the other. No decimal, as no length that files write.
SLACK = 2.0**-20

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Lines:
    """E lines from (lon0, lat0) to (lon1, lat1), zone after zone, ring after ring, each ring's in order."""

    lon0: Floats
    lat0: Floats
    lon1: Floats
    lat1: Floats
    zone: Indices
    ring: Indices
    geodesic: Mask

    def __len__(self) -> int:
        return len(self.zone)

    @classmethod
    def of(cls, zones: Sequence[Zone]) -> Lines:
        """Return the lines of all zones."""
        rings = [(ring, z) for z, zone in enumerate(zones) for polygon in zone.polygons for ring in polygon]
        sizes = [len(ring) - 1 for ring, _ in rings]
        points = [np.empty((0, 2))] + [ring[:-1] for ring, _ in rings]
        ends = [np.empty((0, 2))] + [ring[1:] for ring, _ in rings]
        zone = np.repeat(np.array([z for _, z in rings], dtype=np.intp), sizes)
        geodesic = np.array([z.geodesic for z in zones], dtype=bool)
        lon0, lat0 = np.concatenate(points).T
        lon1, lat1 = np.concatenate(ends).T
        return cls(
            lon0,
            lat0,
            lon1,
            lat1,
            zone,
            np.repeat(np.arange(len(rings)), sizes),
            geodesic[zone],
        )

    def coarse(self) -> Lines:
        """Return the lines cut so that none is longer than COARSE_DEG, give or take SLACK, either way."""
        along_deg = np.abs(self.lon1 - self.lon0)
        along_deg = np.where(self.geodesic, np.minimum(along_deg, 360 - along_deg), along_deg)  # the shorter way round
        length_deg = np.maximum(along_deg, np.abs(self.lat1 - self.lat0))
        return self.cut(np.ceil(length_deg / COARSE_DEG - SLACK))

    def at(self, line: Indices, fraction: Floats) -> tuple[Floats, Floats]:
        """Return the points at a fraction of lines; the ends are exact."""
        lon0, lat0, lon1, lat1 = self.lon0[line], self.lat0[line], self.lon1[line], self.lat1[line]
        lon, lat = lon0 + fraction * (lon1 - lon0), lat0 + fraction * (lat1 - lat0)
        curved = np.flatnonzero(self.geodesic[line])
        if len(curved):
            azimuth, _, length_m = _GEOD.inv(lon0[curved], lat0[curved], lon1[curved], lat1[curved])
            lon[curved], lat[curved], _ = _GEOD.fwd(lon0[curved], lat0[curved], azimuth, length_m * fraction[curved])
        start, end = fraction == 0, fraction == 1
        return np.where(start, lon0, np.where(end, lon1, lon)), np.where(start, lat0, np.where(end, lat1, lat))

    def cut(self, into: Floats) -> Lines:
        """Return the lines cut into so many equal parts each (at least one)."""
        parts = np.maximum(into, 1).astype(np.intp)
        line = np.repeat(np.arange(len(parts)), parts)
        part = np.arange(len(line)) - np.repeat(np.cumsum(parts) - parts, parts)
        lon0, lat0 = self.at(line, part / parts[line])
        lon1, lat1 = self.at(line, (part + 1) / parts[line])
        return Lines(lon0, lat0, lon1, lat1, self.zone[line], self.ring[line], self.geodesic[line])
