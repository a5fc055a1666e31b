"""Bow crossing: an aircraft is about to fly across the nose of another.

In the frame of the one whose nose it is, x ahead along its course and y to the right of it, the other comes to the line
y = 0 after -y / y' seconds at x + x' t ahead. All of it is surely so: the time, at its longest, and the distance ahead,
at its longest and its shortest, for who passes behind crosses nobody's bow. A fighter that joins from beside heads
across the nose until its last turn, so only the last seconds count; one that follows an intruder has it across its own
nose all the time, so the bows of friends do not.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.pairs import dot
from detector.rules.params import NotNegative
from detector.rules.sight import Sight
from detector.rules.together.encounters import Encounters, Reach
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.units import FOOT_M

SLOWEST_MPS = 30.0  # who hovers has no bow
LEAST_ANGLE = np.sin(np.radians(20))  # who slides across, on all but the same course, cuts nobody off
LEAST_M = 1.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.bow_crossing]."""

    enabled: bool = True
    within_s: NotNegative = 5.0
    ahead_m: NotNegative = 1500.0
    height_ft: NotNegative = 500.0


def reach(params: Params) -> Reach:
    """Return whom to look at."""
    return Reach(params.ahead_m, params.within_s)


def look(pairs: Encounters, params: Params) -> list[Sight]:
    """Return what P pairs show of crossings of the bow of one, and of the other; whoever they are."""
    return [
        _look(pairs, params, pairs.apart_m, pairs.velocity_mps, pairs.way_mps, ~pairs.is_friend),
        _look(pairs, params, -pairs.apart_m, -pairs.velocity_mps, pairs.other_way_mps, ~pairs.other_is_friend),
    ]


def _look(
    pairs: Encounters, params: Params, apart_m: Floats, velocity_mps: Floats, way_mps: Floats, counts: Mask
) -> Sight:
    """Return what P pairs show of who is so far from, and moves so as seen by, who flies that way."""
    speed_mps = np.linalg.norm(way_mps, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = way_mps / speed_mps[:, None]
        right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
        side_m, across_mps = dot(apart_m, right), dot(velocity_mps, right)
        time_s = -side_m / across_mps
        least_mps = np.abs(across_mps) - SURELY_SIGMAS * pairs.sigma_mps
        latest_s = (np.abs(side_m) + SURELY_SIGMAS * pairs.sigma_m) / least_mps
        ahead_m = dot(apart_m, ahead) + time_s * dot(velocity_mps, ahead)
        error_m = SURELY_SIGMAS * np.hypot(pairs.sigma_m, pairs.sigma_mps * time_s)
        above_m = np.abs(pairs.above_m + time_s * pairs.climb_mps)
        shown = counts & (speed_mps > SLOWEST_MPS) & (least_mps > LEAST_ANGLE * speed_mps)
        shown &= (time_s >= 0) & (latest_s <= params.within_s) & (above_m <= params.height_ft * FOOT_M)
        shown &= (ahead_m - error_m > 0) & (ahead_m + error_m <= params.ahead_m)
    range_m = pairs.range_m

    def evidence(p: int) -> dict[str, float | str]:
        return {"closest_m": range_m[p], "time_to_crossing_s": time_s[p], "ahead_m": ahead_m[p]}

    return Sight(shown, 1 / np.maximum(ahead_m, LEAST_M), evidence)
