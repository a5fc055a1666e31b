"""Position accuracy: one standard deviation per axis of each plot.

A report's own NACp wins, then the table of its source, then DEFAULT_SIGMA_M. NACp bounds the 95 % horizontal error EPU
(RTCA DO-260B table 2-70); for a circular normal error EPU = 2.4477 sigma, the 95 % point of a Rayleigh distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats
from detector.units import NAUTICAL_MILE_M
from feeds.plots import Plots

DEFAULT_SIGMA_M = 100.0  # a report of unknown origin, its time rounded to the second
DEFAULT_PERIOD_S = 5.0
RAYLEIGH_95 = 2.4477
SURELY_SIGMAS = 2.5  # what is exceeded by so many is exceeded: 99.4 % of one look, and M of N looks must agree

_EPU_M = np.array([20, 10, 4, 2, 1, 0.5, 0.3, 0.1, 0.05]) * NAUTICAL_MILE_M  # NACp 0 promises nothing: 20 NM stands in
SIGMA_OF_NACP_M: Floats = np.concatenate([_EPU_M, [30.0, 10.0, 3.0]]) / RAYLEIGH_95


@dataclass(frozen=True, slots=True)
class Sensor:
    """What is known of a source beforehand."""

    sigma_m: float = DEFAULT_SIGMA_M
    period_s: float = DEFAULT_PERIOD_S


def sigma_m(plots: Plots, sensors: Mapping[str, Sensor]) -> Floats:
    """Return one standard deviation of position per axis, m, shape (N,)."""
    unknown = Sensor()
    of_source = np.array([sensors.get(name, unknown).sigma_m for name in plots.source], dtype=float)
    stated = (plots.nac_p >= 0) & (plots.nac_p < len(SIGMA_OF_NACP_M))
    return np.where(stated, SIGMA_OF_NACP_M[np.where(stated, plots.nac_p, 0)], of_source)
