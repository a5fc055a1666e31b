"""Asset pass: a watched aircraft flies through the circle around a protected place.

How close it came is measured along the straight way between its reports, over ground, to the middle of the asset (as
the asset sees it, if that moves); how high above the sea by its altitude there. It is told when the circle is entered,
and with its closest point once the range surely grows again: by the velocity, since places that err by 100 m show the
same only kilometres later. Who goes on in the circle is told again if it comes half as close.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.pairs import dot
from detector.rules.assets import closest
from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.fixes import Rows
from detector.units import FOOT_M

LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.asset_pass]."""

    enabled: bool = True
    low_ft: NotNegative = 1000.0  # above the sea; a pass below this is severe


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show: of several assets passed in one step, the closest."""
    n, (m, zone) = len(scene.segments.row), _passed(scene)
    shown, which, closest_m, height_m = np.zeros(n, dtype=bool), np.full(n, -1), np.full(n, np.inf), np.full(n, np.nan)
    closest_s, behind = np.full(n, np.nan), np.zeros(n, dtype=bool)
    if len(m):
        far_m, high_m, when_s = _closest(scene, m, zone)
        order = np.argsort(-far_m, kind="stable")  # the closest is written last
        m, zone, far_m, high_m, when_s = m[order], zone[order], far_m[order], high_m[order], when_s[order]
        shown[m], which[m], closest_m[m], height_m[m], closest_s[m] = True, zone, far_m, high_m, when_s
        behind[m] = _recedes(scene, m, zone)

    def evidence(m: int) -> dict[str, float | str]:
        known = {} if np.isnan(height_m[m]) else {"height_m": height_m[m]}
        return {"closest_m": closest_m[m], "closest_s": closest_s[m], **known}

    low = height_m < params.low_ft * FOOT_M
    closeness = 1 / np.maximum(closest_m, LEAST_M)
    return [Sight(shown, closeness, evidence, grave=low, zone=which, reports=1, behind=behind)]


def _passed(scene: Scene) -> tuple[Rows, Rows]:
    """Return the (m, zone) pairs of steps and the assets whose circles they led into or through."""
    m, zone = scene.touched
    some = np.flatnonzero(scene.airspace.is_asset[zone])
    moving_m, moving = scene.assets.passed(scene.segments, scene.tracks.identity[scene.segments.row])
    counts = scene.activation.closed_s[moving] == np.inf
    return np.concatenate([m[some], moving_m[counts]]), np.concatenate([zone[some], moving[counts]])


def _closest(scene: Scene, m: Rows, zone: Rows) -> tuple[Floats, Floats, Floats]:
    """Return how close steps led to the middle of assets, how high above the sea that was, and when; (P,), m, m, s."""
    before, now = scene.segments.before.take(m), scene.segments.now.take(m)
    before_m, now_m = (fix.earth_m - scene.assets.middle_m(zone, fix.time_s) for fix in (before, now))
    share, closest_m = closest(before_m, now_m)
    pressure_m, geo_m = (
        start + share * (end - start)
        for start, end in ((before.pressure_alt_m, now.pressure_alt_m), (before.geo_alt_m, now.geo_alt_m))
    )
    height_m, _ = scene.airspace.altimetry.above_sea_m(pressure_m, geo_m)
    return closest_m, height_m, before.time_s + share * (now.time_s - before.time_s)


def _recedes(scene: Scene, m: Rows, zone: Rows) -> Mask:
    """Tell which steps end surely flying away from assets, (P,): the closest of the pass is behind."""
    now = scene.segments.now.take(m)
    velocity_mps, error_mps = (known[m] for known in scene.motion.surest_velocity_mps(scene.segments.now.earth_m))
    velocity_mps = velocity_mps - scene.assets.velocity_mps(zone)
    apart_m = now.earth_m - scene.assets.middle_m(zone, now.time_s)
    range_m = np.maximum(np.linalg.norm(apart_m, axis=1), LEAST_M)
    sigma_mps = np.hypot(error_mps, np.linalg.norm(velocity_mps, axis=1) * now.sigma_m / range_m)
    recedes: Mask = dot(velocity_mps, apart_m) / range_m > SURELY_SIGMAS * sigma_mps
    return recedes
