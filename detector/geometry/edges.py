"""Edges: the boundaries of all zones as straight pieces, in the plane and earth-centred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from detector.airspace.zones import Zone
from detector.geometry.projection import Theatre, earth_centred
from feeds.plots import Floats

CHORD_ERROR_M = 0.25  # between a boundary as drawn and its pieces, in the plane and through the Earth
COARSE_DEG = 0.5  # long edges are cut at this first, so that a midpoint speaks for its piece

_GEOD = Geod(ellps="WGS84")

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Edges:
    """E directed pieces a -> b, zone after zone, ring after ring, each ring's in order; none without length."""

    ax_m: Floats
    ay_m: Floats
    bx_m: Floats
    by_m: Floats
    a_m: Floats  # (E, 3) earth-centred
    b_m: Floats  # (E, 3)
    zone: Indices
    ring: Indices  # rings of all zones counted through

    def __len__(self) -> int:
        return len(self.zone)

    @classmethod
    def of(cls, zones: Sequence[Zone], theatre: Theatre) -> Edges:
        """Return the edges of all zones, cut so that no chord is CHORD_ERROR_M off the edge as drawn."""
        lines = _Lines.of(zones)
        lines = lines.cut(np.ceil(lines.length_deg() / COARSE_DEG))
        for _ in range(2):  # the second pass mends what bends unevenly
            lines = lines.cut(np.ceil(np.sqrt(lines.bend_m(theatre) / CHORD_ERROR_M)))
        ax_m, ay_m = theatre.project(lines.lon0, lines.lat0)
        bx_m, by_m = theatre.project(lines.lon1, lines.lat1)
        some = (ax_m != bx_m) | (ay_m != by_m)
        return cls(
            ax_m[some],
            ay_m[some],
            bx_m[some],
            by_m[some],
            earth_centred(lines.lon0, lines.lat0)[some],
            earth_centred(lines.lon1, lines.lat1)[some],
            lines.zone[some],
            lines.ring[some],
        )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Edges in degrees, (E,) each, straight in longitude and latitude or geodesic."""

    lon0: Floats
    lat0: Floats
    lon1: Floats
    lat1: Floats
    zone: Indices
    ring: Indices
    geodesic: NDArray[np.bool_]

    @classmethod
    def of(cls, zones: Sequence[Zone]) -> _Lines:
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

    def length_deg(self) -> Floats:
        return np.maximum(np.abs(self.lon1 - self.lon0), np.abs(self.lat1 - self.lat0))

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

    def bend_m(self, theatre: Theatre) -> Floats:
        """Return how far the middle of each line lies off its chords in the plane and through the Earth."""
        middle = self.at(np.arange(len(self.zone)), np.full(len(self.zone), 0.5))
        start, mid, end = (
            np.column_stack([*theatre.project(*place), earth_centred(*place)])
            for place in ((self.lon0, self.lat0), middle, (self.lon1, self.lat1))
        )
        off_m = mid - (start + end) / 2
        return np.maximum(np.linalg.norm(off_m[:, :2], axis=1), np.linalg.norm(off_m[:, 2:], axis=1))

    def cut(self, into: Floats) -> _Lines:
        """Return the lines cut into so many equal parts each (at least one)."""
        parts = np.maximum(into, 1).astype(np.intp)
        line = np.repeat(np.arange(len(parts)), parts)
        part = np.arange(len(line)) - np.repeat(np.cumsum(parts) - parts, parts)
        lon0, lat0 = self.at(line, part / parts[line])
        lon1, lat1 = self.at(line, (part + 1) / parts[line])
        return _Lines(lon0, lat0, lon1, lat1, self.zone[line], self.ring[line], self.geodesic[line])
