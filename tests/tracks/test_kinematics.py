"""Motion against closed forms and NumPy's own least squares."""

import numpy as np
import pytest

from detector.geometry.projection import Theatre
from detector.tracks.fixes import Rows
from detector.tracks.history import LENGTH, History
from detector.tracks.kinematics import WINDOWS, Motion
from tests import zoo

G_MPS2 = 9.80665
THEATRE = Theatre(20.0, 54.0)
ROW: Rows = np.array([0])


def motion_of(east_m, north_m, time_s, **known) -> Motion:
    """Motion of one track that was at these places around 54 N 20 E, by its last fixes."""
    history = History(1)
    azimuth, far_m = np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
    n = len(time_s)
    lon, lat, _ = zoo.GEOD.fwd(np.full(n, 20.0), np.full(n, 54.0), azimuth, far_m)
    fixes = zoo.fixes(THEATRE, lon, lat, np.asarray(time_s, dtype=float), **known)
    for k in range(n):
        history.put(ROW, fixes.take(np.array([k])))
    return Motion.of(history.last(ROW))


def turning(radius_m, speed_mps, time_s):
    """Place and course on a circle to the right that leads north at time 0."""
    angle = speed_mps / radius_m * np.asarray(time_s, dtype=float)
    return radius_m * (1 - np.cos(angle)), radius_m * np.sin(angle), np.degrees(angle) % 360


def sigma_of(design, weight, combination) -> float:
    """Error of a combination of the parameters of a weighted fit."""
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    return float(np.sqrt(combination @ covariance @ np.asarray(combination)))


def test_constant_acceleration_is_found_exactly_by_places_alone():
    t = np.arange(-25.0, 1.0, 5.0)
    motion = motion_of(200 * t + 1.5 * t * t, -50 * t + 0.5 * t * t, t, sigma_m=80.0)
    for window in range(len(WINDOWS)):
        assert motion.level.velocity_mps[:, window, 0] == pytest.approx([200.0, -50.0], abs=0.5)
        assert motion.level.acceleration_mps2[:, window, 0] == pytest.approx([3.0, 1.0], abs=0.02)


def test_errors_are_those_of_least_squares():
    t = np.array([-30.0, -22.0, -17.0, -9.0, -4.0, 0.0])
    sigma_m = np.array([90.0, 50.0, 80.0, 120.0, 60.0, 100.0])
    motion = motion_of(200 * t, 0 * t, t, sigma_m=sigma_m)
    for window, n in enumerate(WINDOWS):
        late, weight = t[-n:], 1 / sigma_m[-n:] ** 2
        design = np.column_stack([np.ones(n), late, late**2 / 2])
        sigma = [sigma_of(design, weight, axis) for axis in np.eye(3)]
        assert motion.level.velocity_sigma_mps[window, 0] == pytest.approx(sigma[1], rel=1e-4)
        middle = sigma_of(design, weight, [0, 1, late[0] / 2])
        assert motion.level.mean_sigma_mps[window, 0] == pytest.approx(middle, rel=1e-4)
        assert motion.level.acceleration_sigma_mps2[window, 0] == pytest.approx(sigma[2], rel=1e-4)


@pytest.mark.parametrize("sigma_m", [30.0, 150.0])
def test_errors_are_as_large_as_they_are_said_to_be(sigma_m):
    rng = np.random.default_rng(5)
    t = np.arange(-60.0, 1.0, 12.0)
    off = []
    for _ in range(400):
        east_m, north_m = 200 * t + 1.0 * t * t + rng.normal(0, sigma_m, 6), rng.normal(0, sigma_m, 6)
        motion = motion_of(east_m, north_m, t, sigma_m=sigma_m)
        off.append((motion.level.acceleration_mps2[0, 2, 0] - 2.0) / motion.level.acceleration_sigma_mps2[2, 0])
    assert 0.9 < np.mean(np.abs(off) < 1.96) <= 1.0
    assert abs(np.mean(off)) < 0.2


@pytest.mark.parametrize("load_factor", [1.1, 1.3, 2.0])
@pytest.mark.parametrize("told", [True, False])
def test_a_level_turn_has_its_lateral_acceleration(load_factor, told):
    speed_mps, lateral_mps2 = 200.0, G_MPS2 * np.sqrt(load_factor**2 - 1)
    t = np.arange(-5.0, 1.0)
    east_m, north_m, course_deg = turning(speed_mps**2 / lateral_mps2, speed_mps, t)
    known = {"gs_mps": speed_mps, "track_deg": course_deg} if told else {}
    motion = motion_of(east_m, north_m, t, sigma_m=10.0, **known)
    assert motion.lateral_mps2()[0][1, 0] == pytest.approx(lateral_mps2, rel=0.02)
    assert motion_of(-east_m, north_m, t, sigma_m=10.0).lateral_mps2()[0][1, 0] == pytest.approx(
        -lateral_mps2, rel=0.02
    )


