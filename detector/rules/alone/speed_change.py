"""Speed change: gaining or losing speed faster than airliners ever do in flight.

In 95 flight hours of airliners over France and Britain, reported every second to ten, 99.9 % of the reports surely
gain less than 1.3 m/s2 and lose less than 1.0 m/s2. Beyond 3 m/s2 (6 kt/s) are 42 reports of 15 aircraft: 34 on a
runway, where everybody accelerates and brakes, so that it tells nothing of who is slower than 165 kt; the others are
single ones. A fighter with afterburner gains 5 m/s2 and more.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats
from detector.rules.alone.bearing_out import borne_out
from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import KNOT_MPS

FLOWN_MPS2 = 20.0  # twice what afterburners and air brakes do; more is a wrong time, or a wrong speed
SLOWEST_MPS = 165 * KNOT_MPS  # as in `dark`: slower ones may be taking off or landing


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.speed_change]."""

    enabled: bool = True
    acceleration_kt_s: NotNegative = 6.0  # surely more, or less than its negative


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show of speed gained, and of speed lost."""
    along_mps2, sigma_mps2 = scene.motion.along_mps2()
    return [_look(scene, params, sign, along_mps2, sigma_mps2) for sign in (1, -1)]


def _look(scene: Scene, params: Params, sign: int, along_mps2: Floats, sigma_mps2: Floats) -> Sight:
    level = scene.motion.level
    window, least_mps2 = best_window(np.where(level.proven, sign * along_mps2 - SURELY_SIGMAS * sigma_mps2, np.nan))
    mps2, error_mps2 = of_window(along_mps2, window), of_window(sigma_mps2, window)
    flying = of_window(np.hypot(*level.mean_mps), window) > SLOWEST_MPS

    def evidence(m: int) -> dict[str, float | str]:
        return {"acceleration_kt_s": mps2[m] / KNOT_MPS, "acceleration_sigma_kt_s": error_mps2[m] / KNOT_MPS}

    changes = (least_mps2 > params.acceleration_kt_s * KNOT_MPS) & (np.abs(mps2) < FLOWN_MPS2) & flying
    if len(m := np.flatnonzero(changes)):
        history = scene.tracks.history.last(scene.segments.row[m])
        changes[m] = borne_out(history, lambda motion: sign * motion.along_mps2()[0])
    return Sight(changes, np.abs(mps2), evidence)
