"""Recorded traffic over real borders, run through the pipeline as `replay` does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from detector.assembly import load, pipeline_of
from detector.commands.geofence import PlainGeofence
from detector.commands.summary import Summary
from detector.incidents.message import IncidentMessage
from detector.picture.airspace import Airspace
from detector.settings import Settings
from feeds import tracksfile
from feeds.plots import Plots, concatenate
from tests.shared import data_file

PARIS, SWISS, UK = "traffic:collections/quickstart", "traffic:collections/switzerland", "stonesoup:OpenSky_Plane_States"
ALL = ["friend", "assumed-friend", "neutral", "unknown", "suspect", "hostile"]


@cache
def recordings() -> dict[str, Plots]:
    """Return every recording by source, in time order: the file strings them together."""
    plots = concatenate([chunk.plots for chunk in tracksfile.read(data_file("tracks.csv.gz"))])
    names, source = np.unique(plots.source.astype(str), return_inverse=True)
    order = np.lexsort((plots.time_s, source))
    parts = np.split(order, np.flatnonzero(np.diff(source[order])) + 1)
    return {str(name): plots.take(part) for name, part in zip(names, parts, strict=True)}


@cache
def countries() -> dict[str, dict[str, object]]:
    """Return the GeoJSON geometries of Europe's states with their territorial sea, by three-letter code."""
    data = gzip.decompress(data_file("borders/countries_maritime_10m_europe.geojson.gz").read_bytes())
    return {feature["properties"]["A3"]: feature["geometry"] for feature in json.loads(data)["features"]}


NAMED_IS_NEUTRAL = '[[identity]]\nis = "neutral"\ncallsign = ["?*"]\n'


def site(
    folder: Path, codes: Sequence[str], identities: str = NAMED_IS_NEUTRAL, **properties: object
) -> tuple[Settings, Airspace]:
    """Return a configuration with these countries as national zones, and these identity rules."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": code.lower(), "name": code, "kind": "national"} | properties,
            "geometry": countries()[code],
        }
        for code in codes
    ]
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    config = folder / "incursiond.toml"
    config.write_text(f'[site]\nid = "real"\n[airspace]\nzones = ["zones.geojson"]\n{identities}')
    return load(config)


def run(settings: Settings, airspace: Airspace, plots: Plots, *, geofence: bool = False) -> Summary:
    """Run a recording through a pipeline of its own until every track is lost; return what came of it."""
    pipeline, plain, summary = pipeline_of(settings, airspace), PlainGeofence(airspace), Summary()
    for start in range(0, len(plots), 50_000):
        chunk = plots.take(slice(start, start + 50_000))
        if geofence:
            plain.take(chunk)
        summary.take(chunk, pipeline.step(chunk, float(chunk.time_s[-1])), plain.messages)
    return summary


def incidents(summary: Summary) -> list[IncidentMessage]:
    """Return the last message of every incident, in the order of opening."""
    return list(summary.last.values())


def thinned(source: str, share: int) -> Plots:
    """Return one aircraft in so many of a recording."""
    plots = recordings()[source]
    return plots.take(np.flatnonzero(np.isin(plots.track_id, np.unique(plots.track_id.astype(str))[::share])))


def hours(plots: Plots) -> float:
    """Return how long aircraft were heard, gaps of more than a minute left out."""
    order = np.lexsort((plots.time_s, plots.track_id.astype(str)))
    step_s = np.diff(plots.time_s[order])
    same = plots.track_id[order][1:] == plots.track_id[order][:-1]
    return float(step_s[same & (step_s < 60)].sum()) / 3600
