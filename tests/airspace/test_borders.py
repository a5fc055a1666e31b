from itertools import groupby, pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
import shapely
from hypothesis import given
from pyproj import Geod
from shapely.ops import substring

from detector.airspace.borders import along, corridor

GEOD = Geod(ellps="WGS84")
ZIGZAG = np.array([[20.0, 50.0], [20.3, 50.2], [20.5, 50.1], [20.9, 50.4], [21.0, 50.3]])
ISLAND = np.array([[20.0, 50.0], [21.0, 50.0], [21.0, 51.0], [20.0, 51.0], [20.0, 50.0]])


def walked(border: np.ndarray, start: list[float], end: list[float]) -> tuple[list[list[float]], list[str]]:
    warnings: list[str] = []
    return along(border, np.array(start), np.array(end), warnings.append).tolist(), warnings


def on(border: np.ndarray, part: float) -> np.ndarray:
    return np.array(shapely.LineString(border).interpolate(part, normalized=True).coords[0])


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_section_is_what_shapely_cuts(a: float, b: float) -> None:
    start, end = on(ZIGZAG, a), on(ZIGZAG, b)
    section, warnings = walked(ZIGZAG, start.tolist(), end.tolist())
    cut = substring(shapely.LineString(ZIGZAG), a, b, normalized=True)
    path = np.array([start, *section, end])
    assert shapely.LineString(path).length == pytest.approx(cut.length, abs=1e-9)
    assert shapely.hausdorff_distance(shapely.LineString(path), cut) < 1e-9
    assert warnings == []


@pytest.mark.parametrize(
    ("start", "end", "section"),
    [
        ([20.15, 50.1], [20.95, 50.35], [[20.3, 50.2], [20.5, 50.1], [20.9, 50.4]]),
        ([20.95, 50.35], [20.15, 50.1], [[20.9, 50.4], [20.5, 50.1], [20.3, 50.2]]),
        ([20.3, 50.2], [20.5, 50.1], [[20.3, 50.2], [20.5, 50.1]]),  # at vertices
        ([20.06, 50.04], [20.12, 50.08], []),  # on one edge
        ([19.0, 49.0], [22.0, 50.3], ZIGZAG.tolist()),  # beyond both ends
    ],
)
def test_sections(start: list[float], end: list[float], section: list[list[float]]) -> None:
    assert walked(ZIGZAG, start, end)[0] == section


def test_a_border_that_passes_elsewhere_is_followed_aloud() -> None:
    section, warnings = walked(ZIGZAG, [20.15, 50.11], [20.95, 50.35])
    assert section == [[20.3, 50.2], [20.5, 50.1], [20.9, 50.4]]
    (line,) = warnings
    assert line.endswith("m from 20.15 50.11; an edge to it is added")
    assert float(line.split()[4]) == pytest.approx(
        1113 * np.cos(np.arctan2(0.2, 0.3 * np.cos(np.radians(50.1)))), rel=0.01
    )


@pytest.mark.parametrize(
    ("start", "end", "section"),
    [
        ([20.5, 50.0], [21.0, 50.5], [[21.0, 50.0]]),
        ([21.0, 50.5], [20.5, 50.0], [[21.0, 50.0]]),
        ([20.0, 50.5], [20.5, 50.0], [[20.0, 50.0]]),  # past where the ring is closed
        ([20.5, 50.0], [20.0, 50.5], [[20.0, 50.0]]),
        ([20.0, 50.9], [21.0, 50.1], [[20.0, 51.0], [21.0, 51.0]]),
    ],
)
@pytest.mark.parametrize("border", [ISLAND, np.concatenate([ISLAND[:-1], [[20.0, 50.0004]]])])
def test_a_closed_border_is_followed_the_shorter_way_aloud(
    start: list[float], end: list[float], section: list[list[float]], border: np.ndarray
) -> None:
    found, warnings = walked(border, start, end)
    once = [place for place, _ in groupby(np.round(found, 3).tolist())]  # where it closes it may have two vertices
    assert [[lon, round(lat, 2)] for lon, lat in once] == section
    assert [line.startswith("geometry: the border is closed; the shorter way from") for line in warnings] == [True]


def test_across_the_antimeridian() -> None:
    border = np.array([[179.0, 60.0], [179.9, 60.1], [-179.5, 60.0], [-179.0, 60.1]])
    assert walked(border, [179.0, 60.0], [-179.0, 60.1]) == (border.tolist(), [])


BENT = [[20.0, 50.0], [20.5, 50.2], [20.5, 50.2], [20.6, 50.6], [20.2, 50.9]]


@pytest.mark.parametrize("line", [[[20.0, 50.0], [21.0, 50.5]], BENT, [[179.8, 60.0], [-179.8, 60.1]]])
def test_corridor(line: list[list[float]]) -> None:
    axis = np.array(line)
    ring = corridor(axis, 4000.0)
    assert np.array_equal(ring[0], ring[-1])
    length_m = GEOD.line_length(*axis.T)
    area_m2 = abs(GEOD.polygon_area_perimeter(*ring.T)[0])
    assert area_m2 == pytest.approx(length_m * 4000.0, rel=1e-3)  # mitres take as much inside as they give outside
    legs = [tuple(GEOD.npts(*a, *b, 50, initial_idx=0, terminus_idx=0)) for a, b in pairwise(axis)]
    dense = np.array([point for leg in legs for point in leg])
    for vertex in ring:
        nearest_m = GEOD.inv(*np.broadcast_to(vertex[:, None], (2, len(dense))), *dense.T)[2].min()
        assert 1990 < nearest_m < 3000


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ([[20.0, 50.0]], "centreline: got one position, expected two or more"),
        ([[20.0, 50.0], [20.0, 50.0]], "centreline: got one position"),
        ([[20.0, 50.0], [21.0, 50.0], [20.1, 50.1]], "centreline: turns by 17. degrees at 21 50, expected 90 at most"),
    ],
)
def test_no_corridor(line: list[list[float]], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        corridor(np.array(line), 4000.0)
