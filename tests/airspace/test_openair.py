import json
import math
import re
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import given
from pyproj import Geod

from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.airspace.openair import read
from detector.airspace.reading import Reading
from detector.airspace.schedule import parse
from detector.airspace.zones import Zone
from detector.outlines.crossings import self_crossings
from detector.picture.airspace import Airspace
from tests.shared import data_file

GEOD = Geod(ellps="WGS84")
HEAD = "AC R\nAN ED-R 1\nAL GND\nAH FL100\n"
SQUARE = "DP 50:00:00 N 020:00:00 E\nDP 50:00:00 N 021:00:00 E\nDP 51:00:00 N 021:00:00 E\nDP 51:00:00 N 020:00:00 E\n"
CLOSED = SQUARE + "DP 50:00:00 N 020:00:00 E\n"
CENTRE = "V X=50:00:00 N 020:00:00 E\n"


def reading(text: str) -> Reading:
    return read(text.encode(), "a.txt")


def zones(text: str) -> list[Zone]:
    found = reading(text)
    assert found.problems == []
    return found.zones


def ring(text: str) -> Any:
    (zone,) = zones(HEAD + text)
    ((outer,),) = zone.polygons
    return outer


def distances_m(line: Any, lon: float = 20.0, lat: float = 50.0) -> Any:
    return GEOD.inv(np.full(len(line), lon), np.full(len(line), lat), line[:, 0], line[:, 1])[2]


def test_an_airspace() -> None:
    found = reading(HEAD + CLOSED)
    (one,) = found.zones
    assert (found.problems, found.warnings) == ([], [])
    assert (one.id, one.name, one.kind, one.geodesic, one.active) == ("ED-R 1", "ED-R 1", "restricted", True, ())
    assert (one.floor, one.ceiling) == (GROUND, Limit(pytest.approx(3048.0), Reference.STANDARD))
    assert one.polygons[0][0].tolist() == [[20, 50], [21, 50], [21, 51], [20, 51], [20, 50]]
    assert found.claims == [("ED-R 1", 'a.txt: airspace "ED-R 1" (line 1)')]


