"""The store through what it hands on: segments, names, periods."""

import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.tracks.accuracy import DEFAULT_PERIOD_S, Sensor
from detector.tracks.history import History
from detector.tracks.identity import Rule
from detector.tracks.store import TrackStore
from detector.units import KNOT_MPS
from tests import zoo


def test_it_grows_and_gives_rows_back():
    pipe = zoo.pipeline()
    pipe.tracks = TrackStore(capacity=4)
    crowd = [zoo.flight(lon=10.0, lat=40 + i / 10, times=[0, 1, 2], track_id=f"t{i}") for i in range(50)]
    pipe.step(zoo.in_order(*crowd), 2.0)
    assert len(pipe.tracks) == 50
    assert pipe.tracks.capacity == 64
    pipe.step(zoo.flight(lon=10.0, times=[2000.0], track_id="late"), 2000.0)
    assert len(pipe.tracks) == 1
    assert pipe.tracks.alive.sum() == 1


def test_names_told_once_hold_and_sources_add_up():
    pipe = zoo.pipeline()
    plots = zoo.flight(lon=10.0, times=range(4), callsign=[None, "LOT1", None, None], source=["a", "a", "b", "a"])
    pipe.step(plots, 3.0)
    (row,) = np.flatnonzero(pipe.tracks.alive)
    assert pipe.tracks.last.callsign[row] == "LOT1"
    assert pipe.tracks.sources[row] == ("a", "b")


@pytest.mark.parametrize(
    ("squawks", "on_ground", "changed_s"),
    [
        ([None, "1000", "2000", "2000"], 0, 3.0),
        (["1000", "2000", None, "2000"], -1, 3.0),
        (["1000", "7700", "7700", "7700"], 0, -np.inf),  # an emergency is a fact of its own
        (["7700", "1000", "1000", "1000"], 0, -np.inf),  # and so is its end
        (["1000", "2000", "2000", "1000"], 0, 2.0),
        (["1000", "2000", "1000", "1000"], 0, -np.inf),  # garbled
        ([None, "1000", None, "1000"], 0, -np.inf),
        (["2000", "1000", "1000", "1000"], 1, -np.inf),  # not in flight
    ],
)
def test_it_knows_when_a_code_last_changed_in_flight(squawks, on_ground, changed_s):
    pipe = zoo.pipeline()
    pipe.step(zoo.flight(lon=10.0, times=range(4), speed=5.0, squawk=squawks, on_ground=on_ground), 3.0)
    (row,) = np.flatnonzero(pipe.tracks.alive)
    assert pipe.tracks.recoded_s[row] == changed_s


def test_a_code_told_once_makes_nobody_somebody_else():
    airliner = Rule(Identity.NEUTRAL, callsigns=("?*",), squawks_not=("7500",))
    for squawks, identity in (
        (["1000", "7500", "1000"], Identity.NEUTRAL),
        (["1000", "7500", "7500"], Identity.UNKNOWN),
    ):
        pipe = zoo.pipeline(rules=(airliner,))
        pipe.step(zoo.flight(lon=10.0, times=range(3), squawk=squawks, callsign="BAW1"), 2.0)
        (row,) = np.flatnonzero(pipe.tracks.alive)
        assert pipe.tracks.identity[row] == identity


def test_motion_that_nobody_reported_is_derived():
    pipe = zoo.pipeline()
    plots = zoo.flight(lon=10.0, course=60.0, times=[0, 12, 24], baro_alt_m=[3000.0, 2880.0, 2760.0])
    pipe.step(plots, 24.0)
    gs_mps, track_deg, vrate_mps = np.ravel(pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive)))
    assert gs_mps == pytest.approx(250.0, rel=1e-3)
    assert track_deg == pytest.approx(60.0, abs=0.2)
    assert vrate_mps == pytest.approx(-10.0)


def test_on_a_straight_way_motion_errs_by_what_a_line_through_six_reports_does():
    period_s, sigma_m, errors = 5.0, 80.0, []
    line_mps = sigma_m / (period_s * np.sqrt(17.5))  # slope of a regression: sum of (k - 2.5)^2, k = 0..5
    for seed in range(40):
        pipe, times = zoo.pipeline(), period_s * np.arange(12)
        pipe.step(
            zoo.scattered(zoo.flight(lon=10.0, speed=45.0, times=times, source="radar"), sigma_m, seed), times[-1]
        )
        gs_mps, track_deg, _ = pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive))
        errors.append(gs_mps * np.exp(1j * np.radians(90 - track_deg)) - 45.0)
    rms_mps = np.sqrt(np.mean(np.abs(errors) ** 2) / 2)  # along either axis
    assert rms_mps < 2 * line_mps < 0.5 * np.sqrt(2) * sigma_m / period_s  # half of what the last step does


