"""Motion of many tracks at once: velocity and acceleration, with their errors.

A track flies with constant acceleration over its last few reports: p(t) = p + v t + a t^2 / 2, t = 0 at the last. Every
report is an observation of p, and of v where it tells one; weighted least squares gives v, a and their errors in closed
form, over windows of WINDOWS reports. Over a window longer than a turn the acceleration comes out too small, never too
great. Misfit beyond what the errors explain (an outlier, a wrong time, a turn that begins within the window) widens
sigma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.pairs import dot
from detector.geometry.projection import east_north
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Rows
from detector.tracks.history import Window

WINDOWS = (3, 4, 6)  # reports
LONGEST_S = 60.0  # older reports tell nothing of the motion now
SHORTEST_S = 2.0  # over less, errors are divided by nothing
TIMING_S = 0.5  # who tells its velocity tells its position this late or early; a radar knows its own times
VELOCITY_MPS = 1.0  # error of a reported velocity along each axis: steps of 1 kt and ...
COURSE_RAD = np.radians(0.5)  # ... of a degree, as many receivers have them
ALTITUDE_M = 10.0  # error of altitudes from report to report: steps of 25 ft, and some of 100 ft
VERTICAL_RATE_MPS = 1.0  # steps of 64 ft/min
UNIT_S = 10.0  # of time while solving, so that the equations are well conditioned
SINGULAR = 1e-9
PROVING = (
    3  # observations beyond those that a fit needs, for its misfit to show that places err by more than they claim
)
UNHURRIED_S = 8.0  # over so long, errors of places are accelerations of a few m/s2
ANYWHERE_M = 10_000.0
STRAIGHT_COS = np.cos(np.radians(30.0))
TURNING = 0.3  # of its velocity has changed since the middle of a window
HARDEST_MPS2 = 50.0  # more is a place that errs: 5 g in level flight


@dataclass(frozen=True, slots=True)
class Fit:
    """D coordinates that err alike, over W windows of M tracks: (D, W, M), sigmas (W, M); NaN: not known."""

    velocity_mps: Floats  # at the last report
    acceleration_mps2: Floats
    mean_mps: Floats  # velocity in the middle of the window: a change within it is not carried on beyond it
    velocity_sigma_mps: Floats
    acceleration_sigma_mps2: Floats
    mean_sigma_mps: Floats
    stretch: Floats  # of the sigmas, by misfit; 1 or more
    span_s: Floats  # (W, M) from the first to the last observation
    proven: Mask  # (W, M) misfit would show errors greater than those that reports claim, or they would do little

    def likeliest_mps(self, noises: float = 1.0) -> tuple[Floats, Floats, Mask]:
        """Return velocities now, (D, M), by the ends of windows or the middles, whichever err least, and sigmas, (M,).

        Those of middles err less, but also by what has surely changed since: by more than so many times the noise. NaN
        and inf where nothing is known. And who surely turns, (M,): no constant acceleration leads around a corner.
        """
        change_mps = np.sqrt((self.acceleration_mps2**2).sum(axis=0)) * self.span_s / 2
        noise_mps = np.sqrt(len(self.velocity_mps)) * self.acceleration_sigma_mps2 * self.span_s / 2
        surely_mps = np.sqrt(np.maximum(change_mps**2 - (noises * noise_mps) ** 2, 0.0))
        sigma_mps = np.concatenate([self.velocity_sigma_mps, np.hypot(self.mean_sigma_mps, surely_mps)])
        least, less_mps = best_window(-sigma_mps)
        each = np.concatenate([self.velocity_mps, self.mean_mps], axis=1)
        turns = (change_mps > SURELY_SIGMAS * noise_mps) & (change_mps < HARDEST_MPS2 * self.span_s / 2)
        turns &= change_mps > TURNING * np.sqrt((self.mean_mps**2).sum(axis=0))
        return each[:, least, np.arange(len(least))], -less_mps, turns.any(axis=0)


@dataclass(frozen=True, slots=True)
class Motion:
    """What M tracks are doing, as their last reports show."""

    level: Fit  # east, north
    vertical: Fit  # up
    scatter: Floats  # (2, M) by how many times places have erred more than they claim, along the way and across

    @classmethod
    def of(cls, window: Window, scatter: Floats | None = None) -> Motion:
        """Return the motion of M tracks by their last fixes; scatter, (2, M), is 1 unless it is known."""
        fixes = window.fixes
        age_s = np.where(window.age_s >= -LONGEST_S, window.age_s, np.nan)
        way_m = fixes.earth_m - fixes.earth_m[0]
        place_m = np.stack([dot(way_m, axis) for axis in east_north(fixes.earth_m[0])])
        course = np.radians(fixes.track_deg)
        told_mps = fixes.gs_mps * np.stack([np.sin(course), np.cos(course)])
        late_m = np.where(np.isfinite(told_mps[0]), TIMING_S * fixes.gs_mps, 0.0)
        rate_sigma_mps = np.hypot(VELOCITY_MPS, COURSE_RAD * fixes.gs_mps)
        level = _fit(age_s, place_m, np.hypot(fixes.sigma_m, late_m), told_mps, rate_sigma_mps)
        height_m = np.where(_by_pressure(fixes.pressure_alt_m, fixes.geo_alt_m), fixes.pressure_alt_m, fixes.geo_alt_m)
        rise_m, rate_mps = (height_m - height_m[0])[None], fixes.vrate_mps[None]
        vertical = _fit(age_s, rise_m, np.array(ALTITUDE_M), rate_mps, np.array(VERTICAL_RATE_MPS))
        return cls(level, vertical, np.ones((2, age_s.shape[1])) if scatter is None else scatter)

    def surest_velocity_mps(self, earth_m: Floats) -> tuple[Floats, Floats]:
        """Return velocities now by the ends of the windows that know them best, (M, 3) earth-centred, and sigmas (M,).

        Nothing that has changed is averaged away. `earth_m` are places, (M, 3). NaN and inf where nothing is known.
        """
        window, less_mps = best_window(-self.level.velocity_sigma_mps)
        east_mps, north_mps = (of_window(axis, window) for axis in self.level.velocity_mps)
        return _over_ground(earth_m, east_mps, north_mps), -less_mps

    def likeliest_velocity_mps(self, earth_m: Floats) -> tuple[Floats, Floats]:
        """Return likewise velocities that err less where nothing seems to change: see `Fit.likeliest_mps`."""
        (east_mps, north_mps), sigma_mps, _ = self.level.likeliest_mps()
        return _over_ground(earth_m, east_mps, north_mps), sigma_mps

    def lateral_mps2(self) -> tuple[Floats, Floats]:
        """Return the acceleration to the right of the way, and its sigma, (W, M) each."""
        (east, north), (a_east, a_north) = self.level.mean_mps, self.level.acceleration_mps2
        with np.errstate(invalid="ignore"):  # who stands still turns nowhere
            lateral: Floats = (north * a_east - east * a_north) / np.hypot(east, north)
        return lateral, self._sigma_mps2(self.scatter[1])

    def along_mps2(self) -> tuple[Floats, Floats]:
        """Return how fast the speed grows, and its sigma, likewise: (|v1| - |v0|) / T, v0 and v1 at a window's ends.

        NaN where the way turns by more than 30 deg: a turn that begins within the window passes for a change of speed.
        """
        mean, end = self.level.mean_mps, self.level.velocity_mps
        start = 2 * mean - end
        start_mps, end_mps = np.hypot(*start), np.hypot(*end)
        with np.errstate(invalid="ignore"):
            along: Floats = 2 * (mean * self.level.acceleration_mps2).sum(axis=0) / (start_mps + end_mps)
        straight = (start * end).sum(axis=0) > STRAIGHT_COS * start_mps * end_mps
        return np.where(straight, along, np.nan), self._sigma_mps2(self.scatter[0])

    def _sigma_mps2(self, scatter: Floats) -> Floats:
        """Return the sigma of accelerations by misfit, or by scatter if that is more, (W, M)."""
        sigma_mps2: Floats = self.level.acceleration_sigma_mps2 * np.maximum(scatter / self.level.stretch, 1.0)
        return sigma_mps2


def best_window(least: Floats) -> tuple[Rows, Floats]:
    """Return in which window, (M,), something is surely most, and how much, of what is surely exceeded (W, M).

    NaN is never most; -inf if nothing is known.
    """
    known = np.where(np.isnan(least), -np.inf, least)
    best = known.argmax(axis=0)
    return best, of_window(known, best)


def of_window(values: Floats, window: Rows) -> Floats:
    """Return the values (W, M) of one window for each track, (M,)."""
    chosen: Floats = values[window, np.arange(len(window))]
    return chosen


def _over_ground(earth_m: Floats, east_mps: Floats, north_mps: Floats) -> Floats:
    """Return velocities over ground at places (M, 3), earth-centred, (M, 3)."""
    east, north = east_north(earth_m)
    return east_mps[:, None] * east + north_mps[:, None] * north


def _by_pressure(pressure_alt_m: Floats, geo_alt_m: Floats) -> Floats:
    """Tell of which tracks pressure altitude is told at least as often as geometric, (M,)."""
    often: Floats = np.isfinite(pressure_alt_m).sum(axis=0) >= np.isfinite(geo_alt_m).sum(axis=0)
    return often


def _fit(age_s: Floats, place: Floats, place_sigma: Floats, rate: Floats, rate_sigma: Floats) -> Fit:
    """Fit p + v t + a t^2 / 2 to places and rates, (D, K, M); NaN is no observation."""
    t = age_s / UNIT_S
    w_p = np.where(np.isfinite(place[0] + t), 1 / place_sigma**2, 0.0)
    w_v = np.where(np.isfinite(rate[0] + t), 1 / (rate_sigma * UNIT_S) ** 2, 0.0)
    t = np.where(np.isfinite(t), t, 0.0)
    p, v = np.where(w_p > 0, place, 0.0), np.where(w_v > 0, rate, 0.0) * UNIT_S
    half = t * t / 2
    sums = [w_p, w_p * t, w_p * half, w_p * t * t + w_v, (w_p * half + w_v) * t, w_p * half * half + w_v * t * t]
    normal = _by_window(np.stack(sums))
    normal[0] += 1 / ANYWHERE_M**2  # where nothing but rates is told, they tell all the same
    right = _by_window(np.stack([w_p * p, w_p * p * t + w_v * v, w_p * p * half + w_v * v * t], axis=1))
    squares = _by_window((w_p * p * p + w_v * v * v).sum(axis=0))
    n_observations = _by_window((w_p > 0).astype(float) + (w_v > 0))
    span_s = -UNIT_S * np.minimum.accumulate(np.where(w_p + w_v > 0, t, 0.0), axis=0)[_LAST]
    return _solve(normal, right, squares, n_observations, span_s)


_LAST = [n - 1 for n in WINDOWS]


def _by_window(values: Floats) -> Floats:
    """Return sums over each window, (..., W, M), of values (..., K, M).

    Row by row: a cumulative sum along so short an axis takes fifty times as long.
    """
    sums = np.empty((*values.shape[:-2], len(WINDOWS), values.shape[-1]))
    total, start = np.zeros_like(values[..., 0, :]), 0
    for w, n in enumerate(WINDOWS):
        for k in range(start, n):
            total += values[..., k, :]
        sums[..., w, :], start = total, n
    return sums


def _solve(normal: Floats, right: Floats, squares: Floats, n_observations: Floats, span_s: Floats) -> Fit:
    """Solve the symmetric equations (6, W, M) by their adjugate for right sides (D, 3, W, M)."""
    a, b, c, d, e, f = normal
    inverse = d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b
    determinant = a * inverse[0] + b * inverse[1] + c * inverse[2]
    known = (span_s >= SHORTEST_S) & (n_observations >= 3) & (determinant > SINGULAR * ((a + d + f) / 3) ** 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        pp, pv, pa, vv, va, aa = np.stack(inverse) / np.where(known, determinant, np.nan)
        r_p, r_v, r_a = right[:, 0], right[:, 1], right[:, 2]
        p, v, acc = pp * r_p + pv * r_v + pa * r_a, pv * r_p + vv * r_v + va * r_a, pa * r_p + va * r_v + aa * r_a
        misfit = squares - (p * r_p + v * r_v + acc * r_a).sum(axis=0)
        freedom = len(right) * (n_observations - 3)
        stretch = np.sqrt(np.maximum(np.where(freedom > 0, misfit / freedom, 1.0), 1.0))
        back = span_s / UNIT_S / 2
        mean, mean_variance = v - back * acc, vv - 2 * back * va + back**2 * aa
        v_sigma, mean_sigma = (np.sqrt(variance) * stretch / UNIT_S for variance in (vv, mean_variance))
        a_sigma = np.sqrt(aa) * stretch / UNIT_S**2
    proven = (n_observations - 3 >= PROVING) | (span_s >= UNHURRIED_S)
    return Fit(v / UNIT_S, acc / UNIT_S**2, mean / UNIT_S, v_sigma, a_sigma, mean_sigma, stretch, span_s, proven)
