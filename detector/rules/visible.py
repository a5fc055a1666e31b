"""What a sensor can show at all: the smallest bank and the smallest corner of a zone that its reports would give away.

From N positions of sigma s, T apart, acceleration is known to s sqrt(720 / (N (N^2 - 1) (N^2 - 4))) / T^2, about
27 s / (N T)^2 / sqrt(N): exactly what the estimator says of such reports, which is asked here. So that silence means
something, each feed's limits are published.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri

from detector.geometry.projection import earth_centred
from detector.rules.evidence import UNSEEN_MPS2
from detector.rules.tables import Rules
from detector.tracks import accuracy
from detector.tracks.accuracy import SURELY_SIGMAS, Sensor
from detector.tracks.fixes import Fixes
from detector.tracks.history import LENGTH, Window
from detector.tracks.kinematics import WINDOWS, Motion
from detector.units import STANDARD_GRAVITY_MPS2
from feeds.plots import Plots

SPEED_MPS = 250.0  # of the aircraft that turns or cuts the corner
TURN_S = 30.0  # a turn is seen by the windows that fit into this


def smallest_bank_deg(sigma_m: float, period_s: float, *, tells_velocity: bool, bank_deg: float) -> float:
    """Return the bank, held for TURN_S, that is surely above `bank_deg` in every other look; NaN: none ever is."""
    sigma_mps2 = _motion(sigma_m, period_s, tells_velocity=tells_velocity).level.acceleration_sigma_mps2[:, 0]
    fits = (np.array(WINDOWS) - 1) * period_s <= TURN_S
    seen_mps2 = STANDARD_GRAVITY_MPS2 * np.tan(np.radians(bank_deg)) + SURELY_SIGMAS * sigma_mps2[fits]
    return float(np.degrees(np.arctan(np.fmin.reduce(seen_mps2, initial=np.nan) / STANDARD_GRAVITY_MPS2)))


def smallest_corner_m(sigma_m: float, period_s: float, *, tells_velocity: bool, probability: float) -> float:
    """Return how deep a corner must be cut, halfway between two reports, for an incursion of that probability.

    As `evidence` has it: the error of the place there is sigma / sqrt(2), and what the way may have bent unseen.
    """
    unseen_m = UNSEEN_MPS2 * period_s**2 / 8 / (4 if tells_velocity else 1)
    return float(ndtri(probability) * np.hypot(sigma_m / np.sqrt(2), unseen_m))


def corner_s(depth_m: float) -> float:
    """Return how long it takes to fly straight across a right-angled corner that deep, at the least.

    A way whose place farthest from both sides is d from either is 2 sqrt(2) d long: that across the corner, at 45 deg.
    """
    return float(2 * np.sqrt(2) * depth_m / SPEED_MPS)


def limits(plots: Plots, heard_every_s: float, sensors: Mapping[str, Sensor], rules: Rules) -> dict[str, float]:
    """Return what a feed can show, of some of its plots and how often it has one of each track, for its status.

    The period of a sensor that is configured is believed; of others that is taken which was heard. NaN: not known.
    """
    if not len(plots):
        return {}
    source = plots.source[-1]
    period_s = sensors[source].period_s if source in sensors else heard_every_s
    sigma_m = float(np.median(accuracy.sigma_m(plots, sensors)))
    tells_velocity = bool(np.isfinite(plots.gs_mps + plots.track_deg).mean() > 0.5)
    bank_deg, probability = rules.hard_turn.bank_deg, rules.incursion.probability
    corner_m = smallest_corner_m(sigma_m, period_s, tells_velocity=tells_velocity, probability=probability)
    smallest_deg = smallest_bank_deg(sigma_m, period_s, tells_velocity=tells_velocity, bank_deg=bank_deg)
    return {
        "smallest_bank_deg": round(smallest_deg, 1),
        "smallest_corner_m": round(corner_m, 1),
        "smallest_corner_s": round(corner_s(corner_m), 1),
    }


def _motion(sigma_m: float, period_s: float, *, tells_velocity: bool) -> Motion:
    """Return the motion of one track that flies north, as such a sensor reports it."""
    age_s = -period_s * np.arange(float(LENGTH))[:, None]
    nothing = np.full((LENGTH, 1), np.nan)
    told = np.zeros((LENGTH, 1)) if tells_velocity else nothing
    earth_m = earth_centred(np.zeros(LENGTH), np.degrees(age_s[:, 0] * SPEED_MPS / 6_371e3))[:, None]
    fixes = Fixes(
        time_s=age_s,
        x_m=nothing,
        y_m=nothing,
        earth_m=earth_m,
        sigma_m=np.full((LENGTH, 1), sigma_m),
        pressure_alt_m=nothing,
        geo_alt_m=nothing,
        period_s=np.full((LENGTH, 1), period_s),
        gs_mps=told + SPEED_MPS,
        track_deg=told,
        vrate_mps=nothing,
    )
    return Motion.of(Window(fixes, age_s))
