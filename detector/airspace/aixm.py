"""Zones from AIXM 5.1 and 5.1.1 messages: the Airspaces as their latest BASELINE timeslices say. Edges are geodesics.

The designator is the id, with the type where several airspaces share it (EADD-CTR, EADD-TMA), or else the name or the
identifier. Each volume of an airspace is a zone of its own, with "-1", "-2", ... where there are several: volumes may
differ in limits, of which a zone has one pair, and may overlap, which parts of one zone may not.

Timesheets in plain UTC are its windows. What else lasts for a time only (TEMPDELTA, hours of the sun or of holidays,
the end of a validity) is not observed: such a zone is always active, aloud.
Source: the AIXM 5.1.1 logical model (Airspace, AirspaceVolume, CodeAirspaceType).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from detector.airspace.aixm_activation import windows
from detector.airspace.aixm_limits import lower, upper
from detector.airspace.aixm_message import HREF, Message, baseline, baselines, features, validity
from detector.airspace.borders import corridor
from detector.airspace.draft import shown
from detector.airspace.feature import Feature, Polygons
from detector.airspace.gml import Geometries, length_m
from detector.airspace.properties import id_of
from detector.airspace.reading import Reading
from detector.airspace.xmltree import child, children, named, parse, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = re.compile(r"\{https?://www\.aixm\.aero/schema/5\.1(\.1)?\}Airspace")
KIND = {  # types whose inside is nobody's to enter unasked; all others are belts, in which flying is what they are for
    **dict.fromkeys(("NAS", "NAS_P", "POLITICAL"), "national"),
    **dict.fromkeys(("FIR", "FIR_P", "UIR", "UIR_P"), "fir"),
    **dict.fromkeys(("R", "TSA", "TRA", "CBA", "PROTECT"), "restricted"),
    **dict.fromkeys(("D", "D_OTHER", "A", "W"), "danger"),
    "P": "prohibited",
    "ADIZ": "adiz",
}
OTHERS = "belt"
SHAPES = ("horizontalProjection", "contributorAirspace")  # of a volume; a centreline may stand beside its corridor


def read(data: bytes, file: str) -> Reading:
    """Return the zones of a message's bytes, with every problem. Raises ValueError if it is none or has no baseline."""
    root = parse(data, "AIXM 5.1")
    airspaces = features(root, "Airspace")
    if not airspaces:
        raise ValueError(f"{named(root)}: holds no Airspace, expected an AIXM 5.1 message with some")
    if wrong := [each.tag for each in airspaces if not NAMESPACE.fullmatch(each.tag)]:
        raise ValueError(f"got {shown(wrong[0])}, expected AIXM 5.1 (http://www.aixm.aero/schema/5.1 or 5.1.1)")
    found = [(airspace, timeslice) for airspace in airspaces if (timeslice := baseline(airspace)) is not None]
    if not found:
        raise ValueError("no Airspace has a BASELINE timeslice, expected the airspaces: changes are not observed yet")
    message, reading = Message(root), Reading()
    for (airspace, timeslice), zone_id in zip(found, ids := _ids(found), strict=True):
        _read(message, airspace, timeslice, zone_id, file, reading)
    lines = _unobserved(airspaces, {zone_id: timeslice for zone_id, (_, timeslice) in zip(ids, found, strict=True)})
    reading.warnings.extend(f"{file}: {line}" for line in lines)
    return reading


def _ids(found: Sequence[tuple[Element, Element]]) -> list[str]:
    """Return an id for each airspace and its timeslice: designator, with the type where it is shared, or identifier."""
    names = [text(timeslice, "designator") or text(timeslice, "name") for _, timeslice in found]
    shared = Counter(names)
    typed = [
        f"{name}-{text(timeslice, 'type')}" if shared[name] > 1 else name
        for name, (_, timeslice) in zip(names, found, strict=True)
    ]
    shared = Counter(typed)
    unique = [
        name if names[n] and shared[name] == 1 else text(found[n][0], "identifier") for n, name in enumerate(typed)
    ]
    return [id_of(name) for name in unique]


def _unobserved(airspaces: Sequence[Element], found: dict[str, Element]) -> Iterator[str]:
    """Yield what a message says that zones do not."""
    slices = [each for airspace in airspaces for holder in children(airspace, "timeSlice") for each in holder]
    for airspace in airspaces:
        if baseline(airspace) is None:
            yield f"Airspace {text(airspace, 'identifier')}: has no BASELINE timeslice and is left out"
        counting, *rest = [*map(validity, baselines(airspace))] or [""]
        left_out = [f"another of {each}" if each == counting else each for each in rest]
        if left_out:
            one = f"of its BASELINE timeslices that of {counting} is read, and counts at any time"
            yield f"Airspace {text(airspace, 'identifier')}: {one}; left out: {', '.join(left_out)}"
    changes = Counter(text(each, "interpretation") for each in slices)
    for interpretation in sorted(set(changes) - {"BASELINE"}):
        yield f"{changes[interpretation]} timeslices are {interpretation or 'of no kind'}, which is not observed yet"
    timed = [zone_id for zone_id, timeslice in found.items() if _is_timed(timeslice)]
    if timed:
        zone_ids = ", ".join(timed)
        yield f"an end of validity, or times that are not plain UTC, are not observed; always active: {zone_ids}"
    others = {text(timeslice, "type") or "none" for timeslice in found.values()} - set(KIND)
    if others:
        yield f"types without a kind of their own are taken as {OTHERS}: {', '.join(sorted(others))}"


