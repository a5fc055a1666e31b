"""Skirting: flying along a boundary, close outside it, for long.

Looked at is the trail of the last few minutes: all of it lies surely outside, surely within `within_nm` of the zone,
leads straight on rather than about, and comes nearer or draws off by less than a course 20 deg off the boundary's.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.projection import on_earth
from detector.picture.airspace import Airspace
from detector.rules.params import NotNegative, Span
from detector.rules.sight import Scene, Sight
from detector.rules.vicinity import NOWHERE, nearest
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Rows
from detector.tracks.trail import Stretch
from detector.units import NAUTICAL_MILE_M

ALONG_SIN = np.sin(np.radians(20.0))
STRAIGHT = 0.8  # of its length a way along leads on; a holding pattern leads nowhere
SLOWEST_MPS = 50.0  # as in `hard_turn`
LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.skirting]."""

    enabled: bool = True
    within_nm: NotNegative = 5.0  # of the boundary, surely
    for_s: Span = 180.0


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show; only those that add a point to a trail are looked at."""
    n, within_m = len(scene.segments.row), params.within_nm * NAUTICAL_MILE_M
    due, shown, where = scene.marks(), np.zeros(n, dtype=bool), np.full(n, NOWHERE)
    closest_m, along_m, since_s = np.full(n, np.inf), np.zeros(n), np.zeros(n)
    some = np.flatnonzero(due & (scene.vicinity.distance_m < within_m))
    if len(some):
        m, zone = _close(scene, some, within_m)
        shown[m], stretch, far_m = _along(scene, m, zone, params)
        where[m], closest_m[m] = zone, np.fmin.reduce(far_m)
        along_m[m], since_s[m] = stretch.length_m(), stretch.since_s

    def evidence(m: int) -> dict[str, float | str]:
        return {"distance_m": closest_m[m], "along_m": along_m[m]}

    closeness = 1 / np.maximum(closest_m, LEAST_M)
    return [Sight(shown, closeness, evidence, zone=where, reports=1, asked=due, since_s=since_s)]


def _along(scene: Scene, m: Rows, zone: Rows, params: Params) -> tuple[Mask, Stretch, Floats]:
    """Tell who of R tracks flew along the boundaries of zones, on which trails, and how far off, (K, R)."""
    within_m = params.within_nm * NAUTICAL_MILE_M
    stretch = scene.tracks.trail.over(scene.segments.row[m], params.for_s)
    far_m, error_m = _distances_m(scene.airspace, stretch, zone), SURELY_SIGMAS * stretch.sigma_m
    way_m, drift_m = stretch.length_m(), np.abs(far_m[0] - stretch.at_start(far_m))
    along = stretch.known & _all_outside(scene.airspace, stretch, zone)
    along &= (np.fmin.reduce(far_m - error_m) > 0) & (np.fmax.reduce(far_m + error_m) < within_m)
    along &= (way_m > STRAIGHT * stretch.steps_m()) & (drift_m < ALONG_SIN * way_m)
    along &= way_m > SLOWEST_MPS * (stretch.time_s[0] - stretch.since_s)
    return along, stretch, far_m


def _close(scene: Scene, m: Rows, within_m: float) -> tuple[Rows, Rows]:
    """Return which steps ended so close to a forbidden zone that watches them, and which that is; none it ignores."""
    now, row = scene.segments.now.take(m), scene.segments.row[m]
    border = nearest(now.earth_m, scene.tracks.identity[row], scene.airspace.borders)
    above, below = scene.airspace.margins(now.pressure_alt_m, now.geo_alt_m, border.zone)
    watched = (border.distance_m < within_m) & ~scene.contacts.ignored(row, border.zone)
    close = np.flatnonzero(watched & ~(above < -1) & ~(below < -1))
    return m[close], border.zone[close]


def _distances_m(airspace: Airspace, stretch: Stretch, zone: Rows) -> Floats:
    """Return the distances of trails to the boundaries of their zones, (K, R)."""
    every = np.broadcast_to(zone, stretch.time_s.shape).ravel()
    far_m = airspace.boundaries.distance(stretch.earth_m.reshape(-1, 3), every).reshape(stretch.time_s.shape)
    return np.where(np.isfinite(stretch.time_s), far_m, np.nan)


def _all_outside(airspace: Airspace, stretch: Stretch, zone: Rows) -> Mask:
    """Tell which trails have no point in their zones, (R,)."""
    outside = np.ones(len(zone), dtype=bool)
    k, r = np.nonzero(np.isfinite(stretch.time_s))
    point, within = airspace.index.inside(*airspace.theatre.project(*on_earth(stretch.earth_m[k, r])))
    outside[r[point[within == zone[r[point]]]]] = False
    return outside
