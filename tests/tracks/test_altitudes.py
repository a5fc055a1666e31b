"""Which altitudes are believed, and for how long."""

from __future__ import annotations

import numpy as np
import pytest

from tests import zoo

NONE = np.nan


def held(baro_m: list[float], geo_m: list[float], step_s: float) -> list[tuple[float, float]]:
    """Return the pressure and geometric altitude that the store holds after each report."""
    pipe = zoo.pipeline()
    times = [step_s * i for i in range(len(baro_m))]
    plots = zoo.flight(lon=10.0, times=times, baro_alt_m=baro_m, geo_alt_m=geo_m)
    found = []
    for at, time_s in enumerate(times):
        pipe.step(plots.take(slice(at, at + 1)), time_s)
        (row,) = np.flatnonzero(pipe.tracks.alive)
        found.append((float(pipe.tracks.fix.pressure_alt_m[row]), float(pipe.tracks.fix.geo_alt_m[row])))
    return found


@pytest.mark.parametrize("step_s", [5.0, 12.0])
def test_an_altitude_that_stops_is_carried_for_a_minute_not_for_ever(step_s):
    silent = 20
    found = held([1500.0] + [NONE] * silent, [NONE] * (silent + 1), step_s)
    ages_s = step_s * np.arange(silent + 1)
    assert [baro_m for baro_m, _ in found] == pytest.approx(np.where(ages_s <= 60, 1500.0, NONE), nan_ok=True)


@pytest.mark.parametrize(
    ("baro_m", "geo_m", "believed"),
    [
        ([3000, 32827, 3010], [NONE] * 3, [3000, 3000, 3010]),  # 107,700 ft
        ([3000, 9000, 9100], [NONE] * 3, [3000, 3000, 9100]),  # borne out: it was the one before that was wrong
        ([3000, 9000, 32000], [NONE] * 3, [3000, 3000, 3000]),  # by nothing like it
        ([3000, 4000, 5000], [NONE] * 3, [3000, 4000, 5000]),  # a zoom climb
        ([3000, 4000, 3010], [3100, 3105, 3110], [3000, 3005, 3010]),  # the other altitude tells otherwise
        ([3000, 4000, 5000], [3100, 4100, 5090], [3000, 4000, 5000]),  # or the same
        ([3000, 3005, 3010], [3100, 4100, 3110], [3000, 3005, 3010]),
    ],
)
def test_a_jump_awaits_a_second_report(baro_m, geo_m, believed):
    assert [held_m for held_m, _ in held(baro_m, geo_m, 5.0)] == pytest.approx(believed)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("step_s", [1.0, 5.0, 12.0])
def test_where_every_other_report_tells_otherwise_nobody_knows(first, step_s):
    told = [6000.0 + 31000.0 * (n % 2 == first) for n in range(40)]
    believed = [baro_m for baro_m, _ in held(told, [NONE] * 40, step_s)]
    assert np.isnan(believed[17:]).all()
    assert set(np.array(believed)[np.isfinite(believed)]) == {told[0]}


def test_a_dispute_is_over_when_reports_agree_again():
    told = [6000.0 + 31000.0 * (n % 2) for n in range(30)] + [6000.0] * 6
    assert [baro_m for baro_m, _ in held(told, [NONE] * 36, 5.0)][-4:] == [6000.0] * 4


@pytest.mark.parametrize("every", [3, 4, 10])
def test_garbled_reports_among_more_that_agree_change_nothing(every):
    told = [6000.0 + 31000.0 * (n % every == 1) for n in range(60)]
    assert {baro_m for baro_m, _ in held(told, [NONE] * 60, 5.0)} == {6000.0}
