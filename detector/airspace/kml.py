"""Zones from KML 2.2 and 2.3 (OGC 07-147r2, 12-007r2), as drawn in Google Earth: each Placemark with Polygons is one.

So is a Point whose ExtendedData has `radius_m`: the circle around it.

ExtendedData named like the properties of a GeoJSON zone is read like them; `watch` is a list with commas, `active` one
with semicolons. Without it the Placemark's name is the zone's name and id, there with "-" for "/", "+" and "#"; a name
used before gets "-2", "-3", ... Visibility, styles, regions and times do not matter. Without `ceiling` the drawing says
how high a zone is:

- draped (clampToGround, clampToSeaFloor): from the ground without limit.
- absolute and extruded, a box in Google Earth: from the ground to its altitude above the sea (the EGM96 geoid, 6.2).
- relativeToGround and extruded: a ceiling above ground, which here is the highest there is as terrain is not known.
- hanging in the air or drawn at altitude 0: a sheet has no floor or ceiling; without limit, aloud.

The lines of a draped Polygon are straight in longitude and latitude, those of others straight in space, which
over the ground are geodesics (6.3).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Proj

from detector.airspace.draft import shown
from detector.airspace.feature import Feature
from detector.airspace.properties import DRAWN, READERS, id_of, meant
from detector.airspace.reading import Reading
from detector.airspace.xmltree import child, children, named, parse, text
from detector.numbers import read_number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from shapely import Geometry

ROUNDED_DEG, ROUNDED_M = 2e-6, 0.2  # between a line and a vertex on it: files of six decimals round both
KNOWN = (*READERS, "radius_m")
PICTURES = ("GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Tour")
DRAPED = ("", "clampToGround", "clampToSeaFloor")
REFERENCE = {"absolute": "AMSL", "relativeToGround": "AGL"}
TRUE = ("1", "true")
MEND = 'draw it with "Add polygon", not "Add path"'


def read(data: bytes, file: str) -> Reading:
    """Return the zones of a file's bytes, with every problem. Raises ValueError if they are no KML."""
    root = parse(data, "KML")
    if named(root) != "kml":
        raise ValueError(f"got {shown(named(root))}, expected kml")
    reading = Reading()
    placemarks = [element for element in root.iter() if named(element) == "Placemark"]
    for number, (placemark, given) in enumerate(zip(placemarks, _given(placemarks), strict=True), 1):
        _read(placemark, given, Feature(reading, f"{file}: zone {shown(given['id'])} (Placemark {number})"))
    for element in root.iter():
        place = f"{file}: {named(element)} {shown(text(element, 'name'))}"
        if named(element) == "NetworkLink":
            reading.problems.append(f"{place}: what it links to is not read, expected zones in this file")
        elif named(element) in PICTURES:
            reading.warnings.append(f"{place}: is no area and is left out")
    if not reading.zones and not reading.problems:
        reading.problems.append(f"{file}: no Placemark has an area, expected at least one with a Polygon: {MEND}")
    return reading


def _given(placemarks: list[Element]) -> list[dict[str, Any]]:
    """Return the properties of each, each with an id."""
    given = [_extended(placemark) for placemark in placemarks]
    taken = {properties["id"] for properties in given if "id" in properties}
    for number, (properties, placemark) in enumerate(zip(given, placemarks, strict=True), 1):
        name = "".join(filter(str.isprintable, text(placemark, "name")))
        if name:
            properties.setdefault("name", name)
        stem = id_of(name)
        stem = stem if stem not in {"", "none"} else f"placemark-{number}"
        if "radius_m" in properties or any(named(geometry) == "Polygon" for geometry in _geometries(placemark)):
            properties.setdefault("id", _unused(stem, taken))
            taken.add(properties["id"])
        properties.setdefault("id", stem)  # of no zone: a pin may have its area's name
    return given


