"""The airspace: zones made ready for arrays, with their projection, index, boundaries, and properties as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.airspace.altimetry import Altimetry
from detector.airspace.altitude import Reference
from detector.airspace.zones import ENTRY, Identity, Zone
from detector.arrays import Floats, Mask
from detector.geometry.edges import Edges
from detector.geometry.index import CellIndex
from detector.geometry.lines import Lines
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import Theatre, earth_centred, on_earth
from detector.tracks.fixes import Fixes, Rows
from detector.units import NAUTICAL_MILE_M


class Airspace:
    """Z zones compiled: the theatre's projection, the index, the boundaries, and the zones' properties as columns."""

    def __init__(self, zones: Sequence[Zone], qnh_hpa: float) -> None:
        self.zones = tuple(zones)
        self.altimetry = Altimetry(qnh_hpa)
        self.theatre = Theatre.around(zones)
        edges = Edges.of(zones, self.theatre)
        self.index = CellIndex(edges, len(zones))
        self.boundaries = Boundaries(edges)
        watches = [[i in z.watch for z in zones] for i in Identity]
        self.cares = np.array(watches, dtype=bool)  # (identities, Z) about their conduct
        self.watch = self.cares & np.array([z.kind in ENTRY for z in zones], dtype=bool)  # about their entry
        self.watched: Mask = np.logical_or.reduce(self.cares, axis=1)  # (identities,) by any zone
        self.is_asset = np.array([zone.kind == "asset" for zone in zones], dtype=bool)
        middles_m = [_middle_m(zone) if zone.kind == "asset" else _NOWHERE_M for zone in zones]
        self.middle_m = np.array(middles_m).reshape(-1, 3)
        self.moving = np.flatnonzero([zone.follows is not None for zone in zones])
        self.forbidden = np.array([ENTRY.get(zone.kind, ("",))[0] == "incursion" for zone in zones], dtype=bool)
        self.surroundings = _surroundings(self.zones, range(len(zones)), edges, self.boundaries)
        self.borders = _surroundings(self.zones, np.flatnonzero(self.forbidden), edges, self.boundaries)
        self.index_of = {zone.id: index for index, zone in enumerate(zones)}
        self.initial = np.array([z.initial for z in zones], dtype=np.int8)
        self.floor_m = np.array([z.floor.height_m for z in zones])
        self.ceiling_m = np.array([z.ceiling.height_m for z in zones])
        self.floor_is_level = np.array([z.floor.reference is Reference.STANDARD for z in zones], dtype=bool)
        self.ceiling_is_level = np.array([z.ceiling.reference is Reference.STANDARD for z in zones], dtype=bool)

    def __len__(self) -> int:
        return len(self.zones)

    def above_floor_m(self, pressure_alt_m: Floats, geo_alt_m: Floats, zone: Rows) -> tuple[Floats, Floats]:
        """Return heights above floors and their sigma, (P,); inf without a floor, NaN with one and no altitude."""
        return self._above_m(self.floor_m[zone], self.floor_is_level[zone], pressure_alt_m, geo_alt_m)

    def below_ceiling_m(self, pressure_alt_m: Floats, geo_alt_m: Floats, zone: Rows) -> tuple[Floats, Floats]:
        """Return heights below zones' ceilings and their sigma, (P,), likewise."""
        height_m, sigma_m = self._above_m(self.ceiling_m[zone], self.ceiling_is_level[zone], pressure_alt_m, geo_alt_m)
        return -height_m, sigma_m

    def margins(self, pressure_alt_m: Floats, geo_alt_m: Floats, zone: Rows) -> tuple[Floats, Floats]:
        """Return heights above floors and below ceilings, in sigmas, (P,), likewise."""
        above_m, above_sigma_m = self.above_floor_m(pressure_alt_m, geo_alt_m, zone)
        below_m, below_sigma_m = self.below_ceiling_m(pressure_alt_m, geo_alt_m, zone)
        return above_m / above_sigma_m, below_m / below_sigma_m

    def holds(self, lon_deg: Floats, lat_deg: Floats, fixes: Fixes, zone: Rows) -> Mask:
        """Tell which places, at the altitudes of fixes, are in zones, (P,); an altitude not known excludes nothing."""
        point, within = self.index.inside(*self.theatre.project(lon_deg, lat_deg))
        inside = np.zeros(len(zone), dtype=bool)
        inside[point[within == zone[point]]] = True
        return inside & self.at_height(fixes, zone)

    def depth_m(self, earth_m: Floats, fixes: Fixes, zone: Rows) -> Floats:
        """Return how deep places (P, 3), at the altitudes of fixes, are in zones, (P,); negative outside."""
        distance_m = self.boundaries.distance(earth_m, zone)
        return np.where(self.holds(*on_earth(earth_m), fixes, zone), distance_m, -distance_m)

    def at_height(self, fixes: Fixes, zone: Rows) -> Mask:
        """Tell which fixes are between the limits of zones, (P,); an altitude not known excludes nothing."""
        above, below = self.margins(fixes.pressure_alt_m, fixes.geo_alt_m, zone)
        return ~(above < 0) & ~(below < 0)

    def _above_m(
        self, limit_m: Floats, is_level: Mask, pressure_alt_m: Floats, geo_alt_m: Floats
    ) -> tuple[Floats, Floats]:
        height_m, sigma_m = -limit_m, np.ones(len(limit_m))
        for on, convert in ((is_level, self.altimetry.pressure_altitude_m), (~is_level, self.altimetry.above_sea_m)):
            at = np.flatnonzero(on & np.isfinite(limit_m))
            if len(at):
                altitude_m, sigma_m[at] = convert(pressure_alt_m[at], geo_alt_m[at])
                height_m[at] = altitude_m - limit_m[at]
        return height_m, sigma_m