def test_commands_and_comments_in_every_form() -> None:
    text = f"""*VERSION: 2.0
    SP 0,1,255,0,0
    SB -1,-1,-1

    ac q * danger
      AY NONE ; no type
    AN  Żubr   2 *by NOTAM*
    AI b3836bab
    AF 123.505
    AG Warszawa
    AX 7000
    TP 7000
    AT 50:00:00 N 020:00:00 E
    AL 0 AGL
    AH UNL
    {CLOSED}
    AC R
    SB 1,2,3
    """
    for written in (text, text.replace("\n", "\r\n"), text.replace("\n", "\r")):
        found = reading(written)
        assert (found.problems, found.warnings) == ([], [])
        assert [(one.name, one.kind, one.ceiling) for one in found.zones] == [("Żubr 2", "danger", UNLIMITED)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1"])
def test_encodings(encoding: str) -> None:
    (one,) = read((HEAD.replace("ED-R 1", "Höhe") + CLOSED).encode(encoding), "a.txt").zones
    assert one.name == "Höhe"


def test_repeated_points_are_dropped_and_outlines_closed_aloud() -> None:
    found = reading(HEAD + SQUARE.replace("DP 51:00:00 N 021", "DP 50:00:00 N 021:00:00 E\nDP 51:00:00 N 021"))
    assert found.zones[0].polygons[0][0].tolist() == [[20, 50], [21, 50], [21, 51], [20, 51], [20, 50]]
    assert found.warnings == [
        'a.txt: airspace "ED-R 1" (line 1): outline: not closed; an edge from 20 51 to 20 50 is added'
    ]


def test_a_circle() -> None:
    outer = ring(CENTRE + "DC 5.5")
    assert distances_m(outer) == pytest.approx(5.5 * 1852, abs=0.001)
    assert np.array_equal(outer[0], outer[-1])


def test_an_arc_by_bearings_after_the_centre_clockwise() -> None:
    outer = ring(CENTRE + "DA 10, 270, 90\nDP 49:00:00 N 020:00:00 E")
    assert distances_m(outer[:-2]) == pytest.approx(18520, abs=0.001)
    assert outer[:, 1].max() == pytest.approx(50.1665, abs=0.001)
    assert outer[-2].tolist() == [20, 49]


def test_an_arc_by_bearings_counterclockwise() -> None:
    outer = ring(CENTRE + "V D=-\nDA 10 270 90\nDP 51:00:00 N 020:00:00 E")
    assert outer[:-2, 1].min() == pytest.approx(49.8335, abs=0.001)
    assert outer[:-2, 1].max() == pytest.approx(50.0, abs=0.001)


def test_an_arc_between_points_keeps_them_and_its_centre() -> None:
    text = CENTRE + "DB 50:05:00 N 020:00:00 E, 50:00:00 N 020:07:46 E\nDP 50:00:00 N 020:00:00 E"
    outer = ring(text)
    assert outer[0].tolist() == [20, 50 + 5 / 60]
    assert outer[-3].tolist() == [20 + 7 / 60 + 46 / 3600, 50]
    radius_m = distances_m(outer[:-2])
    assert radius_m[0] == pytest.approx(9269.5, abs=1)
    assert (np.diff(radius_m) > -0.001).all() or (np.diff(radius_m) < 0.001).all()
    assert len(outer) > 50


def test_direction_and_centre_end_with_the_airspace() -> None:
    arc = "DA 10,270,90\nDP 49:00:00 N 020:00:00 E\n"
    _, second = zones(HEAD + CENTRE + "V D=-\n" + arc + HEAD + CENTRE + arc)
    assert second.polygons[0][0][:, 1].max() > 50.1
    (line,) = reading(HEAD + CENTRE + arc + HEAD + "DC 3").problems
    assert 'line 12: DC: got "3", expected a centre before it, V X= and a position' in line


def test_an_arc_whose_ends_disagree_is_drawn_aloud() -> None:
    found = reading(HEAD + CENTRE + "DB 50:05:00 N 020:00:00 E, 50:00:00 N 020:08:46 E\nDP 50:00:00 N 020:00:00 E")
    assert len(found.zones) == 1
    assert found.warnings[0].startswith(
        'a.txt: airspace "ED-R 1" (line 1): line 6: DB: its ends are 9269 m and 10476 m'
    )


@pytest.mark.parametrize("radius_nm", [40, 600])
def test_across_the_antimeridian(radius_nm: int) -> None:
    (zone,) = zones(HEAD + f"V X=60:00:00 N 179:50:00 E\nDC {radius_nm}")
    assert self_crossings([zone]) == [[]]
    airspace = Airspace([zone], 1013.25)
    for lon, lat, inside in [
        (179.9, 60, True),
        (-179.9, 60, True),
        (-179.9, 60.6, True),
        (-150, 60, False),
        (0, 60, False),
    ]:
        x_m, y_m = airspace.theatre.project(np.array([float(lon)]), np.array([float(lat)]))
        assert (len(airspace.index.inside(x_m, y_m)[0]) == 1) == inside


def test_ids_are_names_that_topics_can_carry() -> None:
    names = ["A/B", "A+B", "A-B", "none", "A-B (2)", "x\x00y"]
    ids = [zone.id for zone in zones("".join(HEAD.replace("ED-R 1", name) + CLOSED for name in names))]
    assert ids == ["A-B", "A-B (2)", "A-B (3)", "none (2)", "A-B (2) (2)", "x y"]


def test_limits_above_ground_are_said() -> None:
    found = reading(HEAD.replace("GND", "500m AGL").replace("FL100", "3000ft AGL") + CLOSED)
    floor, ceiling = found.zones[0].floor, found.zones[0].ceiling
    assert (floor, ceiling) == (
        Limit(50.0, Reference.SEA),
        Limit(pytest.approx(914.4 + 8850), Reference.SEA),
    )
    assert [line.split(": ")[2:4] for line in found.warnings] == [
        ["floor", '"500m AGL" is taken as 50 m AMSL, as over the lowest land; terrain is unknown'],
        ["ceiling", '"3000ft AGL" is taken as 9764 m AMSL, as over the highest land; terrain is unknown'],
    ]


def test_what_alarms_nobody_is_said_once_a_file() -> None:
    text = "".join(HEAD.replace("AC R", head) + CLOSED for head in ("AC D\nAY CTR", "AC D\nAY CTR", "AC W", "AC P"))
    found = reading(text)
    assert [zone.kind for zone in found.zones] == ["belt", "belt", "belt", "prohibited"]
    assert found.warnings == ["a.txt: 2 CTR, 1 W: read as zones of kind belt, being inside one alarms nobody by itself"]


def test_activation_times() -> None:
    found = reading(HEAD + "AA 2025-01-01T12:00Z/2025-01-01T24:00Z\nAA NONE/2025-02-02T12:00Z\n" + CLOSED)
    windows = ("2025-01-01T12:00Z/2025-01-02T00:00Z", "../2025-02-02T12:00Z")
    assert found.zones[0].active == tuple(map(parse, windows))
    assert found.warnings == []


def test_activation_by_notam() -> None:
    found = reading(HEAD + "AA NONE\n" + CLOSED)
    assert found.zones[0].active == ()
    said = "active: by NOTAM, which is not read here; the zone counts as always active"
    assert found.warnings == [f'a.txt: airspace "ED-R 1" (line 1): {said}']


def test_terrain_and_unknown_attributes_are_left_out_aloud() -> None:
    found = reading(f"TO Mountain\n{SQUARE}{HEAD}AQ 7\n{CLOSED}TC\n{SQUARE}")
    assert len(found.zones) == 1
    assert [line.removeprefix("a.txt: ") for line in found.warnings] == [
        "line 1: terrain is left out",
        'airspace "ED-R 1" (line 6): line 10: AQ: not known here and left out',
        "line 16: terrain is left out",
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "outline: encloses nothing, expected an area (DP, DA, DB or DC)"),
        ("DP 50:00 N 020:00 E\nDP 51:00 N 020:00 E\nDP 50:00 N 020:00 E", "outline: encloses nothing, expected"),
        (CLOSED + "DP 42:60:57 N 000:60:00 W", 'line 10: DP: got "42:60:57 N 000:60:00 W", expected 52:22:39 N'),
        (CLOSED + "DY 50:00:00 N 020:00:00 E", 'line 10: DY: got "50:00:00 N 020:00:00 E", expected the outline of an'),
        (CLOSED + "DX 1", 'line 10: DX: got "1", expected a command of OpenAir, or * before a comment'),
        (CLOSED + "See the AIP", 'line 10: got "See the AIP", expected a command of OpenAir'),
        (CLOSED + "AN B", 'line 10: AN: got "B", expected one a zone, line 2 has another; AC begins the next airspace'),
        (CLOSED + "AA H24", 'line 10: AA: got "H24", expected 2026-11-23T06:00Z/2026-11-23T18:00Z'),
        (CLOSED + "AA NONE\nAA 06:00-18:00", 'line 11: AA: got "06:00-18:00", expected no other AA beside AA NONE'),
        (CLOSED + "V X=50:00:00", 'line 10: V: got "X=50:00:00", expected 52:22:39 N'),
        (CLOSED + "V D=left", 'line 10: V: got "D=left", expected X= and a position, D=+ or D=-'),
        (CENTRE + CLOSED + "DC 3", 'line 11: DC: got "3", expected a circle to be the whole outline'),
        (CENTRE + "DC 3\nDC 4", 'line 7: DC: got "4", expected a circle to be the whole outline'),
        (CENTRE + "DC 0", 'line 6: DC: got "0", expected a radius in nautical miles between 0 and 5000'),
        (CENTRE + "DC 3 km", 'line 6: DC: got "3 km", expected a radius in nautical miles, such as 2.5'),
        (CENTRE + CLOSED + "DA 3,10", 'line 11: DA: got "3,10", expected a radius in nautical miles and two bearings'),
        (CENTRE + CLOSED + "DA 3,10,361", 'line 11: DA: got "3,10,361", expected a radius in nautical miles and two'),
        (CLOSED + "DA 3,10,20", 'line 10: DA: got "3,10,20", expected a centre before it'),
        (CENTRE + CLOSED + "DB 50:00:00 N 020:00:00 E, 51:00:00 N 020:00:00 E", "line 11: DB: "),
    ],
)  # fmt: skip
def test_problems(body: str, problem: str) -> None:
    found = reading(HEAD + body)
    assert found.zones == []
    (line,) = found.problems
    assert line.startswith(f'a.txt: airspace "ED-R 1" (line 1): {problem}')
    assert ", expected " in line


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("AN A\nAL GND\nAH FL100\n", 'airspace "A" (line 1): no AC, expected a class (AC)'),
        ("AC R\nAN A\n", 'airspace "A" (line 1): no AL and no AH, expected a class (AC), a name (AN), a floor (AL)'),
        ("AC R\nAN\nAL GND\nAH FL100\n", 'airspace "" (line 1): line 2: AN: got "", expected a text'),
        ("AC R\nAN \x00\nAL GND\nAH FL100\n", 'airspace "" (line 1): line 2: AN: got "", expected a text'),
        ("AC R\nAN A\nAL GND\nAH FL\n", 'airspace "A" (line 1): line 4: AH: got "FL", expected GND, UNL, FL195'),
        ("AC R\nAN A\nAL FL999\nAH FL240\n", 'airspace "A" (line 1): ceiling: "FL240" is not above the floor, "FL999"'),
    ],
)
def test_problems_of_attributes(head: str, problem: str) -> None:
    (line,) = reading(head + CLOSED).problems
    assert line.startswith(f"a.txt: {problem}")
    assert ", expected " in line


