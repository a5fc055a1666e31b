"""Too fast: moving over ground as no airliner does, whatever the wind.

Airliners fly up to Mach 0.9, 515 kt at height, and have been carried by jet streams to 717 kt over ground. Below
10,000 ft they may not exceed 250 kt (14 CFR 91.117, ICAO Annex 11 appendix 4); in 271 flight hours over France,
Switzerland and Britain none was surely faster than 595 kt, or than 390 kt there.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import FOOT_M, KNOT_MPS


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.too_fast]."""

    enabled: bool = True
    speed_kt: NotNegative = 750.0  # surely faster over ground, at any height ...
    low_speed_kt: NotNegative = 450.0  # ... or surely faster than this ...
    low_ft: NotNegative = 10_000.0  # ... and surely lower, above the sea


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show."""
    level, now = scene.motion.level, scene.segments.now
    speeds_mps = np.hypot(*level.mean_mps)
    window, least_mps = best_window(speeds_mps - SURELY_SIGMAS * level.mean_sigma_mps)
    speed_mps, error_mps = of_window(speeds_mps, window), of_window(level.mean_sigma_mps, window)
    height_m, height_sigma_m = scene.airspace.altimetry.above_sea_m(now.pressure_alt_m, now.geo_alt_m)
    low = height_m + SURELY_SIGMAS * height_sigma_m < params.low_ft * FOOT_M
    limit_kt = np.where(low, min(params.low_speed_kt, params.speed_kt), params.speed_kt)

    def evidence(m: int) -> dict[str, float | str]:
        return {"speed_kt": speed_mps[m] / KNOT_MPS, "speed_sigma_kt": error_mps[m] / KNOT_MPS}

    return [Sight(least_mps > limit_kt * KNOT_MPS, speed_mps, evidence)]
