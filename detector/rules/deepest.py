"""Where a stay was deepest, which is between reports as a rule: a search along ways, closer around the best."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from detector.arrays import Floats
from detector.picture.airspace import Airspace
from detector.picture.look import Picture
from detector.tracks.fixes import Rows
from detector.tracks.parabola import LastSteps

CREST_SAMPLES = 3  # points on each of two segments between which a track was deepest
CLOSER = np.array([-1, 1]) / 2  # of the way from the deepest sample to the next: where it is looked at again
LOOKS = 3  # each half as wide: a sharp crest is missed by less than an eighth of that way


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


def of_crests(picture: Picture, airspace: Airspace, pair: Rows) -> Deepest:
    """Return where C pairs were deepest on the way through the last three reports.

    A track is deepest between reports as a rule, not at one of them: where it turned back, or passed a corner. What is
    above or below the zone does not count.
    """
    ways, zone = LastSteps.of(picture.path, picture.segment[pair]), picture.zone[pair]

    def depth_m(of: Rows, fraction: Floats) -> Floats:
        x_m, y_m, earth_m = ways.at(of, fraction, airspace.theatre)
        point, within = airspace.index.inside(x_m, y_m)
        depth_m = np.full(len(of), -np.inf)
        inside = point[within == zone[of[point]]]
        above, below = airspace.margins(*ways.altitudes_m(of[inside], fraction[inside]), zone[of[inside]])
        inside = inside[~(above < 0) & ~(below < 0)]
        depth_m[inside] = airspace.boundaries.distance(earth_m[inside], zone[of[inside]])
        return depth_m

    steps = np.arange(1, CREST_SAMPLES + 1) / (CREST_SAMPLES + 1)
    even = np.tile(np.concatenate([steps - 1, steps]), (len(pair), 1))
    fraction, depth = with_deepest(depth_m, even, np.full((len(pair), 1), steps[0]), (-1.0, 1.0))
    best, sigma_m = fraction[:, -1], ways.now.segments.before.sigma_m
    x_m, y_m, _ = ways.at(np.arange(len(pair)), best, airspace.theatre)
    return Deepest(depth[:, -1], sigma_m, ways.time_s(best), x_m, y_m)


def with_deepest(
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