def _unused(stem: str, taken: set[str]) -> str:
    number = 1
    while (name := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return name


def _extended(placemark: Element) -> dict[str, Any]:
    """Return a Placemark's ExtendedData that the project knows, as JSON has it, and what only looks like it."""
    said = {data.get("name"): text(data, "value") for data in children(placemark, "ExtendedData", "Data")}
    simple = children(placemark, "ExtendedData", "SchemaData", "SimpleData")
    said |= {data.get("name"): text(data) for data in simple}
    known = {key: _value(key, said[key]) for key in KNOWN if said.get(key)}
    alike = {key: value for key, value in said.items() if key and value and (key in DRAWN or meant(key))}
    return alike | known


def _value(key: str, value: str) -> Any:
    if key == "watch":
        return re.findall(r'[^\s,;"\[\]]+', value)  # a list as JSON writes it, too: ogr2ogr leaves it so
    if key == "active":
        return [part for each in re.split(r'[;"\[\]]', value) if (part := each.strip(" \t\r\n,"))]
    try:
        return read_number(value) if key in ("near_nm", "radius_m") else value
    except ValueError:
        return value


def _read(placemark: Element, given: dict[str, Any], feature: Feature) -> None:
    geometries = list(_geometries(placemark))
    feature.misspelt(given)  # before the drawing says what they do not
    if elsewhere := [key for key in DRAWN if key in given and key != "radius_m"]:
        feature.warn(f"{', '.join(elsewhere)}: not read of KML; GeoJSON can say how to draw a zone")
    given = {key: given[key] for key in KNOWN if key in given}
    if "radius_m" in given:
        _circle(geometries, given, feature)
        return
    polygons = []
    for geometry in geometries:
        if named(geometry) == "Polygon":
            polygons.append(geometry)
        else:
            feature.warn(f"geometry: {_useless(geometry)}")
    if not polygons:
        feature.warn("geometry: encloses no area; the Placemark is left out")
        return
    parts = [_rings(polygon, feature) for polygon in polygons]
    if "ceiling" not in given:
        given["ceiling"] = _ceiling(polygons, [outer for outer, *_ in parts], feature)
    geodesic = not any(_mode(polygon) in DRAPED for polygon in polygons)
    outlines = _ground_floors(polygons, parts, _outlines(parts, feature), feature)
    rings = feature.polygons([parts[number] for number in outlines], geodesic=geodesic)
    feature.finish(feature.fields(given), rings, geodesic=geodesic)


def _circle(geometries: list[Element], given: dict[str, Any], feature: Feature) -> None:
    if [named(geometry) for geometry in geometries] != ["Point"]:
        feature.refuse("radius_m: given to what is no Point, expected the one Point around which it is measured")
        return
    positions = _positions(geometries[0])
    centre = positions[0] if len(positions) == 1 else positions
    feature.finish(feature.fields(given), feature.circle(centre, given["radius_m"]), geodesic=True)


def _geometries(placemark: Element) -> Iterator[Element]:
    """Yield a Placemark's geometries, also those within MultiGeometries, in order."""
    waiting = list(placemark)[::-1]
    while waiting:
        element = waiting.pop()
        if named(element) in {"MultiGeometry", "MultiTrack"}:
            waiting.extend(list(element)[::-1])
        elif named(element) in {"Polygon", "Point", "LineString", "LinearRing", "Model", "Track"}:
            yield element


def _useless(geometry: Element) -> str:
    positions = _positions(geometry)
    if named(geometry) == "LinearRing" or (len(positions) > 3 and positions[0] == positions[-1]):
        return f"a {named(geometry)} is no area, though closed, and is left out; to mend it, {MEND}"
    return f"a {named(geometry)} is no area and is left out"


# --- rings ------------------------------------------------------------------------------------------------------------


def _rings(polygon: Element, feature: Feature) -> list[list[Any]]:
    outer = child(polygon, "outerBoundaryIs", "LinearRing")
    for other in [*children(polygon, "outerBoundaryIs", "LinearRing", "coordinates")][1:]:
        what = f"a Polygon has another outer ring, {shown(text(other))}"
        feature.refuse(f"geometry: {what}, expected a Polygon for each, in one MultiGeometry")
    inner = children(polygon, "innerBoundaryIs", "LinearRing")
    return [_positions(outer), *map(_positions, inner)]


def _outlines(parts: list[list[list[Any]]], feature: Feature) -> list[int]:
    """Return the numbers of parts without those that have the outline of another, as the bottom of a box has its top's.

    By the even-odd rule nothing would be inside both.
    """
    once: dict[frozenset[str], int] = {}
    for number, part in enumerate(parts):
        once.setdefault(frozenset(str(position[:2]) for ring in part for position in ring), number)
    if len(once) < len(parts):
        left = len(parts) - len(once)
        feature.warn(f"geometry: {left} with the outline of another Polygon left out")
    return list(once.values())


def _ground_floors(
    polygons: list[Element], parts: list[list[list[Any]]], some: list[int], feature: Feature
) -> list[int]:
    """Return some parts, by number, without the upper tiers of those that stand on each other like a wedding cake.

    By the even-odd rule an upper tier would be a hole. In a stack whose Polygons are all as high a hole may be meant.
    """
    standing = [n for n in some if text(polygons[n], "extrude") in TRUE and _mode(polygons[n]) in REFERENCE]
    tops = {n: (_mode(polygons[n]), max(_altitudes_m(parts[n][0]), default=0.0)) for n in standing}
    if len(set(tops.values())) < 2:
        return some
    lowest = _lowest({n: area for n in standing if (area := _area(parts[n])) is not None})
    stacks = {below for n, below in lowest.items() if tops[n] != tops[below]}
    upper = {n for n, below in lowest.items() if n != below and below in stacks}
    if upper:
        feature.warn(f"geometry: {len(upper)} within another Polygon, of another height, counted as part of it")
    return [n for n in some if n not in upper]


def _lowest(areas: dict[int, Geometry]) -> dict[int, int]:
    """Return of each part, by number, the lowest of its stack, which may be itself; areas are in degrees.

    Who draws one tier on a side of another takes its vertices from a map, straight in degrees, or from a geodesic, and
    rounds them. Where either is so, the upper one is within the lower.
    """
    if not areas:
        return {}
    import shapely

    by_size = sorted(areas, key=lambda n: -areas[n].area)
    middle = areas[by_size[0]].centroid
    gnomonic = Proj(proj="gnom", lon_0=middle.x, lat_0=middle.y, ellps="WGS84")
    flat = {n: shapely.transform(area, lambda at: np.column_stack(gnomonic(*at.T))) for n, area in areas.items()}
    flat = {n: area for n, area in flat.items() if np.isfinite(area.bounds).all() and area.is_valid}
    planes = [
        (plane, {n: area.buffer(rounded, join_style="mitre") for n, area in plane.items()})
        for plane, rounded in ((areas, ROUNDED_DEG), (flat, ROUNDED_M))
    ]
    lowest: dict[int, int] = {}
    for n in by_size:
        below = (b for b in lowest if any(n in at and b in wider and wider[b].covers(at[n]) for at, wider in planes))
        lowest[n] = lowest.get(next(below, n), n)
    return lowest


def _area(part: list[list[Any]]) -> Geometry | None:
    """Return a part in degrees, None for one that is unsound or goes around the globe, and without shapely."""
    try:
        import shapely

        shell, *holes = ([position[:2] for position in ring] for ring in part)
        area = shapely.Polygon(shell, holes)
    except (ImportError, ValueError, TypeError):
        return None
    west, _, east, _ = area.bounds
    return area if area.is_valid and east - west < 180 else None


def _positions(ring: Element | None) -> list[Any]:
    """Return longitude, latitude and perhaps altitude of each position, and as a text what is none."""
    tuples = re.sub(r"\s*,\s*", ",", text(ring, "coordinates")).split()
    return [_position(each) for each in tuples]


def _position(each: str) -> Any:
    try:
        position = [read_number(part) for part in each.removesuffix(",").split(",")]
    except ValueError:
        return each
    return position if len(position) in (2, 3) and all(map(math.isfinite, position)) else each


# --- heights ----------------------------------------------------------------------------------------------------------


def _mode(polygon: Element) -> str:
    return text(polygon, "altitudeMode")


def _ceiling(polygons: list[Element], rings: list[list[Any]], feature: Feature) -> str | None:
    """Return the highest ceiling of a zone's polygons as they are drawn, as files write it; None for no limit."""
    tops_m = [_top_m(polygon, ring, feature) for polygon, ring in zip(polygons, rings, strict=True)]
    top_m = max(tops_m)
    if min(tops_m) < top_m:
        feature.warn(f"ceiling: its Polygons differ in height; the highest, {_metres(top_m)}, is taken for all")
    # One above ground counts from the highest land, so it is the higher: AGL comes first.
    references = {REFERENCE[_mode(polygon)] for polygon in polygons if _mode(polygon) in REFERENCE}
    return f"{_metres(top_m)} {min(references)}" if top_m < math.inf else None


def _metres(top_m: float) -> str:
    return f"{top_m:.3f}".rstrip("0").rstrip(".") + " m" if top_m < math.inf else "UNL"


def _altitudes_m(ring: list[Any]) -> list[float]:
    return [position[2] if len(position) == 3 else 0.0 for position in ring if isinstance(position, list)]


def _top_m(polygon: Element, ring: list[Any], feature: Feature) -> float:
    mode = _mode(polygon)
    if mode in DRAPED:
        return math.inf
    if mode not in REFERENCE:
        feature.refuse(f"altitudeMode: got {shown(mode)}, expected {' | '.join([*DRAPED[1:], *REFERENCE])}")
        return math.inf
    altitudes_m = _altitudes_m(ring)
    top_m = max(altitudes_m, default=0.0)
    if top_m <= 0 or text(polygon, "extrude") not in TRUE:
        why = f"is drawn at altitude {_metres(top_m)}" if top_m <= 0 else f"hangs at {_metres(top_m)}, not extruded"
        feature.warn(f"ceiling: a Polygon that {why} is taken from GND to UNL; ExtendedData can say better")
        return math.inf
    if min(altitudes_m) < top_m:
        feature.warn(f"ceiling: altitudes from {_metres(min(altitudes_m))} to {_metres(top_m)}; the highest is taken")
    return top_m
