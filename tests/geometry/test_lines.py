"""How lines are cut."""

import numpy as np
import pytest

from detector.geometry.lines import COARSE_DEG, Lines
from tests.geometry.shapes import NORTH_CAP, parts, ring
from tests.zoo import GEOD, box

ACROSS = ring((179.9, 60), (-179.9, 60), (-179.9, 60.3), (179.9, 60.3))


def test_geodesics_across_the_antimeridian_go_the_shorter_way() -> None:
    lines = Lines.of([parts([ACROSS], geodesic=True)])
    coarse = lines.coarse()
    assert len(coarse) == len(lines) == 4
    for west_deg in (1.0, -1.0):
        turned = ACROSS - [west_deg, 0.0]
        turned[:, 0] = (turned[:, 0] + 180) % 360 - 180
        assert len(Lines.of([parts([turned], geodesic=True)]).coarse()) == 4


@pytest.mark.parametrize("west", [-4.0, 176.0, 178.5])
def test_none_is_long(west: float) -> None:
    outline = box(west, 50.0, west + 4, 52.2)
    outline[:, 0] = (outline[:, 0] + 180) % 360 - 180
    coarse = Lines.of([parts([outline], geodesic=True)]).coarse()
    assert len(coarse) == 2 * (4 / COARSE_DEG + np.ceil(2.2 / COARSE_DEG))
    length_m = GEOD.inv(coarse.lon0, coarse.lat0, coarse.lon1, coarse.lat1)[2]
    assert length_m.max() < 60_000


def test_lines_straight_in_degrees_go_the_way_they_are_drawn() -> None:
    coarse = Lines.of([NORTH_CAP]).coarse()
    assert np.abs(coarse.lon1 - coarse.lon0).max() == pytest.approx(COARSE_DEG)
    assert ((coarse.lat0 == 90) & (coarse.lat1 == 90)).sum() == 360 / COARSE_DEG


@pytest.mark.parametrize("geodesic", [False, True])
@pytest.mark.parametrize("length_deg", [0.5, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("off_deg", [0.0, 1e-15, -1e-15, 8e-9, -8e-9])  # to 3 mm
def test_two_sides_of_one_border_are_cut_alike(length_deg: float, off_deg: float, geodesic: bool) -> None:
    one = Lines.of([parts([box(20, 40, 20 + length_deg, 40 + length_deg)], geodesic=geodesic)]).coarse()
    end = length_deg * (1 + off_deg)
    other = Lines.of([parts([box(20, 40, 20 + end, 40 + end)[::-1]], geodesic=geodesic)]).coarse()
    assert len(one) == len(other) == 4 * length_deg / COARSE_DEG
