"""Named zones and flights that tests share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyproj import Geod

from detector.airspace.zones import Identity, Zone
from detector.geometry.projection import Theatre, earth_centred
from detector.incidents.book import Book
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.incursion import Params
from detector.rules.tables import Rules
from detector.tracks.accuracy import Sensor
from detector.tracks.fixes import Fixes
from detector.tracks.identity import Classifier, Rule
from feeds.plots import Plots, concatenate, make

GEOD = Geod(ellps="WGS84")
SENSORS = {"adsb": Sensor(10.0, 1.0), "radar": Sensor(80.0, 5.0), "enroute-radar": Sensor(150.0, 12.0)}


def box(west: float, south: float, east: float, north: float) -> np.ndarray:
    return np.array([[west, south], [east, south], [east, north], [west, north], [west, south]], dtype=float)


def zone(*rings: np.ndarray, zone_id: str = "square", **properties: object) -> Zone:
    return Zone(id=zone_id, name=zone_id.capitalize(), polygons=(tuple(rings),), **properties)  # type: ignore[arg-type]


NEUTRAL = Rule(Identity.NEUTRAL, callsigns=("?*",))
"""Who flies under a callsign."""

SQUARE = zone(box(20.0, 54.0, 21.0, 55.0))
"""One degree each way; its western edge is the meridian 20 E."""


def only(**tables: object) -> Rules:
    """Tables of rules in which all but these are disabled."""
    off = {name: type(getattr(Rules(), name))(enabled=False) for name in Rules.__struct_fields__}
    return Rules(**off | tables)  # type: ignore[arg-type]


def pipeline(
    zones: Sequence[Zone] = (SQUARE,), rules: Sequence[Rule] = (), tables: Rules | None = None, **params: float
) -> Pipeline:
    """A pipeline whose only rule is incursion, with these parameters, unless `tables` says otherwise."""
    chosen = only(incursion=Params(**params)) if tables is None else tables
    return Pipeline(Book("test", "test"), Airspace(zones, 1013.25), Classifier(rules), SENSORS, chosen)


def flight(
    *,
    lon: float,
    lat: float = 54.5,
    course: float = 90.0,
    speed: float = 250.0,
    times: Sequence[float],
    track_id: str = "4980",
    source: str = "adsb",
    **columns: object,
) -> Plots:
    """Straight flight from a place at time 0, seen without error at `times`."""
    t = np.asarray(times, dtype=float)
    lons, lats, _ = GEOD.fwd(np.full(len(t), lon), np.full(len(t), lat), np.full(len(t), course), speed * t)
    known = {"baro_alt_m": 6000.0, "source": source} | columns
    spread = {name: [value] * len(t) if np.ndim(value) == 0 else value for name, value in known.items()}
    return make({"time_s": t, "track_id": [track_id] * len(t), "lon_deg": lons, "lat_deg": lats, **spread})


def moved(plots: Plots, east_m: np.ndarray, north_m: np.ndarray) -> Plots:
    """The same plots, so far off."""
    azimuth_deg, far_m = np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
    plots.lon_deg[:], plots.lat_deg[:], _ = GEOD.fwd(plots.lon_deg, plots.lat_deg, azimuth_deg, far_m)
    return plots


def scattered(plots: Plots, sigma_m: float, seed: int) -> Plots:
    """The same plots, off by the errors of a sensor."""
    return moved(plots, *np.random.default_rng(seed).normal(0.0, sigma_m, (2, len(plots))))


def fixes(theatre: Theatre, lon: np.ndarray, lat: np.ndarray, time_s: np.ndarray | float = 0.0, **known) -> Fixes:
    """Fixes at places; what is not given is not known."""
    n = len(lon)
    columns = (
        dict.fromkeys(
            ("sigma_m", "pressure_alt_m", "geo_alt_m", "period_s", "gs_mps", "track_deg", "vrate_mps"), np.nan
        )
        | known
    )
    flat = {name: np.broadcast_to(np.asarray(value, dtype=float), n).copy() for name, value in columns.items()}
    x_m, y_m = theatre.project(lon, lat)
    when_s = np.broadcast_to(np.asarray(time_s, dtype=float), n).copy()
    return Fixes(time_s=when_s, x_m=x_m, y_m=y_m, earth_m=earth_centred(lon, lat), **flat)


def in_order(*flights: Plots) -> Plots:
    plots = concatenate(flights)
    return plots.take(np.argsort(plots.time_s, kind="stable"))


def tell(pipe: Pipeline, plots: Plots, until: float | None = None) -> list:
    """Run all plots in one step, then let the clock reach `until`."""
    messages = pipe.step(plots, float(plots.time_s[-1])).messages
    if until is not None:
        messages = messages + pipe.step(plots.take(slice(0, 0)), until).messages
    return messages
