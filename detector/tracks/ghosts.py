"""Ghosts: single plots of something else that a radar takes into a track, and garbled heights, known one plot later.

Who flies an arc through three plots, T apart, is a T^2 / 2 off the chord in the middle. A plot that is surely farther
off the way that the others make is none of its track. The others make one if they fit a constant acceleration, and one
that is no hard turn by itself.

Who climbs and comes down again to where the others lead, pushing as hard as it pulls, is a T^2 / 4 off it at most. A
single height that is surely farther off was not flown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.history import LENGTH, Window
from detector.tracks.kinematics import ALTITUDE_M
from detector.tracks.readings import another

HARDEST_MPS2 = 30.0  # between plots of 5 or 12 s; a turn of 5 g stays below
GENTLE_MPS2 = 10.0  # 45 deg of bank: airliners stay below
PUSHED_MPS2 = 20.0  # a load factor of -1, beyond which hardly anything is built to fly
LEVEL_MPS2 = 5.0  # upwards this is a load factor of 1.5
SURELY_SIGMAS = 3.2  # of a distance in the plane; along a line 2.5 are as sure
SURELY_LEVEL_M = 2.5 * ALTITUDE_M  # between so few heights nothing leaps, however they are apart in time
FEWEST = 4  # plots: three make any way
INNER = slice(1, LENGTH - 1)  # the latest plot may as well begin a turn, and the oldest end one


def without_ghosts(window: Window) -> Window:
    """Return the window of M tracks without ghosts (sigma inf, no height) and garbled heights (none), one of each.

    Only of tracks that tell no velocity, or no vertical rate: those who do tell their own place.
    """
    fixes, age_s = window.fixes, window.age_s
    sigma_m = np.broadcast_to(fixes.sigma_m, age_s.shape)
    ghosts = _odd(age_s, fixes.earth_m, sigma_m, _untold(fixes.gs_mps), HARDEST_MPS2 / 8, GENTLE_MPS2)
    gone = {"sigma_m": np.where(ghosts, np.inf, sigma_m)} if ghosts.any() else {}
    unsaid = _untold(fixes.vrate_mps)
    for name in ("pressure_alt_m", "geo_alt_m"):
        told_m = getattr(fixes, name)
        height_m = np.where(ghosts, np.nan, told_m) if gone else told_m
        gone[name] = _without_garbled(age_s, height_m, unsaid)
    return replace(window, fixes=replace(fixes, **gone))


def _untold(rate_mps: Floats) -> Mask:
    """Tell which tracks tell no rate in any of their fixes, (M,)."""
    untold: Mask = np.asarray(np.isnan(rate_mps).all(axis=0))
    return untold


def _without_garbled(age_s: Floats, height_m: Floats, unsaid: Mask) -> Floats:
    """Return heights (LENGTH, M) without the garbled ones, of those who leave their vertical rate unsaid, (M,).

    Those that differ by no more than SURELY_LEVEL_M pass either test, so it is only the others that are asked.
    """
    m = np.flatnonzero(unsaid & (np.fmax.reduce(height_m) - np.fmin.reduce(height_m) > SURELY_LEVEL_M))
    if not len(m):
        return height_m
    told_first = np.argsort(np.isnan(height_m[:, m]), axis=0, kind="stable"), m  # a leap may hide behind a silence
    known_m = height_m[told_first]
    told_s = np.where(np.isfinite(known_m), age_s[told_first], np.nan)
    error_m, every = np.full(told_s.shape, ALTITUDE_M), np.ones(len(m), dtype=bool)
    known_m[_odd(told_s, known_m[..., None], error_m, every, PUSHED_MPS2 / 16, LEVEL_MPS2)] = np.nan
    known_m[another(told_s, known_m, ALTITUDE_M)] = np.nan
    without_m = height_m.copy()
    without_m[told_first] = known_m
    return without_m


def _odd(age_s: Floats, place_m: Floats, sigma_m: Floats, asked: Mask, limit_mps2: float, gentle_mps2: float) -> Mask:
    """Tell which inner places of M tracks, (LENGTH, M, D), the others contradict, (LENGTH, M), one of each at most.

    Of those asked, (M,). `limit_mps2` is how far off the way of others, that bends by less than `gentle_mps2`, one may
    be, over the square of the time between its neighbours.
    """
    odd = np.zeros(age_s.shape, dtype=bool)
    m = np.flatnonzero(asked & (np.isfinite(age_s).sum(axis=0) >= FEWEST))
    limit_m = limit_mps2 * (age_s[:-2, m] - age_s[2:, m]) ** 2
    surely_m = limit_m + SURELY_SIGMAS * sigma_m[INNER, m]
    leaps = (_leap_m(age_s[:, m], place_m[:, m]) > surely_m).any(axis=0)
    m, limit_m = m[leaps], limit_m[:, leaps]
    if len(m):
        off_m, bend_mps2 = _off_m(age_s[:, m], place_m[:, m], sigma_m[:, m])
        bend_mps2[~(off_m > limit_m)] = np.inf  # of several, it is that without which the way bends least
        most, haunted = bend_mps2.argmin(axis=0), bend_mps2.min(axis=0) < gentle_mps2
        odd[most[haunted] + 1, m[haunted]] = True
    return odd


def _leap_m(age_s: Floats, place_m: Floats) -> Floats:
    """Return how far inner plots of R tracks are from the straight way past them, (LENGTH - 2, R)."""
    share = (age_s[INNER] - age_s[2:]) / (age_s[:-2] - age_s[2:])
    leap_m: Floats = np.linalg.norm(
        place_m[INNER] - place_m[2:] - share[..., None] * (place_m[:-2] - place_m[2:]), axis=-1
    )
    return leap_m


def _off_m(age_s: Floats, place_m: Floats, sigma_m: Floats) -> tuple[Floats, Floats]:
    """Return by how much inner plots of R tracks are surely off the way of the others, and the acceleration of that.

    Both (LENGTH - 2, R); -inf where the others make no such way.
    """
    known = np.isfinite(age_s)
    span_s = -np.nanmin(age_s, axis=0)
    t = np.where(known, age_s / span_s, 0.0)
    way = np.stack([np.ones_like(t), t, t * t / 2], axis=-1)
    weight = np.where(known, sigma_m**-2.0, 0.0)
    place_m = np.where(known[..., None], place_m - np.nanmean(place_m, axis=0), 0.0)
    pull = (weight[..., None] * way)[..., None]
    normal, right = pull * way[..., None, :], pull * place_m[..., None, :]  # (LENGTH, R, 3, 3) each
    all_normal, all_right = normal.sum(axis=0), right.sum(axis=0)
    off_m, bend_mps2 = np.empty((2, LENGTH - 2, t.shape[1]))
    for k in range(1, LENGTH - 1):
        covariance = np.linalg.pinv(all_normal - normal[k], hermitian=True)
        fitted_m = covariance @ (all_right - right[k])
        misfit_m = np.linalg.norm(place_m - (way[..., None, :] @ fitted_m)[..., 0, :], axis=-1)
        others = np.delete(weight, k, axis=0)
        freedom = min(place_m.shape[-1], 2) * np.maximum((others > 0).sum(axis=0) - way.shape[-1], 1)
        fits = (others * np.delete(misfit_m, k, axis=0) ** 2).sum(axis=0) <= SURELY_SIGMAS**2 * freedom
        error_m = np.sqrt(sigma_m[k] ** 2 + np.einsum("ri,rij,rj->r", way[k], covariance, way[k]))
        off_m[k - 1] = np.where(known[k] & fits, misfit_m[k] - SURELY_SIGMAS * error_m, -np.inf)
        bend_mps2[k - 1] = np.linalg.norm(fitted_m[:, 2], axis=-1) / span_s**2
    return off_m, bend_mps2
