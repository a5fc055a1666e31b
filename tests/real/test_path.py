"""Paths between reports that are seconds apart, against the reports in between that they were not told of."""

import numpy as np
import pytest

from detector.geometry.projection import earth_centred
from detector.tracks.path import Path
from feeds.plots import Plots
from tests.real.recordings import PARIS, recordings
from tests.tracks.test_path import fixes, path_of

SEEN_DEG = 20.0


@pytest.fixture(scope="module")
def traffic() -> Plots:
    """Seven hours of aircraft that moved and told their courses, one report a second, track by track."""
    plots = recordings()[PARIS]
    told = np.flatnonzero(np.isfinite(plots.track_deg) & (plots.gs_mps > 25.0))
    plots = plots.take(told)
    return plots.take(np.lexsort((plots.time_s, plots.track_id.astype(str))))


@pytest.mark.parametrize("step", [10, 12, 30])
def test_of_turning_aircraft_the_curve_misses_far_less_than_the_chord(traffic, step):
    """The median miss in the middle is a fifth of the chord's or less, the 95th percentile a half."""
    half = step // 2
    start = np.arange(0, len(traffic) - step, 3)
    end = start + step
    flown = traffic.track_id[start] == traffic.track_id[end]
    flown &= np.abs(traffic.time_s[end] - traffic.time_s[start] - step) < 0.5
    turn_deg = np.abs((traffic.track_deg[end] - traffic.track_deg[start] + 180) % 360 - 180)
    flown &= (traffic.lon_deg[start] != traffic.lon_deg[end]) & (traffic.lat_deg[start] != traffic.lat_deg[end])
    start = start[flown & (turn_deg > SEEN_DEG) & (turn_deg < 90)]
    ends = [traffic.take(start + n) for n in (0, step)]
    path = path_of(*(fixes(p.time_s, p.lon_deg, p.lat_deg, p.gs_mps, p.track_deg) for p in ends))
    between = traffic.take(start + half)
    fraction = (between.time_s - ends[0].time_s) / (ends[1].time_s - ends[0].time_s)
    curve_m, chord_m = (
        missed_m(way, fraction, earth_centred(between.lon_deg, between.lat_deg)) for way in (path, straight(path))
    )
    assert len(start) > 150
    assert path.told.mean() > 0.85
    assert np.median(curve_m) < np.median(chord_m) / 5
    assert np.percentile(curve_m, 95) < np.percentile(chord_m, 95) / 2


def straight(path: Path) -> Path:
    return Path(path.segments, path.told, path.n_pieces, 0 * path.leave_m, 0 * path.arrive_m)


def missed_m(path: Path, fraction: np.ndarray, place_m: np.ndarray) -> np.ndarray:
    """Return how far paths pass places abreast, across the way from end to end: times are whole seconds."""
    way_m = path.segments.now.earth_m - path.segments.before.earth_m
    off_m = path.at(np.arange(len(fraction)), fraction).earth_m - place_m
    return np.linalg.norm(np.cross(off_m, way_m), axis=1) / np.linalg.norm(way_m, axis=1)
