"""The trail against the reports it was taken from."""

import numpy as np
import pytest

from detector.geometry.projection import Theatre
from detector.tracks.trail import EVERY_S, LENGTH, LONGEST_S, Trail
from tests import zoo

THEATRE = Theatre(20.0, 54.0)
ROWS = np.array([1])


def trail_of(time_s) -> Trail:
    """The trail of a track that was at the longitude of a thousandth of each time."""
    trail, t = Trail(2), np.asarray(time_s, dtype=float)
    fixes = zoo.fixes(THEATRE, 20 + t / 1000, np.full(len(t), 54.0), t, sigma_m=10.0)
    for k in range(len(t)):
        trail.put(ROWS, fixes.take(np.array([k])))
    return trail


@pytest.mark.parametrize("period_s", [0.5, 1.0, 5.0, 12.0, 15.0, 40.0])
@pytest.mark.parametrize("start_s", [0.0, 7.3])
@pytest.mark.parametrize("span_s", [60.0, 185.0, 900.0, LONGEST_S])
def test_it_holds_the_first_report_of_every_quarter_minute(period_s, start_s, span_s):
    t = np.arange(start_s, 2000.0, period_s)
    stretch = trail_of(t).over(ROWS, span_s)
    _, first = np.unique(np.floor(t / EVERY_S), return_index=True)
    points_s = t[first][::-1]
    n = int(np.argmax(points_s[0] - points_s >= span_s)) + 1
    found_s = stretch.time_s[:, 0]
    assert found_s[np.isfinite(found_s)].tolist() == points_s[:n].tolist()
    assert stretch.known.all()
    assert stretch.since_s[0] == points_s[n - 1]
    far_m = zoo.GEOD.inv(20 + points_s[0] / 1000, 54.0, 20 + points_s[n - 1] / 1000, 54.0)[2]
    assert stretch.steps_m()[0] == pytest.approx(far_m, rel=1e-3)
    assert stretch.length_m()[0] == pytest.approx(far_m, rel=1e-3)


@pytest.mark.parametrize(
    "time_s",
    [
        [],
        [0.0],
        np.arange(0.0, 170.0, 5.0),  # not so long yet
        np.r_[0:600:5, 665:700:5],  # a gap
    ],
)
def test_what_was_not_heard_is_not_known(time_s):
    assert not trail_of(time_s).over(ROWS, 180.0).known.any()


def test_a_gap_before_the_stretch_does_no_harm():
    assert trail_of(np.r_[0:100:5, 300:500:5]).over(ROWS, 180.0).known.all()


def test_rows_are_used_again_and_more_are_made():
    trail = trail_of(np.arange(0.0, 400.0, 5.0))
    trail.grow()
    assert trail.over(ROWS, 180.0).known.all()
    trail.begin(ROWS)
    assert not trail.over(ROWS, 180.0).known.any()
    assert np.isnan(trail.latest_s(ROWS)).all()
    assert LENGTH * EVERY_S > LONGEST_S
