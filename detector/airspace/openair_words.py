"""Words of OpenAir files: positions, altitudes, and the classes and types that say what an airspace is."""

from __future__ import annotations

import re

from detector.airspace import altitude
from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.units import FOOT_M

POSITION = "52:22:39 N 013:08:15 E, 52:22.650 N 013:08.250 E or 52.3775 N 13.1375 E, minutes below 60"
ALTITUDE = "GND, UNL, FL195, 2500 ft AMSL, 500 m AGL or 19500 ft STD"

_POSITION = r"([\d:.]+) *([NS])[ ,]*([\d:.]+) *([EW])"
_ANGLES = [
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d*)?)",
        r"(\d{1,3}):(\d{1,2}(?:\.\d*)?)",
        r"(\d{2,3})(\d\d)(\d\d(?:\.\d*)?)",  # 265644.00N 0500434.00E
        r"(\d{1,3}(?:\.\d*)?)",
    )
]
_ALTITUDE = re.compile(r"(-?\d+(?:\.\d+)?) ?(FT|F|M)? ?(A?MSL|AGL|GND|A?SFC|STD)?", re.ASCII)
_ABOVE_GROUND = frozenset({"AGL", "GND", "SFC", "ASFC"})
_ALTITUDES = {
    **dict.fromkeys(("GROUND", "SURFACE", "AGL"), GROUND),
    **dict.fromkeys(("UNLIM", "UNLIMITED", "UNLTD", "UNLD"), UNLIMITED),
}

OTHER = "belt"
_KINDS = {
    **dict.fromkeys(("P", "PROHIBITED"), "prohibited"),
    **dict.fromkeys(("R", "RESTRICTED", "TRA", "TSA", "TFR"), "restricted"),
    **dict.fromkeys(("Q", "DANGER", "ALERT", "WARNING"), "danger"),
    **dict.fromkeys(("FIR", "UIR"), "fir"),
    "ADIZ": "adiz",
}


def positions(text: str, count: int) -> list[tuple[float, float]]:
    """Return so many positions, longitude and latitude in degrees. Raises ValueError with the forms that are right."""
    form = POSITION if count == 1 else f"{count} positions such as {POSITION}"
    if not (match := re.fullmatch("[ ,]*".join([_POSITION] * count), text.upper(), re.ASCII)):
        raise ValueError(form)
    words = match.groups()
    try:
        return [
            (_angle_deg(*words[n + 2 : n + 4], most=180), _angle_deg(*words[n : n + 2], most=90))
            for n in range(0, len(words), 4)
        ]
    except ValueError as error:
        raise ValueError(form) from error


def _angle_deg(text: str, hemisphere: str, *, most: int) -> float:
    match = next(filter(None, (form.fullmatch(text) for form in _ANGLES)), None)
    if match is None:
        raise ValueError("no angle")
    degrees, minutes, seconds = (*map(float, match.groups()), 0.0, 0.0)[:3]
    angle_deg = degrees + minutes / 60 + seconds / 3600
    if minutes >= 60 or seconds > 60 or angle_deg > most:  # 60 seconds: 59.96 rounded by whoever wrote the file
        raise ValueError("no such angle")
    return -angle_deg if hemisphere in "SW" else angle_deg


def limit(text: str) -> Limit:
    """Return the limit an altitude means; feet and above the sea where it does not say.

    Raises ValueError with the forms that are right.
    """
    word = " ".join(text.upper().split())
    if word in _ALTITUDES:
        return _ALTITUDES[word]
    if match := _ALTITUDE.fullmatch(word):
        number, unit, datum = match.groups()
        if float(number) == 0 and datum is None:
            return GROUND  # nobody means sea level by a bare 0
        unit = "M" if unit == "M" else "FT"
        if datum == "STD":
            return Limit(float(number) * (1.0 if unit == "M" else FOOT_M), Reference.STANDARD)
        word = f"{number} {unit} {'AGL' if datum in _ABOVE_GROUND else 'AMSL'}"
    try:
        return altitude.parse(word)
    except ValueError as error:
        raise ValueError(ALTITUDE) from error


def kind(airspace_class: str, airspace_type: str) -> str:
    """Return what zone an airspace is: by its type (AY) if that tells, or else its class (AC).

    Prohibited, restricted and danger areas, and reserved or segregated ones, are those an intruder must not be in; FIR
    and ADIZ those a room wants to hear of. Everything else (classes A to G, CTR, TMA, RMZ, TMZ, gliding and wave areas,
    glider prohibited, military training) is open to whoever follows its rules: a belt, being in which alarms nobody.
    """
    return _KINDS.get(airspace_type.upper()) or _KINDS.get(airspace_class.upper(), OTHER)
