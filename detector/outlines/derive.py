"""Deriving: what a reading asks to be drawn by its distance from other zones."""

from __future__ import annotations

from dataclasses import replace

from detector.airspace.reading import Reading
from detector.airspace.zones import Derived, Zone
from detector.outlines.offset import strip


def derive(reading: Reading) -> Reading:
    """Return a reading with its derived zones drawn, after the others, and what is wrong with them."""
    drawn = {zone.id: zone for zone in reading.zones if zone.follows is None}
    zones, problems = list(reading.zones), list(reading.problems)
    for each in reading.derived:
        try:
            zones.append(_draw(each, drawn))
        except ValueError as error:
            problems.append(f"{each.place}: {error}")
    return replace(reading, zones=zones, derived=[], problems=problems)


def _draw(derived: Derived, drawn: dict[str, Zone]) -> Zone:
    """Return a derived zone. Raises ValueError with what is wrong."""
    for zone_id in derived.of:
        if zone_id not in drawn:
            raise ValueError(f'of: no zone "{zone_id}", expected one that is drawn in these files')
    bases = [drawn[zone_id] for zone_id in derived.of]
    try:
        polygons = strip(bases, derived.outside_m, derived.inside_m, filled=derived.with_base)
    except ImportError as error:
        raise ValueError('of: shapely is missing, expected it installed: pip install "incursiond[zones]"') from error
    except ValueError as error:
        raise ValueError(f"of: {error}, expected zones whose boundaries do not cross") from error
    return replace(derived.zone, polygons=polygons)