_NOWHERE_M = np.full(3, np.nan)


def _middle_m(zone: Zone) -> Floats:
    """Return the middle of the area in a zone's outer rings, earth-centred, on the ground; NaN for one that moves."""
    if zone.follows is not None:
        return _NOWHERE_M
    outer = replace(zone, polygons=tuple((shell,) for shell, *_ in zone.polygons))
    lines = Lines.of([outer]).coarse()  # chords of long ones would cut off what parallels enclose
    a_m, b_m = earth_centred(lines.lon0, lines.lat0), earth_centred(lines.lon1, lines.lat1)
    about_m = a_m.mean(axis=0)
    share = np.cross(a_m - about_m, b_m - about_m) @ about_m  # of the triangles from there, as turned: (V,)
    share *= np.sign(np.bincount(lines.ring, share))[lines.ring]  # however rings are wound
    middle_m = np.average((a_m + b_m + about_m) / 3, axis=0, weights=share)  # deep down if the zone is wide
    return earth_centred(*on_earth(middle_m[None]))[0]


@dataclass(frozen=True, slots=True)
class Surrounding:
    """Zones that watch alike, as far around them as their `near_nm` says."""

    watch: Mask  # (identities,)
    near_m: float
    members: Rows  # indices of the zones
    boundaries: Boundaries  # of these


def _surroundings(
    zones: Sequence[Zone], some: Iterable[int], edges: Edges, boundaries: Boundaries
) -> list[Surrounding]:
    """Return the surroundings of some of all zones; `boundaries` are those of all."""
    alike: dict[tuple[frozenset[Identity], float], list[int]] = {}
    for index in some:
        alike.setdefault((zones[index].watch, zones[index].near_nm), []).append(index)
    return [
        Surrounding(
            watch=np.array([identity in watch for identity in Identity]),
            near_m=near_nm * NAUTICAL_MILE_M,
            members=np.array(members),
            boundaries=boundaries if len(members) == len(zones) else Boundaries(edges.of_zones(members)),
        )
        for (watch, near_nm), members in alike.items()
    ]
