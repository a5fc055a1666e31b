"""Altitude limits of zones, as airspace files write them: `GND`, `UNL`, `FL195`, `2500 ft AMSL`, `500 ft AGL`."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

STANDARD_QNH_HPA = 1013.25


class Reference(enum.StrEnum):
    """What a limit is measured from."""

    GROUND = "AGL"
    SEA = "AMSL"
    STANDARD = "FL"  # pressure altitude


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: a height in metres (-inf, +inf: none) above its reference."""

    height_m: float
    reference: Reference


GROUND = Limit(-math.inf, Reference.SEA)
UNLIMITED = Limit(math.inf, Reference.SEA)


def amsl_m(pressure_alt_m, qnh_hpa):  # placeholder until the loader lands
    return pressure_alt_m