def test_over_a_window_longer_than_the_turn_it_comes_out_too_small():
    t = np.arange(-25.0, 1.0, 5.0)
    east_m, north_m, _ = turning(1200.0, 200.0, t)
    assert 0 < motion_of(east_m, north_m, t, sigma_m=80.0).lateral_mps2()[0][2, 0] < 200.0**2 / 1200.0


def test_an_outlier_widens_the_error():
    t = np.arange(-25.0, 1.0, 5.0)
    straight = motion_of(200 * t, 0 * t, t, sigma_m=80.0)
    off = motion_of(200 * t, np.where(t == -10, 1500.0, 0.0), t, sigma_m=80.0)
    assert off.level.acceleration_sigma_mps2[2, 0] > 5 * straight.level.acceleration_sigma_mps2[2, 0]


def test_vertical_motion_is_told_by_altitude_and_by_rate():
    t = np.arange(-5.0, 1.0)
    by_altitude = motion_of(200 * t, 0 * t, t, sigma_m=10.0, pressure_alt_m=6000 - 60 * t - 3 * t * t)
    assert by_altitude.vertical.velocity_mps[0, 2, 0] == pytest.approx(-60.0)
    assert by_altitude.vertical.acceleration_mps2[0, 2, 0] == pytest.approx(-6.0)
    by_rate = motion_of(200 * t, 0 * t, t, sigma_m=10.0, vrate_mps=-60 - 6 * t)
    assert by_rate.vertical.velocity_mps[0, 2, 0] == pytest.approx(-60.0)
    assert by_rate.vertical.velocity_sigma_mps[2, 0] < by_altitude.vertical.velocity_sigma_mps[2, 0]


@pytest.mark.parametrize("time_s", [[0.0], [-5.0, 0.0], [-1.0, -0.5, 0.0], [-200.0, -100.0, 0.0]])
def test_too_few_reports_tell_nothing(time_s):
    t = np.array(time_s)
    motion = motion_of(200 * t, 0 * t, t, sigma_m=80.0)
    assert np.isnan(motion.level.velocity_mps).all()
    assert np.isnan(motion.level.acceleration_sigma_mps2).all()


def test_a_history_keeps_the_last_fixes_and_begins_anew():
    history, t = History(2), np.arange(10.0)
    fixes = zoo.fixes(THEATRE, 20 + t / 100, np.full(10, 54.0), t)
    for k in range(10):
        history.put(np.array([1]), fixes.take(np.array([k])))
    history.grow()
    window = history.last(np.array([0, 1]))
    assert np.isnan(window.age_s[:, 0]).all()
    assert window.age_s[:, 1].tolist() == [-float(k) for k in range(LENGTH)]
    assert window.fixes.time_s[:, 1].tolist() == [9.0 - k for k in range(LENGTH)]
    history.begin(np.array([1]))
    assert np.isnan(history.last(np.array([1])).age_s).all()


@pytest.mark.parametrize("apart_s", [0.01, 0.1, 0.45, 0.5, 1.0])
def test_a_history_spans_two_seconds_however_fast_reports_come(apart_s):
    history, t = History(1), np.arange(0.0, 20.0, apart_s)
    fixes = zoo.fixes(THEATRE, 20 + t / 100, np.full(len(t), 54.0), t)
    for k in range(len(t)):
        history.put(np.array([0]), fixes.take(np.array([k])))
    window = history.last(np.array([0]))
    assert window.fixes.time_s[0, 0] == t[-1]
    assert -5.0 <= window.age_s[-1, 0] <= -2.0


def test_speed_grows_along_the_way_and_not_by_turning():
    t = np.arange(-10.0, 1.0, 2.0)
    assert motion_of(200 * t + 2.0 * t * t, 0 * t, t, sigma_m=10.0).along_mps2()[0][1, 0] == pytest.approx(
        4.0, rel=0.01
    )
    east_m, north_m, course_deg = turning(8000.0, 200.0, t)
    circling = motion_of(east_m, north_m, t, sigma_m=10.0, gs_mps=200.0, track_deg=course_deg)
    assert circling.along_mps2()[0][2, 0] == pytest.approx(0.0, abs=0.05)
    east_m, north_m, course_deg = turning(1500.0, 200.0, t)  # 76 deg
    sharp = motion_of(east_m, north_m, t, sigma_m=10.0, gs_mps=200.0, track_deg=course_deg)
    assert np.isnan(sharp.along_mps2()[0][2, 0])
