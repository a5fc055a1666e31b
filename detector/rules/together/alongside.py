"""Alongside: how nearly two aircraft fly together, as those do who have joined each other."""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats
from detector.rules.params import NotNegative
from detector.rules.traffic import Traffic
from detector.tracks.fixes import Rows
from detector.units import FOOT_M, KNOT_MPS, NAUTICAL_MILE_M

STAYS = 1.5  # times farther, and moving less alike, who has joined another is still with it
FLICKER_S = 5.0  # apart for less, who is about to join has been close all the time
DOUBT_SIGMAS = 2.0  # velocities differ by what they surely differ by


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tables about who has joined whom have in common."""

    enabled: bool = True
    close_nm: NotNegative = 2.0
    level_ft: NotNegative = 2000.0
    alike_kt: NotNegative = 60.0
    joined_s: NotNegative = 30.0

    @property
    def reach_m(self) -> float:
        """As far apart over ground as who is close may be."""
        return self.close_nm * NAUTICAL_MILE_M


def excess(traffic: Traffic, one: Rows, other: Rows, apart_m: Floats, params: Params) -> Floats:
    """Return by how much P pairs, by index, miss flying together; up to 1 they do. `apart_m`: over ground, (P,)."""
    above_m = np.nan_to_num(np.abs(traffic.height_m[one] - traffic.height_m[other]))  # no height: on any
    unlike_mps = np.linalg.norm(traffic.velocity_mps[one] - traffic.velocity_mps[other], axis=1)
    unlike_mps -= DOUBT_SIGMAS * np.hypot(traffic.velocity_sigma_mps[one], traffic.velocity_sigma_mps[other])
    limits = params.reach_m, params.level_ft * FOOT_M, params.alike_kt * KNOT_MPS
    return np.maximum.reduce(
        [value / limit for value, limit in zip((apart_m, above_m, unlike_mps), limits, strict=True)]
    )
