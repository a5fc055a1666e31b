"""What the self-check says of zones, and that what it says is so."""

import gzip
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from detector import assembly
from detector.airspace import geojson
from detector.airspace.altitude import Limit, Reference, parse
from detector.airspace.load import load_zones
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, State, Zone
from detector.errors import InputError
from detector.outlines import selfcheck
from detector.picture.airspace import Airspace
from tests.geometry.shapes import BOWTIE, FIJI, ISLAND_IN_HOLE, MARITIME, SPIKE, ZOO, moved, parts, ring, states
from tests.shared import data_file
from tests.zoo import box, zone

SQUARE = box(20, 50, 22, 52)
REFUSED = {
    "a bow tie": (
        parts([BOWTIE]),
        "its boundary crosses itself at 20.5 50.5 in a loop of 1,973 km2",
    ),
    "parts that overlap": (
        parts([SQUARE], [box(21, 51, 23, 53)]),
        "its boundary crosses itself at 22 51, expected",
    ),
    "nothing": (parts(), "encloses nothing, expected an area"),
    "nothing but spikes": (parts([ring((20, 50), (21, 51), (22, 52))]), "encloses nothing at 22 52, expected an area"),
    "half the globe": (
        parts([ring((0, 10), (100, -20), (-130, 10), (170, 60))], geodesic=True),
        "spans half the globe from 0 10 on, expected parts that do not",
    ),
    "a hole as large as its part": (
        parts([SQUARE, SQUARE[::-1]], [moved(SQUARE, 5, 0)]),
        "the part at 20 50 is all hole, expected one that encloses something",
    ),
    "a part drawn twice, not quite alike": (
        parts([SQUARE], [ring((20, 50), (21, 50), (22, 50), (22, 52 - 1e-6), (20, 52))], [moved(SQUARE, 5, 0)]),
        "the part at 21 51 is drawn twice, not quite alike; expected once",
    ),
    "a hole outside its part": (parts([SQUARE, box(23, 50, 24, 51)]), "the hole at 23.5 50.5 lies outside its part"),
    "a hole below its part, within another": (
        parts([box(20, 50.3, 20.4, 50.5)], [box(20.1, 50.3, 20.3, 50.5), box(20, 50, 20.1, 50.1)]),
        "the hole at 20.05 50.05 lies outside its part, expected one inside",
    ),
    "a part again, with a hole outside": (
        parts([SQUARE], [SQUARE, box(20, 45, 21, 46)]),
        "the part at 21 51 is drawn twice, not quite alike; expected once",
    ),
    "a floor in space": (
        zone(SQUARE, zone_id="shape", floor=parse("400000 ft AMSL")),
        "floor: 121920 m is in space, expected one below 100000 m",
    ),
    "a ceiling under the sea": (
        zone(SQUARE, zone_id="shape", ceiling=parse("-4000 ft AMSL")),
        "ceiling: -1219 m is under the sea",
    ),
}
ODD = {
    "a part in another": (
        parts([SQUARE], [box(21, 51, 21.5, 51.5)]),
        "the part at 21.25 51.25 lies inside another and is read as a hole",
    ),
    "a sliver": (ZOO["SLIVER"], "the part at 20 50 is 4.4 m wide, less than positions are known to"),
    "a hole that leaves a line": (
        parts([box(19.99995, 49.99995, 22.00005, 52.00005), SQUARE]),
        "the part at 19.9999 49.9999 is 4.3 m wide, less than positions are known to",
    ),
    "a floor where nothing flies": (
        zone(SQUARE, zone_id="shape", floor=parse("FL700")),
        "floor: 21336 m is above FL660, where next to nothing flies; feet and metres mixed up?",
    ),
    "a ceiling in space": (
        zone(SQUARE, zone_id="shape", ceiling=parse("500000 ft AMSL")),
        "ceiling: 152400 m is in space; UNL says that there is none",
    ),
    "a thin layer": (
        zone(SQUARE, zone_id="shape", floor=parse("1000 ft AMSL"), ceiling=parse("1050 ft AMSL")),
        "ceiling: 15 m above the floor, less than altitudes are known to",
    ),
    "a ceiling on the ground": (
        zone(SQUARE, zone_id="shape", ceiling=Limit(0.0, Reference.SEA)),
        "ceiling: 0 m above the sea, lower than next to everything flies",
    ),
    "a ceiling of no height": (
        zone(SQUARE, zone_id="shape", ceiling=parse("FL0")),
        "ceiling: 0 m above the sea, lower than next to everything flies",
    ),
    "a reach beyond radar": (
        zone(SQUARE, zone_id="shape", near_nm=3000),
        "near_nm: 3000 is beyond what any radar sees",
    ),
}
REPAIRED = {
    "a spike": (SPIKE, "the line to 23 51 and back encloses nothing and is left out"),
    "a part given twice": (parts([SQUARE], [SQUARE]), "the part or hole at 20 50 is given again and counts once"),
    "a part given twice, but for rounding": (
        parts([SQUARE], [moved(SQUARE[::-1], 1e-9, -1e-9)]),
        "the part or hole at 20 50 is given again and counts once",
    ),
    "a stray loop": (
        parts([ring((20, 50), (21, 50), (21.001, 49.9995), (21, 49.9995), (21.001, 50), (22, 50), (22, 52), (20, 52))]),
        "its boundary crosses itself at 21.0005 49.9997 in a loop of 997 m2, 12 m wide; taken as enclosed",
    ),
}  # fmt: skip


