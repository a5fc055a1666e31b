"""Altitude limits of zones, as airspace files write them: `GND`, `UNL`, `FL195`, `2500 ft AMSL`, `500 ft AGL`."""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass

from detector.units import FLIGHT_LEVEL_M, FOOT_M, STANDARD_GRAVITY_MPS2

STANDARD_QNH_HPA = 1013.25
LOWEST_LAND_M = -450.0  # the shore of the Dead Sea lies at -440 m, and sinks
HIGHEST_LAND_M = 8850.0  # Mount Everest, 8848.86 m
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

    Where the ground lies is not known here: a floor counts from the lowest land there is, a ceiling from the highest.
    """
    if floor.reference is Reference.GROUND:
        floor = Limit(floor.height_m + LOWEST_LAND_M, Reference.SEA)
    if ceiling.reference is Reference.GROUND:
        ceiling = Limit(ceiling.height_m + HIGHEST_LAND_M, Reference.SEA)
    return floor, ceiling


def grounded(floor: Limit) -> Limit:
    """Return a floor, the ground for one at the sea, at FL0 or lower.

    Nothing flies below it, but altitudes read so: under 1035 hPa FL0 lies 180 m above the sea.
    """
    return GROUND if floor.height_m <= 0 else floor


# ICAO standard atmosphere (Doc 7488): 288.15 K at the sea, 6.5 K less a kilometre, R = 287.05287 J/(kg K).
_LAPSE_KPM = 0.0065
_SCALE_M = 288.15 / _LAPSE_KPM
_EXPONENT = 287.05287 * _LAPSE_KPM / STANDARD_GRAVITY_MPS2


def standard_altitude_m(pressure_hpa: float) -> float:
    """Return the altitude of a pressure in the standard atmosphere: 0 m for 1013.25 hPa, about 8.3 m less a hPa.

    It is what an altimeter set to a QNH shows less than one set to the standard.
    """
    return _SCALE_M * float(1 - (pressure_hpa / STANDARD_QNH_HPA) ** _EXPONENT)
