"""Offsets: the area within a distance of a boundary, measured over ground.

GEOS (shapely) finds its shape in the plane, where distances are a little off; each of its vertices is then moved to
where the distance is right, within NEAR_M, and lines that bow by more than BOW_M are split. In the plane a distance is
off by 0.2 % at 1,000 km from the middle: only where two sides are twice the distance apart within as much, and at
cusps, is the shape that of the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detector.airspace.zones import Ring, Zone
from detector.arrays import Floats
from detector.geometry.edges import Edges
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import Theatre, earth_centred
from detector.outlines.nesting import depths

if TYPE_CHECKING:
    from shapely import Geometry

SIMPLE_M = 2.0  # vertices that matter less are left out
APART_M = 5000.0  # of vertices at most: a parallel of a geodesic bows by 0.5 m on that way
NEAR_M = 1.0  # a vertex this close to its distance stays
MOVES = 8
BOW_M = 4.0  # a line that does so by more is split, ...
SPLITS = 6  # ... and its parts, so often
PROBE_M = 5.0
SLIVER_M = 0.2  # to either side of a gap that is none: more than two chords of one border are apart

Polygons = tuple[tuple[Ring, ...], ...]


def strip(zones: Sequence[Zone], outside_m: float, inside_m: float, *, filled: bool) -> Polygons:
    """Return what lies within `outside_m` outside or `inside_m` inside the boundary of the union of zones.

    `filled`: and all that lies inside. Rings are of longitude and latitude in degrees, to be joined by geodesics. Empty
    where nothing does. Raises ImportError without shapely, ValueError where GEOS cannot tell what zones enclose.
    """
    import shapely

    theatre = Theatre.around(zones)
    try:
        base = _without_slivers(shapely.union_all([_area(zone, theatre) for zone in zones]))
        whole = _Base(base, theatre)
        grown = whole.moved(outside_m) if outside_m else base
        core = shapely.Polygon() if filled else whole.moved(-inside_m) if inside_m else base
        left = shapely.difference(grown, core)
    except shapely.GEOSException as error:
        raise ValueError(str(error)) from error
    return tuple(_degrees(part, theatre) for part in _parts(left))


class _Base:
    """What zones enclose, in the plane, and the distance to its boundary."""

    def __init__(self, area: Geometry, theatre: Theatre) -> None:
        self._area, self._theatre = area, theatre
        zone = Zone("base", tuple(_degrees(part, theatre) for part in _parts(area)), "base", geodesic=True)
        self._boundaries = Boundaries(Edges.of([zone], theatre))

    def moved(self, by_m: float) -> Geometry:
        """Return the area grown, or shrunk by a negative distance."""
        import shapely

        arc = np.ceil(np.pi / 4 / np.sqrt(2 * SIMPLE_M / abs(by_m)))  # vertices to a quarter of a circle
        rough = shapely.buffer(shapely.simplify(self._area, SIMPLE_M), by_m, quad_segs=int(arc))
        rough = shapely.segmentize(shapely.simplify(rough, SIMPLE_M), APART_M)
        parts = [shapely.Polygon(*self._exact([part.exterior, *part.interiors], abs(by_m))) for part in _parts(rough)]
        return shapely.union_all([part for each in parts for part in _parts(shapely.make_valid(each))])

    def _exact(self, rings: Sequence[Geometry], distance_m: float) -> tuple[Floats, list[Floats]]:
        """Return the rings of a part with their vertices at the distance, and more of them where lines bow."""
        shell, *holes = (self._ring(np.asarray(ring.coords)[:-1], distance_m) for ring in rings)
        return shell, [hole for hole in holes if len(hole) > 2]

    def _ring(self, xy_m: Floats, distance_m: float) -> Floats:
        xy_m = self._at_distance(xy_m, distance_m)
        for _ in range(SPLITS):
            middle_m = (xy_m + np.roll(xy_m, -1, axis=0)) / 2
            bows = np.flatnonzero(np.abs(self._distance_m(middle_m) - distance_m) > BOW_M)
            if not len(bows):
                break
            between_m = self._at_distance(middle_m[bows], distance_m)
            right = np.abs(self._distance_m(between_m) - distance_m) < BOW_M  # none is where a neck is too narrow
            xy_m = np.insert(xy_m, bows[right] + 1, between_m[right], axis=0)
        return xy_m

    def _at_distance(self, xy_m: Floats, distance_m: float) -> Floats:
        """Return places (N, 2) moved to where they are as far from the boundary, along the gradient of that."""
        xy_m = xy_m.copy()
        on = np.arange(len(xy_m))
        for _ in range(MOVES):
            off_m = distance_m - self._distance_m(xy_m[on])
            far = np.abs(off_m) > NEAR_M
            on, off_m = on[far], off_m[far]
            if not len(on):
                break
            east, north = (self._distance_m(xy_m[on] + PROBE_M * axis) - distance_m + off_m for axis in np.eye(2))
            slope = np.column_stack([east, north]) / PROBE_M
            xy_m[on] += off_m[:, None] * slope / np.maximum((slope**2).sum(axis=1), 0.25)[:, None]
        return xy_m

    def _distance_m(self, xy_m: Floats) -> Floats:
        places = earth_centred(*self._theatre.unproject(*xy_m.T))
        return self._boundaries.distance(places, np.zeros(len(places), dtype=np.intp))


def _area(zone: Zone, theatre: Theatre) -> Geometry:
    """Return what a zone encloses by the even-odd rule, in the plane."""
    import shapely

    edges = Edges.of([zone], theatre)
    cuts = np.flatnonzero(np.diff(edges.ring)) + 1
    drawn = np.split(np.column_stack([edges.ax_m, edges.ay_m]), cuts)
    rings = dict(zip(edges.ring[np.append(0, cuts)].tolist(), drawn, strict=True))
    number = 0
    layers: dict[int, list[Geometry]] = {}
    for depth, polygon in zip(depths(zone), zone.polygons, strict=True):
        shell, *inner = (rings.get(number + n) for n in range(len(polygon)))
        number += len(polygon)
        if shell is not None:
            whole = shapely.make_valid(shapely.Polygon(shell, [hole for hole in inner if hole is not None]))
            layers.setdefault(depth, []).append(whole)
    area = shapely.Polygon()
    for depth, parts in sorted(layers.items()):  # land, its lakes, islands in these: parts of a depth may overlap
        area = (shapely.difference if depth % 2 else shapely.union)(area, shapely.union_all(parts))
    return area


def _without_slivers(area: Geometry) -> Geometry:
    """Return an area without the gaps of rounding along a border on which one side has vertices that the other has not.

    Mitred, corners come back as they were.
    """
    import shapely

    return shapely.buffer(shapely.buffer(area, SLIVER_M, join_style="mitre"), -SLIVER_M, join_style="mitre")


def _parts(area: Geometry) -> list[Geometry]:
    """Return the polygons of a geometry that has area, without lines and points."""
    import shapely

    return [part for part in shapely.get_parts(shapely.get_parts(area)).tolist() if part.area > 0]


def _degrees(part: Geometry, theatre: Theatre) -> tuple[Ring, ...]:
    """Return the rings of a polygon in the plane, its shell first, closed to the bit."""
    rings = [np.asarray(ring.coords)[:-1] for ring in (part.exterior, *part.interiors)]
    return tuple(_closed(np.column_stack(theatre.unproject(*ring.T))) for ring in rings)


def _closed(ring: Ring) -> Ring:
    return np.vstack([ring, ring[:1]])
