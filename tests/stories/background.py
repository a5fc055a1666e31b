"""The traffic around the SU-24 story: airliners on great circles, light aircraft circling."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod
from scipy.constants import foot

from tests.stories.flights import Point
from tests.stories.plane import Floats

GEOD = Geod(ellps="WGS84")
Box = tuple[float, float, float, float]  # west, south, east, north, degrees

AIRPORTS: dict[str, Point] = {
    "Amsterdam": (4.76, 52.31), "Berlin": (13.50, 52.37), "Budapest": (19.26, 47.44), "Copenhagen": (12.65, 55.62),
    "Frankfurt": (8.57, 50.03), "Gdansk": (18.47, 54.38), "Helsinki": (24.96, 60.32), "Istanbul": (28.74, 41.28),
    "Krakow": (19.78, 50.08), "London": (-0.46, 51.47), "Munich": (11.79, 48.35), "Oslo": (11.10, 60.19),
    "Paris": (2.55, 49.01), "Prague": (14.26, 50.10), "Stockholm": (17.92, 59.65), "Vienna": (16.57, 48.11),
    "Vilnius": (25.29, 54.63), "Warsaw": (20.97, 52.17), "Wroclaw": (16.88, 51.10),
}  # fmt: skip
AIRFIELDS = {
    "SPKGD": (18.67, 54.25), "SPOLA": (20.42, 53.77), "SPWAW": (20.63, 52.27), "SPPOZ": (16.83, 52.42),
    "SPKRA": (20.20, 50.00),
}  # fmt: skip
ROUTES = (
    "KLM Amsterdam Warsaw", "LOT Warsaw Berlin", "WZZ Budapest Stockholm", "SAS Copenhagen Budapest",
    "RYR Copenhagen Krakow", "THY Copenhagen Istanbul", "DLH Frankfurt Vilnius", "BTI Vilnius Frankfurt",
    "LOT Gdansk Krakow", "DLH Gdansk Munich", "RYR Gdansk Wroclaw", "LOT Gdansk Warsaw", "FIN Helsinki Munich",
    "FIN Helsinki Prague", "BAW London Krakow", "LOT London Warsaw", "DLH Munich Warsaw", "AFR Paris Warsaw",
    "BTI Prague Vilnius", "LOT Prague Warsaw", "SAS Stockholm Budapest", "RYR Stockholm Krakow",
    "SAS Stockholm Prague", "AUA Vienna Gdansk", "AUA Vienna Oslo", "WZZ Wroclaw Warsaw", "WZZ Oslo Budapest",
    "FIN Helsinki Berlin",
)  # fmt: skip
ADDRESSES = {
    "LOT": 0x48AC00, "RYR": 0x4CA700, "WZZ": 0x471F00, "DLH": 0x3C6500, "SAS": 0x4ACA00, "FIN": 0x461E00,
    "BTI": 0x502C00, "KLM": 0x485800, "AFR": 0x394A00, "BAW": 0x407300, "AUA": 0x440A00, "THY": 0x4BAA00,
}  # fmt: skip
REGION = (13.8, 48.9, 25.2, 55.9)  # what the receivers cover
KALININGRAD = (19.7, 54.3, 22.9, 55.3)  # overflown by no airline


@dataclass(frozen=True)
class Flight:
    """What a transponder says of itself, and how often; lon, lat (N,) degrees and z (N,) m at times t (N,) s."""

    icao24: str
    callsign: str
    squawk: str
    t: Floats
    lon: Floats
    lat: Floats
    z: Floats


def within(box: Box, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    west, south, east, north = box
    return (lon > west) & (lon < east) & (lat > south) & (lat < north)


def airliner(number: int, duration_s: float, rng: np.random.Generator) -> Flight | None:
    """Fly a route's great circle, somewhere on its way; None where no airline flies or no receiver hears."""
    airline, *ends = ROUTES[number % len(ROUTES)].split()
    (lon1, lat1), (lon2, lat2) = (AIRPORTS[end] for end in (ends if rng.random() < 0.5 else ends[::-1]))
    azimuth, _, length = GEOD.inv(lon1, lat1, lon2, lat2)
    t = np.arange(rng.uniform(0, 5), duration_s, rng.choice([1, 2, 3, 4, 5], p=[0.05, 0.15, 0.2, 0.3, 0.3]))
    along = rng.uniform(0.1, 0.9) * length + rng.uniform(220, 245) * (t - duration_s / 2)
    same = np.ones_like(t)
    lon, lat, _ = GEOD.fwd(lon1 * same, lat1 * same, azimuth * same, along)
    seen = within(REGION, lon, lat) & (along > 0) & (along < length)
    if seen.sum() < 20 or within(KALININGRAD, lon, lat).any():
        return None
    address = f"{ADDRESSES[airline] + number:06x}"
    callsign, squawk = f"{airline}{rng.integers(100, 9999)}", f"{rng.integers(0o1000, 0o6777):04o}"
    level = 2 * rng.integers(15, 20) + (azimuth > 0)  # the semicircular rule: odd thousands of feet eastbound
    return Flight(address, callsign, squawk, t[seen], lon[seen], lat[seen], level * 1000 * foot * same[seen])


def light_aircraft(number: int, callsign: str, duration_s: float, rng: np.random.Generator) -> Flight:
    """Fly circles of 3 to 6 km radius beside an airfield."""
    t = np.arange(rng.uniform(0, 3), duration_s, 3.0)
    radius_m, speed_mps, z_m = rng.uniform(3e3, 6e3), rng.uniform(45, 60), rng.uniform(500, 1200)
    bearing = np.degrees(rng.uniform(0, math.tau) + speed_mps / radius_m * t)
    (lon0, lat0), same = AIRFIELDS[callsign], np.ones_like(t)
    lon, lat, _ = GEOD.fwd(lon0 * same, lat0 * same, bearing, radius_m * same)
    return Flight(f"{0x489000 + number:06x}", callsign, "7000", t, lon, lat, z_m * same)


def background(duration_s: float, rng: np.random.Generator) -> Iterator[Flight]:
    tried = (airliner(number, duration_s, rng) for number in range(140))
    yield from [flight for flight in tried if flight][:62]
    for number, callsign in enumerate(AIRFIELDS):
        yield light_aircraft(number, callsign, duration_s, rng)
