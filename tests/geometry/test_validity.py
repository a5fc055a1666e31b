import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from detector import assembly
from detector.airspace.zones import Ring, Zone
from detector.errors import InputError
from detector.geometry.validity import nested_shells, self_crossings
from tests.geometry.shapes import FIJI, ISLAND_IN_HOLE, MARITIME, ZOO, parts, ring, star, states
from tests.shared import data_file
from tests.zoo import box

BOWTIE = ring((20, 50), (21, 51), (21, 50), (20, 51))


def moved(loop: Ring, east_deg: float, north_deg: float) -> Ring:
    return loop + np.array([east_deg, north_deg])


SEAM = parts([box(20, 50, 21, 52)], [ring((21, 50), (22, 50), (22, 52), (21, 52), (21, 51.3), (21, 50.7))])


@pytest.mark.parametrize(
    ("zone", "lon", "lat"),
    [
        (parts([BOWTIE]), 20.5, 50.5),  # at the middle of both lines, where both are cut for the plane
        (parts([box(20, 50, 24, 54), moved(BOWTIE, 1, 1)]), 21.5, 51.5),
        (parts([box(20, 50, 22, 52), box(21.5, 51, 23, 51.5)]), 22, 51),  # a hole that reaches out of its shell
        (parts([box(20, 50, 22, 52)], [box(21, 51, 23, 53)]), 22, 51),
        (parts([ring((179, 0), (180, 1), (180, 0), (179, 1))]), 179.5, 0.5),
        (parts([box(20, 89, 40, 90), box(30, 89.5, 50, 89.7)]), 40, 89.5),
        (parts([BOWTIE], geodesic=True), 20.5, 50.5064),
    ],
)
def test_crossing_is_named(zone: Zone, lon: float, lat: float) -> None:
    ((number, found_lon, found_lat),) = self_crossings([zone])
    assert number == 0
    outline = shapely.union_all([shapely.linestrings(r) for p in zone.polygons for r in p])
    at = shapely.Point(found_lon, found_lat)
    if zone.geodesic:
        assert (found_lon, found_lat) == pytest.approx((lon, lat), abs=1e-4)
    else:
        assert at.distance(outline) < 1e-9
        assert at.distance(shapely.Point(lon, lat)) < 1.5  # of several crossings, one


@pytest.mark.parametrize("name", ZOO)
def test_zoo_does_not_cross_itself(name: str) -> None:
    assert self_crossings([ZOO[name]]) == []


def test_parts_may_share_a_seam_cut_differently() -> None:
    assert self_crossings([SEAM]) == []
    assert self_crossings([parts(*SEAM.polygons, geodesic=True)]) == []


def test_rounding_is_no_crossing_and_a_metre_is() -> None:
    def overlapping(by_deg: float) -> Zone:
        return parts([box(20, 50, 21, 51)], [box(21 - by_deg, 50.2, 22, 50.8)])

    assert self_crossings([overlapping(5e-8)]) == []
    assert len(self_crossings([overlapping(1e-5)])) == 1


def test_zones_may_cross_each_other_and_each_is_named_once() -> None:
    twice = parts([BOWTIE], [moved(BOWTIE, 3, 0)])
    assert [z for z, _, _ in self_crossings([star(1), star(2), twice, SEAM, twice])] == [2, 4]


def test_nothing_to_judge() -> None:
    assert self_crossings([]) == []


@pytest.mark.parametrize("seed", range(40))
def test_random_rings_as_shapely(seed: int) -> None:
    """Rings of a few random vertices; about half of them cross themselves."""
    rng = np.random.default_rng(seed)
    points = rng.uniform([20, 50], [24, 52], (4 + seed % 3, 2))
    loop = np.vstack([points, points[:1]])
    assert (self_crossings([parts([loop])]) == []) == shapely.is_simple(shapely.linearrings(loop))


