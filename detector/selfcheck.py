"""The self-check of zones: what each is judged by before it counts, one at a time. A list of checks, no more.

A zone that could not mean what its file says is refused, what encloses next to nothing is repaired, and what is odd is
read as it stands; all of it aloud, with the zone and a place, so that none answers "outside" for a reason nobody saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pyproj import Geod

from detector.airspace.altitude import Reference
from detector.airspace.draft import at
from detector.airspace.zones import Zone
from detector.geometry.crossings import Crossing, self_crossings
from detector.geometry.nesting import nested_shells, stray_holes
from detector.geometry.tidy import hollow, without_spikes, without_twins
from detector.geometry.untangle import Loop, untangled
from detector.units import FLIGHT_LEVEL_M

LINES = 10  # about one zone and matter
THINNEST_M = 10.0  # of a part: a good ADS-B position is known to as much
HIGHEST_M = 660 * FLIGHT_LEVEL_M  # airspace classes end there, and with them nearly all flying
DEEPEST_M = -1000.0  # under the sea; the lowest land, at the Dead Sea, lies at -430
LOWEST_M = 30.0  # between floor and ceiling: Mode C tells altitude by 100 ft
FARTHEST_NM = 500.0  # a radar at sea level sees an aircraft at FL660 from 320 NM

_GEOD = Geod(ellps="WGS84")


@dataclass(slots=True)
class Checked:
    """What the self-check found: the zones as they will count, and what is said of them."""

    zones: list[Zone] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(zones: Sequence[Zone]) -> Checked:
    """Return zones repaired where they had to be, with every problem and warning."""
    checked = Checked()
    tidy = [_tidied(zone, checked) for zone in zones]
    whole = [zone for zone in tidy if zone.polygons]
    for zone, crossings in zip(whole, self_crossings(whole), strict=True):
        final = _untangled(zone, crossings, checked) if crossings else zone
        problems = [*_hollow(final), *_holes(final), *_limits(final)]
        checked.problems += [f'zone "{zone.id}": {what}' for what in problems]
        checked.warnings += [f'zone "{zone.id}": {what}' for what in (*_nested(final), *_thin(final), *_unusual(final))]
        checked.zones.append(final)
    return checked


# --- repairs ----------------------------------------------------------------------------------------------------------


def _tidied(zone: Zone, checked: Checked) -> Zone:
    tidy, twins = without_twins(zone)
    tidy, tips = without_spikes(tidy)
    lines = [f"the part or hole at {at(place)} is given again and counts once" for place in twins]
    lines += [f"the line to {at(tip)} and back encloses nothing and is left out" for tip in tips]
    if not tidy.polygons:
        checked.problems.append(f'zone "{zone.id}": encloses nothing at {at(tips[0])}, expected an area')
    return _repaired(tidy, lines, checked)


def _untangled(zone: Zone, crossings: Sequence[Crossing], checked: Checked) -> Zone:
    whole, loops = untangled(zone, crossings)
    loops.sort(key=lambda loop: -loop.area_m2)
    real = [f'zone "{zone.id}": {_crosses(loop)}, expected rings that do not' for loop in loops if not loop.is_stray]
    checked.problems += first(real, f'zone "{zone.id}": its boundary crosses itself')
    return _repaired(whole, [f"{_crosses(loop)}; taken as enclosed" for loop in loops if loop.is_stray], checked)


def _crosses(loop: Loop) -> str:
    crosses = f"its boundary crosses itself at {at((loop.lon_deg, loop.lat_deg))}"
    if np.isnan(loop.area_m2):
        return crosses
    return f"{crosses} in a loop of {area(loop.area_m2)}, {length(loop.width_m)} wide"


def _repaired(zone: Zone, lines: list[str], checked: Checked) -> Zone:
    checked.warnings += first([f'zone "{zone.id}": {line}' for line in lines], f'zone "{zone.id}": repaired alike')
    return replace(zone, repaired=True) if lines else zone


# --- refusals ---------------------------------------------------------------------------------------------------------


def _hollow(zone: Zone) -> Iterator[str]:
    for place in hollow(zone):
        yield f"the hole at {at(place)} is as large as its part, expected a part that encloses something"


def _holes(zone: Zone) -> Iterator[str]:
    for place in stray_holes(zone):
        yield f"the hole at {at(place)} lies outside its part, expected one inside"


def _limits(zone: Zone) -> Iterator[str]:
    if zone.ceiling.height_m < DEEPEST_M:
        yield f"ceiling: {zone.ceiling.height_m:.0f} m is under the sea, expected one above it"


# --- warnings ---------------------------------------------------------------------------------------------------------


def _nested(zone: Zone) -> Iterator[str]:
    # States that are published as shells alone have their enclaves among these, so a hole is what is meant.
    nested = [f"the part at {at(place)} lies inside another and is read as a hole" for place in nested_shells(zone)]
    yield from first(nested, "parts inside others, read as holes,")


def _thin(zone: Zone) -> Iterator[str]:
    sizes = [_GEOD.polygon_area_perimeter(*rings[0].T) for rings in zone.polygons]
    thin = [
        f"the part at {at(rings[0][0])} is {length(width_m)} wide, less than positions are known to"
        for rings, (area_m2, around_m) in zip(zone.polygons, sizes, strict=True)
        if 0 < (width_m := 2 * abs(area_m2) / max(around_m, 1.0)) < THINNEST_M
    ]
    yield from first(thin, "parts as thin")


def _unusual(zone: Zone) -> Iterator[str]:
    low, high = zone.floor, zone.ceiling
    if low.height_m > HIGHEST_M:
        yield f"floor: {low.height_m:.0f} m is above FL660, where next to nothing flies; feet and metres mixed up?"
    if low.reference is high.reference and high.height_m - low.height_m < LOWEST_M:
        yield f"ceiling: {high.height_m - low.height_m:.0f} m above the floor, less than altitudes are known to"
    if low.height_m == -np.inf and high.reference is Reference.SEA and high.height_m < LOWEST_M:
        yield f"ceiling: {high.height_m:.0f} m above the sea, lower than next to everything flies"
    if zone.near_nm > FARTHEST_NM:
        yield f"near_nm: {zone.near_nm:g} is beyond what any radar sees"


# --- words ------------------------------------------------------------------------------------------------------------


def first(lines: Sequence[str], what: str) -> list[str]:
    """Return the first LINES of lines and how many more there are."""
    more = len(lines) - LINES
    return [*lines[:LINES], *([f"{what} in {more} more places"] if more > 0 else [])]


def area(area_m2: float) -> str:
    """Return an area in words: m2, or km2 where it is large."""
    return f"{area_m2:.0f} m2" if area_m2 < 1e5 else f"{area_m2 / 1e6:,.{1 if area_m2 < 1e8 else 0}f} km2"


def length(length_m: float) -> str:
    """Return a length in words: m, or km where it is long."""
    return f"{length_m:.{1 if length_m < 10 else 0}f} m" if length_m < 1e4 else f"{length_m / 1e3:.0f} km"
