import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from detector.airspace.load import load_zones
from detector.errors import InputError
from tests.airspace.aixm_text import airspace, message, timeslice

ZONES = Path(__file__).parents[2] / "config" / "zones"


def square(zone_id: str, lon: float = 20.0, **properties: Any) -> bytes:
    ring = [[lon, 50], [lon + 1, 50], [lon + 1, 51], [lon, 51], [lon, 50]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return json.dumps({"type": "Feature", "properties": {"id": zone_id, **properties}, "geometry": geometry}).encode()


def problems(*paths: Path) -> list[str]:
    with pytest.raises(InputError) as raised:
        load_zones(paths)
    return raised.value.problems


@pytest.mark.parametrize("name", ["a.geojson", "a.json", "A.GeoJSON", "a.geojson.gz", "a.json.GZ"])
def test_formats(tmp_path: Path, name: str) -> None:
    data = square("a")
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.lower().endswith(".gz") else data)
    zones, warnings = load_zones([str(tmp_path / name)])
    assert [zone.id for zone in zones] == ["a"]
    assert warnings == []


@pytest.mark.parametrize("name", ["a.txt", "A.TXT.gz", "a.openair"])
def test_openair(tmp_path: Path, name: str) -> None:
    data = b"AC P\nAN a\nAL GND\nAH UNL\nV X=50:00 N 020:00 E\nDC 2"
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    zones, warnings = load_zones([tmp_path / name])
    assert [(zone.id, zone.kind, warnings) for zone in zones] == [("a", "prohibited", [])]


KML = b"<kml><Placemark><name>a</name><Polygon><outerBoundaryIs><LinearRing><coordinates>20,50 21,50 21,51 20,50" + (
    b"</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
)
AIXM = message(airspace(timeslice("a")))


@pytest.mark.parametrize(("name", "data"), [("a.kml", KML), ("A.KML.gz", KML), ("a.xml", AIXM), ("a.xml.GZ", AIXM)])
def test_kml_and_aixm(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.lower().endswith(".gz") else data)
    zones, warnings = load_zones([tmp_path / name])
    assert [(zone.id, warnings) for zone in zones] == [("a", [])]


def test_zones_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    for name in "ba":
        (tmp_path / f"{name}.geojson").write_bytes(square(name, floor="100 ft AGL"))
    zones, warnings = load_zones([tmp_path / "b.geojson", tmp_path / "a.geojson"])
    assert [zone.id for zone in zones] == ["b", "a"]
    assert [line.split(": ")[0] for line in warnings] == [str(tmp_path / "b.geojson"), str(tmp_path / "a.geojson")]


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("gone.geojson", None, "No such file or directory, expected a zone file"),
        ("a.txt", b"See the AIP", "no line begins with AC, expected OpenAir"),
        ("a.xml.gz", gzip.compress(b"", mtime=0), "no element found: line 1, column 0, expected AIXM 5.1"),
        ("a.kml", b"<gpx/>", 'got "gpx", expected kml'),
        ("a.kmz", b"PK", ".kmz is a zip archive, expected .kml: unpack it"),
        ("a.shp", b"", 'unknown extension ".shp", expected .geojson or .json'),
        ("a.geojson.gz", b"no gzip", "Not a gzipped file"),
        ("a.geojson.gz", gzip.compress(square("a"), mtime=0)[:-9], "Compressed file ended"),
        ("a.geojson.gz", gzip.compress(square("a"), mtime=0)[:12] + b"\xff" * 40, "Error -3 while decompressing"),
        ("a.geojson", b"{", "Expecting property name"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, data: bytes | None, problem: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    (line,) = problems(tmp_path / name)
    assert line.startswith(f"{tmp_path / name}: {problem}")
    assert ", expected " in line


def test_every_problem_of_every_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_bytes(square("a", kind="country"))
    (tmp_path / "b.geojson").write_bytes(square("b", floor="low"))
    lines = problems(tmp_path / "a.geojson", tmp_path / "gone.geojson", tmp_path / "b.geojson")
    assert [line.split(": ")[0] for line in lines] == [str(tmp_path / f"{n}.geojson") for n in ("a", "gone", "b")]


def test_an_id_is_taken_once_even_by_a_broken_zone(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_bytes(square("poland"))
    (tmp_path / "b.geojson").write_bytes(square("poland", 22.0, kind="country"))
    lines = problems(tmp_path / "a.geojson", tmp_path / "b.geojson")
    assert [line.split(": ")[2] for line in lines] == ["kind", "id"]
    assert f'already that of {tmp_path / "a.geojson"}: zone "poland" (feature 1)' in lines[1]


def test_a_file_named_twice(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_bytes(square("a"))
    assert "id: already that of" in problems(tmp_path / "a.geojson", tmp_path / "a.geojson")[0]


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [  # known places; towns near the line on either side
        ("poland", [(21.01, 52.23), (23.16, 53.13), (22.93, 54.10), (14.55, 53.43)], [(25.28, 54.69), (20.51, 54.71), (13.40, 52.52), (23.69, 52.10)]),  # noqa: E501
        ("lithuania", [(25.28, 54.69), (21.14, 55.70), (24.05, 54.39), (23.89, 54.90)], [(22.93, 54.10), (20.51, 54.71), (24.11, 56.95), (23.83, 53.68)]),  # noqa: E501
    ],
)  # fmt: skip
def test_shipped_borders(name: str, inside: list[tuple[float, float]], outside: list[tuple[float, float]]) -> None:
    path = ZONES / f"{name}.geojson"
    assert "Natural Earth" in json.loads(path.read_bytes())["source"]
    (zone,), warnings = load_zones([path])
    assert (zone.id, zone.kind, warnings) == (name, "national", [])
    shape = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in zone.polygons])
    assert shape.is_valid
    assert all(shapely.contains_xy(shape, *place) for place in inside)
    assert not any(shapely.contains_xy(shape, *place) for place in outside)
