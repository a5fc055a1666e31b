"""Ghosts: single plots of something else that a radar takes into a track, known one plot later.

Who flies an arc through three plots, T apart, is a T^2 / 2 off the chord in the middle. A plot that is surely farther
off the way that the others make is none of its track. The others make one if they fit a constant acceleration, and one
that is no hard turn by itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.arrays import Floats
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.history import LENGTH, Window

HARDEST_MPS2 = 30.0  # between plots of 5 or 12 s; a turn of 5 g stays below
GENTLE_MPS2 = 10.0  # 45 deg of bank: airliners stay below
FEWEST = 4  # plots: three make any way
INNER = slice(1, LENGTH - 1)  # the latest plot may as well begin a turn, and the oldest end one


def without_ghosts(window: Window) -> Window:
    """Return the window of M tracks without the places of ghosts (sigma inf), one of each track at most.

    Only of tracks that tell no velocity: those who do tell their own place.
    """
    fixes = window.fixes
    blind = np.isnan(fixes.gs_mps).all(axis=0) & (np.isfinite(window.age_s).sum(axis=0) >= FEWEST)
    m = np.flatnonzero(blind)
    limit_m = HARDEST_MPS2 / 8 * (window.age_s[:-2, m] - window.age_s[2:, m]) ** 2
    leaps = (_leap_m(window.age_s[:, m], fixes.earth_m[:, m]) > limit_m).any(axis=0)
    m, limit_m = m[leaps], limit_m[:, leaps]
    if not len(m):
        return window
    off_m, bend_mps2 = _off_m(window.age_s[:, m], fixes.earth_m[:, m], fixes.sigma_m[:, m])
    bend_mps2[~(off_m > limit_m)] = np.inf  # of several that it may be, it is that without which the way bends least
    ghost, haunted = bend_mps2.argmin(axis=0), bend_mps2.min(axis=0) < GENTLE_MPS2
    sigma_m = fixes.sigma_m.copy()
    sigma_m[ghost[haunted] + 1, m[haunted]] = np.inf
    return replace(window, fixes=replace(fixes, sigma_m=sigma_m))


def _leap_m(age_s: Floats, earth_m: Floats) -> Floats:
    """Return how far inner plots of R tracks are from the straight way past them, (LENGTH - 2, R)."""
    share = (age_s[INNER] - age_s[2:]) / (age_s[:-2] - age_s[2:])
    leap_m: Floats = np.linalg.norm(
        earth_m[INNER] - earth_m[2:] - share[..., None] * (earth_m[:-2] - earth_m[2:]), axis=-1
    )
    return leap_m


def _off_m(age_s: Floats, earth_m: Floats, sigma_m: Floats) -> tuple[Floats, Floats]:
    """Return by how much inner plots of R tracks are surely off the way of the others, and the acceleration of that.

    Both (LENGTH - 2, R); -inf where the others make no such way.
    """
    known = np.isfinite(age_s)
    span_s = -np.nanmin(age_s, axis=0)
    t = np.where(known, age_s / span_s, 0.0)
    way = np.stack([np.ones_like(t), t, t * t / 2], axis=-1)
    weight = np.where(known, sigma_m**-2.0, 0.0)
    place_m = np.where(known[..., None], earth_m - earth_m[0], 0.0)
    off_m, bend_mps2 = np.empty((2, LENGTH - 2, t.shape[1]))
    for k in range(1, LENGTH - 1):
        others = weight.copy()
        others[k] = 0.0
        covariance = np.linalg.pinv(np.einsum("kri,krj,kr->rij", way, way, others), hermitian=True)
        fitted_m = np.einsum("rij,krj,krd,kr->rid", covariance, way, place_m, others)
        misfit_m = np.linalg.norm(place_m - np.einsum("kri,rid->krd", way, fitted_m), axis=-1)
        freedom = 2 * np.maximum((others > 0).sum(axis=0) - way.shape[-1], 1)
        fits = (others * misfit_m**2).sum(axis=0) <= SURELY_SIGMAS**2 * freedom
        error_m = np.sqrt(sigma_m[k] ** 2 + np.einsum("ri,rij,rj->r", way[k], covariance, way[k]))
        off_m[k - 1] = np.where(known[k] & fits, misfit_m[k] - SURELY_SIGMAS * error_m, -np.inf)
        bend_mps2[k - 1] = np.linalg.norm(fitted_m[:, 2], axis=-1) / span_s**2
    return off_m, bend_mps2
