"""How surely a report, or the path between two reports, lies inside a zone.

A report d metres inside with standard deviation s is inside with probability Phi(d/s). Reports err independently, so
their log-odds add up (Wald's sequential test); a sum that starts again at zero when it turns negative (Page's CUSUM)
forgets what lay before. Between two reports the path is as uncertain as they are, plus what it may have bent.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_ndtr

from detector.arrays import Floats
from detector.picture.airspace import Airspace
from detector.picture.look import Picture
from detector.rules.deepest import Deepest, with_deepest
from detector.tracks.fixes import Rows
from detector.tracks.parabola import sag_m
from detector.tracks.path import Path

UNSEEN_MPS2 = 1.0  # manoeuvre no report shows; civil traffic stays below 5.7 in 99.9 % of its seconds
SAMPLES = 5  # points on a stretch at which its depth is taken
LOG_ODDS_LIMIT = 30.0


def log_odds_inside(depth: Floats, above_floor: Floats, below_ceiling: Floats) -> Floats:
    """Return ln(P(inside) / P(outside)), (N,), of how far inside each boundary something is, in sigmas.

    An altitude that is not known (NaN) excludes nothing.
    """
    log_p, log_q = log_ndtr(depth), log_ndtr(-depth)
    for height in (above_floor, below_ceiling):
        z = np.where(np.isnan(height), np.inf, height)
        # outside = outside here, or inside here and outside the rest
        log_q = np.logaddexp(log_ndtr(-z), log_ndtr(z) + log_q)
        log_p = log_p + log_ndtr(z)
    return np.clip(log_p - log_q, -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)


def probability(log_odds: Floats) -> Floats:
    """Return the probability that log-odds stand for."""
    chance: Floats = expit(log_odds)
    return chance


def _doubt_m(path: Path, at: Rows, fraction: Floats) -> Floats:
    """Return how far aircraft may be off the path: as they bent over the last reports, and as no report shows.

    Courses at both ends show a bend, and leave about a quarter of what a shorter manoeuvre hides: a cubic misses a
    swing of period 2 t by (pi / t)^2 a t^4 / 384, the chord an acceleration by a t^2 / 8.
    """
    before, now = path.segments.before, path.segments.now
    unseen_m = UNSEEN_MPS2 * (now.time_s[at] - before.time_s[at]) ** 2 / 8
    bent_m = np.linalg.norm(sag_m(path.segments, at), axis=1)
    bow = 4 * fraction * (1 - fraction)
    doubt_m: Floats = np.where(path.told[at], unseen_m / 4 * bow**2, np.hypot(bent_m, unseen_m) * bow)
    return doubt_m


def of_stretches(picture: Picture, airspace: Airspace, which: Rows) -> tuple[Floats, Deepest]:
    """Return of J stretches the log-odds that the surest point is inside, and where they are deepest."""
    path, segment, zone = picture.path, picture.segment[picture.pair[which]], picture.zone[picture.pair[which]]
    enters, leaves = picture.enters[which][:, None], picture.leaves[which][:, None]

    def depth_m(of: Rows, fraction: Floats) -> Floats:
        return airspace.boundaries.distance(path.at(segment[of], fraction).earth_m, zone[of])

    even = enters + (leaves - enters) * (np.arange(SAMPLES) + 0.5) / SAMPLES
    fraction, depth = with_deepest(depth_m, even, (leaves - enters) / SAMPLES, (enters, leaves))
    of = np.repeat(np.arange(len(which)), fraction.shape[1])
    point = path.at(segment[of], fraction.ravel())
    sigma_m = np.hypot(point.sigma_m, _doubt_m(path, segment[of], fraction.ravel()))
    margins = airspace.margins(point.pressure_alt_m, point.geo_alt_m, zone[of])
    odds = log_odds_inside(depth.ravel() / sigma_m, *margins).reshape(fraction.shape)
    last = slice(SAMPLES, None, SAMPLES + 1)
    place_m = path.in_plane(segment, fraction[:, -1], airspace.theatre)
    return odds.max(axis=1), Deepest(depth[:, -1], sigma_m[last], point.time_s[last], *place_m)