@pytest.mark.parametrize(
    ("source", "period_s", "sigma_m", "often"), [("mlat", 2.0, 60.0, 0.05), ("radar", 5.0, 80.0, 0.02)]
)
def test_on_a_straight_way_speed_seldom_errs_by_more_than_40_kt(source, period_s, sigma_m, often):
    pipe = zoo.pipeline()
    pipe.sensors = {source: Sensor(sigma_m=sigma_m, period_s=period_s)}
    times = period_s * np.arange(9)
    flights = [zoo.flight(lon=10.0, lat=50.0, times=times, source=source, track_id=f"{n}") for n in range(600)]
    pipe.step(zoo.in_order(*(zoo.scattered(flight, sigma_m, n) for n, flight in enumerate(flights))), times[-1])
    gs_mps, _, _ = pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive))
    errors_kt = (gs_mps - 250.0) / KNOT_MPS
    assert len(errors_kt) == 600
    assert (np.abs(errors_kt) > 40.0).mean() < often


def test_in_a_hard_turn_motion_is_that_of_the_last_step():
    t, rate = 12.0 * np.arange(6), np.radians(7.0)  # per second: 3 g at 230 m/s
    east_m, north_m = 230.0 / rate * np.stack([1 - np.cos(rate * t), np.sin(rate * t)])
    plots = zoo.flight(lon=10.0, speed=0.0, times=t, source="enroute-radar")
    zoo.moved(plots, east_m, north_m)
    pipe = zoo.pipeline()
    pipe.step(plots, t[-1])
    gs_mps, track_deg, _ = np.ravel(pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive)))
    half = rate * 12.0 / 2
    assert gs_mps == pytest.approx(230.0 * np.sin(half) / half, rel=0.01)  # the chord for the arc
    assert track_deg == pytest.approx(np.degrees(rate * 54.0) % 360, abs=1.0)  # as it was half a period ago


def test_of_motion_what_is_reported_is_told_and_the_rest_derived():
    pipe = zoo.pipeline()
    plots = zoo.flight(lon=10.0, course=60.0, times=range(10), gs_mps=200.0, baro_alt_m=3000.0 - 10.0 * np.arange(10))
    pipe.step(plots, 9.0)
    gs_mps, track_deg, vrate_mps = np.ravel(pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive)))
    assert (gs_mps, vrate_mps) == (200.0, pytest.approx(-10.0))
    assert track_deg == pytest.approx(60.0, abs=0.2)


def test_the_period_of_an_unknown_source_is_learnt():
    pipe = zoo.pipeline()
    pipe.step(zoo.flight(lon=10.0, times=range(0, 40, 4), source="who knows"), 36.0)
    (row,) = np.flatnonzero(pipe.tracks.alive)
    assert pipe.tracks.fix.period_s[row] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("baro_m", "geo_m", "held_m"),
    [
        ([3000, 3100], [3200, None], (3100, 3300)),  # what is lacking climbs with the other
        ([3000, None], [3200, 3350], (3150, 3350)),
        ([3000, None], [3200, None], (3000, 3200)),  # or stays
        ([None, 3100], [3200, None], (3100, None)),  # nothing ties one to the other
        ([3000, None], [None, 3300], (None, 3300)),
    ],
)
def test_an_altitude_that_a_report_lacks_is_carried_over(baro_m, geo_m, held_m):
    for later_s, expected in ((12, held_m), (80, (baro_m[1], geo_m[1]))):
        pipe = zoo.pipeline()
        columns = {"baro_alt_m": np.array(baro_m, dtype=float), "geo_alt_m": np.array(geo_m, dtype=float)}
        plots = zoo.flight(lon=10.0, times=[0, later_s], source="enroute-radar", **columns)
        pipe.step(plots, later_s)
        (row,) = np.flatnonzero(pipe.tracks.alive)
        held = pipe.tracks.fix.pressure_alt_m[row], pipe.tracks.fix.geo_alt_m[row]
        assert held == pytest.approx(tuple(np.array(expected, dtype=float)), nan_ok=True)


def test_climb_is_told_by_either_altitude():
    pipe = zoo.pipeline()
    pipe.step(zoo.flight(lon=10.0, times=[0, 12], baro_alt_m=np.nan, geo_alt_m=[3000.0, 3120.0]), 12.0)
    assert pipe.tracks.motion(np.flatnonzero(pipe.tracks.alive))[2] == pytest.approx(10.0)


def test_an_altitude_told_late_holds_for_the_way_to_it():
    pipe = zoo.pipeline()
    plots = zoo.flight(lon=10.0, times=[0, 12], baro_alt_m=[np.nan, 3000.0], geo_alt_m=[3100.0, 3250.0])
    pipe.step(plots, 12.0)
    (row,) = np.flatnonzero(pipe.tracks.alive)
    assert (pipe.tracks.fix_before.pressure_alt_m[row], pipe.tracks.fix_before.geo_alt_m[row]) == (2850.0, 3100.0)


def test_a_first_step_however_long_is_no_period():
    pipe = zoo.pipeline()
    zoo.tell(pipe, zoo.flight(lon=10.0, times=[0.0, 395.0, 400.0], source="nobody-knows"))
    (row,) = np.flatnonzero(pipe.tracks.alive)
    assert pipe.tracks.fix.period_s[row] <= 3 * DEFAULT_PERIOD_S


def test_a_row_that_is_used_again_has_nothing_of_the_track_before():
    history = History(4)
    fixes = zoo.pipeline().tracks.fix.take(np.array([0]))
    fixes.gs_mps[:] = 200.0
    for _ in range(10):
        history.put(np.array([2]), fixes)
    history.begin(2)
    assert np.isnan(history.last(np.array([2])).fixes.gs_mps).all()