def _is_timed(timeslice: Element) -> bool:
    """Tell whether an airspace is active for less than its zone."""
    return _windows(timeslice) is None or bool(text(timeslice, "validTime", "TimePeriod", "endPosition"))


def _windows(timeslice: Element) -> list[str] | None:
    try:
        return windows(timeslice)
    except ValueError:
        return None


def _read(message: Message, airspace: Element, timeslice: Element, zone_id: str, file: str, reading: Reading) -> None:
    where = f"Airspace {text(airspace, 'identifier')}"
    try:
        volumes = list(_volumes(message, timeslice, (airspace,)))
        if not volumes:
            raise ValueError("geometryComponent: holds no AirspaceVolume, expected one")
    except ValueError as error:
        feature = Feature(reading, f"{file}: zone {shown(zone_id)} ({where})")
        feature.refuse(str(error))
        feature.finish({"id": zone_id}, ())
        return
    for number, (shape, limits) in enumerate(volumes, 1):
        given: dict[str, Any] = {"id": zone_id if len(volumes) == 1 else f"{zone_id}-{number}"}
        feature = Feature(reading, f"{file}: zone {shown(given['id'])} ({where})")
        given["name"] = text(timeslice, "name") or zone_id
        given["kind"] = KIND.get(text(timeslice, "type"), OTHERS)
        given["active"] = _windows(timeslice) or None
        given["floor"], given["ceiling"] = lower(limits, feature), upper(limits, feature)
        feature.finish(feature.fields(given), _polygons(message, shape, feature), geodesic=True)


def _polygons(message: Message, volume: Element, feature: Feature) -> Polygons:
    try:
        parts = _parts(Geometries(message, feature.warn), volume)
    except ValueError as error:
        feature.refuse(f"geometry: {error}")
        return ()
    return feature.polygons(parts, geodesic=True)


def _volumes(message: Message, timeslice: Element, path: tuple[Element, ...]) -> Iterator[tuple[Element, Element]]:
    """Yield the volumes an airspace unites: that with the shape and that with the limits, often one."""
    for component in children(timeslice, "geometryComponent", "AirspaceGeometryComponent"):
        if (operation := text(component, "operation")) not in {"", "BASE", "UNION"}:
            raise ValueError(f"operation: got {shown(operation)}, expected BASE or UNION: others are not supported")
        for volume in _held(message, component):
            shapes = [named(each) for each in volume if named(each) in SHAPES and (len(each) or HREF in each.attrib)]
            if len(shapes) > 1:
                raise ValueError(f"AirspaceVolume: got {', '.join(shapes)}, expected one, in a volume of its own each")
            dependency = child(volume, "contributorAirspace", "AirspaceVolumeDependency")
            if dependency is None:
                yield volume, volume
            else:
                yield from _contributed(message, volume, dependency, path)


def _held(message: Message, component: Element) -> Iterator[Element]:
    """Yield the volumes that a component holds or refers to."""
    for holder in children(component, "theAirspaceVolume"):
        if HREF in holder.attrib:
            yield message.follow(holder)
        else:
            yield from children(holder, "AirspaceVolume")


def _contributed(
    message: Message, volume: Element, dependency: Element, path: tuple[Element, ...]
) -> Iterator[tuple[Element, Element]]:
    if (reference := child(dependency, "theAirspace")) is None:
        raise ValueError("contributorAirspace: names no theAirspace, expected the airspace that contributes")
    airspace = message.follow(reference)
    timeslice = baseline(airspace)
    if airspace in path or timeslice is None:
        why = "contributes to itself" if airspace in path else "has no BASELINE timeslice"
        raise ValueError(f"theAirspace: {text(airspace, 'identifier')} {why}, expected another airspace's shape")
    kind = text(dependency, "dependency")
    if kind not in {"FULL_GEOMETRY", "HORZ_PROJECTION"}:
        raise ValueError(f"dependency: got {shown(kind)}, expected FULL_GEOMETRY or HORZ_PROJECTION")
    for shape, limits in _volumes(message, timeslice, (*path, airspace)):
        yield shape, limits if kind == "FULL_GEOMETRY" else volume


def _parts(geometries: Geometries, volume: Element) -> list[list[list[list[float]]]]:
    """Return the rings of each part of a volume's shape."""
    surface, centreline = child(volume, "horizontalProjection"), child(volume, "centreline")
    if surface is not None:
        return geometries.surface(surface)
    if centreline is None:
        raise ValueError("no horizontalProjection, expected one, or a centreline with its width")
    return [[corridor(geometries.line(centreline), length_m(volume, "width")).tolist()]]
