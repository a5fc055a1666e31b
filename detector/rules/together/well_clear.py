"""Well clear: an aircraft comes so close to another that it is not well clear of it any more, or will not be soon.

The volume is that of DO-365's DWC phase I, the horizon that of its warning alert. The threshold of distance is less by
what the miss distance may err by, so that it is surely so.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats
from detector.geometry.pairs import cpa
from detector.geometry.well_clear import Volume, violation
from detector.rules.params import NotNegative
from detector.rules.sight import Sight
from detector.rules.together.encounters import Encounters, Reach
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.units import FOOT_M

LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.well_clear]."""

    enabled: bool = True
    dmod_ft: NotNegative = 4000.0  # DWC_PHASE_I, as the next three
    zthr_ft: NotNegative = 450.0
    taumod_s: NotNegative = 35.0
    tcoa_s: NotNegative = 0.0
    horizon_s: NotNegative = 25.0  # WARNING_S


def reach(params: Params) -> Reach:
    """Return whom to look at: t s before it is DMOD, modified tau is t (2 - t / time to CPA), which is t or more."""
    return Reach(params.dmod_ft * FOOT_M, params.horizon_s + params.taumod_s)


def look(pairs: Encounters, params: Params) -> list[Sight]:
    """Return what P pairs show; a friend may come close."""
    volume = Volume(params.dmod_ft * FOOT_M, params.zthr_ft * FOOT_M, params.taumod_s, params.tcoa_s)
    starts_s = surely_within(pairs, volume, params.horizon_s)
    return [sight(pairs, (starts_s <= params.horizon_s) & ~pairs.is_friend & ~pairs.other_is_friend, starts_s == 0)]


def surely_within(pairs: Encounters, volume: Volume, horizon_s: float) -> Floats:
    """Return when P pairs will surely be in a volume, s from now; NaN: not within the horizon, or not surely."""
    time_s, _ = cpa(pairs.apart_m, pairs.velocity_mps)
    time_s = np.minimum(time_s, horizon_s + volume.taumod_s)
    dmod_m = volume.dmod_m - SURELY_SIGMAS * np.hypot(pairs.sigma_m, pairs.sigma_mps * time_s)
    surely = Volume(np.where(dmod_m > 0, dmod_m, np.nan), volume.zthr_m, volume.taumod_s, volume.tcoa_s)
    starts_s, _ = violation(pairs.apart_m, pairs.velocity_mps, pairs.above_m, pairs.climb_mps, surely, horizon_s)
    return starts_s


def sight(pairs: Encounters, shown: np.ndarray, grave: np.ndarray | None = None) -> Sight:
    """Return the sight of who is close, or will be."""
    range_m = pairs.range_m
    time_s, miss_m = cpa(pairs.apart_m, pairs.velocity_mps)

    def evidence(p: int) -> dict[str, float | str]:
        return {"closest_m": range_m[p], "time_to_cpa_s": time_s[p], "miss_distance_m": miss_m[p]}

    return Sight(shown, 1 / np.maximum(range_m, LEAST_M), evidence, grave=grave)
