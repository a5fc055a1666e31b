"""The Donlon sample of EUROCONTROL and FAA, against figures read off its text without the reader or an XML parser."""

import gzip
import re
from functools import cache

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from detector.airspace.aixm import read
from detector.airspace.load import load_zones
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, Zone
from detector.outlines.crossings import self_crossings
from detector.outlines.nesting import nested_shells
from tests.shared import data_file

PATH = data_file("formats/aixm/EA_AIP_DS_FULL_20170701.xml.gz")
GEOD = Geod(ellps="WGS84")
NM_M, FL_M = 1852.0, 30.48
GND, UNL = (-np.inf, "AMSL"), (np.inf, "AMSL")


@cache
def source() -> str:
    return gzip.decompress(PATH.read_bytes()).decode()


@cache
def reading() -> Reading:
    return read(source().encode(), "donlon.xml")


def zone(zone_id: str) -> Zone:
    return next(one for one in reading().zones if one.id == zone_id)


def ring(zone_id: str) -> Ring:
    ((only,),) = zone(zone_id).polygons
    return only


def drawn(curve_id: str) -> NDArray[np.float64]:
    """Return the first positions after a gml:id, longitude first."""
    found = re.search(rf'gml:id="{curve_id}".*?<gml:posList>(.*?)</gml:posList>', source(), re.DOTALL)
    assert found is not None
    return np.array(found[1].split(), dtype=float).reshape(-1, 2)[:, ::-1]


def area_km2(ring: NDArray[np.float64]) -> float:
    return float(abs(GEOD.polygon_area_perimeter(*ring.T)[0]) / 1e6)


# id, name, kind, floor, ceiling, area in km2: of polygons by pyproj from the positions in the text, of the rest by hand
AIRSPACES = [
    ("ACR001", "ACR001", "danger", GND, UNL, 1750.2046 * 30),  # the length of its centreline by its width
    ("EAAD", "AMSWELL", "fir", GND, UNL, 2373154.869),
    ("EAP2", "VAARDNOR", "prohibited", GND, UNL, np.pi * 27.78**2),
    ("EAR1", "BRAVO", "restricted", GND, (1525 + 8850, "AMSL"), np.pi * 46.3**2 * 227 / 360),  # 270 to 497 degrees
    ("EAR3", "BURGENVALK", "restricted", (230 * FL_M, "FL"), (360 * FL_M, "FL"), 55553.110),
    ("EAR5", "WINSWUK", "restricted", GND, (360 * FL_M, "FL"), 83424.398),
    ("EAD4", "HORSHAM", "danger", GND, (360 * FL_M, "FL"), np.pi * 20**2),
    ("EAD6", "DONLON", "danger", GND, (360 * FL_M, "FL"), np.pi * 8**2),
    ("EAR2", "PASOUND", "restricted", (250 * FL_M, "FL"), (350 * FL_M, "FL"), np.pi * 18.52**2),
    ("EADD-TMA", "NIBORD", "belt", (-np.inf, "AMSL"), (450 * FL_M, "FL"), np.pi * 92.6**2),
    ("EAMTA01", "EAMOA01", "belt", (-np.inf, "AMSL"), (135 * FL_M, "FL"), None),
    ("EAMM-1", "MAGNETTO", "belt", (210 * FL_M, "FL"), (460 * FL_M, "FL"), 7298.510),
    ("EAMM-2", "MAGNETTO", "belt", (210 * FL_M, "FL"), (460 * FL_M, "FL"), 4280.147),
    ("EAMM1", "MAGNETTO TMA PART 1", "belt", (210 * FL_M, "FL"), (460 * FL_M, "FL"), 7298.510),
    ("EAMM2", "MAGNETTO TMA PART 2", "belt", (210 * FL_M, "FL"), (460 * FL_M, "FL"), 4280.147),
    ("EADD-CTR", "DONLON", "belt", GND, (914.4, "AMSL"), np.pi * 35**2),
    ("DORNBURG", "DORNBURG", "belt", GND, (2000, "AMSL"), np.pi * 3.704**2),
    ("EADD-CTA-1", "DONLON", "belt", (30 * FL_M, "FL"), (245 * FL_M, "FL"), 8453.866),
    ("EADD-CTA-2", "DONLON", "belt", (50 * FL_M, "FL"), (245 * FL_M, "FL"), 5841.111),
    ("EADD1", "SECTOR DONLON EAST", "belt", (30 * FL_M, "FL"), (245 * FL_M, "FL"), 8453.866),
    ("EADD2", "SECTOR DONLON WEST", "belt", (50 * FL_M, "FL"), (450 * FL_M, "FL"), 5841.111),
    ("EADH", "DONLON", "belt", GND, (150, "AMSL"), np.pi * 10**2),
]


