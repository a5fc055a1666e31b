"""The countries of Natural Earth's 10 m set, from the TopoJSON of world-atlas: their land, every polygon of the world.

The file joins carelessly what it had cut at the antimeridian: rings jump from 180 to -180 and back, and Antarctica has
no edge along the pole. `countries` gives it as it is, `mended` cut as RFC 7946 wants it.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

import numpy as np

from detector.airspace import geojson
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring
from tests.geometry.shapes import Compiled
from tests.shared import data_file

WORLD = "borders/world-atlas_countries-10m.topojson.gz"


@cache
def countries() -> dict[str, list[list[Ring]]]:
    """Return the rings of every country's polygons by its name, as the file has them."""
    document = json.loads(gzip.decompress(data_file(WORLD).read_bytes()))
    scale, translate = (np.array(document["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in document["arcs"]]

    def ring(numbers: list[int]) -> Ring:
        pieces = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])

    found = {}
    for geometry in document["objects"]["countries"]["geometries"]:
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry.get("arcs", [])
        found[geometry["properties"]["name"]] = [[ring(numbers) for numbers in polygon] for polygon in polygons]
    return found


@cache
def mended() -> dict[str, list[list[Ring]]]:
    """Return the same with every ring on one side of the antimeridian, and the pole within Antarctica."""
    return {
        name: [[_mended(ring) for ring in polygon] for polygon in polygons] for name, polygons in countries().items()
    }


def _mended(ring: Ring) -> Ring:
    if (np.abs(np.diff(ring[:, 0])) < 180).all():
        return ring
    if ring[:, 1].max() < -60:  # Antarctica begins and ends at -180
        return np.concatenate([ring[:-1], [[180, ring[0, 1]], [180, -90], [-180, -90]], ring[:1]])
    return np.column_stack([np.where(ring[:, 0] == -180, 180, ring[:, 0]), ring[:, 1]])


def document(drawn: dict[str, list[list[Ring]]]) -> bytes:
    """Return countries as GeoJSON; a zone's id is its number."""
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "properties": {"id": str(number), "name": name},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[ring.tolist() for ring in polygon] for polygon in polygons],
            },
        }
        for number, (name, polygons) in enumerate(drawn.items())
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@cache
def reading() -> Reading:
    """Return what the loader makes of the mended countries."""
    return geojson.read(document(mended()), "world.geojson")


@cache
def compiled() -> Compiled:
    """Return the countries ready to be asked."""
    return Compiled(reading().zones)
