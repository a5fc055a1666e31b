"""Where tracks are at one time between their reports: each goes on from its last with its velocity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.geometry.projection import east_north
from detector.tracks.fixes import Rows
from detector.tracks.kinematics import Motion, best_window
from detector.tracks.store import TrackStore
from feeds.plots import Floats


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """R tracks at one time; NaN: not known."""

    place_m: Floats  # (R, 3) earth-centred
    velocity_mps: Floats  # (R, 3)
    sigma_mps: Floats  # (R,) of the velocity, along each axis
    height_m: Floats  # (R,)

    @classmethod
    def of(cls, rows: Rows, tracks: TrackStore, now_s: float) -> Extrapolated:
        """Return where tracks are at a time."""
        motion, fix = Motion.of(tracks.history.last(rows)), tracks.fix.take(rows)
        window, less_mps = best_window(-motion.level.velocity_sigma_mps)
        east_mps, north_mps = (np.take_along_axis(axis, window[None], axis=0)[0] for axis in motion.level.velocity_mps)
        east, north = east_north(fix.earth_m)
        velocity_mps = east_mps[:, None] * east + north_mps[:, None] * north
        height_m = np.where(np.isnan(fix.pressure_alt_m), fix.geo_alt_m, fix.pressure_alt_m)
        place_m = fix.earth_m + velocity_mps * (now_s - fix.time_s)[:, None]
        return cls(place_m, velocity_mps, -less_mps, height_m)
