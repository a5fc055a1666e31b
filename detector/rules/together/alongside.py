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


def unlike_mps(velocity_mps: Floats, sigma_mps: Floats, one: Rows, other: Rows) -> Floats:
    """Return by how much the velocities of P pairs, by index, surely differ; below 0: perhaps not at all."""
    differ_mps = np.linalg.norm(velocity_mps[one] - velocity_mps[other], axis=1)
    surely: Floats = differ_mps - DOUBT_SIGMAS * np.hypot(sigma_mps[one], sigma_mps[other])
    return surely


def excess(traffic: Traffic, one: Rows, other: Rows, apart_m: Floats, differ_mps: Floats, params: Params) -> Floats:
    """Return by how much P pairs, by index, miss flying together; up to 1 they do.

    How far they are apart over ground, (P,), and by how much their velocities surely differ is for others to say.
    """
    above_m = np.nan_to_num(np.abs(traffic.height_m[one] - traffic.height_m[other]))  # no height: on any
    limits = params.reach_m, params.level_ft * FOOT_M, params.alike_kt * KNOT_MPS
    values = apart_m, above_m, differ_mps
    return np.maximum.reduce([value / limit for value, limit in zip(values, limits, strict=True)])
