"""Pull-up: out of a dive or into a zoom climb, upwards with more than the path of any airliner bends."""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.params import NotNegative
from detector.rules.sight import Scene, Sight
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.kinematics import best_window, of_window
from detector.units import STANDARD_GRAVITY_MPS2

LONGEST_S = 18.0  # no pull-up takes longer: what a radar of 12 s sees of one is as often two heights that are wrong


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.pull_up]."""

    enabled: bool = True
    load_factor_g: NotNegative = 1.5  # surely more; 1 in level flight, a go-around has about 1.2


def look(scene: Scene, params: Params) -> list[Sight]:
    """Return what M steps show."""
    vertical = scene.motion.vertical
    up_mps2, sigma_mps2 = vertical.acceleration_mps2[0], vertical.acceleration_sigma_mps2
    told = vertical.proven & (vertical.span_s <= LONGEST_S)
    window, least_mps2 = best_window(np.where(told, up_mps2 - SURELY_SIGMAS * sigma_mps2, np.nan))
    factor = 1 + of_window(up_mps2, window) / STANDARD_GRAVITY_MPS2
    error = of_window(sigma_mps2, window) / STANDARD_GRAVITY_MPS2
    pulls = least_mps2 > (params.load_factor_g - 1) * STANDARD_GRAVITY_MPS2

    def evidence(m: int) -> dict[str, float | str]:
        return {"load_factor_g": factor[m], "load_factor_sigma_g": error[m]}

    return [Sight(pulls, factor, evidence)]
