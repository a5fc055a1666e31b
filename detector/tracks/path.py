"""The path between reports: the straight chord from one fix to the next, and the parabola through the last three.

The parabola leaves a chord of duration t by -a t^2 w (1 - w) / 2 at its fraction w, where a is the second difference of
the three positions over their intervals: the path of constant acceleration.
"""

from __future__ import annotations

import numpy as np

from detector.tracks.store import Fixes, Rows, Segments
from feeds.plots import Floats

LEAST_EVEN = 4.0


def along(segments: Segments, at: Rows, fraction: Floats) -> Fixes:
    """Return the point at a fraction of each chord (N,); `sigma_m` is what the reports' errors make of it there.

    Two independent errors weighted (1 - w) and w have sigma^2 = (1 - w)^2 s0^2 + w^2 s1^2: 1/sqrt(2) in the middle.
    """
    before, now, w = segments.before.take(at), segments.now.take(at), fraction
    chord_m = before.earth_m + w[:, None] * (now.earth_m - before.earth_m)
    radius_m = np.linalg.norm(now.earth_m, axis=1) / np.linalg.norm(chord_m, axis=1)
    return Fixes(
        time_s=before.time_s + w * (now.time_s - before.time_s),
        x_m=before.x_m + w * (now.x_m - before.x_m),
        y_m=before.y_m + w * (now.y_m - before.y_m),
        earth_m=chord_m * radius_m[:, None],
        sigma_m=np.hypot((1 - w) * before.sigma_m, w * now.sigma_m),
        pressure_alt_m=before.pressure_alt_m + w * (now.pressure_alt_m - before.pressure_alt_m),
        period_s=now.period_s,
    )


def sag_m(segments: Segments, at: Rows) -> Floats:
    """Return how far the parabola leaves the middle of each last chord, m, (N, 3) earth-centred: a t^2 / 8."""
    step_s = segments.now.time_s[at] - segments.before.time_s[at]
    return _second_difference(segments, at, "earth_m") * (step_s**2)[:, None] / 8


def curve(segments: Segments, at: Rows, fraction: Floats) -> tuple[Floats, Floats, Floats]:
    """Return x, y and earth-centred position on the parabola, at -1 <= fraction < 0 on the chord before the last."""
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
