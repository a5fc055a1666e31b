"""Named shapes, and the authorities that kernels are compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from pyproj import Geod

from detector.airspace.zones import Ring, Zone
from detector.geometry.edges import Edges
from detector.geometry.index import CellIndex
from detector.geometry.projection import Theatre
from tests.zoo import box

GEOD = Geod(ellps="WGS84")
MARITIME = "borders/countries_maritime_10m_europe.geojson.gz"


def parts(*polygons: Sequence[Ring], zone_id: str = "shape", geodesic: bool = False) -> Zone:
    return Zone(id=zone_id, name=zone_id, polygons=tuple(tuple(rings) for rings in polygons), geodesic=geodesic)


def ring(*positions: tuple[float, float]) -> Ring:
    return np.array([*positions, positions[0]], dtype=float)


def moved(loop: Ring, east_deg: float, north_deg: float) -> Ring:
    return loop + np.array([east_deg, north_deg])


def star(seed: int, vertices: int = 200, radius_deg: float = 1.0, zone_id: str = "star") -> Zone:
    """A star of seven points somewhere in central Europe, its vertices jittered."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    r = radius_deg * (0.8 + 0.2 * np.sin(7 * angle + rng.uniform(0, 6))) * (1 + rng.uniform(-0.02, 0.02, vertices))
    lon, lat = rng.uniform(18, 22), rng.uniform(50, 54)
    around = np.column_stack([lon + 1.6 * r * np.sin(angle), lat + r * np.cos(angle)])
    return parts([np.vstack([around, around[:1]])], zone_id=zone_id)


HOLE = parts([box(20, 50, 23, 52), box(21, 50.5, 22, 51.5)])
ISLAND_IN_HOLE = parts([box(20, 50, 23, 52), box(20.5, 50.5, 22.5, 51.5)], [box(21, 50.8, 22, 51.2)])
TWO_PARTS = parts([box(20, 50, 21, 51)], [box(22, 50, 23, 51)])
TOUCHING_AT_VERTEX = parts([box(20, 50, 21, 51)], [box(21, 51, 22, 52)])
TOUCHING_ALONG_EDGE = parts([box(20, 50, 21, 51)], [box(21, 50.25, 22, 50.75)])
HOLE_TOUCHES_SHELL = parts([box(20, 50, 23, 52), ring((20, 51), (21, 50.6), (21, 51.4))])
FIJI = parts([ring((177, -19), (180, -19), (180, -16), (178, -15.5))], [ring((-180, -19), (-178, -18), (-180, -16))])
NORTH_CAP = parts([ring((-180, 80), (-60, 80), (60, 80), (180, 80), (180, 90), (-180, 90))])
SOUTH_CAP = parts([ring((-180, -90), (180, -90), (180, -70), (0, -65), (-180, -70))])
POLAR_SECTOR = parts([ring((20, 75), (50, 75), (50, 90), (20, 90))])
MANY = star(3, vertices=100_000)
DUPLICATES = parts([np.repeat(box(20, 50, 21, 51), 3, axis=0)])
SLIVER = parts([box(20, 50, 20.3, 50.00004)])  # 21 km by 4.4 m
SPIKE = parts([ring((20, 50), (22, 50), (22, 51), (23, 51), (22, 51), (22, 52), (20, 52))])  # out and back again
SEAM = parts([box(20, 50, 21, 52)], [ring((21, 50), (22, 50), (22, 52), (21, 52), (21, 51.3), (21, 50.7))])
WIDE = parts([box(-10, 40, 40, 70)])

ZOO = {name: shape for name, shape in list(globals().items()) if isinstance(shape, Zone)}


def states(document: dict) -> list[Zone]:
    """The zones of GeoJSON whose features have no id."""
    zones = []
    for number, feature in enumerate(document["features"]):
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        rings = tuple(tuple(np.array(r, dtype=float) for r in polygon) for polygon in polygons)
        zones.append(Zone(id=str(number), name=str(number), polygons=rings))
    return zones


BOWTIE = ring((20, 50), (21, 51), (21, 50), (20, 51))  # crosses itself, so it is none of the zoo


class Compiled:
    """Zones, or rings in metres, ready to be asked."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.theatre = Theatre.around(zones)
        self.edges = Edges.of(zones, self.theatre)
        self.index = CellIndex(self.edges, len(zones))

    def inside(self, lon: np.ndarray, lat: np.ndarray) -> set[tuple[int, int]]:
        return pairs(*self.index.inside(*self.theatre.project(np.asarray(lon, float), np.asarray(lat, float))))


def pairs(one: np.ndarray, two: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(one.tolist(), two.tolist(), strict=True))


def flat(*rings: Ring, zone: Sequence[int] = ()) -> Edges:
    """Edges of rings given in metres of the plane."""
    a, b = np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])
    number = np.repeat(np.arange(len(rings)), [len(r) - 1 for r in rings])
    owner = np.array(zone or [0] * len(rings))[number]
    nowhere = np.zeros((len(a), 3))
    return Edges(a[:, 0], a[:, 1], b[:, 0], b[:, 1], nowhere, nowhere, owner, number)


def segments(edges: Edges) -> np.ndarray:
    """Every edge as a line of shapely's, in the plane."""
    ends = np.stack([edges.ax_m, edges.ay_m, edges.bx_m, edges.by_m], axis=1)
    return shapely.linestrings(ends.reshape(-1, 2, 2))


def even_odd(rings: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie inside an odd number of rings, by shapely."""
    return sum(shapely.contains_xy(shapely.polygons(r), x, y).astype(int) for r in rings) % 2 == 1


def even_odd_in_degrees(zone: Zone, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    return even_odd([r for polygon in zone.polygons for r in polygon], lon, lat)


def even_odd_in_plane(edges: Edges, zone: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rings = []
    for number in np.unique(edges.ring[edges.zone == zone]):
        of = edges.ring == number
        points = np.column_stack([edges.ax_m[of], edges.ay_m[of]])
        rings.append(np.vstack([points, points[:1]]))
    return even_odd(rings, x, y)


def drawn(zone: Zone, parts_per_line: int) -> tuple[np.ndarray, np.ndarray]:
    """Points along every line of a zone as its file draws it."""
    rings = [r for polygon in zone.polygons for r in polygon]
    a, b = np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])
    at = np.linspace(0, 1, parts_per_line + 1)
    if not zone.geodesic:
        points = a[:, None] + at[None, :, None] * (b - a)[:, None]
        return points[..., 0].ravel(), points[..., 1].ravel()
    azimuth, _, length = GEOD.inv(*a.T, *b.T)
    shape = (len(a), len(at))
    spread = [np.broadcast_to(v[:, None], shape).ravel() for v in (a[:, 0], a[:, 1], azimuth)]
    lon, lat, _ = GEOD.fwd(*spread, (length[:, None] * at).ravel())
    return lon, lat


def swept(index: CellIndex, *ends_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the crossings of paths, having checked that their ends are told as points by themselves are."""
    inside, crossings = index.trace(*ends_m)
    np.testing.assert_array_equal(inside, index.inside(*ends_m[2:]))
    return crossings