def check(zones: Sequence[Zone]) -> Reading:
    return selfcheck.check(Reading(zones=list(zones)))


@pytest.mark.parametrize(("shape", "what"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_meant_is_refused(shape: Zone, what: str) -> None:
    checked = check([shape])
    (problem,) = {line for line in checked.problems if what in line}
    assert problem.startswith('zone "shape": ')
    assert checked.zones == []


@pytest.mark.parametrize(("shape", "what"), ODD.values(), ids=ODD.keys())
def test_what_is_odd_is_said(shape: Zone, what: str) -> None:
    checked = check([shape])
    assert (checked.problems, checked.warnings) == ([], [f'zone "shape": {what}'])
    assert checked.zones == [replace(shape, state=State.WARNED)]


@pytest.mark.parametrize(("shape", "what"), REPAIRED.values(), ids=REPAIRED.keys())
def test_what_is_repaired_is_said_and_answers_yes(shape: Zone, what: str) -> None:
    checked = check([shape])
    assert (checked.problems, checked.warnings) == ([], [f'zone "shape": {what}'])
    assert checked.zones[0].state is State.REPAIRED
    airspace = Airspace(checked.zones, 1013.25)
    inside = airspace.index.inside(*airspace.theatre.project(np.array([20.1, 21.9]), np.array([50.1, 51.9])))
    assert inside[0].tolist() == [0, 1]


@pytest.mark.parametrize("name", sorted(set(ZOO) - {"SPIKE", "SLIVER", "DUPLICATES", "MANY"}))
def test_of_sound_zones_nothing_is_said(name: str) -> None:
    checked = check([ZOO[name]])
    assert (checked.problems, checked.warnings) == ([], [])
    assert checked.zones == [ZOO[name]]


@pytest.mark.parametrize("floor", ["GND", "FL600", "-1200 ft AMSL", "500 ft AMSL"])
@pytest.mark.parametrize("ceiling", ["UNL", "FL660", "1500 m AMSL"])
def test_of_usual_limits_nothing_is_said(floor: str, ceiling: str) -> None:
    checked = check([zone(SQUARE, floor=parse(floor), ceiling=parse(ceiling))])
    assert (checked.problems, checked.warnings) == ([], [])


def test_much_of_a_kind_is_counted() -> None:
    islands = [[box(20 + n / 20, 51, 20.01 + n / 20, 51.01)] for n in range(30)]
    nested = check([parts([SQUARE], *islands)]).warnings
    assert len(nested) == 11
    assert nested[-1] == 'zone "shape": parts inside others, read as holes, in 20 more places'
    twins = check([parts(*islands, *islands)]).warnings
    assert twins[-1] == 'zone "shape": repaired alike in 20 more places'


def test_zones_are_judged_each_by_itself() -> None:
    shapes = [FIJI, parts([BOWTIE], zone_id="knot"), ISLAND_IN_HOLE, parts([SQUARE, SQUARE], zone_id="hollow")]
    problems = check(shapes).problems
    assert [line.split(":")[0] for line in problems] == ['zone "knot"', 'zone "hollow"']


PUBLISHED = {
    "CZ-ASP-National-XCSoar.txt": ('"LKTRA96 TROUBKY 136.175"', "17.1547 49.3999 in a loop of 384 m2, 1.2 m wide"),
    "CA-ASP-Border-XCSoar.txt": ('"US BORDER QB Maritimes"', "-70.2795 46.176 in a loop of 81357 m2, 63 m wide"),
}


@pytest.mark.parametrize(("name", "said"), PUBLISHED.items())
def test_published_files_with_stray_loops_load(name: str, said: tuple[str, str]) -> None:
    zones, _ = load_zones([data_file(f"formats/openair/{name}")])
    checked = check(zones)
    assert checked.problems == []
    assert len(checked.zones) == len(zones)
    (line,) = [line for line in checked.warnings if said[1] in line]
    assert said[0] in line


# --- between neighbours -----------------------------------------------------------------------------------------------

WEST, EAST = zone(box(20, 50, 21, 52), zone_id="west"), zone(box(20.9, 50, 22, 52), zone_id="east")


def test_a_double_claim_is_said_once_for_a_pair() -> None:
    checked = check([WEST, EAST])
    assert checked.problems == []
    (line,) = checked.warnings
    assert re.fullmatch(r'zones "west" and "east": both claim 1,5\d\d km2 at 20.95 5[01].*', line)
    assert [each.state for each in checked.zones] == [State.WARNED, State.WARNED]


def test_strips_that_no_state_claims_are_said_once_for_a_pair() -> None:
    north = parts([box(20, 50, 21, 51)], [box(20, 52, 21, 53)], zone_id="north")
    east = zone(box(21.005, 49, 22, 54), zone_id="east")
    (line,) = check([north, east]).warnings
    assert re.fullmatch(
        r'zones "north" and "east": neither claims [78]\d\.\d km2 between them in 2 places, the largest at 21.00.* 5.*',
        line,
    )


def test_zones_of_other_kinds_may_overlap() -> None:
    for kind in ("restricted", "fir", "belt", "adiz"):
        assert check([WEST, replace(EAST, kind=kind)]).warnings == check([replace(EAST, kind=kind)]).warnings == []


def test_layers_may_lie_upon_each_other() -> None:
    low, high = replace(WEST, ceiling=parse("FL195")), replace(EAST, floor=parse("FL195"))
    assert check([low, high]).warnings == []
    assert len(check([low, EAST]).warnings) == 1


def test_states_that_both_claim_crimea() -> None:
    document = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    names = [feature["properties"]["A3"] for feature in document["features"]]
    zones = [replace(one, id=name) for one, name in zip(states(document), names, strict=True)]
    checked = check(zones)
    assert checked.problems == []
    (line,) = [line for line in checked.warnings if '"RUS" and "UKR": both' in line]
    assert re.fullmatch(r'zones "RUS" and "UKR": both claim 44,[78]\d\d km2 at 33\.8\d* 45\.\d*', line)
    assert len([line for line in checked.warnings if line.startswith("zones ")]) < len(zones)


# --- with what readers say --------------------------------------------------------------------------------------------


def test_what_readers_say_is_kept_and_counts() -> None:
    ring = SQUARE[:-1].tolist()
    features = [
        {
            "type": "Feature",
            "properties": {"id": name},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, *close]]},
        }
        for name, close in (("open", []), ("closed", ring[:1]))
    ]
    reading = geojson.read(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "z.geojson")
    reading.zones[1] = replace(reading.zones[1], kind="fir")
    checked = selfcheck.check(reading)
    assert checked.warnings == reading.warnings
    assert {each.id: each.state for each in checked.zones} == {"open": State.WARNED, "closed": State.OK}


