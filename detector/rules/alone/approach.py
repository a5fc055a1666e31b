"""Approach: who holds course and speed will be in a zone soon.

The way ahead is straight; after t seconds its error is hypot(sigma, sigma_v t), from the errors of position and
velocity now. P(enters) = Phi(depth / error) at the surest of points of its first stretch in the zone, and of
the way from there on.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.special import ndtr

from detector.arrays import Floats, Mask
from detector.geometry.projection import on_earth
from detector.rules.params import NotNegative, Surely
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Rows
from detector.tracks.kinematics import best_window

EVERY_S = 3.0  # who reports more often is not looked at by every report
SAMPLES = 4  # points of either, at which depth is taken
FASTEST_DOUBT_MPS = 40.0  # who knows velocity no better cannot tell where anybody is going


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.approach]."""

    enabled: bool = True
    horizon_s: NotNegative = 120.0  # will be inside within this
    probability: Surely = 0.75


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The ways ahead of T tracks that could be told, by their index m."""

    m: Rows
    earth_m: Floats  # (T, 3) now
    velocity_mps: Floats  # (T, 3) over ground
    sigma_m: Floats
    sigma_mps: Floats
    climb_mps: Floats

    def at(self, of: Rows, time_s: Floats) -> Floats:
        """Return where tracks will be, (P, 3)."""
        place_m: Floats = self.earth_m[of] + time_s[:, None] * self.velocity_mps[of]
        return place_m


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show."""
    n = len(scene.segments.row)
    ahead = _ways(scene, params.horizon_s)
    shown, nearest = np.zeros(n, dtype=bool), np.full(n, -1)
    when_s, chance, far_m = np.full(n, np.inf), np.zeros(n), np.full(n, np.inf)
    if len(ahead.m):
        of, zone, enters_s, leaves_s = _crossings(scene, ahead, params.horizon_s)
        sure = _probability(scene, ahead, of, zone, np.stack([enters_s, leaves_s, params.horizon_s + 0 * enters_s]))
        will = np.flatnonzero(sure >= params.probability)[::-1]  # the first zone on a way is written last
        m = ahead.m[of[will]]
        shown[m], nearest[m], when_s[m], chance[m] = True, zone[will], enters_s[will], sure[will]

    m = np.flatnonzero(shown)
    far_m[m] = scene.airspace.boundaries.distance(scene.segments.now.earth_m[m], nearest[m])

    def evidence(m: int) -> dict[str, float | str]:
        return {"time_to_boundary_s": when_s[m], "distance_m": far_m[m], "probability": chance[m]}

    return [Sight(shown, np.ones(n), evidence, zone=nearest, asked=_due(scene))]


def _due(scene: Scene) -> Mask:
    """Tell which reports are the first since a whole multiple of EVERY_S of time, (M,)."""
    before_s, now_s = scene.segments.before.time_s, scene.segments.now.time_s
    due: Mask = np.floor(now_s / EVERY_S) > np.floor(before_s / EVERY_S)
    return due


def _ways(scene: Scene, horizon_s: float) -> _Ahead:
    """Return the ways of those who can reach a boundary before the horizon."""
    vertical, now = scene.motion.vertical, scene.segments.now
    velocity_mps, sigma_mps = scene.motion.likeliest_velocity_mps(now.earth_m)
    speed_mps = np.linalg.norm(velocity_mps, axis=1)
    near = scene.vicinity.distance_m < speed_mps * horizon_s
    known = (sigma_mps < FASTEST_DOUBT_MPS) & (speed_mps > SURELY_SIGMAS * sigma_mps)  # who hovers heads nowhere
    m = np.flatnonzero(near & known & _due(scene))
    return _Ahead(
        m=m,
        earth_m=now.earth_m[m],
        velocity_mps=velocity_mps[m],
        sigma_m=now.sigma_m[m],
        sigma_mps=sigma_mps[m],
        climb_mps=np.nan_to_num(vertical.velocity_mps[0][best_window(-vertical.velocity_sigma_mps)[0][m], m]),
    )


def _crossings(scene: Scene, ahead: _Ahead, horizon_s: float) -> tuple[Rows, Rows, Floats, Floats]:
    """Return (way, zone, enters, leaves) of first stretches in zones that watch the track, in seconds, by time."""
    airspace, row = scene.airspace, scene.segments.row[ahead.m]
    now, every = scene.segments.now, np.arange(len(ahead.m))
    end_m = airspace.theatre.project(*on_earth(ahead.at(every, np.full(len(every), horizon_s))))
    at_end, (way, zone, fraction) = airspace.index.trace(now.x_m[ahead.m], now.y_m[ahead.m], *end_m)
    key, end_key = way * len(airspace) + zone, at_end[0] * len(airspace) + at_end[1]
    pair, first, count = np.unique(key, return_index=True, return_counts=True)
    outside_now = (count % 2 == 1) == np.isin(pair, end_key)  # crossed an odd number of times and inside at the end
    first, count = first[outside_now], count[outside_now]
    enters_s = fraction[first] * horizon_s
    leaves_s = np.where(count > 1, fraction.take(first + 1, mode="clip"), 1.0) * horizon_s
    way, zone = way[first], zone[first]
    keep = airspace.watch[scene.tracks.identity[row[way]], zone] & airspace.forbidden[zone]
    keep &= (scene.activation.closed_s[zone] == np.inf) & ~scene.contacts.ignored(row[way], zone)
    m = ahead.m[way]
    rise_m = ahead.climb_mps[way] * enters_s
    above, below = airspace.margins(now.pressure_alt_m[m] + rise_m, now.geo_alt_m[m] + rise_m, zone)
    keep &= ~(above < -1) & ~(below < -1)
    some = np.flatnonzero(keep)
    some = some[np.argsort(enters_s[some], kind="stable")]
    return way[some], zone[some], enters_s[some], leaves_s[some]


def _probability(scene: Scene, ahead: _Ahead, of: Rows, zone: Rows, span_s: Floats) -> Floats:
    """Return of P ways how surely each will be in its zone; spans (3, P): it enters, leaves, the horizon; seconds."""
    if not len(of):
        return np.empty(0)
    share = ((np.arange(SAMPLES) + 1) / SAMPLES)[:, None, None]
    inside_s = (span_s[0] + share * (span_s[1:] - span_s[0])).reshape(2 * SAMPLES, len(of))
    who, where, at_s = np.tile(of, 2 * SAMPLES), np.tile(zone, 2 * SAMPLES), inside_s.ravel()
    place_m = ahead.at(who, at_s)
    theatre, index = scene.airspace.theatre, scene.airspace.index
    point, within = index.inside(*theatre.project(*on_earth(place_m)))
    inside = np.zeros(len(who), dtype=bool)
    inside[point[within == where[point]]] = True
    depth_m = np.where(inside, scene.airspace.boundaries.distance(place_m, where), -np.inf)
    sigma_m = np.hypot(ahead.sigma_m[who], ahead.sigma_mps[who] * at_s)
    sure: Floats = ndtr((depth_m / sigma_m).reshape(2 * SAMPLES, len(of)).max(axis=0))
    return sure
