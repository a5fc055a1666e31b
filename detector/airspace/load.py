"""Zone files by name: their bytes, their format by extension, and what can only be told across files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from detector.airspace import aixm, geojson, kml, openair
from detector.airspace.reading import Reading
from detector.airspace.zones import Zone
from detector.errors import InputError, about

READERS: dict[str, Callable[[bytes, str], Reading]] = {
    ".geojson": geojson.read,
    ".json": geojson.read,
    ".txt": openair.read,
    ".openair": openair.read,
    ".kml": kml.read,
    ".xml": aixm.read,
}


def load_zones(paths: Sequence[str | Path]) -> tuple[list[Zone], list[str]]:
    """Return the zones of all files, in order, and warnings about what was repaired or read in a larger sense.

    Raises InputError with every problem of every file.
    """
    found = read_zones(paths)
    if found.problems:
        raise InputError(found.problems)
    return found.zones, found.warnings


def read_zones(paths: Sequence[str | Path]) -> Reading:
    """Return what files hold, in order, with every problem: also the sound zones of files that have some."""
    found = Reading()
    for path in map(Path, paths):
        try:
            with about(str(path)):
                found.extend(_read(path))
        except ValueError as error:
            found.problems.append(f"{path}: {error}")
    found.problems.extend(_named_alike(found.claims))
    return found


def _read(path: Path) -> Reading:
    """Return what a file holds. Raises ValueError if it cannot be read at all."""
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    if suffix == ".kmz":
        raise ValueError(".kmz is a zip archive, expected .kml: unpack it and name the .kml file it holds")
    if suffix not in READERS:
        raise ValueError(f'unknown extension "{suffix}", expected {" or ".join(READERS)}, or .gz of it')
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.name.lower().endswith(".gz") else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{error}, expected gzip") from error
    except OSError as error:
        raise ValueError(f"{error.strerror}, expected a zone file") from error
    return READERS[suffix](data, str(path))


def _named_alike(claims: list[tuple[str, str]]) -> list[str]:
    """Return a problem for each zone whose id an earlier one has."""
    first: dict[str, str] = {}
    problems = []
    for zone_id, place in claims:
        if zone_id in first:
            problems.append(f"{place}: id: already that of {first[zone_id]}, expected one of its own")
        first.setdefault(zone_id, place)
    return problems
