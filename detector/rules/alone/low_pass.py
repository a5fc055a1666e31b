"""Low pass: fast and low over the sea, or over land that is hardly higher.

Who takes off or lands is as low, but slower: of 213 aircraft around Paris airports none was surely faster than 236 kt
below 1,500 ft, wrong places included; 250 kt is the most that civil aircraft may fly there (14 CFR 91.117).
Heights above the sea err by 83 m where the pressure of the day is not known (38 m where it is), so that who is surely
below 1,000 ft reads less than 300 ft (700 ft).
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import FOOT_M, KNOT_MPS

LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.low_pass]."""

    enabled: bool = True
    low_ft: NotNegative = 1000.0  # surely lower, above the sea
    speed_kt: NotNegative = 250.0  # surely faster, over ground


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show."""
    level, now = scene.motion.level, scene.segments.now
    height_m, height_sigma_m = scene.airspace.altimetry.above_sea_m(now.pressure_alt_m, now.geo_alt_m)
    speeds_mps = np.hypot(*level.mean_mps)
    window, least_mps = best_window(speeds_mps - SURELY_SIGMAS * level.mean_sigma_mps)
    speed_mps, error_mps = of_window(speeds_mps, window), of_window(level.mean_sigma_mps, window)
    low = height_m + SURELY_SIGMAS * height_sigma_m < params.low_ft * FOOT_M

    def evidence(m: int) -> dict[str, float | str]:
        return {
            "height_m": height_m[m],
            "height_sigma_m": height_sigma_m[m],
            "speed_kt": speed_mps[m] / KNOT_MPS,
            "speed_sigma_kt": error_mps[m] / KNOT_MPS,
        }

    lowness = 1 / np.maximum(height_m, LEAST_M)
    return [Sight(low & (least_mps > params.speed_kt * KNOT_MPS), lowness, evidence)]
