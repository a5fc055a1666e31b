"""The whole tick over 10,000 aircraft and 300 zones of 500 vertices, beside the best stack of shapely and SciPy.

A tick is all that the geometry and the estimator are asked every second, of every aircraft: who is inside, which zones
each path crossed, how far the nearest border within 200 NM is, velocity and acceleration with their errors by the last
six reports, and every pair within 10 km with its closest approach. The rival does the same with the fastest of the
shapely styles of kernel.py, shapely's tree of all edges, a Savitzky-Golay filter for the motion (one window instead of
three, without errors) and SciPy's k-d tree with the same closed form for the pairs. Medians of RUNS, taken in turns.

python benchmarks/tick.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import kernel
import numpy as np
from grid import Borders
from kernel import SWEPT, Swept, Workload, among, both
from scipy.signal import savgol_filter
from scipy.spatial import cKDTree

from detector.geometry.pairs import cpa, within
from detector.geometry.projection import earth_centred
from detector.tracks.fixes import FIX, Fixes
from detector.tracks.history import LENGTH, Window
from detector.tracks.kinematics import Motion

ZONES, VERTICES, RUNS, PERIOD_S, NEAR_M = 300, 500, 5, 5.0, 10_000.0


class Flown:
    """The last six reports of all aircraft of a workload: straight, with an error of 80 m, as Window and as arrays."""

    def __init__(self, work: Workload) -> None:
        rng, n = np.random.default_rng(3), len(work.x1)
        back = -PERIOD_S * np.arange(LENGTH)[:, None]
        self.way_mps = np.column_stack([work.x1 - work.x0, work.y1 - work.y0]) / 30.0
        self.x_m, self.y_m = (
            place + back * way + rng.normal(0, 80.0, (LENGTH, n))
            for place, way in ((work.x1, self.way_mps[:, 0]), (work.y1, self.way_mps[:, 1]))
        )
        lon_deg, lat_deg = work.theatre.unproject(self.x_m.ravel(), self.y_m.ravel())
        self.earth_m = earth_centred(lon_deg, lat_deg).reshape(LENGTH, n, 3)
        known = {name: np.full((LENGTH, n), np.nan) for name in FIX}
        known |= {"earth_m": self.earth_m, "sigma_m": np.full((LENGTH, n), 80.0)}
        known["pressure_alt_m"] = np.full((LENGTH, n), 9000.0)
        self.window = Window(Fixes(**known), np.broadcast_to(back, (LENGTH, n)))


def ours(work: Workload, borders: Borders, flown: Flown) -> tuple[Callable[[], Any], ...]:
    """Return the parts of our tick."""

    def pairs() -> Any:
        place_m = flown.earth_m[0]
        one, other = within(place_m, NEAR_M)
        return one, cpa((place_m[other] - place_m[one])[:, :2], flown.way_mps[other] - flown.way_mps[one])

    return partial(borders.ours, work), partial(Motion.of, flown.window), pairs


def rival(work: Workload, borders: Borders, flown: Flown) -> tuple[Callable[[], Any], ...]:
    """Return the parts of the rival's tick, with the fastest of the shapely styles."""
    styles: list[Callable[[Workload], Swept]] = [
        partial(among, touched) if inside is None else partial(both, touched, inside)
        for touched, inside in SWEPT.values()
    ]
    swept = min(styles, key=lambda style: timed(partial(style, work)))

    def motion() -> Any:
        axes = flown.x_m, flown.y_m
        return [savgol_filter(m, LENGTH - 1, 2, deriv=order, delta=PERIOD_S, axis=0) for m in axes for order in (1, 2)]

    def pairs() -> Any:
        place_m = flown.earth_m[0]
        one, other = cKDTree(place_m).query_pairs(NEAR_M, output_type="ndarray").T
        apart_m, way_mps = (place_m[other] - place_m[one])[:, :2], flown.way_mps[other] - flown.way_mps[one]
        at_s = -(apart_m * way_mps).sum(axis=1) / np.maximum((way_mps**2).sum(axis=1), 1e-9)
        return one, np.hypot(*(apart_m + np.maximum(at_s, 0.0)[:, None] * way_mps).T)

    return partial(borders.rival, swept, work), motion, pairs


def timed(part: Callable[[], Any]) -> float:
    start = time.perf_counter()
    part()
    return time.perf_counter() - start


def main() -> None:
    work = Workload(ZONES, VERTICES)
    borders, flown = Borders(work), Flown(work)
    sides = {"ours": ours(work, borders, flown), "shapely and SciPy": rival(work, borders, flown)}
    took_s: dict[str, list[list[float]]] = {side: [] for side in sides}
    for _ in range(RUNS):
        for side, parts in sides.items():
            took_s[side].append([timed(part) for part in parts])
    print(f"{kernel.AIRCRAFT:,} aircraft, {ZONES} zones of {VERTICES} vertices, medians of {RUNS}, ms")
    print(f"{'':<20}{'zones, border':>15}{'motion':>9}{'pairs':>9}{'tick':>9}")
    whole = {side: statistics.median(map(sum, runs)) for side, runs in took_s.items()}
    for side, runs in took_s.items():
        parts = [1000 * statistics.median(part) for part in zip(*runs, strict=True)]
        print(f"{side:<20}{parts[0]:>15.1f}{parts[1]:>9.1f}{parts[2]:>9.1f}{1000 * whole[side]:>9.1f}")
    print(f"the tick is {whole['shapely and SciPy'] / whole['ours']:.1f} times as fast")


if __name__ == "__main__":
    main()
