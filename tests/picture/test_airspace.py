"""Where the middles of assets are, by pyproj and by shapely."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Proj

from detector.airspace.arcs import circle
from detector.airspace.zones import Zone
from detector.geometry.projection import on_earth
from detector.picture.airspace import Airspace
from tests.geometry.shapes import ring
from tests.zoo import GEOD, box


def middle(*rings: np.ndarray, geodesic: bool = False) -> tuple[float, float]:
    """Return longitude and latitude of the middle of an asset, which is on the ground."""
    polygons = tuple((each,) for each in rings)
    (place_m,) = Airspace([Zone("a", polygons, "a", kind="asset", geodesic=geodesic)], 1013.25).middle_m
    (lon,), (lat,) = on_earth(place_m[None])
    down_m = np.linalg.norm(place_m - earth_m(lon, lat))
    assert down_m < 0.01
    return lon, lat


def earth_m(lon: float, lat: float) -> np.ndarray:
    """Earth-centred, by the equations of the ellipsoid."""
    lam, phi = np.radians([lon, lat])
    n = GEOD.a / np.sqrt(1 - GEOD.es * np.sin(phi) ** 2)
    return n * np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), (1 - GEOD.es) * np.sin(phi)])


def off_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return GEOD.inv(*one, *other)[2]


@pytest.mark.parametrize("radius_m", [5.0, 20e3, 200e3, 1e6])
@pytest.mark.parametrize(("lon", "lat"), [(18.0, 54.5), (180.0, 0.0), (-179.9, 70.0), (0.0, 89.9)])
def test_of_a_circle_it_is_the_centre(lon: float, lat: float, radius_m: float) -> None:
    assert off_m(middle(circle(lon, lat, radius_m), geodesic=True), (lon, lat)) < 0.1 + 0.002 * radius_m


def test_a_side_drawn_finely_does_not_draw_it_near() -> None:
    west = np.column_stack([np.full(200, 18.0), np.linspace(55.0, 54.8, 200)])
    fine = np.vstack([west, box(18.0, 54.8, 18.3, 55.0)[1:4]])[[*range(202), 0]]
    jagged = fine.copy()
    jagged[1:199:2, 0] += 0.01
    plain = middle(box(18.0, 54.8, 18.3, 55.0))
    assert off_m(plain, (18.15, 54.9)) < 20.0
    assert off_m(middle(fine), plain) < 20.0
    assert off_m(middle(jagged), plain) < 500.0


def test_of_several_parts_it_is_that_of_their_area() -> None:
    rings = [box(18.0, 54.8, 18.3, 55.0), ring((18.5, 54.8), (18.5, 55.1), (18.9, 54.8))]
    whole = shapely.MultiPolygon([(each, []) for each in rings]).centroid
    for turned in (rings, [rings[0][::-1], rings[1]], rings[::-1]):
        assert off_m(middle(*turned), (whole.x, whole.y)) < 200.0  # degrees of longitude get shorter


@pytest.mark.parametrize("outline", [box(0, 60, 10, 62), box(0, 70, 60, 72), box(-20, -61, 20, -60)])
def test_sides_along_parallels_are_drawn_as_they_are(outline: np.ndarray) -> None:
    plane = Proj(proj="laea", lon_0=outline[:, 0].mean(), lat_0=outline[:, 1].mean(), ellps="WGS84")  # of equal areas
    fine = shapely.get_coordinates(shapely.segmentize(shapely.LinearRing(outline), 0.01))
    whole = shapely.Polygon(np.column_stack(plane(*fine.T))).centroid
    assert off_m(middle(outline), plane(whole.x, whole.y, inverse=True)) < 500.0


def test_of_a_cap_of_few_vertices_it_is_the_pole() -> None:
    for vertices in ([(-180, 89), (180, 89)], [(-180, 89), (0, 89), (180, 89)]):
        assert off_m(middle(ring(*vertices, (180, 90), (-180, 90))), (0.0, 90.0)) < 1.0