@pytest.mark.parametrize("data", [b"", b"* only a comment", b'{"type": "FeatureCollection"}', b"SP 0,1,255,0,0"])
def test_no_openair(data: bytes) -> None:
    with pytest.raises(ValueError, match="no line begins with AC, expected OpenAir"):
        read(data, "a.txt")


WORDS = st.sampled_from(
    ["AC R", "AN A", "AL GND", "AH UNL", "AA NONE", "V D=-", "DC 3", "DA 3,0,90", "AC", "DP", CENTRE]
)
NUMBERS = st.text("0123456789.:,-NSEW /*", max_size=25)
LINES = WORDS | st.builds("{} {}".format, st.sampled_from(["DP", "DB", "DA", "DC", "V X=", "AL", "AH", "AA"]), NUMBERS)


@given(st.lists(LINES | st.text(max_size=8), max_size=12))
def test_whatever_it_holds_each_airspace_is_a_zone_or_has_a_problem(lines: list[str]) -> None:
    text = "AC R\nAN A\n" + "\n".join(lines)
    found = reading(text)
    assert found.zones or found.problems
    assert all(len(line.splitlines()) == 1 for line in found.problems + found.warnings)
    assert all(", expected " in line for line in found.problems)


# --- the public corpus ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count", "kinds"),
    [
        ("CA-ASP-Border-XCSoar", 7, {"restricted"}),
        ("CZ-ASP-National-XCSoar", 270, {"restricted", "danger", "prohibited", "belt"}),
        ("CZ-PL-ASP-Wave-XCSoar", 13, {"belt"}),
        ("DE-ASP-Military-Low-Flying", 1, {"belt"}),
        ("PL-ASP-Wave-XCSoar", 6, {"belt"}),
    ],
)
def test_national_files(name: str, count: int, kinds: set[str]) -> None:
    found = read(data_file(f"formats/openair/{name}.txt").read_bytes(), name)
    assert found.problems == []
    assert len({zone.id for zone in found.zones}) == count
    assert {zone.kind for zone in found.zones} == kinds