def test_of_zones_with_one_id_the_first_is_listed() -> None:
    twins = [replace(zone(SQUARE, zone_id=name), name=str(n)) for n, name in enumerate("aba")]
    checked = selfcheck.check(Reading(zones=twins, problems=["b.geojson: id: already that of a.geojson"]))
    assert [each.name for each in checked.zones] == ["0", "1"]
    assert checked.problems == ["b.geojson: id: already that of a.geojson"]


# --- at loading -------------------------------------------------------------------------------------------------------


def configured(directory: Path, **polygons: list[list[Ring]]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"id": name},
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in part] for part in shape]},
        }
        for name, shape in polygons.items()
    ]
    (directory / "z.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (directory / "c.toml").write_text('[site]\nid = "test"\n[airspace]\nzones = ["z.geojson"]\n')
    return directory / "c.toml"


def test_crossing_zones_are_refused_all_at_once(tmp_path: Path) -> None:
    path = configured(tmp_path, good=[[SQUARE]], knot=[[BOWTIE]], other=[[moved(BOWTIE, 2, 0)]])
    with pytest.raises(InputError) as refused:
        assembly.load(path)
    size = "in a loop of 1,973 km2, 16 km wide, expected rings that do not"
    file = tmp_path / "z.geojson"
    assert refused.value.problems == [
        f'{file}: zone "knot" (feature 2): its boundary crosses itself at 20.5 50.5 {size}',
        f'{file}: zone "other" (feature 3): its boundary crosses itself at 22.5 50.5 {size}',
    ]


def test_nested_parts_are_read_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = configured(tmp_path, nest=[[SQUARE], [box(21, 51, 21.5, 51.5)]])
    _, airspace = assembly.load(path)
    line = "the part at 21.25 51.25 lies inside another and is read as a hole"
    warning = f'warning: {tmp_path / "z.geojson"}: zone "nest" (feature 1): {line}\n'
    assert capsys.readouterr().err == warning
    x, y = airspace.theatre.project(np.array([21.25, 20.5]), np.array([51.25, 50.5]))
    assert airspace.index.inside(x, y)[0].tolist() == [1]


def test_zones_drawn_alike_are_told() -> None:
    zones = [
        zone(SQUARE, zone_id=name, kind="danger", floor=parse(floor))
        for name, floor in (("a", "FL100"), ("b", "FL100"), ("c", "FL90"))
    ]
    checked = check(zones)
    assert checked.warnings == ['zones "a" and "b": drawn alike, with the same limits; both count']
    assert [each.state.value for each in checked.zones] == ["warned", "warned", "ok"]
