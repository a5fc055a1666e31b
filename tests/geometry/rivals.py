"""Shapely's answers to what the index is asked, and how far the differences lie from a boundary.

Rings count as even-odd. Two answers may differ where a rounding decides: at a place, or the end of a path, on the
boundary, and where a path passes a vertex.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.airspace.zones import Zone
from detector.arrays import Floats, Indices
from detector.geometry.edges import Edges
from tests.geometry.shapes import Compiled, segments


@dataclass(frozen=True)
class Comparison:
    """How many were asked about, how many answers there were, and how far off the boundary each difference lies."""

    asked: int
    answers: int
    off_m: Floats


class Rivals:
    """Zones ready for the index and for shapely, in the plane and in degrees."""

    def __init__(self, zones: Sequence[Zone], compiled: Compiled) -> None:
        self.zones, self.compiled = zones, compiled
        edges = compiled.edges
        self._lines = segments(edges)
        self._tree = shapely.STRtree(self._lines)
        self._zone_lines: dict[int, shapely.STRtree] = {}
        self._in_plane = [(int(edges.zone[ring[0]]), _ring(edges, ring)) for ring in _rings(edges)]
        self._in_degrees = [
            (number, shapely.polygons(ring))
            for number, zone in enumerate(zones)
            for polygon in zone.polygons
            for ring in polygon
        ]

    def inside(self, lon_deg: Floats, lat_deg: Floats, *, in_degrees: bool = False) -> Comparison:
        """Compare who is inside which zone."""
        x_m, y_m = self.compiled.theatre.project(lon_deg, lat_deg)
        ours = self._keys(*self.compiled.index.inside(x_m, y_m))
        rings = self._in_degrees if in_degrees else self._in_plane
        theirs = _inside(rings, lon_deg, lat_deg) if in_degrees else _inside(rings, x_m, y_m)
        place, zone = np.divmod(np.setxor1d(ours, self._keys(*theirs)), len(self.zones))
        return Comparison(len(lon_deg), len(ours), self._off_m(shapely.points(x_m[place], y_m[place]), zone))

    def crossings(self, x0_m: Floats, y0_m: Floats, x1_m: Floats, y1_m: Floats) -> Comparison:
        """Compare how often each path crosses each zone's boundary, and so which zones it touches at all."""
        path, zone, _ = self.compiled.index.trace(x0_m, y0_m, x1_m, y1_m)[1]
        ours = _counted(self._keys(path, zone))
        paths = shapely.linestrings(np.stack([x0_m, y0_m, x1_m, y1_m], axis=1).reshape(-1, 2, 2))
        met, edge = self._tree.query(paths, predicate="intersects")
        theirs = _counted(self._keys(met, self.compiled.edges.zone[edge]))
        differ = sorted({key for key, _ in ours ^ theirs})
        path, zone = np.divmod(np.array(differ, dtype=np.intp), len(self.zones))
        return Comparison(len(paths), len(met), self._grazed_m(paths[path], zone))

    def _keys(self, item: Indices, zone: Indices) -> Indices:
        return item * len(self.zones) + zone

    def _off_m(self, geometries: NDArray[np.object_], zone: Indices) -> Floats:
        """Return how far geometries lie from the edges of their zones."""
        off_m = np.empty(len(zone))
        for each in np.unique(zone):
            of = np.flatnonzero(zone == each)
            off_m[of] = _nearest_m(self._lines_of(int(each)), geometries[of])
        return off_m

    def _grazed_m(self, paths: NDArray[np.object_], zone: Indices) -> Floats:
        """Return how near paths come to a vertex of their zones, or their ends to an edge."""
        grazed_m = np.minimum(*(self._off_m(shapely.get_point(paths, n), zone) for n in (0, 1)))
        for each in np.unique(zone):
            of = np.flatnonzero(zone == each)
            vertices = shapely.STRtree(shapely.get_point(self._lines_of(int(each)).geometries, 0))
            grazed_m[of] = np.minimum(grazed_m[of], _nearest_m(vertices, paths[of]))
        return grazed_m

    def _lines_of(self, zone: int) -> shapely.STRtree:
        if zone not in self._zone_lines:
            self._zone_lines[zone] = shapely.STRtree(self._lines[self.compiled.edges.zone == zone])
        return self._zone_lines[zone]


def _nearest_m(tree: shapely.STRtree, geometries: NDArray[np.object_]) -> Floats:
    return np.asarray(tree.query_nearest(geometries, return_distance=True, all_matches=False)[1])


def _rings(edges: Edges) -> Iterator[Indices]:
    yield from np.split(np.arange(len(edges)), np.flatnonzero(np.diff(edges.ring)) + 1)


def _ring(edges: Edges, ring: Indices) -> shapely.Polygon:
    return shapely.polygons(np.column_stack([edges.ax_m[ring], edges.ay_m[ring]]))


def _inside(rings: Sequence[tuple[int, shapely.Polygon]], x: Floats, y: Floats) -> tuple[Indices, Indices]:
    """Return (place, zone) of places inside an odd number of a zone's rings.

    Rings that run out and back are left out: some of them shapely takes for the box around them.
    """
    rings = [(zone, ring) for zone, ring in rings if not _flat(ring)]
    places = shapely.STRtree(shapely.points(x, y))
    polygons = np.array([polygon for _, polygon in rings])
    which, near = places.query(shapely.box(*shapely.bounds(polygons).T))
    shapely.prepare(polygons)
    within = shapely.contains_xy(polygons[which], x[near], y[near])
    zone = np.array([zone for zone, _ in rings])
    pair, count = np.unique(np.stack([near[within], zone[which[within]]]), axis=1, return_counts=True)
    return tuple(pair[:, count % 2 == 1])  # type: ignore[return-value]


def _flat(ring: shapely.Polygon) -> bool:
    tiny = 1e-12 * ring.length**2
    return bool(ring.area < tiny and shapely.make_valid(ring).area < tiny)  # a figure of eight has area after all


def _counted(keys: Indices) -> set[tuple[int, int]]:
    key, count = np.unique(keys, return_counts=True)
    return set(zip(key.tolist(), count.tolist(), strict=True))


# --- places and paths -------------------------------------------------------------------------------------------------


def anywhere(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Places spread evenly over the Earth."""
    return rng.uniform(-180, 180, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def near_borders(rng: np.random.Generator, zones: Sequence[Zone], count: int) -> tuple[Floats, Floats]:
    """Places off random lines by 0.1 mm to 10 km, every power of ten as often."""
    rings = [ring for zone in zones for polygon in zone.polygons for ring in polygon]
    a, b = np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])
    line = rng.integers(len(a), size=count)
    start = a[line] + rng.uniform(0, 1, (count, 1)) * (b - a)[line]
    off_deg = 10 ** rng.uniform(-4, 4, count) / 111_320
    course = rng.uniform(0, 2 * np.pi, count)
    lat = start[:, 1] + off_deg * np.cos(course)
    lon = start[:, 0] + off_deg * np.sin(course) / np.maximum(np.cos(np.radians(start[:, 1])), 0.01)
    return (lon + 180) % 360 - 180, np.clip(lat, -90, 90)


def onwards(rng: np.random.Generator, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
    """Where paths of 100 m to 30 km lead from places of the plane."""
    length_m, course = 10 ** rng.uniform(2, 4.5, len(x_m)), rng.uniform(0, 2 * np.pi, len(x_m))
    return x_m + length_m * np.sin(course), y_m + length_m * np.cos(course)
