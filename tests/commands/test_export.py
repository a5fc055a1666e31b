"""Zones of every format, written as GeoJSON and read back."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import shapely

from detector.airspace import geojson, properties, schedule
from detector.airspace.altitude import parse
from detector.airspace.load import read_zones
from detector.airspace.reading import Reading
from detector.airspace.zones import Zone
from detector.commands.export import geojson as written
from detector.geometry.projection import earth_centred
from detector.outlines.selfcheck import check
from detector.picture.airspace import Airspace
from tests.geometry.shapes import FIJI, HOLE, ISLAND_IN_HOLE, NORTH_CAP, SEAM, TWO_PARTS, parts, ring, star
from tests.shared import data_file
from tests.zoo import box, zone

SAID = ("id", "name", "kind", "floor", "ceiling", "watch", "initial", "near_nm", "active")


def said(of: Zone) -> list[object]:
    return [getattr(of, field) for field in SAID]


def read_back(zones: Sequence[Zone], monkeypatch: pytest.MonkeyPatch) -> Reading:
    """What the reader makes of zones as written, told what the windows are that it does not take yet."""
    monkeypatch.setitem(properties.READERS, "active", lambda texts: tuple(map(schedule.parse, texts)))
    reading = geojson.read(written(zones).encode(), "out.geojson")
    assert reading.problems == []
    return reading


def shapes(zones: Sequence[Zone]) -> list[shapely.Geometry]:
    return [
        shapely.multipolygons([shapely.Polygon(rings[0], rings[1:]) for rings in of.polygons]).normalize()
        for of in zones
    ]


def test_straight_zones_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = [
        parts(*of.polygons, zone_id=f"zone {n}")
        for n, of in enumerate([FIJI, HOLE, ISLAND_IN_HOLE, NORTH_CAP, SEAM, TWO_PARTS, star(3)])
    ]
    zones[0] = zone(box(20, 50, 20.1 + 0.2, 50.7), zone_id="Łódź", floor=parse("762.5 m AMSL"), ceiling=parse("FL95"))
    back = read_back(zones, monkeypatch).zones
    assert list(map(said, back)) == list(map(said, zones))
    assert shapes(back) == shapes(zones)


def test_it_is_geojson_as_rfc_7946_has_it() -> None:
    document = json.loads(written([HOLE, TWO_PARTS, parts([ring((175, 50), (-175, 50), (180, 60))], geodesic=True)]))
    assert document["type"] == "FeatureCollection"
    assert [feature["geometry"]["type"] for feature in document["features"]] == [
        "Polygon",
        "MultiPolygon",
        "MultiPolygon",
    ]
    for feature in document["features"]:
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        assert shape.bounds[0] >= -180
        assert shape.bounds[2] <= 180


@pytest.mark.parametrize(
    "name",
    [
        "openair/CZ-ASP-National-XCSoar.txt",
        "openair/CA-ASP-Border-XCSoar.txt",
        "openair/DE-ASP-Military-Low-Flying.txt",
        "aixm/EA_AIP_DS_FULL_20170701.xml.gz",
    ],
)
def test_published_airspaces_come_back(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = check(read_zones([data_file(f"formats/{name}")])).zones
    reading = check(read_back(zones, monkeypatch))
    assert reading.problems == []
    assert list(map(said, reading.zones)) == list(map(said, zones))
    assert not any(of.geodesic for of in reading.zones)
    both = [Airspace(each, 1013.25) for each in (zones, reading.zones)]
    points = np.concatenate([r for of in zones for rings in of.polygons for r in rings])
    rng = np.random.default_rng(1)
    lon, lat = rng.choice(points, 20_000).T + rng.normal(0, 0.05, (2, 20_000))
    found = [each.index.inside(*each.theatre.project(lon, lat)) for each in both]
    pairs = [set(zip(point.tolist(), number.tolist(), strict=True)) for point, number in found]
    assert len(pairs[0]) > 3_000
    for point, number in pairs[0] ^ pairs[1]:  # within what chords and straight lines are off
        at = np.array([point])
        earth_m = both[0].boundaries.distance(earth_centred(lon[at], lat[at]), np.array([number]))
        assert earth_m[0] < 0.75
