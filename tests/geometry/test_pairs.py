"""Neighbours, closest approaches and taus against brute force and literals."""

import numpy as np
import pytest

from detector.geometry.pairs import between, cpa, level, modified_tau_s, soon, tau_s, within
from detector.geometry.projection import earth_centred
from tests import zoo


def places(rng, n):
    return rng.uniform(0, 100_000, (n, 3))


@pytest.mark.parametrize("n", [0, 1, 2, 200])
def test_neighbours_are_those_of_brute_force(n):
    rng = np.random.default_rng(n)
    these, those = places(rng, n), places(rng, n // 2)
    if n:
        near = np.linalg.norm(these[:, None] - these[None], axis=2) <= 20_000.0
        expected = np.argwhere(np.triu(near, 1))
        assert np.array_equal(np.column_stack(within(these, 20_000.0)), expected)
    near = np.linalg.norm(these[:, None] - those[None], axis=2) <= 20_000.0
    assert np.array_equal(np.column_stack(between(these, those, 20_000.0)), np.argwhere(near))


@pytest.mark.parametrize("reach_m", [0.0, 1_500.0, 9_000.0])
@pytest.mark.parametrize("ahead_s", [0.0, 5.0, 60.0])
def test_who_meets_soon_is_who_does_every_tenth_of_a_second(reach_m, ahead_s):
    rng = np.random.default_rng(7)
    these, those = places(rng, 60), places(rng, 80)
    those[0] = these[0]
    velocity = rng.uniform(-300, 300, (140, 3))
    velocity[3], velocity[70] = 0.0, (1200.0, 0.0, 0.0)
    time_s = np.linspace(0, ahead_s, round(10 * ahead_s) + 1)[:, None, None, None]
    apart = those - these[:, None] + time_s * (velocity[60:] - velocity[:60, None])
    closest = np.linalg.norm(apart, axis=3).min(axis=0)
    found = np.zeros((60, 80), dtype=bool)
    found[soon(these, velocity[:60], those, velocity[60:], reach_m, ahead_s)] = True
    unsure = np.abs(closest - reach_m) < 60.0 * (reach_m > 0) * (ahead_s > 0)
    assert found[0, 0]
    assert np.array_equal(found[~unsure], (closest <= reach_m)[~unsure])
    assert unsure.sum() < 60


def test_nobody_meets_nobody():
    none = np.zeros((0, 3))
    assert [len(side) for side in soon(none, none, none, none, 1e3, 60.0)] == [0, 0]


@pytest.mark.parametrize("where", [(20.0, 54.0), (180.0, 60.0), (-30.0, 0.0), (100.0, 89.9), (0.0, -75.0)])
def test_apart_over_ground_is_what_geodesics_say(where):
    rng = np.random.default_rng(5)
    course, far_m = rng.uniform(0, 360, 50), rng.uniform(10, 20_000, 50)
    lon, lat = np.full(50, where[0]), np.full(50, where[1])
    there = earth_centred(*zoo.GEOD.fwd(lon, lat, course, far_m)[:2])
    here = earth_centred(lon, lat)
    east_m, north_m = level(here, there - here).T
    assert np.hypot(east_m, north_m) == pytest.approx(far_m, rel=1e-5)
    assert np.abs((np.degrees(np.arctan2(east_m, north_m)) - course + 180) % 360 - 180).max() < 0.1


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_closest_approach_is_that_of_brute_force(dimensions):
    rng = np.random.default_rng(dimensions)
    apart, velocity = rng.uniform(-5000, 5000, (100, dimensions)), rng.uniform(-300, 300, (100, dimensions))
    time_s, miss_m = cpa(apart, velocity)
    t = np.arange(0, 200, 0.01)
    ways = apart[:, None] + t[:, None] * velocity[:, None]
    range_m = np.linalg.norm(ways, axis=2)
    soon = time_s < 199
    assert soon.sum() > 80
    assert time_s[soon] == pytest.approx(t[range_m.argmin(axis=1)][soon], abs=0.006)
    assert miss_m[soon] == pytest.approx(range_m.min(axis=1)[soon], abs=2.5)


def test_literals():
    apart = np.array([[6000.0, 0.0], [6000.0, 0.0], [600.0, 0.0], [6000.0, 800.0], [0.0, 0.0], [np.nan, 0.0]])
    velocity = np.array([[-200.0, 0.0], [200.0, 0.0], [200.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    assert cpa(apart, velocity)[0].tolist()[:5] == [30.0, 0.0, 0.0, 0.0, 0.0]
    assert cpa(apart, velocity)[1][:5] == pytest.approx([0.0, 6000.0, 600.0, np.hypot(6000, 800), 0.0])
    assert tau_s(apart, velocity).tolist()[:5] == [30.0, np.inf, np.inf, np.inf, 0.0]
    expected = [(6000**2 - 1000**2) / 6000 / 200, np.inf, 0.0, np.inf, 0.0]
    assert modified_tau_s(apart, velocity, 1000.0)[:5] == pytest.approx(expected)
    assert not (tau_s(apart, velocity)[5:] <= 1e9).any(), "who is not known is not found"
    assert not (cpa(apart, velocity)[1][5:] <= 1e9).any()


def test_a_turned_off_volume_is_tau():
    rng = np.random.default_rng(1)
    apart, velocity = rng.uniform(-5000, 5000, (100, 2)), rng.uniform(-300, 300, (100, 2))
    assert np.array_equal(modified_tau_s(apart, velocity, 0.0), tau_s(apart, velocity))
