"""Steep descent: faster than airliners come down, but in an emergency.

99.9 % of the seconds of civil traffic lie below 5,000 ft/min; an emergency descent has about 6,000, a dive at a target
20,000 and more.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import FOOT_PER_MINUTE_MPS

GRAVE_MPS = 10_000 * FOOT_PER_MINUTE_MPS


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.steep_descent]."""

    enabled: bool = True
    rate_fpm: NotNegative = 5_500.0  # surely descending faster


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show."""
    vertical = scene.motion.vertical
    down_mps, sigma_mps = -vertical.mean_mps[0], vertical.mean_sigma_mps
    window, least_mps = best_window(np.where(vertical.proven, down_mps - SURELY_SIGMAS * sigma_mps, np.nan))
    rate_mps, error_mps = of_window(down_mps, window), of_window(sigma_mps, window)

    def evidence(m: int) -> dict[str, float | str]:
        return {
            "vrate_fpm": -rate_mps[m] / FOOT_PER_MINUTE_MPS,
            "vrate_sigma_fpm": error_mps[m] / FOOT_PER_MINUTE_MPS,
        }

    steep = least_mps > params.rate_fpm * FOOT_PER_MINUTE_MPS
    return [Sight(steep, rate_mps, evidence, grave=least_mps > GRAVE_MPS)]
