"""How surely a report, or the path between two reports, lies inside a zone.

A report d metres inside with standard deviation s is inside with probability Phi(d/s). Reports err independently, so
their log-odds add up (Wald's sequential test); a sum that starts again at zero when it turns negative (Page's CUSUM)
forgets what lay before. Between two reports the path is as uncertain as they are, plus what it may have bent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_ndtr

from detector.picture import Airspace, Picture
from detector.tracks.fixes import Rows
from detector.tracks.parabola import around, sag_m
from detector.tracks.path import Path
from feeds.plots import Floats

UNSEEN_MPS2 = 1.0  # manoeuvre no report shows; civil traffic stays below 5.7 in 99.9 % of its seconds
SAMPLES = 9  # points on a stretch at which its depth is taken
CREST_SAMPLES = 4  # points on each of two segments between which a track was deepest
LOG_ODDS_LIMIT = 30.0


class Deepest(NamedTuple):
    """Where N stays were deepest, as far as is known: depth and its sigma, time and place; (N,) each."""

    depth_m: Floats  # -inf: not inside
    sigma_m: Floats
    time_s: Floats
    x_m: Floats
    y_m: Floats

    @classmethod
    def nowhere(cls, n: int) -> Deepest:
        """Return N stays that were nowhere deep."""
        return cls(np.full(n, -np.inf), *(np.zeros(n) for _ in range(4)))

    def put(self, at: Rows, deepest: Deepest) -> None:
        """Write others to these places, of several for one place the last."""
        for column, values in zip(self, deepest, strict=True):
            column[at] = values

    def take(self, at: Rows) -> Deepest:
        """Return those that `at` names, in its order."""
        return Deepest(*(column[at] for column in self))


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
    pair = np.repeat(picture.pair[which], SAMPLES)
    at, zone = picture.segment[pair], picture.zone[pair]
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES
    enters, leaves = picture.enters[which][:, None], picture.leaves[which][:, None]
    fraction = (enters + (leaves - enters) * steps).ravel()
    point = picture.path.at(at, fraction)
    sigma_m = np.hypot(point.sigma_m, _doubt_m(picture.path, at, fraction))
    depth_m = airspace.boundaries.distance(point.earth_m, zone)
    odds = log_odds_inside(depth_m / sigma_m, *airspace.margins(point.pressure_alt_m, point.geo_alt_m, zone))
    best = np.arange(len(which)) * SAMPLES + depth_m.reshape(-1, SAMPLES).argmax(axis=1)
    place_m = picture.path.in_plane(at[best], fraction[best], airspace.theatre)
    deepest = Deepest(depth_m[best], sigma_m[best], point.time_s[best], *place_m)
    return odds.reshape(-1, SAMPLES).max(axis=1), deepest


def of_crests(picture: Picture, airspace: Airspace, pair: Rows) -> Deepest:
    """Return where C pairs were deepest on the way through the last three reports.

    A track is deepest between reports as a rule, not at one of them: where it turned back, or passed a corner.
    """
    segments = picture.path.segments
    steps = np.arange(1, CREST_SAMPLES + 1) / (CREST_SAMPLES + 1)
    fractions = np.concatenate([steps - 1, steps])
    of = np.repeat(np.arange(len(pair)), len(fractions))
    at, zone = picture.segment[pair][of], picture.zone[pair][of]
    fraction = np.tile(fractions, len(pair))
    x_m, y_m, earth_m = around(picture.path, at, fraction, airspace.theatre)
    point, within = airspace.index.inside(x_m, y_m)
    inside = np.zeros(len(of), dtype=bool)
    inside[point[within == zone[point]]] = True
    depth_m = np.full(len(of), -np.inf)
    depth_m[inside] = airspace.boundaries.distance(earth_m[inside], zone[inside])
    best = np.arange(len(pair)) * len(fractions) + depth_m.reshape(-1, len(fractions)).argmax(axis=1)
    earlier, before, now = (fix.take(at[best]) for fix in (segments.earlier, segments.before, segments.now))
    step_s = np.where(fraction[best] < 0, before.time_s - earlier.time_s, now.time_s - before.time_s)
    return Deepest(depth_m[best], before.sigma_m, before.time_s + fraction[best] * step_s, x_m[best], y_m[best])
