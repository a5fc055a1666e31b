"""Recordings chosen for their noise: outliers, jumps, clocks that stumble. The benchmark runs them at full length."""

import pytest

from tests.real.recordings import incidents, recordings, run, site

FOLDERS = ("traffic:noisy/", "traffic:gliders/", "traffic:calibration/", "traffic:featured/")
NAMELESS = {"traffic:noisy/noisy_time_issue"}  # no callsign in any row: an unknown aircraft over five states
ROWS = slice(-500, None)


@pytest.fixture(scope="module")
def noise():
    return {source: plots.take(ROWS) for source, plots in recordings().items() if source.startswith(FOLDERS)}


def test_who_names_itself_is_no_incident_however_noisy(tmp_path, noise):
    states = site(tmp_path, ["CHE", "DEU", "FRA", "ITA", "GBR", "PRT", "BEL", "DNK", "AUT"])
    assert {source for source, plots in noise.items() if incidents(run(*states, plots))} == NAMELESS


def test_noise_breaks_nothing_when_everybody_is_watched(tmp_path, noise):
    everybody = site(tmp_path, ["CHE", "PRT"], watch=["neutral", "unknown"])
    for source, plots in noise.items():
        if source.startswith("traffic:noisy/"):
            found = incidents(run(*everybody, plots))
            assert found, source
            assert all(f.ended_at is None or f.started_at <= f.ended_at for m in found for f in m.findings)
