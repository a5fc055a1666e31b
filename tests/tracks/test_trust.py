"""Which places are believed, and which are claims."""

import numpy as np
import pytest

from detector.pipeline import USED
from tests import zoo

CRUISE = {"gs_mps": 230.0, "track_deg": 0.0}


def believed(plots) -> list[bool]:
    """Which reports moved their track, one by one."""
    pipe = zoo.pipeline([])
    moved = []
    for n in range(len(plots)):
        one = plots.take(slice(n, n + 1))
        assert pipe.step(one, float(one.time_s[0])).results.tolist() == [USED], "a doubted plot is not a rejected one"
        (row,) = np.flatnonzero(pipe.tracks.alive)
        moved.append(pipe.tracks.fix.time_s[row] == one.time_s[0])
    return moved


def cruise(n: int, jumps: dict[int, float], step_s: float = 1.0, **columns):
    """Northward flight, with reports displaced eastwards by so many degrees from then on."""
    plots = zoo.flight(lon=10.0, lat=45.0, course=0.0, speed=230.0, times=np.arange(n) * step_s, **columns)
    for first, degrees in jumps.items():
        plots.lon_deg[first:] += degrees
    return plots


def test_one_place_far_off_is_a_claim_and_the_track_goes_on():
    assert believed(cruise(30, {10: 1.0, 11: -1.0}, **CRUISE)) == [n != 10 for n in range(30)]


def test_half_a_minute_elsewhere_is_never_believed():
    assert believed(cruise(200, {100: 1.0, 130: -1.0}, **CRUISE)) == [not 100 <= n < 130 for n in range(200)]


def test_who_goes_on_from_there_is_believed_after_two_minutes():
    assert believed(cruise(400, {200: 1.0}, **CRUISE)) == [not 200 <= n < 320 for n in range(400)]


def test_who_is_seen_by_radar_is_believed_after_half_a_minute():
    moved = believed(cruise(40, {20: 1.0}, step_s=5.0, source="radar"))
    assert moved == [not 20 <= n < 26 for n in range(40)]


def test_a_first_place_that_was_wrong_is_soon_given_up():
    assert believed(cruise(10, {1: 1.0}, **CRUISE)) == [True, False, False] + [True] * 7


def test_two_aircraft_under_one_name_do_not_take_turns():
    plots = cruise(400, {}, **CRUISE)
    plots.lon_deg[101::2] += 1.0
    moved = believed(plots)
    assert all(moved[:101])
    assert moved[101:] == [n % 2 == 0 for n in range(101, 400)]


@pytest.mark.parametrize("gs_mps", [230.0, np.nan])
def test_a_gap_leads_as_far_as_an_aircraft_flies(gs_mps):
    plots = cruise(20, {}, gs_mps=gs_mps, track_deg=0.0)
    plots.time_s[10:] += 40.0
    plots.lat_deg[10:] += 230.0 * 40.0 / 111_200.0
    assert all(believed(plots))


def test_a_promise_of_no_accuracy_does_not_make_a_jump_credible():
    assert believed(cruise(20, {10: 0.5}, nac_p=[9] * 10 + [0] * 10, **CRUISE))[10:13] == [False] * 3


def test_a_fighter_may_turn_and_dash():
    plots = zoo.flight(lon=10.0, lat=45.0, course=0.0, speed=600.0, times=range(0, 120, 12), source="enroute-radar")
    plots.lat_deg[5:] = plots.lat_deg[5] - np.arange(5) * 600.0 * 12.0 / 111_200.0
    assert all(believed(plots))


def test_a_doubted_track_is_not_lost_while_it_reports():
    pipe = zoo.pipeline([])
    plots = cruise(200, {100: 1.0}, **CRUISE)
    pipe.step(plots, float(plots.time_s[-1]))
    assert len(pipe.tracks) == 1
    pipe.step(plots.take(slice(0, 0)), 199.0 + 61.0)
    assert len(pipe.tracks) == 0