def test_known_places() -> None:
    """Prague castle, Temelin's reactors, Dukovany's; LKP1, LKP2 and LKP9 are drawn about them."""
    found = read(data_file("formats/openair/CZ-ASP-National-XCSoar.txt").read_bytes(), "cz")
    shapes = {zone.id: shapely.Polygon(zone.polygons[0][0]) for zone in found.zones if zone.kind == "prohibited"}
    places = {"LKP1 PRAZSKY HRAD": (14.40, 50.09), "LKP2 TEMELIN": (14.376, 49.18), "LKP9 DUKOVANY": (16.149, 49.085)}
    for zone_id, place in places.items():
        assert [key for key, shape in shapes.items() if shapely.contains_xy(shape, *place)] == [zone_id]


INVALID = {  # and where; the parser these come from also refuses what matters to pilots only
    "activation-times-invalid-with-none": "line 9: AA",
    "ceiling-definitions-al-greater-ah": "ceiling",
    "coordinate-minutes-60": "line 6: DP",
    "flight-level-missing-number": "line 6: AH",
    "insufficient-coordinates": "outline",
    "without-ac": "no AC",
}


def test_fixtures_are_read_or_refused() -> None:
    folder = data_file("formats/openair/openaip_fixtures")
    for path in sorted(folder.glob("*.txt")):
        found = read(path.read_bytes(), path.name)
        refused = [line.split("): ")[1] for line in found.problems]
        assert [line.startswith(INVALID.get(path.stem, "?")) for line in refused] == [True] * (path.stem in INVALID)


