"""What sensors can show, against the closed form and against turns that they saw."""

import numpy as np
import pytest
from scipy.special import ndtr

from detector.rules import visible
from detector.rules.alone import hard_turn
from detector.rules.tables import Rules
from detector.tracks.accuracy import SURELY_SIGMAS
from tests import zoo
from tests.rules.test_conduct import flown, seen

G_MPS2 = 9.80665
SENSORS = {"adsb": (10.0, 1.0, True), "radar": (80.0, 5.0, False), "enroute-radar": (150.0, 12.0, False)}


def bank_deg(sigma_m: float, period_s: float, tells_velocity: bool, least_deg: float = 35.0) -> float:
    return visible.smallest_bank_deg(sigma_m, period_s, tells_velocity=tells_velocity, bank_deg=least_deg)


@pytest.mark.parametrize(("sigma_m", "period_s", "n"), [(80.0, 5.0, 6), (150.0, 12.0, 3), (30.0, 10.0, 4)])
def test_a_radar_sees_what_the_closed_form_says(sigma_m, period_s, n):
    sigma_mps2 = sigma_m * np.sqrt(720 / (n * (n**2 - 1) * (n**2 - 4))) / period_s**2
    expected = np.degrees(np.arctan(np.tan(np.radians(35.0)) + SURELY_SIGMAS * sigma_mps2 / G_MPS2))
    assert bank_deg(sigma_m, period_s, False) == pytest.approx(expected, rel=1e-3)


def test_better_and_faster_sensors_see_more_and_slow_ones_nothing():
    assert 35.0 < bank_deg(10.0, 1.0, True) < bank_deg(80.0, 5.0, False) < bank_deg(150.0, 12.0, False) < 90.0
    assert bank_deg(80.0, 5.0, True) < bank_deg(80.0, 5.0, False)
    assert np.isnan(bank_deg(10.0, 16.0, True))


@pytest.mark.parametrize("source", ["adsb", "radar"])
@pytest.mark.parametrize(("off_deg", "share"), [(6.0, (0.9, 1.0)), (-6.0, (0.0, 0.4))])
def test_turns_above_it_are_found_and_turns_below_are_not(source, off_deg, share):
    bank = np.radians(bank_deg(*SENSORS[source]) + off_deg)
    path = flown(load_factor=1 / np.cos(bank), turn_s=30.0, speed=250.0)
    tables = zoo.only(hard_turn=hard_turn.Params())
    n = 10
    told = sum(bool(zoo.tell(zoo.pipeline(tables=tables), seen(path, source, seed=seed))) for seed in range(n))
    assert share[0] <= told / n <= share[1]


@pytest.mark.parametrize(("sigma_m", "period_s", "tells"), SENSORS.values())
def test_a_corner_so_deep_is_as_sure_as_asked_for(sigma_m, period_s, tells):
    depth_m = visible.smallest_corner_m(sigma_m, period_s, tells_velocity=tells, probability=0.95)
    doubt_m = period_s**2 / 8 / (4 if tells else 1)
    assert ndtr(depth_m / np.hypot(sigma_m / np.sqrt(2), doubt_m)) == pytest.approx(0.95)
    near_m = depth_m * np.linspace(1.01, 5.0, 1000)  # from the apex, where the way meets one side; the other as it must
    ways_m = np.hypot(near_m, near_m * depth_m / (near_m - depth_m))
    assert visible.corner_s(depth_m) == pytest.approx(ways_m.min() / 250.0, rel=1e-4)


def test_limits_are_those_of_the_sensor_or_of_what_was_heard():
    rules = Rules()
    radar = zoo.flight(lon=19.0, times=range(3), source="radar")
    by_table = visible.limits(radar, 99.0, zoo.SENSORS, rules)
    assert by_table["smallest_bank_deg"] == pytest.approx(bank_deg(80.0, 5.0, False), abs=0.1)
    assert by_table["smallest_corner_s"] == pytest.approx(by_table["smallest_corner_m"] * 8**0.5 / 250, abs=0.1)
    heard = zoo.flight(lon=19.0, times=range(3), source="mast", nac_p=9, gs_mps=200.0, track_deg=90.0)
    by_ear = visible.limits(heard, 2.0, zoo.SENSORS, rules)
    assert by_ear["smallest_bank_deg"] == pytest.approx(bank_deg(30.0 / 2.4477, 2.0, True), abs=0.1)
    assert visible.limits(heard.take(slice(0, 0)), 2.0, zoo.SENSORS, rules) == {}
