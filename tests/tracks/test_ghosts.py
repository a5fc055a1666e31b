"""One plot of something else among those of a radar, and turns that no plot of is a ghost."""

import numpy as np
import pytest

from detector.geometry.projection import Theatre
from detector.tracks.ghosts import without_ghosts
from detector.tracks.history import LENGTH, History, Window
from tests import zoo

THEATRE = Theatre(20.0, 54.0)
G_MPS2 = 9.80665
RADARS = ["radar", "enroute-radar"]


def window_of(east_m, north_m, time_s, height_m=None, **known) -> Window:
    """The last plots of R tracks that were at these places around 54 N 20 E, (R, plots)."""
    rows, history = np.arange(len(east_m)), History(len(east_m))
    for k in range(east_m.shape[1]):
        far_m, azimuth = np.hypot(east_m[:, k], north_m[:, k]), np.degrees(np.arctan2(east_m[:, k], north_m[:, k]))
        lon, lat, _ = zoo.GEOD.fwd(np.full(len(rows), 20.0), np.full(len(rows), 54.0), azimuth, far_m)
        height = {} if height_m is None else {"pressure_alt_m": height_m[:, k]}
        history.put(rows, zoo.fixes(THEATRE, lon, lat, time_s[:, k], **known | height))
    return history.last(rows)


def haunted(window: Window) -> np.ndarray:
    """Tell which plots are taken for ghosts, (LENGTH, R), the latest first."""
    return np.isinf(without_ghosts(window).fixes.sigma_m)


def straight(source: str, off_m: float, direction_deg: float, after: int, before: int, n: int = 100):
    """Plots of those who fly straight, one of them off the way."""
    rng, sensor = np.random.default_rng(7), zoo.SENSORS[source]
    t = np.tile((np.arange(before + 1 + after) - before - after) * sensor.period_s, (n, 1))
    east_m, north_m = rng.normal(0, sensor.sigma_m, t.shape), 200.0 * t + rng.normal(0, sensor.sigma_m, t.shape)
    east_m[:, before] += off_m * np.sin(np.radians(direction_deg))
    north_m[:, before] += off_m * np.cos(np.radians(direction_deg))
    return window_of(east_m, north_m, t, sigma_m=sensor.sigma_m)


@pytest.mark.parametrize("direction_deg", range(0, 360, 45))
@pytest.mark.parametrize(("before", "after"), [(2, 1), (2, 2), (2, 3), (4, 1), (4, 2), (6, 3), (6, 4)])
@pytest.mark.parametrize(("source", "off_m"), [("radar", 1500.0), ("radar", 6000.0), ("enroute-radar", 6000.0)])
def test_it_is_known_by_the_next_plot_and_for_as_long_as_it_matters(source, off_m, direction_deg, before, after):
    found = haunted(straight(source, off_m, direction_deg, after, before))
    assert found[after].mean() > (0.8 if before == 2 and after == 1 else 0.95)


@pytest.mark.parametrize("source", RADARS)
def test_until_then_it_may_be_a_turn(source):
    assert not haunted(straight(source, 3000.0, 90.0, 0, 5)).any()


@pytest.mark.parametrize("source", RADARS)
def test_honest_plots_are_none(source):
    assert not haunted(straight(source, 0.0, 0.0, 0, 6)).any()


@pytest.mark.parametrize("source", RADARS)
@pytest.mark.parametrize("speed_mps", [170.0, 215.0, 260.0])
@pytest.mark.parametrize("load_factor", [3.0, 5.0])
def test_nobody_who_reverses_is_haunted(source, speed_mps, load_factor):
    """Straight on, half round, straight on, at every phase of the radar."""
    sensor, n = zoo.SENSORS[source], 300
    rate = G_MPS2 * np.sqrt(load_factor**2 - 1) / speed_mps
    rng, since_s = np.random.default_rng(3), np.arange(0, 140.0, 0.05)
    course = rate * np.clip(since_s - 70.0, 0.0, np.pi / rate)
    flown = [np.cumsum(0.05 * speed_mps * part) for part in (np.sin(course), np.cos(course))]
    begins_s = rng.uniform(70.0 - 5 * sensor.period_s, 70.0 + sensor.period_s, n)
    t = begins_s[:, None] + np.arange(LENGTH) * sensor.period_s
    east_m, north_m = (np.interp(t, since_s, axis) + rng.normal(0, sensor.sigma_m, t.shape) for axis in flown)
    assert haunted(window_of(east_m, north_m, t, sigma_m=sensor.sigma_m)).any(axis=0).mean() < 0.01


def test_who_tells_its_velocity_is_believed():
    told = {"gs_mps": 200.0, "track_deg": 0.0}
    t = np.arange(-25.0, 1.0, 5.0)[None]
    window = window_of(np.where(t == -10, 4000.0, 0.0), 200.0 * t, t, sigma_m=80.0, **told)
    assert not haunted(window).any()


@pytest.mark.parametrize(("source", "off_m"), [("radar", 300.0), ("radar", -800.0), ("enroute-radar", 900.0)])
@pytest.mark.parametrize(("after", "garbled"), [(0, False), (1, True), (2, True), (4, True), (5, False)])
def test_a_garbled_height_is_known_by_the_next_plot(source, off_m, after, garbled):
    sensor = zoo.SENSORS[source]
    t = (np.arange(LENGTH)[None] - LENGTH + 1) * sensor.period_s
    height_m = 6000.0 + 10.0 * t
    height_m[:, LENGTH - 1 - after] += off_m
    window = window_of(0 * t, 200.0 * t, t, sigma_m=sensor.sigma_m, height_m=height_m)
    found = np.isnan(without_ghosts(window).fixes.pressure_alt_m)[:, 0]
    assert found.tolist() == [garbled and k == after for k in range(LENGTH)]


@pytest.mark.parametrize("source", RADARS)
@pytest.mark.parametrize("fall_mps", [60.0, 100.0, 150.0])
@pytest.mark.parametrize("pull_mps2", [12.0, 25.0])
def test_no_height_of_a_dive_is_garbled(source, fall_mps, pull_mps2):
    sensor, flown_s = zoo.SENSORS[source], np.arange(0.0, 200.0, 0.05)
    climb_mps = -np.clip(np.minimum(flown_s - 60.0, 90.0 - flown_s) * pull_mps2, 0.0, fall_mps)
    fallen_m = np.cumsum(0.05 * climb_mps)
    for begins_s in np.arange(40.0, 100.0, 0.5):
        t = begins_s + np.arange(LENGTH)[None] * sensor.period_s
        window = window_of(
            0 * t, 200.0 * t, t, sigma_m=sensor.sigma_m, height_m=8000.0 + np.interp(t, flown_s, fallen_m)
        )
        assert np.isfinite(without_ghosts(window).fixes.pressure_alt_m).all()
