"""The centre of the plane, and places that have none."""

import numpy as np
import pytest
from pyproj import Geod

from detector.geometry.projection import Theatre, earth_centred, east_north, on_earth
from tests.geometry.shapes import Compiled, parts
from tests.zoo import SQUARE, box

SPAIN, NEW_ZEALAND = parts([box(-5, 39, -3, 41)]), parts([box(174, -42, 179, -38)])


def test_centre_of_one_zone_is_in_it() -> None:
    theatre = Theatre.around([SQUARE])
    assert (20 < theatre.lon_deg < 21, 54 < theatre.lat_deg < 55) == (True, True)


@pytest.mark.parametrize("zones", [[SPAIN, NEW_ZEALAND], [NEW_ZEALAND, SPAIN]])
def test_zones_at_each_others_antipodes(zones: list) -> None:
    compiled = Compiled(zones)
    spain = [zone is SPAIN for zone in zones].index(True)
    assert compiled.inside([-4, 176, 177.5, 0, 100], [40, -39, -41, 0, 10]) == {
        (0, spain),
        (1, 1 - spain),
        (2, 1 - spain),
    }


def test_antipode_of_many_vertices_is_not_the_antipode_of_the_plane() -> None:
    """Centred on a coast of 1,000 vertices, the plane would tear the four-cornered zone opposite to it apart."""
    angle = np.linspace(0, 2 * np.pi, 1001)
    coast = parts([np.column_stack([-4 + np.cos(angle), 40 + np.sin(angle)])])
    compiled = Compiled([coast, parts([box(174, -42, 178, -38)])])
    assert compiled.inside([-4, 176, 176.1, 0, 100], [40, -40, -40.1, 0, 10]) == {(0, 0), (1, 1), (2, 1)}


def test_bad_places_are_nan_and_spoil_nothing() -> None:
    theatre = Theatre(10.0, 50.0)
    x_m, y_m = theatre.project(np.array([10.0, np.nan, 10.0, np.inf]), np.array([50.0, 50.0, 95.0, 0.0]))
    assert np.isnan(x_m).tolist() == np.isnan(y_m).tolist() == [False, True, True, True]
    assert (x_m[0], y_m[0]) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_there_and_back() -> None:
    rng = np.random.default_rng(1)
    lon_deg, lat_deg = rng.uniform(-60, 80, 1000), rng.uniform(-20, 89, 1000)
    theatre = Theatre(10.0, 50.0)
    back = theatre.unproject(*theatre.project(lon_deg, lat_deg))
    assert np.abs(np.stack(back) - [lon_deg, lat_deg]).max() < 5e-8  # 5 mm: PROJ's inverse is a series


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 0.0), (20.0, 54.5), (179.9, -66.0), (-70.0, 89.0), (0.0, 90.0)])
def test_east_and_north_are_where_geodesics_go(lon: float, lat: float) -> None:
    here = earth_centred(np.array([lon]), np.array([lat]))
    for azimuth, way in zip((90.0, 0.0), east_north(here), strict=True):
        to_lon, to_lat, _ = Geod(ellps="WGS84").fwd(lon, lat, azimuth, 10.0)
        step = earth_centred(np.array([to_lon]), np.array([to_lat])) - here
        if lat < 90:  # at a pole, which way is east is a matter of agreement
            assert step / 10.0 == pytest.approx(way, abs=2e-6)
        assert np.linalg.norm(way) == pytest.approx(1.0)
        back = np.concatenate(on_earth(here))
        assert back == pytest.approx([lon, lat], abs=1e-9)
