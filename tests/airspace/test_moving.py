"""Assets that move with a track: how files ask for them, and what is wrong with some."""

import json
import math

import pytest

from detector.airspace.geojson import read
from detector.airspace.reading import Reading
from detector.commands.export import geojson
from detector.commands.listing import area_km2
from detector.outlines.selfcheck import check

SHIP = {"id": "ship", "follows": "219000123", "radius_m": 5000}


def reading(*properties: dict, geometry: object = None) -> Reading:
    features = [{"type": "Feature", "geometry": geometry, "properties": each} for each in properties]
    return read(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "a.geojson")


def test_a_feature_without_geometry_may_follow_a_track():
    found = check(reading(SHIP | {"name": "USS Donald Cook", "near_nm": 20}))
    assert found.problems == []
    (ship,) = found.zones
    assert (ship.follows, ship.radius_m, ship.kind, ship.near_nm) == ("219000123", 5000.0, "asset", 20.0)
    assert ship.polygons == ()
    assert area_km2(ship) == pytest.approx(math.pi * 25)


def test_it_comes_back_as_it_was():
    zones = check(reading(SHIP)).zones
    back = check(read(geojson(zones).encode(), "b.geojson"))
    assert (back.zones, back.problems) == (zones, [])


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"follows": ""}, 'follows: got "", expected the track_id of a ship or an aircraft'),
        ({"follows": 7}, "follows: got 7.0, expected the track_id"),
        ({"radius_m": None}, "radius_m: got null, expected metres, above 0"),
        ({"radius_m": -1}, "radius_m: got -1.0, expected metres, above 0"),
        ({"kind": "national"}, 'kind: got "national", expected asset: nothing else moves'),
        ({"id": None}, "id: missing"),
    ],
)
def test_what_is_wrong_is_told(properties, expected):
    found = reading(SHIP | properties)
    assert found.zones == []
    assert len(found.problems) == 1
    assert expected in found.problems[0]


def test_what_has_a_geometry_follows_nobody():
    (problem,) = reading(SHIP, geometry={"type": "Point", "coordinates": [18, 55]}).problems
    assert "follows: given to what has a geometry" in problem


def test_nothing_is_drawn_by_its_distance_from_what_moves():
    belt = {"id": "belt", "kind": "belt", "of": "ship", "outside_nm": 5}
    (problem,) = check(reading(SHIP, belt)).problems
    assert 'of: "ship" has no geometry itself, expected a zone that is drawn' in problem
