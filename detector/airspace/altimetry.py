"""Altimetry: what reported altitudes tell of the height that a limit is measured in, and how surely.

A barometric altitude is a flight level as it stands, and a height above the sea as far as the pressure at sea level and
the temperature of the air are known; a geometric one, above the ellipsoid, is a height above the sea but for the
geoid, and a flight level as far as pressure and temperature are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.airspace.altitude import STANDARD_QNH_HPA, standard_altitude_m
from detector.arrays import Floats
from detector.units import FOOT_M

NORMAL_95 = 1.96
BAROMETRIC_SIGMA_M = 125 * FOOT_M / NORMAL_95  # of what the pilot's altimeter shows: 14 CFR 91.217 (a)(2)
GEOMETRIC_SIGMA_M = 45.0 / NORMAL_95  # RTCA DO-260B, geometric vertical accuracy 2
GEOID_SIGMA_M = 30.6  # root mean square of EGM96 over the ellipsoid, -107 m to 85 m; no model of it is at hand
QNH_SIGMA_HPA = 4.0  # of a QNH of the day, over a theatre and a watch
WEATHER_SIGMA_HPA = 10.0  # of the pressure at sea level, where nobody has said more than the standard
TEMPERATURE_SHARE = 0.04  # of the height for 10 K off the standard (ICAO Doc 8168), here one standard deviation


@dataclass(frozen=True, slots=True)
class Altimetry:
    """Altitudes under one QNH. The standard one says nothing of the day."""

    qnh_hpa: float

    def above_sea_m(self, pressure_alt_m: Floats, geo_alt_m: Floats) -> tuple[Floats, Floats]:
        """Return heights above mean sea level and their sigma, from the better altitude; NaN without any."""
        by_pressure_m = pressure_alt_m - standard_altitude_m(self.qnh_hpa)
        weather_m = self._weather_sigma_m(by_pressure_m)
        geometric_m = np.full_like(geo_alt_m, np.hypot(GEOMETRIC_SIGMA_M, GEOID_SIGMA_M))
        return _better((by_pressure_m, np.hypot(BAROMETRIC_SIGMA_M, weather_m)), (geo_alt_m, geometric_m))

    def pressure_altitude_m(self, pressure_alt_m: Floats, geo_alt_m: Floats) -> tuple[Floats, Floats]:
        """Return pressure altitudes and their sigma, likewise."""
        geometric_m = np.hypot(np.hypot(GEOMETRIC_SIGMA_M, GEOID_SIGMA_M), self._weather_sigma_m(geo_alt_m))
        by_geometry_m = geo_alt_m + standard_altitude_m(self.qnh_hpa)
        barometric_m = np.full_like(pressure_alt_m, BAROMETRIC_SIGMA_M)
        return _better((pressure_alt_m, barometric_m), (by_geometry_m, geometric_m))

    def _weather_sigma_m(self, height_m: Floats) -> Floats:
        """Return how much the weather may shift pressure altitude against heights above the sea."""
        sigma_hpa = WEATHER_SIGMA_HPA if self.qnh_hpa == STANDARD_QNH_HPA else QNH_SIGMA_HPA
        shift_m = standard_altitude_m(self.qnh_hpa) - standard_altitude_m(self.qnh_hpa + sigma_hpa)
        sigma_m: Floats = np.hypot(shift_m, TEMPERATURE_SHARE * height_m)
        return sigma_m


def _better(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return height and sigma of the one that is known, and of two the surer."""
    (one_m, one_sigma_m), (other_m, other_sigma_m) = one, other
    wins = ~np.isnan(other_m) & (np.isnan(one_m) | (other_sigma_m < one_sigma_m))
    return np.where(wins, other_m, one_m), np.where(wins, other_sigma_m, one_sigma_m)
