"""Asset pass: a watched aircraft flies through the circle around a protected place.

How close it came is measured along the straight way between its reports, over ground, to the middle of the asset (as
the asset sees it, if that moves); how high above the sea by its altitude there.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.assets import closest
from detector.rules.params import Positive
from detector.rules.sight import Scene, Sight
from detector.tracks.fixes import Rows
from detector.units import FOOT_M
from feeds.plots import Floats

LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.asset_pass]."""

    enabled: bool = True
    low_ft: Positive = 1000.0  # above the sea; a pass below this is severe


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show: of several assets passed in one step, the closest."""
    n, (m, zone) = len(scene.segments.row), _passed(scene)
    shown, which, closest_m, height_m = np.zeros(n, dtype=bool), np.full(n, -1), np.full(n, np.inf), np.full(n, np.nan)
    if len(m):
        far_m, high_m = _closest(scene, m, zone)
        order = np.argsort(-far_m, kind="stable")  # the closest is written last
        m, zone, far_m, high_m = m[order], zone[order], far_m[order], high_m[order]
        shown[m], which[m], closest_m[m], height_m[m] = True, zone, far_m, high_m

    def evidence(m: int) -> dict[str, float | str]:
        known = {} if np.isnan(height_m[m]) else {"height_m": height_m[m]}
        return {"closest_m": closest_m[m], **known}

    low = height_m < params.low_ft * FOOT_M
    return [Sight(shown, 1 / np.maximum(closest_m, LEAST_M), low, evidence, which, reports=1)]


def _passed(scene: Scene) -> tuple[Rows, Rows]:
    """Return the (m, zone) pairs of steps and the assets whose circles they led into or through."""
    m, zone = scene.touched
    some = np.flatnonzero(scene.airspace.is_asset[zone])
    moving_m, moving = scene.assets.passed(scene.segments, scene.tracks.identity[scene.segments.row])
    counts = scene.activation.closed_s[moving] == np.inf
    return np.concatenate([m[some], moving_m[counts]]), np.concatenate([zone[some], moving[counts]])


def _closest(scene: Scene, m: Rows, zone: Rows) -> tuple[Floats, Floats]:
    """Return how close steps led to the middle of assets, and how high above the sea that was; (P,) each, m."""
    before, now = scene.segments.before.take(m), scene.segments.now.take(m)
    before_m, now_m = (fix.earth_m - scene.assets.middle_m(zone, fix.time_s) for fix in (before, now))
    share, closest_m = closest(before_m, now_m)
    pressure_m, geo_m = (
        start + share * (end - start)
        for start, end in ((before.pressure_alt_m, now.pressure_alt_m), (before.geo_alt_m, now.geo_alt_m))
    )
    height_m, _ = scene.airspace.altimetry.above_sea_m(pressure_m, geo_m)
    return closest_m, height_m
