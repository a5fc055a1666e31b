"""Where a zone's parts meet there is no boundary; and paths that could creep along a wall of the tree do not."""

import numpy as np
import pytest

from detector.airspace.zones import Zone
from detector.geometry.edges import Edges
from detector.geometry.index import CellIndex
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import Theatre, earth_centred
from tests.geometry.shapes import FIJI, GEOD, NORTH_CAP, SOUTH_CAP, TOUCHING_ALONG_EDGE, flat, parts, star, swept
from tests.zoo import box


def distance_m(zone: Zone, lon: float, lat: float) -> float:
    point = earth_centred(np.array([lon]), np.array([lat]))
    return float(Boundaries(Edges.of([zone], Theatre.around([zone]))).distance(point, np.array([0]))[0])


@pytest.mark.parametrize(
    ("zone", "lon", "lat", "foot"),  # the nearest place of the boundary
    [
        (NORTH_CAP, 180.0, 85.0, (180.0, 80.0)),
        (NORTH_CAP, -180.0, 85.0, (180.0, 80.0)),
        (NORTH_CAP, 0.0, 90.0, (0.0, 80.0)),
        (NORTH_CAP, 179.9, 75.0, (179.9, 80.0)),
        (SOUTH_CAP, 77.0, -90.0, (180.0, -70.0)),
        (FIJI, 180.0, -19.05, (180.0, -19.0)),  # the end of a seam is a place of the boundary
        (FIJI, 179.9, -19.1, (179.9, -19.0)),
        (TOUCHING_ALONG_EDGE, 21.0, 50.3, (21.0, 50.25)),
        (TOUCHING_ALONG_EDGE, 20.999, 50.24, (21.0, 50.24)),  # the rest of the shared line is a boundary still
    ],
)
def test_distance_is_to_the_boundary_not_to_the_seam(
    zone: Zone, lon: float, lat: float, foot: tuple[float, float]
) -> None:
    expected = GEOD.inv(lon, lat, *foot)[2]
    assert distance_m(zone, lon, lat) == pytest.approx(expected, abs=1.0, rel=1e-3)


def test_shared_border_of_two_zones_is_a_boundary_of_both() -> None:
    zones = [parts([box(20, 50, 21, 51)], zone_id="west"), parts([box(21, 50, 22, 51)], zone_id="east")]
    points = earth_centred(np.array([21.0, 21.0]), np.array([50.5, 50.5]))
    found = Boundaries(Edges.of(zones, Theatre.around(zones))).distance(points, np.array([0, 1]))
    assert found == pytest.approx([0, 0], abs=0.5)


def test_paths_beside_a_wall_of_the_tree_come_to_an_end() -> None:
    """Slanting by one rounding, a path on a wall once went on by a millimetre a step."""
    ring = star(1, vertices=500).polygons[0][0] * 1e5
    index = CellIndex(flat(ring), 1)
    low, high = ring.min(axis=0), ring.max(axis=0)
    size_m = max(high - low) + 20.0
    x0 = low[0] - 10.0 + size_m * np.arange(1, 64) / 64  # walls, give or take a rounding
    x0 = np.concatenate([np.nextafter(x0, -np.inf), x0, np.nextafter(x0, np.inf)])
    for x1 in (np.nextafter(x0, -np.inf), np.nextafter(x0, np.inf), x0 - 1e-6, x0):
        y0, y1 = np.full_like(x0, low[1] - 5.0), np.full_like(x0, high[1] + 5.0)
        for up, down in ((y0, y1), (y1, y0)):
            path, _, _ = swept(index, x0, up, x1, down)
            assert (np.bincount(path, minlength=len(x0)) % 2 == 0).all()
            assert len(path) > len(x0)
