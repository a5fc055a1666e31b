"""What positions alone tell of a turn: the parabola through the last three reports.

It is the path of constant acceleration a, the second difference of the three positions over their intervals, and leaves
a chord of duration t by -a t^2 w (1 - w) / 2 at its fraction w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats
from detector.geometry.projection import Theatre
from detector.tracks.fixes import Rows, Segments
from detector.tracks.path import Path

LEAST_EVEN = 4.0


def sag_m(segments: Segments, at: Rows) -> Floats:
    """Return how far the parabola leaves the middle of each last chord, m, (N, 3) earth-centred: a t^2 / 8."""
    step_s = segments.now.time_s[at] - segments.before.time_s[at]
    return _second_difference(segments, at, "earth_m") * (step_s**2)[:, None] / 8


@dataclass(frozen=True, slots=True)
class LastSteps:
    """The ways of N tracks through their last three reports."""

    before: Path  # from the first of them to the second
    now: Path

    @classmethod
    def of(cls, path: Path, at: Rows) -> LastSteps:
        """Return the ways that end with these paths."""
        s = path.segments.take(at)
        return cls(Path.of(Segments(s.row, s.first, s.earlier, s.earlier, s.before)), path.take(at))

    def at(self, way: Rows, fraction: Floats, theatre: Theatre) -> tuple[Floats, Floats, Floats]:
        """Return x, y and earth-centred position, (N,) and (N, 3), at -1 <= fraction < 0 of the step before the last.

        Where courses tell of the path, they are believed.
        """
        x_m, y_m, earth_m = _parabola(self.now.segments, way, fraction)
        for path, on, w in ((self.before, fraction < 0, fraction + 1), (self.now, fraction >= 0, fraction)):
            told = np.flatnonzero(on & path.told[way])
            x_m[told], y_m[told] = path.in_plane(way[told], w[told], theatre)
            earth_m[told] = path.at(way[told], w[told]).earth_m
        return x_m, y_m, earth_m

    def altitudes_m(self, way: Rows, fraction: Floats) -> tuple[Floats, Floats]:
        """Return the altitudes there by pressure and by satellites, (N,), straight from report to report."""
        s, w = self.now.segments, np.where(fraction < 0, fraction + 1, fraction)

        def at(name: str) -> Floats:
            earlier_m, before_m, now_m = (getattr(fix, name)[way] for fix in (s.earlier, s.before, s.now))
            start_m, end_m = np.where(fraction < 0, (earlier_m, before_m), (before_m, now_m))
            altitude_m: Floats = start_m + w * (end_m - start_m)
            return altitude_m

        return at("pressure_alt_m"), at("geo_alt_m")

    def time_s(self, fraction: Floats) -> Floats:
        """Return the time at one fraction of each way, (N,)."""
        s = self.now.segments
        step_s = np.where(fraction < 0, s.before.time_s - s.earlier.time_s, s.now.time_s - s.before.time_s)
        time_s: Floats = s.before.time_s + fraction * step_s
        return time_s


def _parabola(segments: Segments, at: Rows, fraction: Floats) -> tuple[Floats, Floats, Floats]:
    earlier, before, now = segments.earlier, segments.before, segments.now
    w = np.where(fraction < 0, fraction + 1, fraction)
    start_s = np.where(fraction < 0, earlier.time_s[at], before.time_s[at])
    end_s = np.where(fraction < 0, before.time_s[at], now.time_s[at])
    leaves = -((end_s - start_s) ** 2) * w * (1 - w) / 2

    def point(name: str) -> Floats:
        e, b, n = getattr(earlier, name)[at], getattr(before, name)[at], getattr(now, name)[at]
        columns = (slice(None), None) if e.ndim == 2 else (slice(None),)
        last = (fraction >= 0)[columns]
        chord = np.where(last, b, e) + w[columns] * np.where(last, n - b, b - e)
        found: Floats = chord + leaves[columns] * _second_difference(segments, at, name)
        return found

    return point("x_m"), point("y_m"), point("earth_m")


def _second_difference(segments: Segments, at: Rows, name: str) -> Floats:
    """Return the acceleration over the last three fixes, of a coordinate or several; 0 for a track with fewer."""
    fixes = segments.earlier, segments.before, segments.now
    time_s = [f.time_s[at] for f in fixes]
    place = [getattr(f, name)[at] for f in fixes]
    first_s, last_s = time_s[1] - time_s[0], time_s[2] - time_s[1]
    # Over steps of very different length the errors of the short one would be stretched over the long one.
    known = (first_s > 0) & (last_s > 0) & (np.minimum(first_s, last_s) > np.maximum(first_s, last_s) / LEAST_EVEN)
    if place[0].ndim == 2:
        first_s, last_s, known = first_s[:, None], last_s[:, None], known[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        change = (place[2] - place[1]) / last_s - (place[1] - place[0]) / first_s
        return np.where(known, 2 * change / (first_s + last_s), 0.0)
