"""Heights that single reports garble, or tell in coarse steps, while the aircraft climbs as airliners do."""

import numpy as np
import pytest

from detector.rules.alone import pull_up, steep_descent
from feeds.plots import Plots
from tests import zoo
from tests.rules.test_conduct import findings, flown, seen

RULES = zoo.only(pull_up=pull_up.Params(), steep_descent=steep_descent.Params())


def blind(source: str, seed: int) -> Plots:
    """A climb as a sensor sees it that tells neither velocities nor vertical rates."""
    plots = seen(flown(fall_mps=-10.0), source, seed=seed)
    for told in (plots.gs_mps, plots.track_deg, plots.vrate_mps):
        told[:] = np.nan
    return plots


@pytest.mark.parametrize("up_m", [-800.0, -250.0, 250.0, 800.0])
@pytest.mark.parametrize(("source", "every"), [("adsb", 15), ("radar", 9), ("enroute-radar", 5)])
def test_single_heights_are_no_manoeuvre(source, every, up_m):
    for seed in range(5):
        plots = blind(source, seed)
        plots.baro_alt_m[4::every] += up_m
        assert findings(plots, RULES) == []


@pytest.mark.parametrize("up_m", [-800.0, 800.0])
@pytest.mark.parametrize(("source", "runs"), [("adsb", 2), ("adsb", 3), ("adsb", 8), ("radar", 3)])
def test_several_alike_are_no_manoeuvre(source, runs, up_m):
    for seed in range(5):
        plots = blind(source, seed)
        plots.baro_alt_m[10 : 10 + runs] += up_m
        assert findings(plots, RULES) == []


@pytest.mark.parametrize("up_m", [-2000.0, 2000.0])  # the first of them, and the one after, wait to be borne out
@pytest.mark.parametrize("runs", [2, 3, 4])
def test_nor_are_several_that_begin_and_end_with_a_silence(runs, up_m):
    for seed in range(5):
        plots = blind("adsb", seed)
        plots = plots.take(np.arange(0, len(plots), 2))
        plots.baro_alt_m[10 : 10 + runs] += up_m
        assert findings(plots, RULES) == []


@pytest.mark.parametrize("runs", [1, 2, 3])
def test_a_radar_of_12_s_sees_nobody_pull_up_by_heights_alike(runs):
    for seed in range(5):
        plots = blind("enroute-radar", seed)
        plots.baro_alt_m[7 : 7 + runs] -= 1000.0
        assert findings(plots, zoo.only(pull_up=pull_up.Params())) == []


@pytest.mark.parametrize("step_m", [30.48, 152.4])
def test_coarse_steps_are_no_manoeuvre(step_m):
    for seed in range(5):
        plots = blind("adsb", seed)
        plots.baro_alt_m[:] = np.round(plots.baro_alt_m / step_m) * step_m
        assert findings(plots, RULES) == []
