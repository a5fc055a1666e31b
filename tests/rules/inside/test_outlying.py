"""Reports that hardly go together with the two before, and what one of them makes of an incursion."""

import numpy as np
import pytest

from detector.geometry.projection import Theatre
from detector.rules import incursion
from detector.rules.inside.outlying import outlying
from detector.tracks.fixes import Segments
from feeds.plots import concatenate
from tests import zoo

THEATRE = Theatre.around([zoo.SQUARE])

RULES = zoo.only(incursion=incursion.Params())
DEG_M = 64_700.0  # of longitude at 54.5 N


def skim(off_m: float, source: str, seed: int, reports: int = 1, outside_m: float = 3000.0):
    """Outside the square, northwards, with one or more plots that far to the east."""
    rng, period_s = np.random.default_rng(seed), zoo.SENSORS[source].period_s
    times = np.arange(0, 25 * period_s, period_s)
    plots = zoo.flight(lon=20.0 - outside_m / DEG_M, course=0.0, lat=54.2, speed=205.0, times=times, source=source)
    plots.lon_deg[:] += rng.normal(0, zoo.SENSORS[source].sigma_m, len(times)) / DEG_M
    plots.lat_deg[:] += rng.normal(0, zoo.SENSORS[source].sigma_m, len(times)) / 111_300.0
    plots.lon_deg[12 : 12 + reports] += off_m / DEG_M
    return zoo.tell(zoo.pipeline(tables=RULES), plots, until=900.0)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("off_m", "source"), [(6000.0, "enroute-radar"), (9000.0, "enroute-radar"), (4000.0, "radar"), (6000.0, "radar")]
)
def test_one_plot_of_something_else_is_no_incursion(off_m, source, seed):
    assert skim(off_m, source, seed) == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("off_m", "source"), [(3000.0, "enroute-radar"), (4000.0, "enroute-radar"), (2000.0, "radar")])
def test_nor_is_one_that_may_be_a_hard_turn(off_m, source, seed):
    assert skim(off_m, source, seed, outside_m=1500.0) == []


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
def test_who_turns_in_hard_is_told_of_by_the_second_plot_inside(source):
    period_s = zoo.SENSORS[source].period_s
    step_m, times = 200.0 * period_s, np.arange(10) * period_s
    there = zoo.flight(lon=20.0 - 0.3 * step_m / DEG_M, course=0.0, lat=54.4, speed=200.0, times=times, source=source)
    lat, lon = float(there.lat_deg[-1]) + 0.3 * step_m / 111_300.0, 20.0 + 0.65 * step_m / DEG_M
    inside = zoo.flight(lon=lon, course=90.0, lat=lat, speed=200.0, times=times, source=source)
    inside.time_s[:] += 10 * period_s
    opened, *_ = zoo.tell(zoo.pipeline(tables=RULES), concatenate([there, inside]))
    assert opened.findings[0].detected_at[14:19] == f"{int(11 * period_s) // 60:02}:{int(11 * period_s) % 60:02}"


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
@pytest.mark.parametrize("speed_mps", [150.0, 200.0, 250.0, 300.0])
@pytest.mark.parametrize("load_factor", [2.0, 5.0])
def test_no_turn_of_five_g_is_outlying(source, speed_mps, load_factor):
    """Straight on, then round and round, at every phase of the radar."""
    rate = 9.80665 * np.sqrt(load_factor**2 - 1) / speed_mps
    sensor = zoo.SENSORS[source]
    begins_s = np.linspace(0, sensor.period_s, 50)
    at_s = np.arange(-2, 6)[:, None] * sensor.period_s - begins_s
    angle, radius_m = rate * np.maximum(at_s, 0), speed_mps / rate
    earth_m = np.stack(
        [radius_m * np.sin(angle) + speed_mps * np.minimum(at_s, 0), radius_m * (1 - np.cos(angle)), 0 * at_s], axis=-1
    )
    n = len(begins_s)
    reports = [zoo.fixes(THEATRE, np.zeros(n), np.zeros(n), at_s[k], sigma_m=sensor.sigma_m) for k in range(len(at_s))]
    for report, place_m in zip(reports, earth_m, strict=True):
        report.earth_m[:] = place_m
    for three in zip(reports, reports[1:], reports[2:], strict=False):
        assert not outlying(Segments(np.arange(n), np.zeros(n, dtype=bool), *three)).any()


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
def test_two_of_them_are(source):
    opened, *_ = skim(6000.0, source, 0, reports=2)
    assert opened.cause == "incursion"


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
@pytest.mark.parametrize("seed", range(4))
def test_one_plot_of_something_else_ends_no_stay_and_makes_it_no_deeper(source, seed):
    rng, period_s = np.random.default_rng(seed), zoo.SENSORS[source].period_s
    times = np.arange(0, 30 * period_s, period_s)
    plots = zoo.flight(lon=20.0 + 3000.0 / DEG_M, course=0.0, lat=53.9, speed=205.0, times=times, source=source)
    plots.lon_deg[:] += rng.normal(0, zoo.SENSORS[source].sigma_m, len(times)) / DEG_M
    plots.lon_deg[[-12, -6]] += np.array([6000.0, -6000.0]) / DEG_M
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots)
    (finding,) = messages[-1].findings
    assert finding.ended_at is None
    assert finding.evidence.max_depth_m < 3000.0 + 5 * zoo.SENSORS[source].sigma_m
