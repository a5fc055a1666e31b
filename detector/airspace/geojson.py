"""Zones from GeoJSON (RFC 7946): Features of Polygons, MultiPolygons, and Points with a radius, one or a collection.

A Feature without geometry is drawn by its distance from other zones, or moves with a track.

Properties of the project are checked, all others are left to their owners; null is the same as absent. Rings are
taken as drawn, in degrees; a third coordinate is ignored.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from detector.airspace import derived, moving
from detector.airspace.draft import shown
from detector.airspace.feature import Feature, Polygons
from detector.airspace.properties import DRAWN, READERS, filled
from detector.airspace.reading import Reading

NAMES = frozenset({"type", "crs", "features", "properties", "geometry", "coordinates", *READERS, *DRAWN})
WGS84 = re.compile(r"CRS84|EPSG:+4326\b")  # as GeoJSON 2008 named longitude and latitude


class _Ambiguous(dict[str, Any]):
    """An object of JSON that says something more than once; the last counts."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    once = dict(pairs)
    if len(once) == len(pairs):
        return once
    found = _Ambiguous(once)
    found.twice = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return found


def _twice(*values: Any) -> str:
    """Return what the project reads of objects that they say more than once."""
    return ", ".join(name for each in values if isinstance(each, _Ambiguous) for name in each.twice if name in NAMES)


def read(data: bytes, file: str) -> Reading:
    """Return the zones of a file's bytes, with every problem. Raises ValueError if they are no GeoJSON at all."""
    try:
        document = json.loads(data, parse_int=float, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{error}, expected GeoJSON") from error
    crs = document.get("crs") if isinstance(document, dict) else None
    if crs is not None and not WGS84.search(json.dumps(crs)):
        raise ValueError(f"crs: got {shown(crs)}, expected none: RFC 7946 has longitudes and latitudes on WGS84")
    reading = Reading()
    for number, feature in enumerate(_features(document), 1):
        _read(feature if isinstance(feature, dict) else {}, file, number, reading)
    return reading


def _features(document: Any) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if kind not in ("FeatureCollection", "Feature"):
        raise ValueError(f"type: got {shown(kind)}, expected FeatureCollection or Feature")
    if kind == "FeatureCollection" and (names := _twice(document)):
        raise ValueError(f"{names}: given more than once, expected once")
    if not isinstance(features, list) or not features:
        raise ValueError(f"features: got {shown(features)}, expected at least one Feature")
    return features


def _read(feature: dict[str, Any], file: str, number: int, reading: Reading) -> None:
    properties = feature.get("properties")
    given = properties.items() if isinstance(properties, dict) else ()
    properties = {name: value for name, value in given if value is not None}
    named = isinstance(properties.get("id"), str)
    place = f"zone {shown(properties['id'])} (feature {number})" if named else f"feature {number}"
    drawn = Feature(reading, f"{file}: {place}")
    if feature.get("type") != "Feature":
        drawn.refuse(f"type: got {shown(feature.get('type'))}, expected Feature")
    geometry, radius_m = feature.get("geometry"), properties.get("radius_m")
    if names := _twice(feature, feature.get("properties"), geometry):
        drawn.refuse(f"{names}: given more than once, expected once")
    if geometry is None and "of" in properties:
        derived.read(drawn, properties)
        return
    if geometry is None and "follows" in properties:
        moving.read(drawn, properties)
        return
    if "follows" in properties:
        drawn.refuse("follows: given to what has a geometry, expected null for one: it is where the track is")
    if "of" in properties:
        drawn.refuse("of: given to what has a geometry, expected null for one: it is drawn by its distance from others")
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        drawn.finish(drawn.fields(properties), drawn.circle(geometry.get("coordinates"), radius_m), geodesic=True)
        return
    if radius_m is not None:
        drawn.refuse("radius_m: given to what is no Point, expected the Point around which it is measured")
    drawn.finish(drawn.fields(properties), _polygons(geometry, drawn))


def _polygons(geometry: Any, drawn: Feature) -> Polygons:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        drawn.refuse(f"geometry: got {shown(kind)}, expected Polygon, MultiPolygon, or a Point with radius_m")
        return ()
    coordinates = geometry.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not filled(parts) or not all(map(filled, parts)):
        drawn.refuse(f"geometry: coordinates are empty or no lists, expected the rings of a {kind}")
        return ()
    return drawn.polygons(parts)
