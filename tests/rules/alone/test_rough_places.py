"""Places that err by more than they claim, or are told at a wrong time, of who flies straight on or turns gently."""

import numpy as np
import pytest

from detector.rules.alone import hard_turn, speed_change
from tests import zoo
from tests.rules.test_conduct import findings, flown, seen

RULES = zoo.only(hard_turn=hard_turn.Params(), speed_change=speed_change.Params())
FLIGHTS = 10


def rough(source: str, noise: float, late_s: float, seed: int):
    rng, sigma_m = np.random.default_rng(seed), zoo.SENSORS[source].sigma_m
    plots = seen(flown(load_factor=1.1, turn_s=60.0, speed=230.0), source, seed=seed)
    east_m, north_m = rng.normal(0, sigma_m * np.sqrt(noise**2 - 1), (2, len(plots)))
    plots.lon_deg[:] += east_m / 65_000.0
    plots.lat_deg[:] += north_m / 111_300.0
    plots.gs_mps[:] = plots.track_deg[:] = plots.vrate_mps[:] = np.nan
    plots.time_s[:] += rng.normal(0, late_s, len(plots))
    return plots.take(np.argsort(plots.time_s, kind="stable"))


@pytest.mark.parametrize(
    ("source", "noise", "late_s", "most"),  # 9, 9 and 6 if nothing is learnt of how places scatter
    [
        ("adsb", 1.0, 0.2, 1),
        ("adsb", 1.0, 0.5, 1),
        ("radar", 3.0, 0.0, 2),
    ],
)
def test_they_make_few_manoeuvres(source, noise, late_s, most):
    told = [seed for seed in range(FLIGHTS) if findings(rough(source, noise, late_s, seed), RULES)]
    assert len(told) <= most
