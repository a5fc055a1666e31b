"""Asset pass: a watched aircraft flies through the circle around a protected place.

How close it came is measured along the straight way between its reports, over ground, to the middle of the asset; how
high above the sea by its altitude there.
"""

from __future__ import annotations

import msgspec
import numpy as np

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
    n, (m, zone) = len(scene.segments.row), scene.touched
    some = np.flatnonzero(scene.airspace.is_asset[zone])
    m, zone = m[some], zone[some]
    far_m, high_m = _closest(scene, m, zone)
    order = np.argsort(-far_m, kind="stable")  # the closest is written last
    m, zone, far_m, high_m = m[order], zone[order], far_m[order], high_m[order]
    shown, which, closest_m, height_m = np.zeros(n, dtype=bool), np.full(n, -1), np.full(n, np.inf), np.full(n, np.nan)
    shown[m], which[m], closest_m[m], height_m[m] = True, zone, far_m, high_m

    def evidence(m: int) -> dict[str, float | str]:
        known = {} if np.isnan(height_m[m]) else {"height_m": height_m[m]}
        return {"closest_m": closest_m[m], **known}

    low = height_m < params.low_ft * FOOT_M
    return [Sight(shown, 1 / np.maximum(closest_m, LEAST_M), low, evidence, which, reports=1)]


def _closest(scene: Scene, m: Rows, zone: Rows) -> tuple[Floats, Floats]:
    """Return how close steps led to the middle of assets, and how high above the sea that was; (P,) each, m."""
    before, now = scene.segments.before.take(m), scene.segments.now.take(m)
    way_m, to_m = now.earth_m - before.earth_m, scene.airspace.middle_m[zone] - before.earth_m
    length2 = np.maximum((way_m**2).sum(axis=1), LEAST_M)
    share = np.clip((way_m * to_m).sum(axis=1) / length2, 0.0, 1.0)
    pressure_m, geo_m = (
        start + share * (end - start)
        for start, end in ((before.pressure_alt_m, now.pressure_alt_m), (before.geo_alt_m, now.geo_alt_m))
    )
    height_m, _ = scene.airspace.altimetry.above_sea_m(pressure_m, geo_m)
    return np.linalg.norm(to_m - share[:, None] * way_m, axis=1), height_m
