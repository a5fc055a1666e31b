"""Moving assets: a ship, a tanker, a convoy that reports itself and is protected by the circle around it.

A Feature without geometry says which: `follows` (the `track_id` its reports carry, by default their `icao24`) and
`radius_m`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from detector.airspace.draft import shown

if TYPE_CHECKING:
    from detector.airspace.feature import Feature

KIND = "asset"


def read(feature: Feature, given: Mapping[str, Any]) -> None:
    """Add the asset that a feature without geometry asks for to its reading, or what is wrong with it."""
    follows, radius_m = given.get("follows"), given.get("radius_m")
    if not isinstance(follows, str) or not follows.strip() or not follows.isprintable():
        feature.refuse(f"follows: got {shown(follows)}, expected the track_id of a ship or an aircraft")
    feature.radius(radius_m)
    values = feature.fields({"kind": KIND, **given})
    if values.get("kind", KIND) != KIND:
        feature.refuse(f"kind: got {shown(values['kind'])}, expected {KIND}: nothing else moves")
    zone = feature.zone(values | {"follows": follows, "radius_m": radius_m}, (), geodesic=True)
    if zone is not None:
        feature.reading.zones.append(zone)
