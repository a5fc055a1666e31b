"""Limits of zones that cannot be meant, and those that hardly are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detector.airspace.zones import Zone
from detector.units import FLIGHT_LEVEL_M

SPACE_M = 100_000.0  # the Karman line: no aircraft is above it
HIGHEST_M = 660 * FLIGHT_LEVEL_M  # controlled airspace ends there, and with it nearly all flying
DEEPEST_M = -1000.0  # under the sea; the lowest land, at the Dead Sea, lies at -430
LOWEST_M = 30.0  # between floor and ceiling: Mode C tells altitude by 100 ft
FARTHEST_NM = 500.0  # a radar at sea level sees an aircraft at FL660 from 320 NM


def impossible(zone: Zone) -> Iterator[str]:
    """Yield what is wrong with limits between which nothing could ever be."""
    if zone.ceiling.height_m < DEEPEST_M:
        yield f"ceiling: {zone.ceiling.height_m:.0f} m is under the sea, expected one above it"
    if zone.floor.height_m > SPACE_M:
        yield f"floor: {zone.floor.height_m:.0f} m is in space, expected one below {SPACE_M:.0f} m"


def unusual(zone: Zone) -> Iterator[str]:
    """Yield what is odd about limits that are possible."""
    low, high = zone.floor, zone.ceiling
    if low.height_m > HIGHEST_M:
        yield f"floor: {low.height_m:.0f} m is above FL660, where next to nothing flies; feet and metres mixed up?"
    if SPACE_M < high.height_m < np.inf:
        yield f"ceiling: {high.height_m:.0f} m is in space; UNL says that there is none"
    if low.reference is high.reference and high.height_m - low.height_m < LOWEST_M:
        yield f"ceiling: {high.height_m - low.height_m:.0f} m above the floor, less than altitudes are known to"
    if low.height_m == -np.inf and high.height_m < LOWEST_M:
        yield f"ceiling: {high.height_m:.0f} m above the sea, lower than next to everything flies"
    if zone.near_nm > FARTHEST_NM:
        yield f"near_nm: {zone.near_nm:g} is beyond what any radar sees"
