"""What `incursiond zones` says of files, with pyproj and closed forms for the areas."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from detector.__main__ import main
from detector.airspace.zones import Zone
from detector.commands.listing import area_km2, table
from tests.geometry.shapes import BOWTIE, FIJI, HOLE, ISLAND_IN_HOLE, NORTH_CAP, parts, ring
from tests.zoo import box

GEOD = Geod(ellps="WGS84")
SQUARE = box(20, 50, 22, 52)


def between_parallels_km2(south_deg: float, north_deg: float, wide_deg: float) -> float:
    """Snyder, Map Projections (1987), 3-12: the area of a stretch between parallels, by the authalic latitude."""

    def q(lat_deg: float) -> float:
        e, sine = np.sqrt(GEOD.es), np.sin(np.radians(lat_deg))
        return (1 - GEOD.es) * (sine / (1 - GEOD.es * sine**2) + np.arctanh(e * sine) / e)

    return GEOD.a**2 / 2 * np.radians(wide_deg) * (q(north_deg) - q(south_deg)) / 1e6


AREAS = [
    (parts([SQUARE]), between_parallels_km2(50, 52, 2)),
    (HOLE, between_parallels_km2(50, 52, 3) - between_parallels_km2(50.5, 51.5, 1)),
    (
        ISLAND_IN_HOLE,
        between_parallels_km2(50, 52, 3) - between_parallels_km2(50.5, 51.5, 2) + between_parallels_km2(50.8, 51.2, 1),
    ),
    (
        parts([SQUARE], [box(21, 51, 21.5, 51.5)]),
        between_parallels_km2(50, 52, 2) - between_parallels_km2(51, 51.5, 0.5),
    ),
    (parts([box(-10, 40, 40, 70)]), between_parallels_km2(40, 70, 50)),
    (NORTH_CAP, between_parallels_km2(80, 90, 360)),
    (parts([box(170, -10, 180, 10)], [box(-180, -10, -170, 10)]), between_parallels_km2(-10, 10, 20)),
]


@pytest.mark.parametrize(("zone", "km2"), AREAS)
def test_areas_as_snyder_has_them(zone: Zone, km2: float) -> None:
    assert area_km2(zone) == pytest.approx(km2, rel=1e-5)


@pytest.mark.parametrize("outline", [ring((0, 0), (40, 0), (20, 30)), ring((170, 0), (-150, 0), (-170, 30))])
def test_areas_between_geodesics_as_pyproj_has_them(outline: np.ndarray) -> None:
    expected_m2, _ = GEOD.polygon_area_perimeter(*outline.T)
    assert area_km2(parts([outline], geodesic=True)) == pytest.approx(abs(expected_m2) / 1e6, rel=1e-6)


def test_columns_are_aligned() -> None:
    lines = table([parts([SQUARE], zone_id="a"), parts([SQUARE], zone_id="a longer one"), FIJI])
    assert lines[0].split() == ["id", "name", "kind", "floor", "ceiling", "km2", "vertices", "state"]
    assert len({line.index("national") for line in lines[1:]}) == 1
    assert len({line.rindex("  ") for line in lines}) == 1
    assert table([]) == ["id  name  kind  floor  ceiling  km2  vertices  state"]


# --- the command ------------------------------------------------------------------------------------------------------


def written(directory: Path, **shapes: list) -> Path:
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": {"type": "MultiPolygon", "coordinates": shape}}
        for name, shape in shapes.items()
    ]
    path = directory / f"{'-'.join(shapes)}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_files_are_listed_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = written(tmp_path, b=[[SQUARE.tolist()]]), written(tmp_path, a=[[box(30, 50, 31, 51).tolist()]])
    assert main(["zones", str(one), str(other)]) == 0
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["b", "b", "national", "GND", "UNL", f"{between_parallels_km2(50, 52, 2):.1f}", "4", "ok"],
        ["a", "a", "national", "GND", "UNL", f"{between_parallels_km2(50, 51, 1):.1f}", "4", "ok"],
    ]
    assert err == ""


def test_what_is_refused_leaves_the_sound_ones_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spiked = ring((20, 50), (22, 50), (22, 51), (23, 51), (22, 51), (22, 52), (20, 52))
    path = written(tmp_path, good=[[spiked.tolist()]], knot=[[BOWTIE.tolist()]], open=[])
    output = tmp_path / "out.geojson"
    assert main(["zones", str(path), str(tmp_path / "gone.kml"), "--output", str(output)]) == 2
    out, err = capsys.readouterr()
    assert [(line.split()[0], line.split()[-1]) for line in out.splitlines()] == [("id", "state"), ("good", "repaired")]
    warning, *problems = err.splitlines()
    assert (
        warning
        == f'warning: {path}: zone "good" (feature 1): the line to 23 51 and back encloses nothing and is left out'
    )
    for problem, word in zip(problems, ('"open"', "gone.kml", '"knot"', "out.geojson: not written"), strict=True):
        assert word in problem
    assert not output.exists()


@pytest.mark.parametrize(("window", "is_over"), [("2020-01-01T00:00Z/2020-02-01T00:00Z", True), ("MON", False)])
def test_zones_whose_windows_are_over_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], window: str, is_over: bool
) -> None:
    geometry = {"type": "Polygon", "coordinates": [SQUARE.tolist()]}
    feature = {"type": "Feature", "properties": {"id": "a", "active": [window]}, "geometry": geometry}
    (tmp_path / "a.geojson").write_text(json.dumps(feature))
    (tmp_path / "c.toml").write_text('[site]\nid = "x"\n[airspace]\nzones = ["a.geojson"]\n')
    line = 'warning: zone "a": its last window of activation is over, it does not count any more'
    for arguments in (["zones", str(tmp_path / "a.geojson")], ["check", "--config", str(tmp_path / "c.toml")]):
        assert main(arguments) == 0
        assert capsys.readouterr().err.splitlines() == [line] * is_over


def test_output_reads_back_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "circle.txt"
    path.write_text("AC R\nAN Circle\nAL 1000 ft MSL\nAH FL95\nV X=50:00:00 N 180:00:00 E\nDC 20\n")
    output = tmp_path / "out.geojson"
    assert main(["zones", str(path), "--output", str(output)]) == 0
    listed = capsys.readouterr().out.splitlines()[1].split()
    assert main(["zones", str(output)]) == 0
    again = capsys.readouterr().out.splitlines()[1].split()
    assert listed[:6] == ["Circle", "Circle", "restricted", "1000", "ft", "AMSL"]
    assert (listed[:8], listed[-1]) == (again[:8], again[-1])
    shape = shapely.geometry.shape(json.loads(output.read_text())["features"][0]["geometry"])
    assert len(shape.geoms) == 2
    assert shape.is_valid


def test_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, a=[[SQUARE.tolist()]])
    assert main(["zones", str(path), "--output", str(tmp_path / "no" / "out.geojson")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{tmp_path / 'no' / 'out.geojson'}: no such file")


@pytest.mark.parametrize("arguments", [["zones"], ["zones", "--output"], ["zones", "a.kml", "--format", "kml"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