@pytest.mark.parametrize("name", ["arc-angle-ccw", "arc-angle-single-vx", "arc-cw", "arc-first", "polygon"])
def test_fixtures_agree_with_another_parser(name: str) -> None:
    """Its circles lie on a sphere and are up to 0.4 % off, and it draws 100 chords where we draw as many as needed."""
    folder = data_file("formats/openair/openaip_fixtures")
    (zone,) = read((folder / f"{name}.txt").read_bytes(), name).zones
    (feature,) = json.loads((folder / f"{name}-result.json").read_text())["features"]
    ours, theirs = shapely.Polygon(zone.polygons[0][0]), shapely.geometry.shape(feature["geometry"])
    assert feature["properties"]["name"] == zone.name
    assert ours.symmetric_difference(theirs).area < 0.005 * theirs.area


def test_activation_times_agree_with_another_parser() -> None:
    folder = data_file("formats/openair/openaip_fixtures")
    (zone,) = read((folder / "activation-times.txt").read_bytes(), "a.txt").zones
    (feature,) = json.loads((folder / "activation-times-result.json").read_text())["features"]
    theirs = [(time.get("start", "-"), time.get("end", "-")) for time in feature["properties"]["activationTimes"]]
    assert [(instant(window.start_s), instant(window.end_s)) for window in zone.active] == theirs


def instant(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%dT%H:%M:%SZ}" if math.isfinite(time_s) else "-"


def test_circles_of_a_national_file_are_within_a_metre() -> None:
    """The file is read once more here, by an expression that finds nothing but circles."""
    data = data_file("formats/openair/CZ-ASP-National-XCSoar.txt").read_bytes()
    rings = {zone.name: zone.polygons[0][0] for zone in read(data, "cz").zones}
    angle = r"(\d+):(\d+):(\d+)"
    drawn = re.findall(rf"^AN (.*)\n(?:A. .*\n)*V X= ?{angle} N {angle} E.*\nDC ([\d.]+)", data.decode(), re.MULTILINE)
    assert len(drawn) > 60
    for name, *words, radius_nm in drawn:
        lat, lon = (int(d) + int(m) / 60 + int(s) / 3600 for d, m, s in (words[:3], words[3:]))
        ring = rings[" ".join(re.sub(r"\*.*", "", name).split())]
        azimuth_deg, _, length_m = GEOD.inv(*ring[:-1].T, *ring[1:].T)
        middles = np.column_stack(GEOD.fwd(*ring[:-1].T, azimuth_deg, length_m / 2)[:2])
        away_m = distances_m(np.concatenate([ring, middles]), lon, lat)
        assert np.abs(away_m - float(radius_nm) * 1852).max() < 1
