"""Zones as GeoJSON (RFC 7946) that reads back as the same zones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from detector.airspace.written import properties
from detector.airspace.zones import Zone
from detector.outlines.degrees import straight


def geojson(zones: Sequence[Zone]) -> str:
    """Return a FeatureCollection, a feature a line. Geodesic edges become straight ones, at most 0.25 m off."""
    features = ",\n".join(json.dumps(_feature(zone), ensure_ascii=False) for zone in zones)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def _feature(zone: Zone) -> dict[str, Any]:
    if zone.follows is not None:
        return {"type": "Feature", "properties": properties(zone), "geometry": None}
    parts = [[ring.tolist() for ring in rings] for rings in straight(zone)]
    shape = ("Polygon", parts[0]) if len(parts) == 1 else ("MultiPolygon", parts)
    geometry = dict(zip(("type", "coordinates"), shape, strict=True))
    return {"type": "Feature", "properties": properties(zone), "geometry": geometry}
