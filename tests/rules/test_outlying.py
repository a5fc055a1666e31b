"""Reports that hardly go together with the two before, and what one of them makes of an incursion."""

import numpy as np
import pytest

from detector.rules import incursion
from tests import zoo

RULES = zoo.only(incursion=incursion.Params())
DEG_M = 64_700.0  # of longitude at 54.5 N


def skim(off_m: float, source: str, seed: int, reports: int = 1):
    """Three kilometres outside the square, northwards, with one or more plots that far to the east."""
    rng, period_s = np.random.default_rng(seed), zoo.SENSORS[source].period_s
    times = np.arange(0, 25 * period_s, period_s)
    plots = zoo.flight(lon=20.0 - 3000.0 / DEG_M, course=0.0, lat=54.2, speed=205.0, times=times, source=source)
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
