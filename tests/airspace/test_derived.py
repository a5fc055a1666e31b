"""Zones that files ask to be drawn by their distance from others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detector.airspace.load import read_zones
from detector.airspace.reading import Reading
from detector.outlines.selfcheck import check
from tests import zoo
from tests.geometry.shapes import Compiled

NM = 1852.0


def reading(directory: Path, *derived: dict[str, Any], **collections: Any) -> Reading:
    base = {
        "type": "Feature",
        "properties": {"id": "land", "name": "Land"},
        "geometry": {"type": "Polygon", "coordinates": [zoo.box(20.0, 54.0, 21.0, 55.0).tolist()]},
    }
    features = [{"type": "Feature", "geometry": None, "properties": {"id": "strip", **given}} for given in derived]
    path = directory / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [*features, base], **collections}))
    return check(read_zones([path]))


def test_a_buffer_raises_its_approach_twelve_miles_out(tmp_path):
    asked = {"of": "land", "outside_nm": 12, "kind": "buffer", "name": "Buffer", "ceiling": "FL300"}
    found = reading(tmp_path, asked)
    assert (found.problems, found.warnings) == ([], [])
    land, strip = found.zones
    assert (land.id, strip.id, strip.name, strip.ceiling.height_m) == ("land", "strip", "Buffer", pytest.approx(9144.0))
    west, _, _ = zoo.GEOD.fwd(20.0, 54.5, 270.0, 40_000.0)
    messages = zoo.tell(zoo.pipeline(found.zones), zoo.flight(lon=west, times=range(200)))
    entry = {f.zone_id: (f.kind, f.evidence.entry_lon) for m in messages for f in m.findings}
    out_m = {zone: zoo.GEOD.inv(lon, 54.5, 20.0, 54.5)[2] for zone, (_, lon) in entry.items()}
    assert {zone: kind for zone, (kind, _) in entry.items()} == {"strip": "approach", "land": "incursion"}
    assert out_m["strip"] == pytest.approx(12 * NM, abs=20.0)
    assert out_m["land"] == pytest.approx(0.0, abs=20.0)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"of": "sea", "outside_nm": 3}, 'of: no sound zone "sea", expected one that is drawn in these files'),
        (
            {"of": "strip", "outside_nm": 3},
            'of: "strip" has no geometry itself, expected a zone that is drawn in these',
        ),
        ({"of": ["land", 3], "outside_nm": 3}, 'of: got ["land", 3.0], expected the id of a zone, or a list of them'),
        ({"of": [], "outside_nm": 3}, "of: got [], expected"),
        ({"of": "land"}, "outside_nm: got none and no inside_nm, expected at least one of them above 0"),
        ({"of": "land", "outside_nm": -1}, "outside_nm: got -1.0, expected a number from 0 to 500"),
        ({"of": "land", "outside_nm": "12"}, 'outside_nm: got "12", expected a number'),
        ({"of": "land", "inside_nm": float("nan"), "outside_nm": 3}, "inside_nm: got NaN, expected a number"),
        ({"of": "land", "inside_nm": 3, "with_base": True}, "inside_nm: given to what has all of its base"),
        ({"of": "land", "outside_nm": 3, "with_base": 1}, "with_base: got 1.0, expected true or false"),
        ({"of": "land", "outside_nm": 3, "kind": "sea"}, 'kind: got "sea", expected national'),
    ],
)
def test_problems(tmp_path, given, problem):
    found = reading(tmp_path, given)
    line = next(line for line in found.problems if line.split(": ", 2)[2].startswith(problem.split(":")[0]))
    assert line.startswith(f'{tmp_path / "a.geojson"}: zone "strip" (feature 1): {problem}')
    assert [zone.id for zone in found.zones] == ["land"]


def test_what_has_a_geometry_is_not_drawn_again(tmp_path):
    path = tmp_path / "a.geojson"
    shape = {"type": "Polygon", "coordinates": [zoo.box(20.0, 54.0, 21.0, 55.0).tolist()]}
    path.write_text(json.dumps({"type": "Feature", "properties": {"id": "a", "of": "b"}, "geometry": shape}))
    (line,) = read_zones([path]).problems
    assert ": of: given to what has a geometry, expected null" in line


def test_a_base_may_come_from_another_file_and_several_are_one(tmp_path):
    for name, west in (("w", 19.0), ("e", 20.0)):
        shape = {"type": "Polygon", "coordinates": [zoo.box(west, 54.0, west + 1, 55.0).tolist()]}
        feature = {"type": "Feature", "properties": {"id": name}, "geometry": shape}
        (tmp_path / f"{name}.geojson").write_text(json.dumps(feature))
    asked = {"id": "sea", "of": ["e", "w"], "outside_nm": 12, "with_base": True, "kind": "belt"}
    (tmp_path / "sea.geojson").write_text(json.dumps({"type": "Feature", "properties": asked, "geometry": None}))
    found = check(read_zones([tmp_path / f"{name}.geojson" for name in ("sea", "w", "e")]))
    assert [zone.id for zone in found.zones] == ["w", "e", "sea"]
    ((shell, *holes),) = found.zones[-1].polygons
    assert not holes
    _, lat, _ = zoo.GEOD.fwd(20.0, 55.0, 0.0, 12 * NM)
    assert shell[:, 1].max() == pytest.approx(lat, abs=0.002)
    assert np.ptp(shell[:, 0]) == pytest.approx(2.0, abs=0.8)


def test_without_shapely_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "shapely", None)
    (line,) = reading(tmp_path, {"of": "land", "outside_nm": 3}).problems
    assert line.endswith('of: shapely is missing, expected it installed: pip install "incursiond[zones]"')


WEST, EAST = zoo.box(20.0, 54.0, 21.0, 55.0).tolist(), zoo.box(23.0, 54.0, 24.0, 55.0).tolist()
TWICE = {  # what counts is said in docs/zones.md
    "a part given again": [[WEST], [EAST], [EAST]],
    "a ring that goes around again": [[WEST], [EAST[:-1] + EAST]],
    "a spike": [[WEST], [[*EAST[:3], [22.0, 55.0], *EAST[2:]]]],
}


def drawn_of(directory: Path, parts: list[Any], **asked: Any) -> Reading:
    shape = {"type": "MultiPolygon", "coordinates": parts}
    features = [
        {"type": "Feature", "properties": {"id": "belt", "of": "land", **asked}, "geometry": None},
        {"type": "Feature", "properties": {"id": "land"}, "geometry": shape},
    ]
    path = directory / "b.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return check(read_zones([path]))


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("asked", [{"outside_nm": 12.0}, {"outside_nm": 12.0, "with_base": True}, {"inside_nm": 3.0}])
def test_what_is_repaired_counts(tmp_path, name, asked):
    found, plain = (drawn_of(tmp_path, parts, kind="belt", **asked) for parts in (TWICE[name], [[WEST], [EAST]]))
    assert found.problems == []
    assert len(found.warnings) == len(plain.warnings) + 1 == 2
    lon, lat = np.random.default_rng(5).uniform((19.5, 53.5), (24.5, 55.5), (3000, 2)).T
    inside, expected = (Compiled(each.zones).inside(lon, lat) for each in (found, plain))
    assert inside == expected
    assert {zone for _, zone in inside} == {0, 1}


def test_what_is_refused_is_no_base_and_said_once(tmp_path):
    bowtie = [[20.0, 54.0], [21.0, 55.0], [21.0, 54.0], [20.0, 55.0], [20.0, 54.0]]
    crossed, undrawn = drawn_of(tmp_path, [[bowtie]], outside_nm=12.0).problems
    assert 'zone "land"' in crossed
    assert "crosses itself" in crossed
    assert 'zone "belt" (feature 1): of: no sound zone "land"' in undrawn


def test_a_belt_is_no_base(tmp_path):
    belt, of_belt = {"id": "belt", "of": "land", "outside_nm": 3}, {"id": "outer", "of": "belt", "outside_nm": 3}
    found = reading(tmp_path, belt, of_belt)
    assert [zone.id for zone in found.zones] == ["land", "belt"]
    (line,) = found.problems
    assert line.endswith(
        '"outer" (feature 2): of: "belt" has no geometry itself, expected a zone that is drawn in these files'
    )


def test_a_base_that_spans_the_earth_hides_no_other_problem(tmp_path):
    everywhere = [
        [zoo.box(lon, lat, lon + 1, lat + 1).tolist()] for lat in range(-80, 81, 20) for lon in range(-180, 180, 20)
    ]
    bowtie = [[20.0, 54.0], [21.0, 55.0], [21.0, 54.0], [20.0, 55.0], [20.0, 54.0]]
    features = [
        {
            "type": "Feature",
            "properties": {"id": "land"},
            "geometry": {"type": "MultiPolygon", "coordinates": everywhere},
        },
        {"type": "Feature", "properties": {"id": "knot"}, "geometry": {"type": "Polygon", "coordinates": [bowtie]}},
        {"type": "Feature", "properties": {"id": "belt", "of": "land", "outside_nm": 3}, "geometry": None},
    ]
    (tmp_path / "c.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    knot, belt = check(read_zones([tmp_path / "c.geojson"])).problems
    assert "its boundary crosses itself" in knot
    assert 'zone "belt" (feature 3): of: zones: they span the Earth' in belt
