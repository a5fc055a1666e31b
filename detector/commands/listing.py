"""The zones of files, read and checked: a table of them, what was wrong with them, and as GeoJSON where asked for."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detector.airspace import written
from detector.airspace.activation import over
from detector.airspace.load import read_zones
from detector.airspace.zones import Ring, Zone
from detector.commands.export import geojson
from detector.errors import InputError, reason_of
from detector.outlines.degrees import straight
from detector.outlines.nesting import nested_shells
from detector.outlines.selfcheck import check
from detector.outlines.size import fine, size

HEAD = ("id", "name", "kind", "floor", "ceiling", "km2", "vertices", "state")
NUMBERS = ("km2", "vertices")


def command(files: Sequence[Path], output: Path | None) -> int:
    """List what files hold, sound zones also of files with problems; write them if there are none.

    Raises InputError with every problem.
    """
    reading = check(read_zones(files))
    problems = list(reading.problems)
    if output and problems:
        problems.append(f"{output}: not written, for zones would be missing from it")
    elif output:
        _write(output, geojson(reading.zones))
    print("\n".join(table(reading.zones)), flush=True)
    for warning in [*reading.warnings, *over(reading.zones, time.time())]:
        print(f"warning: {warning}", file=sys.stderr)
    if problems:
        raise InputError(problems)
    return 0


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError([f"{output}: {reason_of(error)}, expected a file to write"]) from None


def table(zones: Sequence[Zone]) -> list[str]:
    """Return a line for each zone, after one for the head."""
    rows = [HEAD, *map(_row, zones)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_aligned, HEAD, row, widths)).rstrip() for row in rows]


def _aligned(column: str, text: str, width: int) -> str:
    return text.rjust(width) if column in NUMBERS else text.ljust(width)


def _row(zone: Zone) -> tuple[str, ...]:
    vertices = sum(len(ring) - 1 for rings in zone.polygons for ring in rings)
    limits = written.floor(zone), written.ceiling(zone)
    return zone.id, zone.name, zone.kind, *limits, f"{area_km2(zone):.1f}", f"{vertices}", zone.state.value


def area_km2(zone: Zone) -> float:
    """Return what a zone encloses, in square kilometres on the ellipsoid."""
    if zone.follows is not None:
        return math.pi * zone.radius_m**2 / 1e6
    nested = nested_shells(zone)
    alone = [replace(zone, polygons=(rings,)) for rings in zone.polygons]
    areas_m2 = [
        sum(map(_area_m2, straight(part))) * (-1 if number in nested else 1) for number, part in enumerate(alone)
    ]
    return sum(areas_m2) / 1e6


def _area_m2(rings: Sequence[Ring]) -> float:
    """Return the area between rings of straight lines in degrees."""
    shell_m2, *holes_m2 = (abs(size(fine(ring))[0]) for ring in rings)
    return shell_m2 - sum(holes_m2)
