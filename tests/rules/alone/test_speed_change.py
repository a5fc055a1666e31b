"""Who gains or loses speed abruptly, as sensors see it."""

import numpy as np
import pytest

from detector.rules.alone import speed_change
from detector.units import KNOT_MPS
from tests import zoo
from tests.rules.test_conduct import flown, seen

RULES = zoo.only(speed_change=speed_change.Params())


def sped(acceleration_mps2: float, for_s: float, speed_mps: float = 180.0, turn_deg_s: float = 0.0):
    """A flight northwards at 0.1 s that changes speed, and turns, after a minute."""
    t = np.arange(0.0, 120.0 + for_s, 0.1)
    since_s = np.clip(t - 60.0, 0.0, for_s)
    mps, course = speed_mps + acceleration_mps2 * since_s, np.radians(turn_deg_s * since_s)
    east_m, north_m = np.cumsum(0.1 * mps * np.sin(course)), np.cumsum(0.1 * mps * np.cos(course))
    return t, east_m, north_m, np.degrees(course) % 360, np.full(len(t), 6000.0), np.zeros(len(t))


def changes(path, source: str, seed: int = 0) -> list:
    plots = seen(path, source, seed=seed)
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots, until=float(plots.time_s[-1]) + 400.0)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize(
    ("source", "acceleration_mps2", "for_s"),
    [("adsb", 6.0, 20.0), ("adsb", -6.0, 12.0), ("radar", 8.0, 25.0), ("radar", -7.0, 25.0)],
)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_found_and_measured(source, acceleration_mps2, for_s, seed):
    (found,) = changes(sped(acceleration_mps2, for_s, 180.0 if acceleration_mps2 > 0 else 290.0), source, seed)
    assert (found.kind, found.rule, found.zone_id) == ("manoeuvre", "speed_change", "square")
    off_kt_s = found.evidence.acceleration_kt_s - acceleration_mps2 / KNOT_MPS
    assert abs(off_kt_s) < 3 * found.evidence.acceleration_sigma_kt_s + 1.0


def test_it_is_dated():
    (found,) = changes(sped(6.0, 20.0), "adsb")
    assert found.started_at[14:19] in {"01:01", "01:02", "01:03"}
    assert found.ended_at[14:19] in {"01:19", "01:20", "01:21", "01:22"}


@pytest.mark.parametrize("source", ["adsb", "radar", "enroute-radar"])
@pytest.mark.parametrize(
    "path",
    [
        sped(1.5, 60.0, 130.0),  # an airliner in a hurry
        sped(-1.0, 60.0, 220.0),  # and with its speed brakes out
        sped(2.8, 20.0, 180.0),
        sped(4.0, 20.0, 0.0),  # a take-off
        sped(-5.0, 14.0, 75.0),  # a landing
        sped(6.0, 2.0, 200.0),  # a gust
        flown(load_factor=5.0, turn_s=10.0, speed=250.0),
        flown(load_factor=2.0, turn_s=30.0, speed=220.0),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_what_changes_speed_less_or_turns_is_not(path, source, seed):
    assert changes(path, source, seed) == []


def test_speed_that_grows_in_a_gentle_turn_is_found():
    assert len(changes(sped(6.0, 20.0, turn_deg_s=1.0), "adsb")) == 1


@pytest.mark.parametrize("for_s", [5, 10, 20])
def test_a_speed_told_as_nought_is_not_lost(for_s):
    for seed in range(3):
        plots = seen(flown(), "adsb", seed=seed)
        plots.gs_mps[60 : 60 + for_s] = plots.track_deg[60 : 60 + for_s] = 0.0
        messages = zoo.tell(zoo.pipeline(tables=RULES), plots, until=float(plots.time_s[-1]) + 400.0)
        assert messages == []
