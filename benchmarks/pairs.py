"""Pairs of aircraft, from 1,000 to 100,000 at one density: neighbours, closest approaches, lost well clear.

Aircraft at random over a square at the density of 1,000 in 500 x 500 km, on all courses at 100 to 300 m/s and all
heights to 12 km. Neighbours are those within 30 km. Time an aircraft stays the same where growth is linear.
Everything runs in this one process on one core; the figures are medians of RUNS.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from detector.geometry.pairs import cpa, within
from detector.geometry.well_clear import DWC_PHASE_I, violation

SEED, RUNS, REACH_M, HORIZON_S = 3, 5, 30_000.0, 60.0
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)


def median_s(work: Callable[[], object]) -> float:
    took_s = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        took_s.append(time.perf_counter() - start)
    return statistics.median(took_s)


def main() -> None:
    rng = np.random.default_rng(SEED)
    print(f"{'aircraft':>9}{'pairs':>11}{'neighbours ms':>15}{'cpa ms':>9}{'well clear ms':>15}{'us an aircraft':>16}")
    for n in SIZES:
        side_m = 500_000.0 * np.sqrt(n / 1000)
        place_m = np.column_stack([rng.uniform(0, side_m, (n, 2)), np.zeros(n)])
        course, speed_mps = rng.uniform(0, 2 * np.pi, n), rng.uniform(100, 300, n)
        way_mps = speed_mps[:, None] * np.column_stack([np.sin(course), np.cos(course)])
        height_m, climb_mps = rng.uniform(0, 12_000, n), rng.normal(0, 5, n)
        one, other = within(place_m, REACH_M)
        apart_m, velocity_mps = (place_m[other] - place_m[one])[:, :2], way_mps[other] - way_mps[one]
        rise = height_m[other] - height_m[one], climb_mps[other] - climb_mps[one]
        took_s = (
            median_s(lambda place_m=place_m: within(place_m, REACH_M)),
            median_s(lambda a=apart_m, v=velocity_mps: cpa(a, v)),
            median_s(lambda a=apart_m, v=velocity_mps, r=rise: violation(a, v, *r, DWC_PHASE_I, HORIZON_S)),
        )
        near, closest, lost = (1000 * each for each in took_s)
        print(f"{n:>9,}{len(one):>11,}{near:>15.1f}{closest:>9.1f}{lost:>15.1f}{1e6 * sum(took_s) / n:>16.2f}")


if __name__ == "__main__":
    main()
