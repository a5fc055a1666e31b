"""The centre of the plane, and places that have none."""

import numpy as np
import pytest
import shapely

from detector.errors import InputError
from detector.geometry.projection import Theatre, earth_centred, east_north, on_earth
from tests.geometry.shapes import GEOD, NORTH_CAP, SOUTH_CAP, Compiled, even_odd_in_degrees, parts, ring, segments
from tests.zoo import SQUARE, box, flight, pipeline, tell

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


AFRICA = [parts([box(west, -2, west + 4, 2)]) for west in range(-12, 12, 4)]
PACIFIC = parts([box(150, -30, 180, 30)], [box(-180, -30, -150, 30)])  # no vertex of it is near 180, 0
RING = ring((-170, -30), (-120, 45), (0, 60), (120, 45), (170, -30), (60, -40), (-60, -40))
SECTORS = [parts([box(west, -90, west + 30, 90)]) for west in range(-180, 180, 30)]
WORLD_WIDE = {
    "the Pacific, from Africa": [*AFRICA, PACIFIC],
    "all but the south": [parts([ring((-180, -60), (-60, -60), (60, -60), (180, -60), (180, 90), (-180, 90))])],
    "a belt": [parts([box(-180, -30, 0, 30)], [box(0, -30, 180, 30)])],
    "a belt and what is far from its middle": [parts([box(-180, -9, 0, 9)], [box(0, -9, 180, 9)]), SPAIN, NEW_ZEALAND],
    "a ring": [parts([RING])],
    "both caps": [
        parts([ring(*((w, 70) for w in range(-180, 181, 30)), (180, 90), (-180, 90))]),
        parts([ring((-180, -90), (180, -90), (180, -70), (-180, -70))]),
    ],
    "six sides": [parts([box(w - 20, -20, w + 20, 20)]) for w in (0, 90, -90)] + [PACIFIC, NORTH_CAP, SOUTH_CAP],
}


@pytest.mark.parametrize("name", WORLD_WIDE)
def test_zones_round_the_world_are_told_as_drawn(name: str) -> None:
    zones = WORLD_WIDE[name]
    compiled = Compiled(zones)
    lon, lat = np.random.default_rng(1).uniform([-180, -90], [180, 90], (3000, 2)).T
    x, y = compiled.theatre.project(lon, lat)
    places = shapely.points(np.nan_to_num(x, nan=1e9), np.nan_to_num(y, nan=1e9))
    near, _ = shapely.STRtree(segments(compiled.edges)).query(places, "dwithin", distance=1.0)
    off = np.delete(np.arange(len(lon)), near)
    found = compiled.inside(lon[off], lat[off])
    assert len(found) > 100
    for number, zone in enumerate(zones):
        expected = np.flatnonzero(even_odd_in_degrees(zone, lon[off], lat[off]))
        assert {point for point, z in found if z == number} == set(expected.tolist())


@pytest.mark.parametrize("apart_deg", [160.0, 170.0, 179.0, 179.99, 180.0])
@pytest.mark.parametrize("lat", [-60.0, 0.0, 30.0])
def test_two_zones_far_apart(apart_deg: float, lat: float) -> None:
    """Their middles lie as far apart as that; points on both sides of their borders are told."""
    lon_there, lat_there, _ = (float(v) for v in GEOD.fwd(-20.0, lat, 60.0, apart_deg / 180 * np.pi * 6_371_000))
    zones = [
        parts([box(c_lon - 1, c_lat - 1, c_lon + 1, c_lat + 1)])
        for c_lon, c_lat in ((-20, lat), (lon_there, lat_there))
    ]
    compiled = Compiled(zones)
    lons = np.array([-20.99, -19.01, -21.01, lon_there - 0.99, lon_there + 0.99, lon_there + 1.01])
    lats = np.array([lat] * 3 + [lat_there] * 3)
    assert compiled.inside(lons, lats) == {(0, 0), (1, 0), (3, 1), (4, 1)}


def test_geodesic_zones_are_on_the_smaller_side() -> None:
    compiled = Compiled(
        [parts(PACIFIC.polygons[0], geodesic=True), *(parts(z.polygons[0], geodesic=True) for z in AFRICA)]
    )
    assert compiled.inside([170, 0.5, 100, -100], [0, 0.5, 0, 0]) == {(0, 0), (1, 4)}
    cap = parts([ring((-120, 30), (0, 30), (120, 30))], geodesic=True)
    assert Compiled([cap]).inside([0, 0], [90, -90]) == {(0, 0)}


def test_zones_all_over_the_earth_are_refused() -> None:
    with pytest.raises(
        InputError, match='zones: they span the Earth, such as "shape", expected a place 15 degrees off'
    ):
        Theatre.around(SECTORS)


def test_nothing_happens_at_the_antipode() -> None:
    """The plane is torn there: a chord of 3 km would lead through all zones."""
    pipe = pipeline([SQUARE])
    theatre = pipe.airspace.theatre
    for course in (0.0, 45.0, 90.0, 260.0):
        lon, lat, back = GEOD.fwd(theatre.lon_deg + 180, -theatre.lat_deg, course, 751_000)
        plots = flight(lon=lon, lat=lat, course=back, times=range(0, 6000, 12), track_id=str(course))
        assert tell(pipe, plots) == []


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
        to_lon, to_lat, _ = GEOD.fwd(lon, lat, azimuth, 10.0)
        step = earth_centred(np.array([to_lon]), np.array([to_lat])) - here
        if lat < 90:  # at a pole, which way is east is a matter of agreement
            assert step / 10.0 == pytest.approx(way, abs=2e-6)
        assert np.linalg.norm(way) == pytest.approx(1.0)
        back = np.concatenate(on_earth(here))
        assert back == pytest.approx([lon, lat], abs=1e-9)
