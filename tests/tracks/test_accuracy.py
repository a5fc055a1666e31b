import pytest
from scipy import stats

from detector.tracks.accuracy import DEFAULT_SIGMA_M, RAYLEIGH_95, Sensor, sigma_m
from feeds.plots import make


def plots(nac_p: int, source: str | None):
    columns = {"time_s": [0.0], "track_id": ["t"], "lat_deg": [0.0], "lon_deg": [0.0]}
    return make(columns | {"nac_p": [nac_p], "source": [source]})


@pytest.mark.parametrize(
    ("nac_p", "source", "expected_m"),
    [
        (9, "adsb", 30 / RAYLEIGH_95),
        (11, "adsb", 3 / RAYLEIGH_95),
        (8, None, 92.6 / RAYLEIGH_95),
        (-1, "radar", 150.0),
        (-1, "who knows", DEFAULT_SIGMA_M),
        (12, "radar", 150.0),  # reserved
    ],
)
def test_what_the_report_says_then_its_source_then_the_default(nac_p, source, expected_m):
    assert sigma_m(plots(nac_p, source), {"radar": Sensor(150.0)})[0] == pytest.approx(expected_m)


def test_a_report_that_promises_nothing_is_worth_nothing():
    assert sigma_m(plots(0, "adsb"), {"adsb": Sensor(10.0)})[0] > 10_000


def test_the_factor_is_the_95_percent_point_of_a_rayleigh_distribution():
    assert stats.rayleigh.ppf(0.95) == pytest.approx(RAYLEIGH_95, abs=1e-4)
