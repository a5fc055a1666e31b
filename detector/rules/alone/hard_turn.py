"""Hard turn: banked more than airliners ever are.

A level turn with lateral acceleration a is banked by atan(a / g); its load factor is sqrt(1 + (a / g)^2). Airliners
stay within 30 deg (1.15 g); of civil traffic at 1 Hz, 99.9 % of the seconds lie below 5.7 m/s2, which is 30 deg.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats
from detector.rules.alone.bearing_out import borne_out
from detector.rules.params import Angle
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import STANDARD_GRAVITY_MPS2

SLOWEST_MPS = 50.0  # what turns on the spot is a helicopter, and no danger by that
GRAVE_FACTOR = 3.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.hard_turn]."""

    enabled: bool = True
    bank_deg: Angle = 35.0  # surely banked by more


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show of turns to the right, and to the left."""
    lateral_mps2, sigma_mps2 = scene.motion.lateral_mps2()
    return [_look(scene, params, side, side * lateral_mps2, sigma_mps2) for side in (1, -1)]


def _look(scene: Scene, params: Params, side: int, lateral_mps2: Floats, sigma_mps2: Floats) -> Sight:
    surely_mps2 = np.where(scene.motion.level.proven, lateral_mps2 - SURELY_SIGMAS * sigma_mps2, np.nan)
    window, least_mps2 = best_window(surely_mps2)
    speed_mps = of_window(np.hypot(*scene.motion.level.mean_mps), window)
    turns = least_mps2 > STANDARD_GRAVITY_MPS2 * np.tan(np.radians(params.bank_deg))
    turns &= speed_mps > SLOWEST_MPS
    if len(m := np.flatnonzero(turns)):
        history = scene.tracks.history.last(scene.segments.row[m])
        turns[m] = borne_out(history, lambda motion: side * motion.lateral_mps2()[0])
    mps2, error_mps2 = of_window(lateral_mps2, window), of_window(sigma_mps2, window)
    factor = np.hypot(1.0, mps2 / STANDARD_GRAVITY_MPS2)

    def evidence(m: int) -> dict[str, float | str]:
        slope = mps2[m] / STANDARD_GRAVITY_MPS2 / factor[m] / STANDARD_GRAVITY_MPS2  # of the factor over acceleration
        return {
            "load_factor_g": factor[m],
            "load_factor_sigma_g": slope * error_mps2[m],
            "bank_deg": np.degrees(np.arctan2(mps2[m], STANDARD_GRAVITY_MPS2)),
            "turn_rate_deg_s": np.degrees(mps2[m] / speed_mps[m]),
        }

    surely_factor = np.hypot(1.0, np.maximum(least_mps2, 0.0) / STANDARD_GRAVITY_MPS2)
    return Sight(turns, factor, evidence, grave=surely_factor > GRAVE_FACTOR)
