"""Well clear: when two aircraft that fly straight on will be in a volume around each other, in closed form.

Horizontally they are in it within DMOD, and before that while they close, will miss each other by DMOD at most, and
have TAUMOD or less of modified tau. Vertically within ZTHR, or while they close and will be level within TCOA. This is
WCV_TAUMOD of DAIDALUS (Munoz, Narkawicz et al., "DAIDALUS: Detect and Avoid Alerting Logic for Unmanned Systems", DASC
2015), in which, as in RTCA DO-365, the horizontal miss distance HMD is DMOD. Each part is one stretch of time:

    r^2(t) + TAUMOD s(t).v <= DMOD^2    modified tau, while s(t).v < 0: a parabola in t; entered at its smaller root
    r^2(t) <= DMOD^2                    a parabola as well; left at its greater root
    |z(t)| <= max(ZTHR, |z'| TCOA)      entered; |z(t)| <= ZTHR left
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats
from detector.geometry.pairs import dot
from detector.units import FOOT_M, NAUTICAL_MILE_M


@dataclass(frozen=True, slots=True)
class Volume:
    """Thresholds by their names in DO-365; numbers, or arrays (P,) of one for each pair. Not known (NaN): nowhere."""

    dmod_m: float | Floats
    zthr_m: float | Floats
    taumod_s: float = 0.0
    tcoa_s: float = 0.0


# RTCA DO-365B, by the names of DAIDALUS 2.0.4, Configurations/DO_365B_no_SUM.conf, which writes 0.66 NM for the 4,000
# ft of phase I. NMAC is its horizontal_nmac, vertical_nmac.
DWC_PHASE_I = Volume(4000 * FOOT_M, 450 * FOOT_M, 35.0)
DWC_PHASE_I_PREVENTIVE = Volume(4000 * FOOT_M, 700 * FOOT_M, 35.0)
DWC_PHASE_II = Volume(1500 * FOOT_M, 450 * FOOT_M)  # in terminal areas
DWC_NON_COOP = Volume(2200 * FOOT_M, 450 * FOOT_M)  # against who has no transponder
NMAC = Volume(500 * FOOT_M, 100 * FOOT_M)

CORRECTIVE_S, WARNING_S = 55.0, 25.0
"""So long before DWC_PHASE_I is violated the alerts of that name are due (alerting_time of alerts 2, 3 there)."""

# TCAS II version 7.1 by sensitivity levels 2 to 7, the last with another ZTHR above FL420 (FAA, "Introduction to TCAS
# II Version 7.1", 2011, table 2; DAIDALUS, TCASTable.java): above feet of altitude, TAU s, DMOD NM, ZTHR ft; TCOA is
# TAU.
_TCAS_TA = (
    (0, 20, 0.30, 850),
    (1000, 25, 0.33, 850),
    (2350, 30, 0.48, 850),
    (5000, 40, 0.75, 850),
    (10_000, 45, 1.00, 850),
    (20_000, 48, 1.30, 850),
    (42_000, 48, 1.30, 1200),
)
_TCAS_RA = (
    (1000, 15, 0.20, 600),
    (2350, 20, 0.35, 600),
    (5000, 25, 0.55, 600),
    (10_000, 30, 0.80, 600),
    (20_000, 35, 1.10, 700),
    (42_000, 35, 1.10, 800),
)


def _bands(rows: tuple[tuple[float, float, float, float], ...]) -> tuple[tuple[float, Volume], ...]:
    return tuple(
        (above_ft * FOOT_M, Volume(dmod_nm * NAUTICAL_MILE_M, zthr_ft * FOOT_M, tau, tau))
        for above_ft, tau, dmod_nm, zthr_ft in rows
    )


TCAS_II_TA = _bands(_TCAS_TA)
"""Traffic advisories: (above this altitude m, volume), ascending."""
TCAS_II_RA = _bands(_TCAS_RA)
"""Resolution advisories, likewise; below 1,000 ft there are none."""


def violation(
    apart_m: Floats, velocity_mps: Floats, above_m: Floats, climb_mps: Floats, volume: Volume, horizon_s: float
) -> tuple[Floats, Floats]:
    """Return from when to when, s from now, P pairs are in a volume, (P,) each; NaN: not within the horizon.

    Of one aircraft as the other sees it: its place and velocity over ground, (P, 2), height and vertical rate, (P,).
    """
    enters_s, leaves_s = _level(apart_m, velocity_mps, np.asarray(volume.dmod_m), volume.taumod_s)
    rises_s, falls_s = _vertical(above_m, climb_mps, np.asarray(volume.zthr_m), volume.tcoa_s)
    start_s = np.maximum(np.maximum(enters_s, rises_s), 0.0)
    end_s = np.minimum(np.minimum(leaves_s, falls_s), horizon_s)
    some = start_s <= end_s
    return np.where(some, start_s, np.nan), np.where(some, end_s, np.nan)


def _level(apart_m: Floats, velocity_mps: Floats, dmod_m: Floats, taumod_s: float) -> tuple[Floats, Floats]:
    speed2, half, beyond_m2 = dot(velocity_mps, velocity_mps), dot(apart_m, velocity_mps), dot(apart_m, apart_m)
    beyond_m2 = beyond_m2 - dmod_m**2
    touches_s, leaves_s = _roots(speed2, half, beyond_m2)
    nears_s, _ = _roots(speed2, half + taumod_s * speed2 / 2, beyond_m2 + taumod_s * half)
    return np.where(np.isnan(touches_s), np.nan, np.fmin(nears_s, touches_s)), leaves_s


def _roots(a: Floats, half_b: Floats, c: Floats) -> tuple[Floats, Floats]:
    """Return from when to when a t^2 + 2 half_b t + c <= 0, where a >= 0; NaN: never."""
    inner = half_b**2 - a * c
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(inner)
        far = -(half_b + np.copysign(root, half_b))  # the root farther from 0, without cancellation
        one, other = far / a, np.where(far == 0, 0.0, c / far)
    always = np.where((a == 0) & (c <= 0), np.inf, np.nan)
    return (
        np.where(a > 0, np.minimum(one, other), -always),
        np.where(a > 0, np.maximum(one, other), always),
    )


def _vertical(above_m: Floats, climb_mps: Floats, zthr_m: Floats, tcoa_s: float) -> tuple[Floats, Floats]:
    speed_mps, below_m = np.abs(climb_mps), -above_m * np.sign(climb_mps)  # what is left until they are level
    with np.errstate(divide="ignore", invalid="ignore"):
        enters_s = (below_m - np.maximum(zthr_m, speed_mps * tcoa_s)) / speed_mps
        leaves_s = (below_m + zthr_m) / speed_mps
    always = np.where(np.abs(above_m) <= zthr_m, np.inf, np.nan)
    stays = speed_mps == 0
    return np.where(stays, -always, enters_s), np.where(stays, always, leaves_s)
