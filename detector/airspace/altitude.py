"""Altitude limits of zones, as airspace files write them: `GND`, `UNL`, `FL195`, `2500 ft AMSL`, `500 ft AGL`."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.units import FLIGHT_LEVEL_M, FOOT_M, STANDARD_GRAVITY_MPS2

STANDARD_QNH_HPA = 1013.25
FORMS = "GND, UNL, FL195, 2500 ft AMSL, 762.5 m AMSL or 500 ft AGL"


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

_WORDS = {"GND": GROUND, "SFC": GROUND, "UNL": UNLIMITED}
_LEVEL = re.compile(r"FL ?([0-9]{1,3})")
_HEIGHT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?) ?(FT|M) ?(AMSL|MSL|AGL)")
_UNIT_M = {"FT": FOOT_M, "M": 1.0}


def parse(text: str) -> Limit:
    """Return the limit a text means, in upper or lower case. Raises ValueError with the forms that are right."""
    word = text.strip().upper()
    if word in _WORDS:
        return _WORDS[word]
    if level := _LEVEL.fullmatch(word):
        return Limit(int(level[1]) * FLIGHT_LEVEL_M, Reference.STANDARD)
    if not (height := _HEIGHT.fullmatch(word)):
        raise ValueError(FORMS)
    limit = Limit(float(height[1]) * _UNIT_M[height[2]], Reference.GROUND if height[3] == "AGL" else Reference.SEA)
    return GROUND if limit == Limit(0.0, Reference.GROUND) else limit


def without_terrain(floor: Limit, ceiling: Limit) -> tuple[Limit, Limit]:
    """Return both limits with none above ground, so that the zone is larger than drawn, never smaller.

    Ground lies at sea level or higher: a floor counts from the sea, a ceiling is dropped. (Where ground lies below the
    sea, as in a polder, the floor is too high by as much.)
    """
    if floor.reference is Reference.GROUND:
        floor = Limit(floor.height_m, Reference.SEA)
    return floor, UNLIMITED if ceiling.reference is Reference.GROUND else ceiling


# ICAO standard atmosphere (Doc 7488): 288.15 K at the sea, 6.5 K less a kilometre, R = 287.05287 J/(kg K).
_LAPSE_KPM = 0.0065
_SCALE_M = 288.15 / _LAPSE_KPM
_EXPONENT = 287.05287 * _LAPSE_KPM / STANDARD_GRAVITY_MPS2


def amsl_m(pressure_alt_m: NDArray[np.float64], qnh_hpa: float) -> NDArray[np.float64]:
    """Return what an altimeter set to `qnh_hpa` shows at a pressure altitude, any shape; NaN stays NaN.

    Setting a QNH shifts the scale by the standard altitude of that pressure, about 8.3 m (27 ft) a hPa.
    """
    offset_m: float = _SCALE_M * (1 - (qnh_hpa / STANDARD_QNH_HPA) ** _EXPONENT)
    return pressure_alt_m - offset_m
