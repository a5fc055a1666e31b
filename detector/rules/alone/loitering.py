"""Loitering: staying in a small place for long, while flying.

All points of the trail lie in a small circle around their middle, and the way from point to point is several times as
long as the circle is wide: racetracks, orbits, searches. Who circles within a few seconds is seen at a few places only,
so that his way comes out too short.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.projection import on_earth
from detector.rules.params import NotNegative, Span
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.trail import Stretch
from detector.units import NAUTICAL_MILE_M

ACROSS = 4.0  # times the way is longer than the circle is wide; flown straight, it is as long
SLOWEST_MPS = 30.0  # on the way; who taxies, or jitters in place, is slower


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.loitering]."""

    enabled: bool = True
    radius_nm: NotNegative = 10.0  # of the circle
    for_s: Span = 900.0


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show; only those that add a point to a trail are looked at."""
    n, due = len(scene.segments.row), scene.marks()
    shown, radius_m, way_m, since_s = np.zeros(n, dtype=bool), np.full(n, np.inf), np.zeros(n), np.zeros(n)
    middle_m = np.full((n, 3), np.nan)
    m = np.flatnonzero(due & scene.vicinity.near & (scene.tracks.grounded[scene.segments.row] == 0))
    if len(m):
        stretch = scene.tracks.trail.over(scene.segments.row[m], params.for_s)
        shown[m], middle_m[m], radius_m[m] = _stays(stretch, params.radius_nm * NAUTICAL_MILE_M)
        way_m[m], since_s[m] = stretch.steps_m(), stretch.since_s

    def evidence(m: int) -> dict[str, float | str]:
        (lon_deg,), (lat_deg,) = on_earth(middle_m[[m]])
        return {"radius_m": radius_m[m], "way_m": way_m[m], "middle_lat": lat_deg, "middle_lon": lon_deg}

    return [Sight(shown, np.ones(n), evidence, reports=1, asked=due, since_s=since_s)]


def _stays(stretch: Stretch, within_m: float) -> tuple[Mask, Floats, Floats]:
    """Tell who of R tracks stayed, around which middle, (R, 3), and how far off it at most, m."""
    points = np.isfinite(stretch.time_s).sum(axis=0)
    middle_m = np.nansum(stretch.earth_m, axis=0) / points[:, None]
    off_m = np.linalg.norm(stretch.earth_m - middle_m, axis=-1)
    radius_m: Floats = np.fmax.reduce(off_m)
    stays = stretch.known & (np.fmax.reduce(off_m + SURELY_SIGMAS * stretch.sigma_m) < within_m)
    stays &= stretch.steps_m() > np.maximum(ACROSS * 2 * radius_m, SLOWEST_MPS * (stretch.time_s[0] - stretch.since_s))
    return stays, middle_m, radius_m
