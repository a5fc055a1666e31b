"""How much more than they claim places err, by how they miss where those before lead."""

import numpy as np
import pytest

from detector.geometry.projection import Theatre
from detector.tracks.history import History
from detector.tracks.scatter import Scatter
from tests import zoo

THEATRE = Theatre(20.0, 54.0)
ROWS = np.arange(60)
SPEED_MPS = 230.0
G_MPS2 = 9.80665


def learnt(source: str, *, noise: float = 1.0, late_s: float = 0.0, load_factor: float = 1.0, told_mps=np.nan, turns=1):
    """What is known after 50 reports, (2, R), of who flies north, and turns by half a circle, evenly often."""
    rng, sensor, scatter, history = np.random.default_rng(5), zoo.SENSORS[source], Scatter(60), History(60)
    flown_s = np.arange(-5.0, 51 * sensor.period_s + 5.0, 0.1)
    rate = G_MPS2 * np.sqrt(load_factor**2 - 1) / SPEED_MPS
    begins_s = 50 * sensor.period_s * np.arange(1, turns + 1) / (turns + 1)
    course = np.clip(rate * (flown_s[:, None] - begins_s), 0.0, np.pi).sum(axis=1)
    flown_m = [np.cumsum(0.1 * SPEED_MPS * part(course)) for part in (np.sin, np.cos)]
    for k in range(50):
        when_s = sensor.period_s * k + rng.normal(0, 0.1 * sensor.period_s, 60)
        east_m, north_m = (
            np.interp(when_s, flown_s, way_m) + rng.normal(0, noise * sensor.sigma_m, 60) for way_m in flown_m
        )
        lon, lat, _ = zoo.GEOD.fwd(
            np.full(60, 20.0), np.full(60, 54.0), np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
        )
        stamp_s = when_s + rng.normal(0, late_s, 60)
        history.put(ROWS, zoo.fixes(THEATRE, lon, lat, stamp_s, sigma_m=sensor.sigma_m, gs_mps=told_mps))
        scatter.learn(ROWS, history.last(ROWS))
    return scatter.of(ROWS)


@pytest.mark.parametrize(
    ("source", "fault", "along", "across"),
    [
        ("adsb", {}, 1.0, 1.0),
        ("radar", {}, 1.0, 1.0),
        ("enroute-radar", {}, 1.0, 1.0),
        ("adsb", {"noise": 3.0}, 2.3, 2.3),  # few great misses together make the most of it, and count for less
        ("radar", {"noise": 2.0}, 1.7, 1.7),
        ("radar", {"noise": 3.0}, 2.3, 2.3),
        ("enroute-radar", {"noise": 3.0}, 2.3, 2.3),
        ("adsb", {"late_s": 0.2}, 2.8, 1.0),
        ("adsb", {"noise": 3.0, "told_mps": SPEED_MPS}, 1.0, 1.0),
        ("adsb", {"load_factor": 1.15}, 1.0, 1.0),  # as airliners turn
        ("radar", {"load_factor": 1.15}, 1.0, 1.0),
        ("enroute-radar", {"load_factor": 1.15}, 1.0, 1.0),
        ("adsb", {"load_factor": 4.0}, 1.0, 1.0),
        ("radar", {"load_factor": 4.0}, 1.0, 1.0),
        ("radar", {"load_factor": 4.0, "turns": 8}, 1.0, 1.0),  # nor are several in succession
        ("enroute-radar", {"load_factor": 4.0}, 1.0, 1.0),
    ],
)
def test_it_is_learnt_along_the_way_and_across(source, fault, along, across):
    assert np.median(learnt(source, **fault), axis=1) == pytest.approx([along, across], rel=0.2)


def test_a_new_track_is_believed():
    scatter = Scatter(2)
    scatter.variance[:] = 9.0
    scatter.begin(1)
    assert scatter.of(np.arange(2)).T.tolist() == [[3.0, 3.0], [1.0, 1.0]]
