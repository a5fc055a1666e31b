"""Traffic: tracks as they are at one instant, each carried on from its last report with the velocity that it had.

Its place is then as uncertain as that report, plus what its velocity errs by, plus what it may have turned unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from detector.arrays import Floats, Mask
from detector.rules.evidence import UNSEEN_MPS2
from detector.tracks.fixes import Rows
from detector.tracks.kinematics import best_window, of_window
from detector.tracks.store import TrackStore

Keys = NDArray[np.int64]

REACH_M = 60_000.0  # from farther off nobody comes close within a minute
KNOWN_MPS = 300.0  # a velocity that errs by more tells nothing of where one will be, ...
FASTEST_MPS = 1000.0  # ... nor does one that nobody flies


@dataclass(frozen=True, slots=True)
class Traffic:
    """R tracks at one instant, by row; NaN: not known."""

    row: Rows  # ascending
    place_m: Floats  # (R, 3) earth-centred, height 0
    velocity_mps: Floats  # (R, 3) over ground
    sigma_m: Floats
    velocity_sigma_mps: Floats
    pressure_alt_m: Floats
    geo_alt_m: Floats
    climb_mps: Floats  # 0 where not known
    reported_s: Floats  # when last

    @property
    def height_m(self) -> Floats:
        """Either altitude, pressure altitude where both are known."""
        return np.where(np.isnan(self.pressure_alt_m), self.geo_alt_m, self.pressure_alt_m)

    @property
    def moving(self) -> Mask:
        """Tell of which tracks the velocity is known, (R,): not of who was heard twice within milliseconds."""
        known: Mask = self.velocity_sigma_mps <= KNOWN_MPS
        return known & (np.linalg.norm(self.velocity_mps, axis=1) <= FASTEST_MPS)

    def find(self, rows: Rows) -> Rows:
        """Return the indices of tracks, all of which are here, by their rows."""
        return np.searchsorted(self.row, rows)

    def above_m(self, one: Rows, other: Rows) -> Floats:
        """Return how far others, by index, are above these, like altitude with like, (P,); NaN: not known."""
        by_pressure, by_satellite = (alt_m[other] - alt_m[one] for alt_m in (self.pressure_alt_m, self.geo_alt_m))
        return np.where(np.isnan(by_pressure), by_satellite, by_pressure)


def pair_key(one: Rows, other: Rows) -> Keys:
    """Return one number for each pair of rows, (P,): in the order of the ones, then of the others."""
    return one.astype(np.int64) << 32 | other


def pair_rows(key: Keys) -> tuple[Rows, Rows]:
    """Return the rows of pairs, (P,) each."""
    one, other = np.divmod(key, 1 << 32)
    return one.astype(np.intp), other.astype(np.intp)


def around(now_s: float, rows: Rows, tracks: TrackStore) -> Traffic:
    """Return the traffic at an instant: these tracks, and all who fly within REACH_M of any of them."""
    flying = np.flatnonzero(airborne(tracks))
    far_m, _ = cKDTree(tracks.fix.earth_m[rows]).query(tracks.fix.earth_m[flying], distance_upper_bound=REACH_M)
    concerned = np.zeros(tracks.capacity, dtype=bool)
    concerned[rows] = concerned[flying[np.isfinite(far_m)]] = True
    return carried_on(now_s, np.flatnonzero(concerned), tracks)


def airborne(tracks: TrackStore) -> Mask:
    """Tell which rows are tracks that fly, and of which it is believed where, (C,)."""
    flying: Mask = tracks.alive & ~tracks.lost & ~tracks.trust.doubted & (tracks.grounded == 0)
    return flying


def carried_on(now_s: float, rows: Rows, tracks: TrackStore) -> Traffic:
    """Return where tracks are now, who were last heard some time before."""
    motion, fix = tracks.kinematics(rows), tracks.fix.take(rows)
    velocity_mps, sigma_mps = motion.surest_velocity_mps(fix.earth_m)
    climb_mps = of_window(motion.vertical.velocity_mps[0], best_window(-motion.vertical.velocity_sigma_mps)[0])
    climb_mps, age_s = np.nan_to_num(climb_mps), now_s - fix.time_s
    return Traffic(
        row=rows,
        place_m=fix.earth_m + velocity_mps * age_s[:, None],
        velocity_mps=velocity_mps,
        sigma_m=np.hypot(fix.sigma_m, np.hypot(sigma_mps, UNSEEN_MPS2 * age_s / 2) * age_s),
        velocity_sigma_mps=sigma_mps,
        pressure_alt_m=fix.pressure_alt_m + climb_mps * age_s,
        geo_alt_m=fix.geo_alt_m + climb_mps * age_s,
        climb_mps=climb_mps,
        reported_s=fix.time_s,
    )
