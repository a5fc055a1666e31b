"""Hard turn: banked more than airliners ever are.

A level turn with lateral acceleration a is banked by atan(a / g); its load factor is sqrt(1 + (a / g)^2). Airliners
stay within 30 deg (1.15 g); of civil traffic at 1 Hz, 99.9 % of the seconds lie below 5.7 m/s2, which is 30 deg.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.rules.params import Angle
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.history import Window
from detector.tracks.kinematics import Motion, best_window, of_window
from detector.units import STANDARD_GRAVITY_MPS2

SLOWEST_MPS = 50.0  # what turns on the spot is a helicopter, and no danger by that
GRAVE_FACTOR = 3.0
FINE_M = 3.0  # places scatter by no less: steps of 5 m in messages (CPR of DO-260B)


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.hard_turn]."""

    enabled: bool = True
    bank_deg: Angle = 35.0  # surely banked by more


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show of turns to the right, and to the left."""
    lateral_mps2 = scene.motion.lateral_mps2()
    return [_look(scene, params, side, side * lateral_mps2) for side in (1, -1)]


def _look(scene: Scene, params: Params, side: int, lateral_mps2: Floats) -> Sight:
    sigma_mps2 = scene.motion.level.acceleration_sigma_mps2
    surely_mps2 = np.where(scene.motion.level.proven, lateral_mps2 - SURELY_SIGMAS * sigma_mps2, np.nan)
    window, least_mps2 = best_window(surely_mps2)
    speed_mps = of_window(np.hypot(*scene.motion.level.mean_mps), window)
    turns = least_mps2 > STANDARD_GRAVITY_MPS2 * np.tan(np.radians(params.bank_deg))
    turns &= speed_mps > SLOWEST_MPS
    if len(m := np.flatnonzero(turns)):
        turns[m] = _borne_out(scene.tracks.history.last(scene.segments.row[m]), side)
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


def _borne_out(window: Window, side: int) -> Mask:
    """Tell of which of R windows the places alone may show half of the turn that the velocities alone show, (R,).

    Scatter says how well the places know: tracks that were filled in between far reports have places on a straight line
    and courses that go round the wrong way, or stand still and leap. Without velocities, there is nothing to bear out.
    """
    fixes, every = window.fixes, np.ones_like(window.age_s)
    places = Motion.of(replace(window, fixes=replace(fixes, sigma_m=FINE_M * every, gs_mps=np.nan * every)))
    told = Motion.of(replace(window, fixes=replace(fixes, sigma_m=np.inf * every)))
    scatter = places.level.stretch[-1] / places.level.stretch  # of the longest window: three places have none
    at_most_mps2 = side * places.lateral_mps2() + SURELY_SIGMAS * scatter * places.level.acceleration_sigma_mps2
    return ~(at_most_mps2 < side * told.lateral_mps2() / 2).any(axis=0)
