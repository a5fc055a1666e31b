"""The authority is pyproj.Geod, asked the other way round: how far from the centre is what was drawn?"""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray
from pyproj import Geod

from detector.airspace.arcs import SAGITTA_M, arc, circle

GEOD = Geod(ellps="WGS84")
CENTRES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def seen_from(lon: float, lat: float, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return bearings and distances."""
    n = len(places)
    bearing_deg, _, distance_m = GEOD.inv(np.full(n, lon), np.full(n, lat), places[:, 0], places[:, 1])
    return bearing_deg, distance_m


def along(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vertices of a line and places on the geodesics between them."""
    a, b = line[:-1].T, line[1:].T
    azimuth, _, length_m = GEOD.inv(*a, *b)
    between = [np.column_stack(GEOD.fwd(*a, azimuth, length_m * part)[:2]) for part in (0.25, 0.5, 0.75)]
    return np.concatenate([line, *between])


@given(CENTRES, st.floats(0.1, 2e6))
def test_a_circle_is_round_everywhere(centre: tuple[float, float], radius_m: float) -> None:
    ring = circle(*centre, radius_m)
    assert np.array_equal(ring[0], ring[-1])
    assert len(ring) >= 4
    _, distance_m = seen_from(*centre, along(ring))
    assert distance_m.max() <= radius_m + 0.001
    assert distance_m.min() >= radius_m - SAGITTA_M - 0.001


def test_more_vertices_than_needed_are_none() -> None:
    _, distance_m = seen_from(20, 50, along(circle(20, 50, 50_000)))
    assert distance_m.min() == pytest.approx(50_000 - SAGITTA_M, abs=0.02)


@pytest.mark.parametrize(
    ("start", "end", "clockwise", "middle"),
    [
        (10, 90, True, 50),
        (10, 90, False, 230),
        (350, 10, True, 0),
        (350, 10, False, 180),
        (90, 0, False, 45),
        (-170, 170, False, 180),
        (270, 270, True, 90),
        (0, 360, False, 180),
    ],
)
def test_arcs_go_the_way_told(start: float, end: float, clockwise: bool, middle: float) -> None:
    line = arc(20, 50, 30_000, start, end, clockwise=clockwise)
    bearing_deg, distance_m = seen_from(20, 50, line)
    assert distance_m == pytest.approx(30_000, abs=0.001)
    ends = np.deg2rad(bearing_deg[[0, -1]] - [start, end])
    assert np.cos(ends) == pytest.approx(1)
    turns = (np.diff(bearing_deg) + 180) % 360 - 180
    assert (turns > 0).all() if clockwise else (turns < 0).all()
    assert np.abs((bearing_deg - middle + 180) % 360 - 180).min() < 1


def test_the_radius_may_change_on_the_way() -> None:
    line = arc(20, 50, 30_000, 0, 90, clockwise=True, end_radius_m=30_040)
    bearing_deg, distance_m = seen_from(20, 50, line)
    assert distance_m == pytest.approx(30_000 + 40 * bearing_deg / 90, abs=0.01)


def test_across_the_antimeridian_longitudes_jump() -> None:
    ring = circle(179.9, 60, 50_000)
    assert np.abs(ring[:, 0]).max() <= 180
    assert (np.abs(np.diff(ring[:, 0])) > 359).sum() == 2
