"""Zones from GeoJSON (RFC 7946): a FeatureCollection or one Feature of Polygons and MultiPolygons.

Properties of the project are checked, all others are left to their owners; null is the same as absent. Rings are
taken as drawn, in degrees; a third coordinate is ignored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from detector.airspace.altitude import FORMS, GROUND, UNLIMITED, Limit, parse
from detector.airspace.draft import Draft, at, shown
from detector.airspace.reading import Reading
from detector.airspace.zones import ENTRY, KINDS, Identity, Initial, Ring, Zone

POSITION = "longitude from -180 to 180, then latitude from -90 to 90"


def read(data: bytes, file: str) -> Reading:
    """Return the zones of a file's bytes, with every problem. Raises ValueError if they are no GeoJSON at all."""
    try:
        document = json.loads(data, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{error}, expected GeoJSON") from error
    reading = Reading()
    for number, feature in enumerate(_features(document), 1):
        _Feature(feature, file, number, reading).read()
    return reading


def _features(document: Any) -> list[Any]:
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if kind not in ("FeatureCollection", "Feature"):
        raise ValueError(f"type: got {shown(kind)}, expected FeatureCollection or Feature")
    if not isinstance(features, list) or not features:
        raise ValueError(f"features: got {shown(features)}, expected at least one Feature")
    return features


class _Feature(Draft):
    """One feature on its way to a zone."""

    def __init__(self, feature: Any, file: str, number: int, reading: Reading) -> None:
        super().__init__(reading, f"{file}: feature {number}")
        self.feature = feature if isinstance(feature, dict) else {}
        properties = self.feature.get("properties")
        self.properties = properties if isinstance(properties, dict) else {}
        if isinstance(self.properties.get("id"), str):
            self.place = f"{file}: zone {shown(self.properties['id'])} (feature {number})"

    def read(self) -> None:
        before = len(self.reading.problems)
        if self.feature.get("type") != "Feature":
            self.refuse(f"type: got {shown(self.feature.get('type'))}, expected Feature")
        values = self._properties()
        values["floor"], values["ceiling"] = self.limits(
            values.get("floor", GROUND),
            values.get("ceiling", UNLIMITED),
            shown(self.properties.get("floor")),
            shown(self.properties.get("ceiling")),
        )
        polygons = self._polygons(self.feature.get("geometry"))
        if "id" in values:
            self.reading.claims.append((values["id"], self.place))
        if len(self.reading.problems) == before:
            self.reading.zones.append(Zone(polygons=polygons, **{"name": values["id"], **values}))

    def _properties(self) -> dict[str, Any]:
        values = {}
        if self.properties.get("id") is None:
            self.refuse(f"id: missing, expected {ID_FORM}")
        for key, reader in _READERS.items():
            value = self.properties.get(key)
            try:
                if value is not None:
                    values[key] = reader(value)
            except ValueError as error:
                self.refuse(f"{key}: got {shown(value)}, expected {error}")
        if (kind := values.get("kind", "national")) not in ENTRY:
            self.warn(f"kind: being inside a zone of kind {kind} alarms nobody by itself")
        return values

    def _polygons(self, geometry: Any) -> tuple[tuple[Ring, ...], ...]:
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind not in ("Polygon", "MultiPolygon"):
            later = " (a Point with radius_m is not supported yet)" if kind == "Point" else ""
            self.refuse(f"geometry: got {shown(kind)}{later}, expected Polygon or MultiPolygon")
            return ()
        coordinates = geometry.get("coordinates")
        parts = [coordinates] if kind == "Polygon" else coordinates
        if not _filled(parts) or not all(map(_filled, parts)):
            self.refuse(f"geometry: coordinates are empty or no lists, expected the rings of a {kind}")
            return ()
        before = len(self.reading.problems)
        rings = [
            [self._ring(ring, f"geometry: part {p} ring {r}") for r, ring in enumerate(part, 1)]
            for p, part in enumerate(parts, 1)
        ]
        whole = tuple(tuple(ring for ring in part if len(ring)) for part in rings if len(part[0]))
        if not whole and len(self.reading.problems) == before:
            self.refuse("geometry: encloses nothing, expected an area")
        return whole

    def _ring(self, positions: Any, where: str) -> Ring:
        try:
            return _sound(self.ring(_vertices(positions), where))
        except ValueError as error:
            self.refuse(f"{where}: {error}")
            return np.empty((0, 2))


def _vertices(positions: Any) -> Ring:
    """Return positions as an array, (V, 2)."""
    if not _filled(positions):
        raise ValueError(f"got {shown(positions)}, expected a list of positions")
    for n, position in enumerate(positions, 1):
        if not (isinstance(position, list) and len(position) > 1 and all(isinstance(c, float) for c in position[:2])):
            raise ValueError(f"position {n} is {shown(position)}, expected {POSITION}")
    ring = np.array([position[:2] for position in positions])
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(ring) <= [180, 90]).all(axis=1)
    if wrong.any():
        n = int(np.argmax(wrong))
        raise ValueError(f"position {n + 1} is {at(ring[n])}, expected {POSITION}")
    return ring


def _sound(ring: Ring) -> Ring:
    """Return a closed ring. Raises ValueError if it spans the globe."""
    start, end = ring[:-1], ring[1:]
    at_pole = (np.abs(start[:, 1]) == 90) & (start[:, 1] == end[:, 1])
    span_deg = np.abs(end[:, 0] - start[:, 0])
    # A parallel all round, from -180 to 180, bounds a cap whose ring goes on to the pole; else it is a careless cut.
    too_wide = (span_deg > 180) & ~at_pole & ~((span_deg == 360) & at_pole.any())
    if too_wide.any():
        n = int(np.argmax(too_wide))
        raise ValueError(
            f"the edge from {at(start[n])} to {at(end[n])} spans {span_deg[n]:g} degrees of longitude, "
            "expected a polygon split at the antimeridian (RFC 7946, 3.1.9)"
        )
    return ring


ID_FORM = 'a text without "/", "+" and "#", which would break topics, other than "none"'


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or set(value) & set("/+#") or value in {"", "none"}:
        raise ValueError(ID_FORM)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise ValueError("a text on one line")
    return value


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError(" | ".join(KINDS))
    return str(value)


def _limit(value: Any) -> Limit:
    if not isinstance(value, str):
        raise ValueError(FORMS)
    return parse(value)


def _watch(value: Any) -> frozenset[Identity]:
    by_word = {identity.word: identity for identity in Identity}
    if not _filled(value) or not all(isinstance(word, str) and word in by_word for word in value):
        raise ValueError(f"a list of {' | '.join(by_word)}")
    return frozenset(by_word[word] for word in value)


def _initial(value: Any) -> Initial:
    by_word = {initial.name.lower(): initial for initial in Initial}
    if not isinstance(value, str) or value not in by_word:
        raise ValueError(" | ".join(by_word))
    return by_word[value]


def _near_nm(value: Any) -> float:
    if not isinstance(value, float) or not 0 <= value < math.inf:
        raise ValueError("a number, 0 or more")
    return value


def _active(_: Any) -> None:
    raise ValueError("no such property: activation windows are not supported yet")


_READERS: dict[str, Callable[[Any], Any]] = {
    "id": _id,
    "name": _text,
    "kind": _kind,
    "floor": _limit,
    "ceiling": _limit,
    "watch": _watch,
    "initial": _initial,
    "near_nm": _near_nm,
    "active": _active,
}


def _filled(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0
