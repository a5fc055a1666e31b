"""Zones side by side, so that who flies on over them is news all the time: what one strip brings, none did before."""

from __future__ import annotations

import json
from pathlib import Path

NUMBER, APART_DEG, EVERY_S = 200, 0.016, 2.4  # strips; 1 km apart and half as wide; how often the next one comes
WEST_DEG, SOUTH_DEG, NORTH_DEG = 20.0, 54.0, 55.0


def draw(path: Path) -> None:
    features = []
    for n in range(NUMBER):
        west, east = WEST_DEG + n * APART_DEG, WEST_DEG + (n + 0.5) * APART_DEG
        ring = [[west, SOUTH_DEG], [east, SOUTH_DEG], [east, NORTH_DEG], [west, NORTH_DEG], [west, SOUTH_DEG]]
        named = {"id": f"strip-{n}", "name": f"Strip {n}", "kind": "restricted"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": named, "geometry": geometry})
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def longitude(flown_s: float) -> float:
    """Where one is after a time who flies over all strips, back, and so on."""
    turns = flown_s / EVERY_S / NUMBER % 2.0
    return WEST_DEG + NUMBER * APART_DEG * min(turns, 2.0 - turns)
