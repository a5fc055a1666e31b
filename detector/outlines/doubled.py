r"""Doubled area: what rings that touch go around more than once, and the even-odd rule so calls outside.

A ring may wind twice around a place without crossing itself properly, at a vertex or along a line that it walks again;
two parts may overlap though their lines only touch. GEOS (shapely) finds the faces between the lines.

    two laps that meet at A:   A-------.      an edge that two boxes share:  .---+---+---.
                               |\ .--. |                                     |   | 2 |   |
                               | '|2 | |                                     '---+---+---'
                               |  '--' |
                               '-------'
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from detector.airspace.zones import Ring, Zone
from detector.arrays import Floats, Indices, Mask
from detector.geometry import ragged
from detector.outlines.crossings import OVERSHOOT_M
from detector.outlines.drawn import Plane
from detector.outlines.nesting import held_holes, interior, is_inside, nested_shells
from detector.outlines.size import fine, size

if TYPE_CHECKING:
    from shapely import Geometry

Part = tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Doubled:
    """An area that counts more than once, and a place in its largest face."""

    lon_deg: float
    lat_deg: float
    area_m2: float


def around_once(zone: Zone, touching: Set[tuple[int, int]]) -> tuple[Zone, list[Doubled]]:
    """Return a zone whose rings wind around nothing twice, and what those did that touch themselves.

    Such a ring becomes what it encloses, by nonzero winding. Raises ImportError without shapely.
    """
    own = {one for one, other in touching if one == other}
    drawn, polygons, number = _Drawn(zone), list[Part](), 0
    found: list[Doubled] = []
    for rings in zone.polygons:
        enclosed: list[list[Part]] = [[(ring,)] for ring in rings]
        before = len(found)
        for n in sorted(own.intersection(range(number, number + len(rings)))):
            outline = drawn.ring(rings[n - number])
            faces = _Faces([outline])
            laps = np.abs(faces.windings(outline))
            if (laps > 1).any():
                enclosed[n - number] = [drawn.part(each) for each in faces.united(laps > 0)]
                found.append(drawn.doubled(faces, laps > 1))
        polygons += _parts(drawn, *enclosed) if len(found) > before else [rings]
        number += len(rings)
    return (replace(zone, polygons=tuple(polygons)), found) if found else (zone, [])


def _parts(drawn: _Drawn, shells: Sequence[Part], *holes: Sequence[Part]) -> list[Part]:
    """Return the parts that shells make without what holes enclose; what these leave out is a part of its own."""
    parts = [list(shell) for shell in shells]
    outlines = [drawn.ring(part[0]) for part in parts]
    islands = []
    for outline, *left_out in (each for hole in holes for each in hole):
        place_m = interior([drawn.ring(outline)])
        around = (part for part, shell in zip(parts, outlines, strict=True) if is_inside(*place_m, [shell]))
        next(around, parts[0]).append(outline)
        islands += [(ring,) for ring in left_out]
    return [*map(tuple, parts), *islands]


def overlaps(zone: Zone, touching: Set[tuple[int, int]]) -> list[Doubled]:
    """Return where the even-odd rule tells otherwise than parts without their holes enclose, perhaps in one of them.

    Parts inside others are holes. Rings that are sound must not cross. Raises ImportError without shapely.
    """
    flat = [(part, n) for part, rings in enumerate(zone.polygons) for n in range(len(rings))]
    pairs = {pair for pair in touching if pair[0] != pair[1]} | held_holes(zone)
    met = {flat[ring] for pair in pairs for ring in pair}
    if not met:
        return []
    drawn, nested = _Drawn(zone), nested_shells(zone)
    around = below = {part for part, _ in met}
    while below := {nested[part].inside for part in below if part in nested}:
        around = around | below
    used = [sorted({(part, 0)} | {one for one in met if one[0] == part}) for part in sorted(around)]
    rings = {(part, n): drawn.ring(zone.polygons[part][n]) for some in used for part, n in some}
    faces = _Faces([rings[one] for one in sorted(met)])
    is_in = {one: faces.windings(ring) % 2 == 1 for one, ring in rings.items()}
    covered = np.zeros(len(faces.area), dtype=np.intp)
    for shell, *holes in used:
        whole = is_in[shell] & ~np.any([is_in[hole] for hole in holes], axis=0)
        covered += np.where(whole, -1 if shell[0] in nested else 1, 0)
    wrong = (np.sum(list(is_in.values()), axis=0) % 2 == 1) != (covered > 0)
    return [drawn.doubled(faces, wrong)] if wrong.any() else []


class _Faces:
    """What lies between rings on a plane, F polygons, without those no wider than rounding."""

    def __init__(self, rings: Sequence[Floats]) -> None:
        import shapely

        lines = shapely.union_all([shapely.LineString(ring) for ring in rings])
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
        self.area = faces[2 * shapely.area(faces) > OVERSHOOT_M * shapely.length(faces)]
        self.place_m: Floats = shapely.get_coordinates(shapely.point_on_surface(self.area))

    def windings(self, ring: Floats) -> Indices:
        """Return how often a ring winds around each, counterclockwise, (F,)."""
        return _winding(ring, *self.place_m.T)

    def united(self, some: Mask) -> list[Geometry]:
        """Return the polygons that faces make together."""
        import shapely

        return shapely.get_parts(shapely.union_all(self.area[some])).tolist()


def _winding(ring: Floats, x_m: Floats, y_m: Floats) -> Indices:
    """Return how often a ring winds around places, counterclockwise."""
    order = np.argsort(y_m)
    (ax, ay), (bx, by) = ring[:-1].T, ring[1:].T
    begin, end = (np.searchsorted(y_m[order], end_m) for end_m in (np.minimum(ay, by), np.maximum(ay, by)))
    line, place = ragged.expand(begin, end - begin)
    place = order[place]
    at = (y_m[place] - ay[line]) / (by - ay)[line]
    east = ax[line] + at * (bx - ax)[line] > x_m[place]
    return np.bincount(place[east], np.sign(by - ay)[line[east]], minlength=len(x_m)).astype(np.intp)


class _Drawn:
    """The plane of a zone, and the way back to the vertices of its file."""

    def __init__(self, zone: Zone) -> None:
        self._zone, self._plane = zone, Plane(zone)
        self._drawn: list[tuple[Floats, Ring]] = []
        self._vertex: dict[tuple[float, float], tuple[float, float]] = {}

    def ring(self, ring: Ring) -> Floats:
        """Return a ring on the plane."""
        drawn = self._plane.draw(ring)
        self._drawn.append((drawn, ring))
        return drawn

    def part(self, area: Geometry) -> Part:
        """Return the rings of a polygon, its shell first."""
        while self._drawn:
            drawn, ring = self._drawn.pop()
            self._vertex.update(zip(map(tuple, drawn.tolist()), map(tuple, ring.tolist()), strict=True))
        return tuple(self._degrees(ring.coords) for ring in (area.exterior, *area.interiors))

    def _degrees(self, ring: Sequence[tuple[float, float]]) -> Ring:
        return np.array([self._vertex.get(place) or self._plane.place(*place) for place in ring])

    def doubled(self, faces: _Faces, some: Mask) -> Doubled:
        """Return what is said of some faces."""
        rings = [[ring if self._zone.geodesic else fine(ring) for ring in self.part(each)] for each in faces.area[some]]
        areas_m2 = [[abs(size(ring)[0]) for ring in each] for each in rings]
        left_m2 = [shell_m2 - sum(holes_m2) for shell_m2, *holes_m2 in areas_m2]
        place_m = faces.place_m[some][int(np.argmax(left_m2))]
        return Doubled(*self._plane.place(*place_m), area_m2=sum(left_m2))
