"""Vertical limits of AIXM 5.1 volumes, in the forms of the project's zones.

Source: the AIXM 5.1.1 logical model (AirspaceVolume), EUROCONTROL AIXM Coding Guidelines (Vertical limits). What is
doubtful makes the zone larger, aloud.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from detector.airspace.draft import shown
from detector.airspace.feature import Feature
from detector.airspace.xmltree import child, text
from detector.units import FLIGHT_LEVEL_M, FOOT_M

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

REFERENCE = {"MSL": "AMSL", "W84": "AMSL", "": "AMSL", "SFC": "AGL"}
UNIT_M = {"FT": FOOT_M, "M": 1.0}


def lower(volume: Element, feature: Feature) -> str | None:
    """Return a volume's floor, None for none."""
    if minimum := text(volume, "minimumLimit"):
        feature.warn(f"minimumLimit: {minimum} is not observed; the floor may be lower")
    return _limit(volume, "lowerLimit", ("", "FLOOR"), feature)


def upper(volume: Element, feature: Feature) -> str | None:
    """Return a volume's ceiling, None for none."""
    if maximum := text(volume, "maximumLimit"):  # overrides the upper limit wherever it is the higher
        feature.warn(f"maximumLimit: {maximum} is not observed; taken as UNL")
        return None
    return _limit(volume, "upperLimit", ("", "CEILING"), feature)


def _limit(volume: Element, name: str, unknown: tuple[str, ...], feature: Feature) -> str | None:
    value, reference = text(volume, name), text(volume, f"{name}Reference")
    unit = (element.get("uom") or "").upper() if (element := child(volume, name)) is not None else ""
    if value in unknown:
        feature.warn(f"{name}: got {shown(value)}; taken as {'GND' if name == 'lowerLimit' else 'UNL'}")
        return None
    if value in {"GND", "SFC", "UNL"}:
        return value
    if unit == "FL":
        if reference not in {"STD", ""}:
            feature.warn(f"{name}Reference: {reference} is not what FL is counted from; taken as STD")
        return f"FL{value}"
    if unit in UNIT_M and reference in REFERENCE:
        if reference in {"", "W84"}:
            feature.warn(f"{name}Reference: got {shown(reference)}; taken as MSL")
        return f"{value} {unit} {REFERENCE[reference]}"
    if unit in UNIT_M and reference == "STD" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        level = round(float(value) * UNIT_M[unit] / FLIGHT_LEVEL_M, 6)
        return f"FL{math.floor(level) if name == 'lowerLimit' else math.ceil(level)}"
    said = f"{value} {unit} {reference}".strip()
    feature.refuse(f"{name}: got {shown(said)}, expected GND, UNL, FL, or FT or M with MSL, SFC or STD")
    return None