def test_every_airspace_is_a_zone() -> None:
    assert reading().problems == []
    assert [one.id for one in reading().zones] == [row[0] for row in AIRSPACES]
    assert source().count("<aixm:Airspace ") == len(AIRSPACES) - 2  # two of which are unions of two
    assert all(one.geodesic for one in reading().zones)


@pytest.mark.parametrize(("zone_id", "name", "kind", "floor", "ceiling", "km2"), AIRSPACES)
def test_what_an_airspace_says(
    zone_id: str, name: str, kind: str, floor: tuple[float, str], ceiling: tuple[float, str], km2: float | None
) -> None:
    one = zone(zone_id)
    assert (one.name, one.kind) == (name, kind)
    for limit, (height_m, reference) in ((one.floor, floor), (one.ceiling, ceiling)):
        assert (limit.height_m, limit.reference) == (pytest.approx(height_m), reference)
    if km2 is not None:
        assert area_km2(ring(zone_id)) == pytest.approx(km2, rel=2e-4)


@pytest.mark.parametrize(
    ("zone_id", "lat_deg", "lon_deg", "radius_m"),
    [
        ("EAP2", 52.36666666666667, -22.1, 15 * NM_M),
        ("EAD4", 45.501666666666665, -29.006944444444443, 20_000),
        ("EAD6", 52.38333333333333, -31.216666666666665, 8_000),
        ("EAR2", 41.7969444444445, -35.02694444, 10 * NM_M),
        ("EADD-TMA", 48.848333333333336, -23.236666666666668, 50 * NM_M),
        ("EADD-CTR", 52.3716666666667, -31.9494444444444, 35_000),  # its centre in a pointProperty
        ("DORNBURG", 51.867222, -34.004167, 2 * NM_M),
        ("EADH", 52.288888888888884, -32.035, 10_000),  # its centre a designated point elsewhere in the file
    ],
)
def test_circles(zone_id: str, lat_deg: float, lon_deg: float, radius_m: float) -> None:
    circle = ring(zone_id)
    centre = np.full((2, len(circle)), [[lon_deg], [lat_deg]])
    assert np.abs(GEOD.inv(*centre, *circle.T)[2] - radius_m).max() < 1.0
    assert area_km2(circle) == pytest.approx(np.pi * radius_m**2 / 1e6, rel=2e-4)


@pytest.mark.parametrize(
    ("zone_id", "curve_id"),
    [
        ("EAAD", "CFIRAMSWELL"),
        ("EAR3", "C001124"),
        ("EAMM-1", "uuid.258c16e0-5f2c-4101-aabb-536f58c38eb5"),
        ("EAMM-2", "uuid.84fe3774-a519-4b16-9344-cb311b2c92b5"),
        ("EADD-CTA-1", "C001"),
        ("EADD1", "cID_317"),
    ],
)
def test_polygons(zone_id: str, curve_id: str) -> None:
    assert np.array_equal(ring(zone_id), drawn(curve_id))


def test_a_sector() -> None:
    lon_deg, lat_deg = -36.166666666666664, 55.233333333333334
    sector = ring("EAR1")
    assert sector[0] == pytest.approx([lon_deg, lat_deg])
    bearing_deg, _, radius_m = GEOD.inv(*np.full((2, len(sector) - 2), [[lon_deg], [lat_deg]]), *sector[1:-1].T)
    assert np.abs(radius_m - 25 * NM_M).max() < 1.0
    assert np.unwrap(bearing_deg % 360, period=360)[[0, -1]] == pytest.approx([270, 497], abs=0.01)
    assert np.diff(np.unwrap(bearing_deg, period=360)).min() > 0


