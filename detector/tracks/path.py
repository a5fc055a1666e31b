"""The path between two reports: a curve where both tell a course that goes with the way between them, else the chord.

The curve is the cubic that leaves and arrives on these courses (Hermite), its tangents as long as those of the arc that
they would make: |chord| / cos^2(turn / 4), the longer at the faster end. It meets a constant turn of 120 deg within
0.4 % of its radius, one of 180 deg within 2 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.projection import Theatre, east_north, on_earth
from detector.tracks.fixes import Fixes, Rows, Segments

LONGEST_S = 60.0  # over a longer way, the courses at its ends tell nothing of its middle
SHARPEST_DEG = 200.0  # a longer turn is no cubic
SKEW_DEG = 10.0  # a chord this far off the mean of the courses, ...
SKEW_SHARE = 1 / 3  # ... or off by this share of the turn, is none that they make: one of them is late or wrong
MOVING_MPS = 25.0  # slower, a course means little
PIECE_SHARE = 0.25  # of sigma: how far the straight pieces that a curve is traced in may lie off it, ...
PIECE_M = 5.0  # ... unless this is more
MOST_PIECES = 32


@dataclass(frozen=True, slots=True)
class Path:
    """The ways of M tracks from their fixes before to their fixes now, at fractions 0 to 1 of the time of each.

    A way is its chord plus w (1 - w) ((1 - w) leave - w arrive), where w is the fraction and `leave_m` and `arrive_m`,
    (M, 3), are the tangents less the chord; zero where it is straight.
    """

    segments: Segments
    told: Mask  # by courses
    n_pieces: Rows  # straight ones that follow it closely enough
    leave_m: Floats
    arrive_m: Floats

    @classmethod
    def of(cls, segments: Segments) -> Path:
        """Return the paths of M segments."""
        before, now = segments.before, segments.now
        n = len(segments.row)
        told, n_pieces = np.zeros(n, dtype=bool), np.ones(n, dtype=np.intp)
        leave_m, arrive_m = np.zeros((n, 3)), np.zeros((n, 3))
        on = np.flatnonzero(np.isfinite(before.track_deg + now.track_deg) & ~segments.first)
        if len(on):
            told[on], leave_m[on], arrive_m[on] = _bends(before.take(on), now.take(on))
            off_m = _bulge_m(leave_m[on], arrive_m[on])
            least_m = np.maximum(PIECE_M, PIECE_SHARE * now.sigma_m[on])
            n_pieces[on] = np.clip(np.ceil(np.sqrt(off_m / least_m)), 1, MOST_PIECES)
        straight = n_pieces == 1
        leave_m[straight] = arrive_m[straight] = 0.0
        return cls(segments, told, n_pieces, leave_m, arrive_m)

    def take(self, index: Rows) -> Path:
        """Return the paths that `index` names, in its order."""
        bends = self.leave_m[index], self.arrive_m[index]
        return Path(self.segments.take(index), self.told[index], self.n_pieces[index], *bends)

    def at(self, segment: Rows, fraction: Floats) -> Fixes:
        """Return points of segments, (N,); `sigma_m` is what the reports' errors make of it there.

        Two independent errors weighted (1 - w) and w have sigma^2 = (1 - w)^2 s0^2 + w^2 s1^2: 1/sqrt(2) in the middle.
        In the plane, x and y are those of the chord: see `in_plane`.
        """
        before, now, w = self.segments.before.take(segment), self.segments.now.take(segment), fraction
        bend_m = (1 - w)[:, None] * self.leave_m[segment] - w[:, None] * self.arrive_m[segment]
        earth_m = before.earth_m + w[:, None] * (now.earth_m - before.earth_m) + (w * (1 - w))[:, None] * bend_m
        radius_m = _between(_length(before.earth_m), _length(now.earth_m), w)
        return Fixes(
            time_s=_between(before.time_s, now.time_s, w),
            x_m=_between(before.x_m, now.x_m, w),
            y_m=_between(before.y_m, now.y_m, w),
            earth_m=earth_m * (radius_m / _length(earth_m))[:, None],
            sigma_m=np.hypot((1 - w) * before.sigma_m, w * now.sigma_m),
            pressure_alt_m=_between(before.pressure_alt_m, now.pressure_alt_m, w),
            geo_alt_m=_between(before.geo_alt_m, now.geo_alt_m, w),
            period_s=now.period_s,
            gs_mps=now.gs_mps,
            track_deg=now.track_deg,
            vrate_mps=now.vrate_mps,
        )

    def in_plane(self, segment: Rows, fraction: Floats, theatre: Theatre) -> tuple[Floats, Floats]:
        """Return x and y in the plane of points of segments, (N,)."""
        before, now = self.segments.before, self.segments.now
        x_m = _between(before.x_m[segment], now.x_m[segment], fraction)
        y_m = _between(before.y_m[segment], now.y_m[segment], fraction)
        off = np.flatnonzero((self.n_pieces[segment] > 1) & (fraction > 0) & (fraction < 1))
        if len(off):
            x_m[off], y_m[off] = theatre.project(*on_earth(self.at(segment[off], fraction[off]).earth_m))
        return x_m, y_m

    @property
    def hidden_m(self) -> Floats:
        """How much deeper in a zone than at its ends a path may be, (M,)."""
        chord_m = _length(self.segments.now.earth_m - self.segments.before.earth_m)
        return chord_m / 2 + _bulge_m(self.leave_m, self.arrive_m)

    def pieces(self) -> tuple[Rows, Floats, Floats]:
        """Return (segment, from, to) of the straight pieces that follow each path, in order."""
        n = self.n_pieces
        segment = np.repeat(np.arange(len(n)), n)
        nth = np.arange(len(segment)) - np.repeat(np.cumsum(n) - n, n)
        return segment, nth / n[segment], (nth + 1) / n[segment]


def _bulge_m(leave_m: Floats, arrive_m: Floats) -> Floats:
    """Return what the cubic leaves its chord by at most: w^2 (1 - w) is 4 / 27 or less."""
    bulge_m: Floats = 4 / 27 * (_length(leave_m) + _length(arrive_m))
    return bulge_m


def _length(vectors: Floats) -> Floats:
    length: Floats = np.linalg.norm(vectors, axis=1)
    return length


def _between(start: Floats, end: Floats, fraction: Floats) -> Floats:
    return np.where(fraction == 1, end, start + fraction * (end - start))


def _bends(before: Fixes, now: Fixes) -> tuple[Mask, Floats, Floats]:
    """Tell which courses go with the chord, (N,), and by how much the tangents differ from it, (N, 3) each."""
    chord_m = now.earth_m - before.earth_m
    length_m, step_s = _length(chord_m), now.time_s - before.time_s
    east, north = east_north(before.earth_m)
    bearing_deg = np.degrees(np.arctan2((chord_m * east).sum(axis=1), (chord_m * north).sum(axis=1)))
    turn_deg, skew_deg = _turn(before.track_deg, now.track_deg, bearing_deg)
    told = (step_s <= LONGEST_S) & (np.abs(turn_deg) <= SHARPEST_DEG) & (length_m >= MOVING_MPS * step_s)
    told &= np.abs(skew_deg) <= np.maximum(SKEW_DEG, SKEW_SHARE * np.abs(turn_deg))
    tangent_m = length_m / np.cos(np.radians(turn_deg) / 4) ** 2
    with np.errstate(invalid="ignore"):
        share = before.gs_mps / (before.gs_mps + now.gs_mps)  # of the speeds at both ends
    share = np.clip(np.where(np.isfinite(share), share, 0.5), 0.25, 0.75)
    leave_m = _along(before, 2 * share * tangent_m) - chord_m
    arrive_m = _along(now, 2 * (1 - share) * tangent_m) - chord_m
    return told, np.where(told[:, None], leave_m, 0.0), np.where(told[:, None], arrive_m, 0.0)


def _turn(before_deg: Floats, now_deg: Floats, bearing_deg: Floats) -> tuple[Floats, Floats]:
    """Return the turn between the courses, the long way round if the chord says so, and how far the chord is off."""
    turn_deg = _signed_deg(now_deg - before_deg)
    skew_deg = _signed_deg(bearing_deg - before_deg - turn_deg / 2)
    long_way = np.abs(skew_deg) > 90
    turn_deg = np.where(long_way, turn_deg - np.copysign(360.0, turn_deg), turn_deg)
    return turn_deg, np.where(long_way, _signed_deg(skew_deg - 180), skew_deg)


def _along(fixes: Fixes, way_m: Floats) -> Floats:
    """Return vectors of a length along the courses of fixes, (N, 3)."""
    east, north = east_north(fixes.earth_m)
    course = np.radians(fixes.track_deg)[:, None]
    ahead_m: Floats = way_m[:, None] * (np.sin(course) * east + np.cos(course) * north)
    return ahead_m


def _signed_deg(angle_deg: Floats) -> Floats:
    signed_deg: Floats = (angle_deg + 180) % 360 - 180
    return signed_deg
