"""Stretches of lost well clear against brute force in steps of 0.01 s."""

from dataclasses import replace

import numpy as np
import pytest

from detector.geometry.pairs import cpa, modified_tau_s
from detector.geometry.well_clear import (
    DWC_NON_COOP,
    DWC_PHASE_I,
    DWC_PHASE_II,
    NMAC,
    TCAS_II_RA,
    TCAS_II_TA,
    Volume,
    violation,
)
from detector.units import FOOT_M, NAUTICAL_MILE_M

HORIZON_S, STEP_S = 90.0, 0.01


def encounters(n: int, seed: int, volume: Volume):
    """Pairs that meet as closely as a volume is large, at 0 to 400 m/s, up to 50 m/s of climb; some stand still."""
    rng = np.random.default_rng(seed)
    course, speed = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 400, n)
    velocity = speed[:, None] * np.column_stack([np.sin(course), np.cos(course)])
    velocity[:: n // 10] = 0.0
    meet_s, climb = rng.uniform(-30, 120, n), rng.uniform(-50, 50, n)
    climb[:: n // 15] = 0.0
    apart = rng.normal(0, 0.7 * volume.dmod_m, (n, 2)) - meet_s[:, None] * velocity
    above = rng.normal(0, volume.zthr_m, n) - (meet_s + rng.normal(0, 2, n)) * climb
    return apart, velocity, above, climb


def brute(apart, velocity, above, climb, volume: Volume):
    """From when to when it is so, by what the definitions say at each step."""
    starts, ends = [], []
    t = np.arange(0, HORIZON_S + STEP_S / 2, STEP_S)
    for n in range(len(apart)):
        place, speed = apart[n] + t[:, None] * velocity[n], np.tile(velocity[n], (len(t), 1))
        _, miss = cpa(place, speed)
        tau = modified_tau_s(place, speed, volume.dmod_m)
        closes = (place * speed).sum(axis=1) < 0
        level = (np.linalg.norm(place, axis=1) <= volume.dmod_m) | (
            closes & (miss <= volume.dmod_m) & (tau <= volume.taumod_s)
        )
        z = above[n] + t * climb[n]
        coming = (z * climb[n] < 0) & (np.abs(z) <= np.abs(climb[n]) * volume.tcoa_s)
        at = np.flatnonzero(level & ((np.abs(z) <= volume.zthr_m) | coming))
        starts.append(t[at[0]] if len(at) else np.nan)
        ends.append(t[at[-1]] if len(at) else np.nan)
        assert len(at) == 0 or len(at) == at[-1] - at[0] + 1, "one stretch"
    return np.array(starts), np.array(ends)


@pytest.mark.parametrize(
    "volume",
    [DWC_PHASE_I, DWC_PHASE_II, DWC_NON_COOP, NMAC, TCAS_II_RA[3][1], TCAS_II_TA[-1][1], replace(NMAC, tcoa_s=20.0)],
    ids=["phase-i", "phase-ii", "non-coop", "nmac", "ra", "ta", "tcoa"],
)
def test_it_is_what_brute_force_says(volume):
    pairs = encounters(600, 9, volume)
    starts, ends = violation(*pairs, volume, HORIZON_S)
    expected_starts, expected_ends = brute(*pairs, volume)
    found, expected = ~np.isnan(starts), ~np.isnan(expected_starts)
    assert np.array_equal(np.isnan(starts), np.isnan(ends))
    assert expected.sum() > 20
    assert not (expected & ~found).any()
    assert (ends - starts)[found & ~expected] == pytest.approx(0.0, abs=STEP_S), "too brief for a step"
    both = found & expected
    assert np.abs(starts - expected_starts)[both].max() < 0.05
    assert np.abs(ends - expected_ends)[both].max() < 0.05


CASES = {  # east m, north m, east m/s, north m/s, above m, climb m/s: from, to of DWC_PHASE_I within 60 s
    "beside, the same way": ((1000, 0, 0, 0, 0, 0), (0, 60)),
    "beside, farther off": ((1300, 0, 0, 0, 0, 0), None),
    "level beside, too high": ((1000, 0, 0, 0, 140, 0), None),
    "head on": ((0, 20_000, 0, -400, 0, 0), ((20_000 - 7000 - np.hypot(7000, 1219.2)) / 400, (20_000 + 1219.2) / 400)),
    "head on, passing by": ((1300, 20_000, 0, -400, 0, 0), None),
    "flying away": ((0, 2000, 0, 400, 0, 0), None),
    "flying away within": ((0, 1000, 0, 100, 0, 0), (0, 2.192)),
    "beyond the horizon": ((0, 60_000, 0, -200, 0, 0), None),
    "no height known": ((1000, 0, 0, 0, np.nan, 0), None),
    "no velocity known": ((1000, 0, np.nan, 0, 0, 0), None),
}


@pytest.mark.parametrize("name", CASES)
def test_literals(name):
    (east, north, v_east, v_north, above, climb), expected = CASES[name]
    columns = [np.array([[east, north]], float), np.array([[v_east, v_north]], float)]
    start, end = violation(*columns, np.array([float(above)]), np.array([float(climb)]), DWC_PHASE_I, 60.0)
    if expected is None:
        assert np.isnan(start[0])
        assert np.isnan(end[0])
    else:
        assert (start[0], end[0]) == pytest.approx(expected, abs=0.02)


def test_a_volume_may_differ_from_pair_to_pair():
    apart, still = np.array([[300.0, 0.0]] * 3), np.zeros((3, 2))
    start, _ = violation(apart, still, np.zeros(3), np.zeros(3), Volume(np.array([400.0, 200.0, np.nan]), 100.0), 10.0)
    assert np.isnan(start).tolist() == [False, True, True]


def test_the_tables_of_tcas():
    assert [round(above_m / FOOT_M) for above_m, _ in TCAS_II_RA] == [1000, 2350, 5000, 10_000, 20_000, 42_000]
    last = TCAS_II_RA[-1][1]
    assert (last.dmod_m / NAUTICAL_MILE_M, last.zthr_m / FOOT_M) == pytest.approx((1.1, 800))
    assert (last.taumod_s, last.tcoa_s) == (35, 35)
