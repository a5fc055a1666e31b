"""Heights that break off, and heights that were flown."""

import numpy as np
import pytest

from detector.tracks.readings import another

NONE = np.nan
EVEN = [0.0, -1.0, -2.0, -3.0, -4.0, -5.0]


@pytest.mark.parametrize(
    ("height_m", "step_s", "others"),
    [
        ([6000, 6000, 6000, 6000, 6000, 6000], 1.0, 0),
        ([6800, 6000, 6000, 6000, 6000, 6000], 1.0, 4),  # two, one of which must be wrong, tell nothing
        ([6800, 6800, 6000, 6000, 6000, 6000], 1.0, 4),
        ([6800, 6800, 6800, 6800, 6000, 6000], 1.0, 3),  # nor do those next to a leap
        ([6000, 6000, 6800, 6800, 6000, 6000], 1.0, 4),
        ([6800, 6800, 6000, 6000, 6000, 6000], 5.0, 4),
        ([6800, 6800, 6000, 6000, 6000, 6000], 12.0, 0),  # this can be flown
        ([6800, 6800, 6000, 6000, NONE, NONE], 5.0, 4),
        ([6800, 6800, NONE, 6000, 6000, 6000], 5.0, 0),
        ([6010, 5510, 5010, 4510, 4010, 3510], 5.0, 0),  # a climb
    ],
)
def test_older_heights_of_another_reading_count_no_more(height_m, step_s, others):
    found = another(step_s * np.array(EVEN)[:, None], np.array(height_m)[:, None], 10.0)[:, 0]
    assert found.tolist() == [k >= len(EVEN) - others for k in range(len(EVEN))]


@pytest.mark.parametrize("period_s", [1.0, 2.0, 5.0, 12.0])
@pytest.mark.parametrize("pull_mps2", [12.0, 25.0, 40.0])
def test_what_is_flown_is_of_one_reading(period_s, pull_mps2):
    """Down at 150 m/s and up again as fast, at every phase."""
    flown_s = np.arange(0.0, 200.0, 0.05)
    accelerations = np.where(flown_s < 100, -20.0, pull_mps2)
    climb_mps = np.clip(np.cumsum(0.05 * accelerations * (np.abs(flown_s - 100) < 20)), -150.0, 150.0)
    age_s = period_s * np.array(EVEN)[:, None] + np.zeros(500)
    heights_m = np.interp(np.linspace(70, 180, 500) + age_s, flown_s, 8000 + np.cumsum(0.05 * climb_mps))
    assert not another(age_s, heights_m, 10.0).any()
