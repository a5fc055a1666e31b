"""Asset pass: a watched aircraft flies through the circle around a protected place.

How close it came is measured along the straight way between its reports, over ground, to the middle of the asset (as
the asset sees it, if that moves); how high above the sea by its altitude there. It is told when the circle is entered,
and with its closest point once the range surely grows again: by the velocity, since places that err by 100 m show the
same only kilometres later. Who goes on in the circle is told again if it comes half as close.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.pairs import dot
from detector.rules.assets import STRANDS, closest
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
    """Return what M steps show, by strands of assets: of several with one strand passed in one step, the closest."""
    steps, (m, zone) = len(scene.segments.row), _passed(scene)
    closest_m, height_m, closest_s = _closest(scene, m, zone)
    passes = _Passes(m, zone, closest_m, height_m, closest_s, _recedes(scene, m, zone))
    sights = [_sight(steps, passes.take(np.arange(0)), params)] * STRANDS
    for strand in set(scene.assets.strand[zone].tolist()):
        of = np.flatnonzero(scene.assets.strand[zone] == strand)
        order = np.argsort(-closest_m[of], kind="stable")  # the closest is written last
        sights[strand] = _sight(steps, passes.take(of[order]), params)
    return sights


@dataclass(frozen=True, slots=True)
class _Passes:
    """P steps that led past assets."""

    m: Rows
    zone: Rows
    closest_m: Floats
    height_m: Floats  # above the sea, there
    closest_s: Floats
    recedes: Mask  # the closest is behind

    def take(self, index: Rows | Mask) -> _Passes:
        return _Passes(*(getattr(self, f.name)[index] for f in fields(self)))


def _sight(steps: int, passes: _Passes, params: Params) -> Sight:
    m = passes.m
    shown, which, closest_m = np.zeros(steps, dtype=bool), np.full(steps, -1), np.full(steps, np.inf)
    height_m, closest_s = np.full(steps, np.nan), np.full(steps, np.nan)
    behind = np.zeros(steps, dtype=bool)
    shown[m], which[m], closest_m[m] = True, passes.zone, passes.closest_m
    height_m[m], closest_s[m], behind[m] = passes.height_m, passes.closest_s, passes.recedes

    def evidence(m: int) -> dict[str, float | str]:
        known = {} if np.isnan(height_m[m]) else {"height_m": height_m[m]}
        return {"closest_m": closest_m[m], "closest_s": closest_s[m], **known}

    low = height_m < params.low_ft * FOOT_M
    closeness = 1 / np.maximum(closest_m, LEAST_M)
    return Sight(shown, closeness, evidence, grave=low, zone=which, reports=1, behind=behind)


def _passed(scene: Scene) -> tuple[Rows, Rows]:
    """Return the (m, zone) pairs of steps and the assets whose circles they led into or through."""
    m, zone = scene.touched
    cares = scene.airspace.cares[scene.tracks.identity[scene.segments.row[m]], zone]
    some = np.flatnonzero(scene.airspace.is_asset[zone] & cares)
    moving_m, moving = scene.assets.passed(scene.segments, scene.tracks.identity[scene.segments.row])
    at_height = scene.airspace.at_height(scene.segments.now.take(moving_m), moving)
    counts = (scene.activation.closed_s[moving] == np.inf) & at_height
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
    if not len(m):  # as nearly always: the velocities of all steps are asked for below
        return np.zeros(0, dtype=bool)
    now = scene.segments.now.take(m)
    velocity_mps, error_mps = (known[m] for known in scene.motion.surest_velocity_mps(scene.segments.now.earth_m))
    velocity_mps = velocity_mps - scene.assets.velocity_mps(zone)
    apart_m = now.earth_m - scene.assets.middle_m(zone, now.time_s)
    range_m = np.maximum(np.linalg.norm(apart_m, axis=1), LEAST_M)
    sigma_mps = np.hypot(error_mps, np.linalg.norm(velocity_mps, axis=1) * now.sigma_m / range_m)
    recedes: Mask = dot(velocity_mps, apart_m) / range_m > SURELY_SIGMAS * sigma_mps
    return recedes
