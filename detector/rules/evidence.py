"""How surely a report, or the path between two reports, lies inside a zone.

A report d metres inside with standard deviation s is inside with probability Phi(d/s). Reports err independently, so
their log-odds add up (Wald's sequential test); a sum that starts again at zero when it turns negative (Page's CUSUM)
forgets what lay before. Between two reports the path is as uncertain as they are, plus what it may have bent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_ndtr

from detector.picture import Airspace, Picture
from detector.tracks.fixes import Rows
from detector.tracks.parabola import LastSteps, sag_m
from detector.tracks.path import Path
from feeds.plots import Floats

UNSEEN_MPS2 = 1.0  # manoeuvre no report shows; civil traffic stays below 5.7 in 99.9 % of its seconds
SAMPLES = 5  # points on a stretch at which its depth is taken
CREST_SAMPLES = 3  # points on each of two segments between which a track was deepest
CLOSER = np.array([-1, 1]) / 2  # of the way from the deepest sample to the next: where it is looked at again
LOOKS = 3  # each half as wide: a sharp crest is missed by less than an eighth of that way
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
    path, segment, zone = picture.path, picture.segment[picture.pair[which]], picture.zone[picture.pair[which]]
    enters, leaves = picture.enters[which][:, None], picture.leaves[which][:, None]

    def depth_m(of: Rows, fraction: Floats) -> Floats:
        return airspace.boundaries.distance(path.at(segment[of], fraction).earth_m, zone[of])

    even = enters + (leaves - enters) * (np.arange(SAMPLES) + 0.5) / SAMPLES
    fraction, depth = _with_deepest(depth_m, even, (leaves - enters) / SAMPLES, (enters, leaves))
    of = np.repeat(np.arange(len(which)), fraction.shape[1])
    point = path.at(segment[of], fraction.ravel())
    sigma_m = np.hypot(point.sigma_m, _doubt_m(path, segment[of], fraction.ravel()))
    margins = airspace.margins(point.pressure_alt_m, point.geo_alt_m, zone[of])
    odds = log_odds_inside(depth.ravel() / sigma_m, *margins).reshape(fraction.shape)
    last = slice(SAMPLES, None, SAMPLES + 1)
    place_m = path.in_plane(segment, fraction[:, -1], airspace.theatre)
    return odds.max(axis=1), Deepest(depth[:, -1], sigma_m[last], point.time_s[last], *place_m)


def of_crests(picture: Picture, airspace: Airspace, pair: Rows) -> Deepest:
    """Return where C pairs were deepest on the way through the last three reports.

    A track is deepest between reports as a rule, not at one of them: where it turned back, or passed a corner.
    """
    ways, zone = LastSteps.of(picture.path, picture.segment[pair]), picture.zone[pair]

    def depth_m(of: Rows, fraction: Floats) -> Floats:
        x_m, y_m, earth_m = ways.at(of, fraction, airspace.theatre)
        point, within = airspace.index.inside(x_m, y_m)
        depth_m = np.full(len(of), -np.inf)
        inside = point[within == zone[of[point]]]
        depth_m[inside] = airspace.boundaries.distance(earth_m[inside], zone[of[inside]])
        return depth_m

    steps = np.arange(1, CREST_SAMPLES + 1) / (CREST_SAMPLES + 1)
    even = np.tile(np.concatenate([steps - 1, steps]), (len(pair), 1))
    fraction, depth = _with_deepest(depth_m, even, np.full((len(pair), 1), steps[0]), (-1.0, 1.0))
    best, sigma_m = fraction[:, -1], ways.now.segments.before.sigma_m
    x_m, y_m, _ = ways.at(np.arange(len(pair)), best, airspace.theatre)
    return Deepest(depth[:, -1], sigma_m, ways.time_s(best), x_m, y_m)


def _with_deepest(
    depth_m: Callable[[Rows, Floats], Floats], at: Floats, apart: Floats, ends: tuple[Floats | float, Floats | float]
) -> tuple[Floats, Floats]:
    """Return fractions of N ways with the deepest that a closer look finds as one more column, and their depths.

    `at` are (N, S) fractions, `apart` (N, 1) how far the next one is; `depth_m` answers for ways and fractions, flat.
    """

    def look(fraction: Floats) -> Floats:
        of = np.repeat(np.arange(len(fraction)), fraction.shape[1])
        return depth_m(of, fraction.ravel()).reshape(fraction.shape)

    first = look(at)
    best, most = _greatest(at, first)
    for _ in range(LOOKS):
        closer = np.clip(best + apart * CLOSER, *ends)
        best, most = _greatest(np.column_stack([best, closer]), np.column_stack([most, look(closer)]))
        apart = apart / 2
    return np.column_stack([at, best]), np.column_stack([first, most])


def _greatest(at: Floats, depth: Floats) -> tuple[Floats, Floats]:
    """Return of each row the fraction with the greatest depth, and this, (N, 1) each."""
    best = depth.argmax(axis=1)[:, None]
    return np.take_along_axis(at, best, axis=1), np.take_along_axis(depth, best, axis=1)