def test_random_rings_are_of_both_sorts() -> None:
    simple = []
    for seed in range(40):
        points = np.random.default_rng(seed).uniform([20, 50], [24, 52], (4 + seed % 3, 2))
        simple.append(bool(shapely.is_simple(shapely.linearrings(points))))
    assert 5 < sum(simple) < 35


@pytest.mark.parametrize(
    ("zone", "count"),
    [
        (parts([box(20, 50, 23, 53)], [box(21, 51, 22, 52)]), 1),
        (parts([box(21, 51, 22, 52)], [box(20, 50, 23, 53)]), 1),
        (parts([box(20, 50, 23, 53)], [box(21, 50, 22, 51)]), 1),  # touches its shell from within
        (parts([box(20, 50, 23, 53)], [box(20, 50, 23, 53)]), 1),  # the same twice
        (parts([box(20, 50, 25, 55)], [box(21, 51, 24, 54)], [box(22, 52, 23, 53)]), 1),  # the innermost is filled
        (parts([box(20, 50, 23, 53), box(21, 51, 22, 52)], [box(21, 51, 22, 52)]), 0),  # fills the hole
        (parts([box(20, 50, 23, 53)], [ring((20.5, 51), (20.7, 51), (20.9, 51))]), 0),  # flat: out and back
        (parts([box(20, 50, 23, 53)], [ring((21, 50.5), (21, 50.7), (21, 50.9))]), 0),
        (ISLAND_IN_HOLE, 0),
        (FIJI, 0),
        (SEAM, 0),
        (parts([ring((20, 50), (23, 50), (23, 53))], [ring((20, 50.5), (22, 53), (20, 53))]), 0),  # only their boxes
    ],
)
def test_nested_shells(zone: Zone, count: int) -> None:
    places = nested_shells(zone)
    assert len(places) == count
    for place in places:
        assert sum(shapely.Polygon(p[0], p[1:]).contains(shapely.Point(place)) for p in zone.polygons) > 1


def test_maritime_states_as_shapely() -> None:
    document = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    zones = states(document)
    reasons = [shapely.is_valid_reason(shapely.geometry.shape(f["geometry"])) for f in document["features"]]
    crossed = {z for z, reason in enumerate(reasons) if reason.startswith("Self-intersection")}
    nested = {z for z, reason in enumerate(reasons) if reason.startswith("Nested shells")}
    assert {z for z, _, _ in self_crossings(zones)} <= crossed
    assert {z for z, zone in enumerate(zones) if nested_shells(zone)} == nested
    assert len(nested) == 12


# --- at loading -------------------------------------------------------------------------------------------------------


def configured(directory: Path, **polygons: list) -> Path:
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": {"type": "MultiPolygon", "coordinates": shape}}
        for name, shape in polygons.items()
    ]
    (directory / "z.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (directory / "c.toml").write_text('[site]\nid = "test"\n[airspace]\nzones = ["z.geojson"]\n')
    return directory / "c.toml"


def test_crossing_zones_are_refused_all_at_once(tmp_path: Path) -> None:
    other = moved(BOWTIE, 2, 0).tolist()
    path = configured(tmp_path, good=[[box(20, 50, 21, 51).tolist()]], knot=[[BOWTIE.tolist()]], other=[[other]])
    with pytest.raises(InputError) as refused:
        assembly.load(path)
    assert refused.value.problems == [
        'zone "knot": its boundary crosses itself at 20.5, 50.5, expected rings that do not',
        'zone "other": its boundary crosses itself at 22.5, 50.5, expected rings that do not',
    ]


def test_nested_parts_are_read_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path, nest=[[box(20, 50, 23, 53).tolist()], [box(21, 51, 22, 52).tolist()]])
    _, airspace = assembly.load(path)
    warning = 'warning: zone "nest": the part at 21.5, 51.5 lies inside another and is read as a hole\n'
    assert capsys.readouterr().err == warning
    x, y = airspace.theatre.project(np.array([21.5, 20.5]), np.array([51.5, 50.5]))
    assert airspace.index.inside(x, y)[0].tolist() == [1]
