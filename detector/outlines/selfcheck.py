"""The self-check of zones: what they are judged by before they count, one at a time and between neighbours.

A zone that could not mean what its file says is refused, what encloses next to nothing is repaired, and what is odd is
read as it stands; all of it aloud, with the zone and a place, so that none answers "outside" for a reason nobody saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from detector.airspace.draft import at
from detector.airspace.limits import impossible, unusual
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, State, Zone
from detector.errors import InputError, about
from detector.outlines.crossings import Crossing, Meetings, meetings
from detector.outlines.derive import derive
from detector.outlines.disputes import Dispute, disputes
from detector.outlines.doubled import Doubled, around_once, overlaps
from detector.outlines.drawn import Plane
from detector.outlines.nesting import nested_shells, stray_holes
from detector.outlines.size import fine, size, width_m
from detector.outlines.tidy import without_spikes, without_twins
from detector.outlines.untangle import Loop, untangled
from detector.outlines.words import area, first, length

PAIRS = 50  # of neighbours
THINNEST_M = 10.0  # of a part: a good ADS-B position is known to as much
NOTHING_M = 1.0  # files round by as much


@dataclass(slots=True)
class _Judged:
    """A zone and what is said of it."""

    zone: Zone
    problems: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_disputed: bool = False

    def final(self, is_warned: bool) -> Zone:
        if self.repairs:
            return replace(self.zone, state=State.REPAIRED)
        return replace(self.zone, state=State.WARNED) if is_warned or self.warnings or self.is_disputed else self.zone

    def aloud(self, lines: Sequence[str], place_of: Mapping[str, str]) -> list[str]:
        return [f"{_place(self.zone, place_of)}: {line}" for line in lines]


def check(reading: Reading) -> Reading:
    """Return a reading with its zones as they will count, without those refused, and all that is said of them.

    Derived zones are drawn, and come after the others, moving assets last.
    """
    zones = _by_id(reading.zones)
    places = dict(reversed(reading.claims))  # the first of each id, as the zone is
    judged, moving = _alone([z for z in zones if z.follows is None], places), [_Judged(z) for z in zones if z.follows]
    # Between two halves of the check: what is derived is drawn from what counts, so when this has been repaired or
    # refused; it has neighbours of its own, so before these are compared. So every zone is judged once.
    bases = {each.zone.id: each.zone for each in (*judged, *moving) if not each.problems}
    drawn, undrawn = derive(reading.derived, bases)
    judged += _alone(_by_id([*zones, *drawn])[len(zones) :], places)
    sound = [each for each in judged if not each.problems]
    between = [*_drawn_alike(sound), *first(list(_disputes(sound)), "neighbours dispute", PAIRS)]
    warned = {zone_id for zone_id, place in reading.claims if place in reading.warned}
    problems = [line for each in judged for line in each.aloud(each.problems, places)]
    said = [(each, first(each.repairs, "repaired alike") + each.warnings) for each in judged]
    warnings = [line for each, lines in said for line in each.aloud(lines, places)]
    return Reading(
        zones=[each.final(each.zone.id in warned) for each in (*sound, *moving)],
        claims=reading.claims,
        problems=reading.problems + problems + undrawn,
        warnings=reading.warnings + warnings + between,
        warned=reading.warned,
    )


def _place(zone: Zone, place_of: Mapping[str, str]) -> str:
    return place_of.get(zone.id, f'zone "{zone.id}"')


def _alone(zones: Sequence[Zone], place_of: Mapping[str, str]) -> list[_Judged]:
    """Return zones with all that is said of each by itself."""
    judged = [_tidied(zone) for zone in zones]
    whole = [each for each in judged if not each.problems]
    for each, met in zip(whole, meetings([each.zone for each in whole]), strict=True):
        with about(_place(each.zone, place_of)):
            _judge(each, met)
    return judged


def _judge(judged: _Judged, met: Meetings) -> None:
    if met.crossings:
        _untangle(judged, met.crossings)
    if not judged.problems:
        _undouble(judged, meetings([judged.zone])[0] if met.crossings else met)
    zone = judged.zone
    judged.problems += impossible(zone)
    if not judged.problems:
        judged.problems += [*_hollow(zone), *_holes(zone)]
    if not judged.problems:
        judged.warnings += [*_nested(zone), *_thin(zone), *unusual(zone)]


def _by_id(zones: Sequence[Zone]) -> list[Zone]:
    """Return the first zone of each id; the others are refused already."""
    first_of: dict[str, Zone] = {}
    for zone in zones:
        first_of.setdefault(zone.id, zone)
    return list(first_of.values())


# --- repairs ----------------------------------------------------------------------------------------------------------


def _tidied(zone: Zone) -> _Judged:
    if not zone.polygons:
        return _Judged(zone, problems=["encloses nothing, expected an area"])
    if not Plane(zone).holds(zone):
        place = at(zone.polygons[0][0][0])
        return _Judged(zone, problems=[f"spans half the globe from {place} on, expected parts that do not"])
    tidy, twins = without_twins(zone)
    tidy, tips = without_spikes(tidy)
    if not tidy.polygons:
        return _Judged(zone, problems=[f"encloses nothing at {at(tips[0])}, expected an area"])
    lines = [f"the part or hole at {at(place)} is given again and counts once" for place in twins]
    lines += [f"the line to {at(tip)} and back encloses nothing and is left out" for tip in tips]
    return _Judged(tidy, repairs=lines)


def _untangle(judged: _Judged, crossings: Sequence[Crossing]) -> None:
    judged.zone, loops = untangled(judged.zone, crossings)
    loops.sort(key=lambda loop: -loop.area_m2)
    judged.repairs += [f"{_crosses(loop)}; taken as enclosed" for loop in loops if loop.is_stray]
    real = [f"{_crosses(loop)}, expected rings that do not" for loop in loops if not loop.is_stray]
    judged.problems += first(real, "its boundary crosses itself")


def _crosses(loop: Loop) -> str:
    crosses = f"its boundary crosses itself at {at((loop.lon_deg, loop.lat_deg))}"
    if np.isnan(loop.area_m2):
        return crosses
    return f"{crosses} in a loop of {area(loop.area_m2)}, {length(loop.width_m)} wide"


def _undouble(judged: _Judged, met: Meetings) -> None:
    try:
        judged.zone, found = around_once(judged.zone, met.touching)
        touching = meetings([judged.zone])[0].touching if found else met.touching
        overlapping = overlaps(judged.zone, touching)
    except ImportError:
        judged.warnings.append('lines touch; to tell whether all counts takes shapely: pip install "incursiond[zones]"')
        return
    judged.repairs += [f"a ring goes around {_wide(each)} more than once; taken as enclosed" for each in found]
    said = [f"rings contradict each other on {_wide(each)}" for each in overlapping]
    judged.problems += [f"{line}, expected parts apart and holes inside them" for line in said]


def _wide(doubled: Doubled) -> str:
    return f"{area(doubled.area_m2)} at {at((doubled.lon_deg, doubled.lat_deg))}"


# --- refusals ---------------------------------------------------------------------------------------------------------


def _hollow(zone: Zone) -> Iterator[str]:
    """Yield what is said of parts that cancel each other, or are all hole."""
    for shell, *holes in zone.polygons:
        if holes and _left_m(zone, shell, holes) < NOTHING_M:
            yield f"the part at {at(shell[0])} is all hole, expected one that encloses something"
    for part, nested in nested_shells(zone).items():
        if _left_m(zone, zone.polygons[nested.inside][0], zone.polygons[part][:1]) < NOTHING_M:
            yield f"the part at {at((nested.lon_deg, nested.lat_deg))} is drawn twice, not quite alike; expected once"


def _left_m(zone: Zone, shell: Ring, holes: Sequence[Ring]) -> float:
    """Return how wide is what holes leave of a shell."""
    sizes = [size(ring if zone.geodesic else fine(ring)) for ring in (shell, *holes)]
    (area_m2, around_m), *without = [(abs(area_m2), around_m) for area_m2, around_m in sizes]
    return width_m(area_m2 - sum(hole_m2 for hole_m2, _ in without), around_m + sum(hole_m for _, hole_m in without))


def _holes(zone: Zone) -> Iterator[str]:
    for place in stray_holes(zone):
        yield f"the hole at {at(place)} lies outside its part, expected one inside"


# --- warnings ---------------------------------------------------------------------------------------------------------


def _nested(zone: Zone) -> list[str]:
    # States that are published as shells alone have their enclaves among these, so a hole is what is meant.
    places = [at((nested.lon_deg, nested.lat_deg)) for nested in nested_shells(zone).values()]
    inside = [f"the part at {place} lies inside another and is read as a hole" for place in places]
    return first(inside, "parts inside others, read as holes,")


def _thin(zone: Zone) -> list[str]:
    widths_m = [_left_m(zone, rings[0], rings[1:]) for rings in zone.polygons]
    thin = [
        f"the part at {at(rings[0][0])} is {length(wide_m)} wide, less than positions are known to"
        for rings, wide_m in zip(zone.polygons, widths_m, strict=True)
        if wide_m < THINNEST_M
    ]
    return first(thin, "parts as thin")


# --- between zones ----------------------------------------------------------------------------------------------------


def _drawn_alike(judged: Sequence[_Judged]) -> Iterator[str]:
    """Yield which zones of a kind are drawn alike: each alerts for itself."""
    first_of: dict[tuple[object, ...], _Judged] = {}
    for each in judged:
        rings = [ring.tobytes() for polygon in each.zone.polygons for ring in polygon]
        drawn = each.zone.kind, each.zone.floor, each.zone.ceiling, each.zone.active
        one = first_of.setdefault((*rings, *drawn), each)
        if one is not each:
            one.is_disputed = each.is_disputed = True
            yield f'zones "{one.zone.id}" and "{each.zone.id}": drawn alike, with the same limits; both count'


def _disputes(judged: Sequence[_Judged]) -> Iterator[str]:
    """Yield what neighbouring states dispute, the largest first, and mark them."""
    national = [each for each in judged if each.zone.kind == "national"]
    try:
        found = disputes([each.zone for each in national])
    except InputError as error:
        yield f"neighbours are not compared: {error}"
        return
    for dispute in sorted(found, key=lambda dispute: -dispute.area_m2):
        one, other = national[dispute.one], national[dispute.other]
        if _share_heights(one.zone, other.zone):
            one.is_disputed = other.is_disputed = True
            yield f'zones "{one.zone.id}" and "{other.zone.id}": {_disputed(dispute)}'


def _share_heights(one: Zone, other: Zone) -> bool:
    # A flight level is as good as a height here: layers that were drawn to meet have the same words for it.
    return max(one.floor.height_m, other.floor.height_m) < min(one.ceiling.height_m, other.ceiling.height_m)


def _disputed(dispute: Dispute) -> str:
    what = f"{'neither claims' if dispute.is_gap else 'both claim'} {area(dispute.area_m2)}"
    place = at((dispute.lon_deg, dispute.lat_deg))
    where = f"at {place}" if dispute.places == 1 else f"in {dispute.places} places, the largest at {place}"
    return f"{what} {'between them ' if dispute.is_gap else ''}{where}"
