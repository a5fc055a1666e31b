"""Deriving: what a reading asks to be drawn by its distance from other zones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from detector.airspace.zones import Derived, Zone
from detector.errors import InputError
from detector.outlines.offset import strip


def derive(asked: Sequence[Derived], sound: Mapping[str, Zone]) -> tuple[list[Zone], list[str]]:
    """Return derived zones, drawn from sound ones by their ids, and what is wrong with those that cannot be."""
    zones, problems = list[Zone](), list[str]()
    undrawn = {each.zone.id for each in asked} | {zone.id for zone in sound.values() if zone.follows is not None}
    for each in asked:
        try:
            zones.append(_draw(each, sound, undrawn))
        except ValueError as error:
            problems.append(f"{each.place}: {error}")
    return zones, problems


def _draw(derived: Derived, sound: Mapping[str, Zone], undrawn: Collection[str]) -> Zone:
    """Return a derived zone. Raises ValueError with what is wrong."""
    for zone_id in derived.of:
        if zone_id in undrawn:
            raise ValueError(f'of: "{zone_id}" has no geometry itself, expected a zone that is drawn in these files')
        if zone_id not in sound:
            raise ValueError(f'of: no sound zone "{zone_id}", expected one that is drawn in these files')
    bases = [sound[zone_id] for zone_id in derived.of]
    try:
        polygons = strip(bases, derived.outside_m, derived.inside_m, filled=derived.with_base)
    except ImportError as error:
        raise ValueError('of: shapely is missing, expected it installed: pip install "incursiond[zones]"') from error
    except InputError as error:  # they span the Earth
        raise ValueError(f"of: {error}") from error
    except ValueError as error:
        raise ValueError(f"of: {error}, expected zones whose boundaries do not cross") from error
    return replace(derived.zone, polygons=polygons)
