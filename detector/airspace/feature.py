"""A feature: a draft made of properties and rings of positions, as GeoJSON has them and KML and AIXM give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from detector.airspace.altitude import GROUND, UNLIMITED
from detector.airspace.arcs import circle
from detector.airspace.draft import Draft, shown
from detector.airspace.properties import ID_FORM, READERS, meant
from detector.airspace.reading import Reading
from detector.airspace.rings import sound, vertices
from detector.airspace.zones import ENTRY, Ring, Zone

WIDEST_M = 1_000_000.0  # of circles

Polygons = tuple[tuple[Ring, ...], ...]


class Feature(Draft):
    """One feature on its way to a zone, which it becomes unless something is wrong with it."""

    def __init__(self, reading: Reading, place: str) -> None:
        super().__init__(reading, place)
        self._before = len(reading.problems)

    def fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a zone that properties, as JSON has them, give; others are left to their owners."""
        values = {}
        if given.get("id") is None:
            self.refuse(f"id: missing, expected {ID_FORM}")
        for key, reader in READERS.items():
            value = given.get(key)
            try:
                if value is not None:
                    values[key] = reader(value)
            except ValueError as error:
                self.refuse(f"{key}: got {shown(value)}, expected {error}")
        self.misspelt(given)
        if (kind := values.get("kind", "national")) not in ENTRY:
            self.warn(f"kind: being inside a zone of kind {kind} alarms nobody by itself")
        floor, ceiling = values.get("floor", GROUND), values.get("ceiling", UNLIMITED)
        said = shown(given.get("floor")), shown(given.get("ceiling"))
        values["floor"], values["ceiling"] = self.limits(floor, ceiling, *said)
        return values

    def misspelt(self, given: Mapping[str, Any]) -> None:
        """Tell of names that look like properties."""
        for key in given:
            if (like := meant(key)) and like not in given:
                self.warn(f"{shown(key)} is not read, expected {like}?")

    def polygons(self, parts: Sequence[Sequence[Any]], *, geodesic: bool = False) -> Polygons:
        """Return the sound rings of parts, each a list of rings and each of these a list of positions."""
        before = len(self.reading.problems)
        rings = [
            [self._ring(ring, f"geometry: part {p} ring {r}", geodesic) for r, ring in enumerate(part, 1)]
            for p, part in enumerate(parts, 1)
        ]
        whole = tuple(tuple(ring for ring in part if len(ring)) for part in rings if len(part[0]))
        if not whole and len(self.reading.problems) == before:
            self.refuse("geometry: encloses nothing, expected an area")
        return whole

    def circle(self, centre: Any, radius_m: Any) -> Polygons:
        """Return the circle around a position."""
        if not self.radius(radius_m):
            return ()
        try:
            ((lon_deg, lat_deg),) = vertices([centre]).tolist()
        except ValueError as error:
            self.refuse(f"geometry: {error}")
            return ()
        return ((circle(lon_deg, lat_deg, radius_m),),)

    def radius(self, radius_m: Any) -> bool:
        """Tell whether a radius can be one; refuse one that cannot."""
        can_be = isinstance(radius_m, float) and 0 < radius_m <= WIDEST_M
        if not can_be:
            self.refuse(f"radius_m: got {shown(radius_m)}, expected metres, above 0 and at most {WIDEST_M:.0f}")
        return can_be

    def _ring(self, positions: Any, where: str, geodesic: bool) -> Ring:
        try:
            ring = self.ring(vertices(positions), where)
            return ring if geodesic else sound(ring)  # a geodesic goes the short way across the antimeridian
        except ValueError as error:
            self.refuse(f"{where}: {error}")
            return np.empty((0, 2))

    def finish(self, values: Mapping[str, Any], polygons: Polygons, *, geodesic: bool = False) -> None:
        """Claim the id, and add the zone unless something is wrong with it."""
        if (zone := self.zone(values, polygons, geodesic=geodesic)) is not None:
            self.reading.zones.append(zone)

    def zone(self, values: Mapping[str, Any], polygons: Polygons, *, geodesic: bool) -> Zone | None:
        """Claim the id, and return the zone unless something is wrong with it."""
        if "id" in values:
            self.reading.claims.append((values["id"], self.place))
        if len(self.reading.problems) > self._before:
            return None
        return Zone(polygons=polygons, **{"name": values["id"], "geodesic": geodesic, **values})