def test_a_border_is_followed() -> None:
    border, before, after = drawn("crvILURU4"), drawn("C001126"), drawn("C1002")
    first, last = (int(np.hypot(*(border - end).T).argmin()) for end in (before[-1], after[0]))
    assert GEOD.inv(*border[first], *before[-1])[2] < 40.0  # the vertex lies just beyond
    assert GEOD.inv(*border[last], *after[0])[2] < 1.0
    assert (first, last) == (260, 231)
    section = border[last : first + 1][::-1]
    expected = np.concatenate([before, section[1:-1], after])
    found = ring("EAMTA01")
    assert area_km2(found) == pytest.approx(area_km2(expected), rel=1e-6)
    assert shapely.equals_exact(shapely.Polygon(found).normalize(), shapely.Polygon(expected).normalize(), 1e-9)


def test_a_corridor() -> None:
    line = drawn("CAlertACR001")
    plane = Transformer.from_crs(4326, "+proj=tmerc +lat_0=51.2 +lon_0=-31 +gamma=0 +ellps=WGS84", always_xy=True)
    corridor = ring("ACR001")
    near = slice(60, 117)  # where the plane is true enough
    axis = shapely.LineString(np.column_stack(plane.transform(*line[near].T)))
    sides = [corridor[: len(line)][near], corridor[len(line) : -1][::-1][near]]
    for side in sides:
        off_m = shapely.distance(axis, shapely.points(np.column_stack(plane.transform(*side.T)))[1:-1])
        assert off_m == pytest.approx(15_000, rel=2e-2)
    assert GEOD.inv(*sides[0].T, *sides[1].T)[2] == pytest.approx(30_000, rel=1e-4)


def test_what_is_said_aloud() -> None:
    found = [line.split(": ", 1)[1] for line in reading().warnings if "alarms nobody" not in line]
    assert [re.sub(r" \(Airspace [-0-9a-z]+\)", "", line) for line in found] == [
        'zone "ACR001": lowerLimit: got ""; taken as GND',
        'zone "ACR001": upperLimit: got ""; taken as UNL',
        'zone "EAR1": ceiling: "1525 M AGL" is taken as 10375 m AMSL, as over the highest land; terrain is unknown',
        'zone "EAR5": geometry: an edge from -39.6667 47.3333 to -41 47 is added, where curves do not meet',
        'zone "EADD-TMA": floor: "450 M AGL" is taken as GND, as over the lowest land; terrain is unknown',
        'zone "EAMTA01": floor: "1000 FT AGL" is taken as GND, as over the lowest land; terrain is unknown',
        'zone "EADD-CTA-2": geometry: part 1 ring 1: not closed; an edge from -25.2875 52.9061 to -25.2875 52.2061 '
        "is added",
        'zone "EADD1": lowerLimitReference: SFC is not what FL is counted from; taken as STD',
        'zone "EADD2": geometry: part 1 ring 1: not closed; an edge from -25.2875 52.9061 to -25.2875 52.2061 is added',
        "an end of validity, or times that are not plain UTC, are not observed; always active: EAD4, EAD6, EAMTA01, "
        "DORNBURG",
        "types without a kind of their own are taken as belt: ATZ, CTA, CTA_P, CTR, OTHER:MOA, "
        "OTHER:PARACHUTE_JUMPING_AERA, TMA, TMA_P",
    ]


def test_boundaries_are_sound_as_drawn() -> None:
    zones, _ = load_zones([PATH])
    assert not any(self_crossings(zones))
    assert [one.id for one in zones if nested_shells(one)] == []


def test_a_new_area_by_notam() -> None:
    found = read(data_file("formats/aixm/DN_SAA.NEW_several_NOTAM.xml").read_bytes(), "dn.xml")
    (one,) = found.zones
    assert (found.problems, one.id, one.kind) == ([], "d2b01592-5f48-4590-b871-60d150533ec1", "restricted")
    assert (one.floor.height_m, one.ceiling.height_m) == (-np.inf, pytest.approx(152.4))
    assert area_km2(one.polygons[0][0]) == pytest.approx(np.pi * 5.556**2, rel=2e-4)
    assert any("always active: d2b01592" in line for line in found.warnings)


def test_an_activation_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="no Airspace has a BASELINE timeslice, expected the airspaces"):
        read(data_file("formats/aixm/DN_SAA.ACT_area_activation.xml").read_bytes(), "dn.xml")
