"""Great-circle flights through three-dimensional zones: when they enter and leave, against the flight itself.

Reports come every 5 to 12 s, as a radar's; between them `look` knows only the chord in the plane. The authority follows
the flight by pyproj.Geod and finds each moment at which it is inside or out, by shapely in degrees, to a microsecond.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely

from detector.airspace.activation import Activation
from detector.airspace.altitude import Limit, Reference
from detector.airspace.zones import Zone
from detector.picture.airspace import Airspace
from detector.picture.look import look
from detector.tracks.fixes import Segments
from tests import zoo
from tests.geometry.shapes import GEOD, parts, ring
from tests.zoo import box

WITHIN_S = 0.005
SAMPLE_S = 0.1  # no stay is so short
BASES = {"Poland": (21.0, 52.0), "equator": (-1.0, 0.05), "70 north": (25.0, 70.0), "south": (150.0, -42.0)}


def at_m(height_m: float) -> Limit:
    return Limit(height_m, Reference.SEA)


def level(number: float) -> Limit:
    return Limit(number * 30.48, Reference.STANDARD)


def slanting(x: float, width: float, lean: float = 10.0) -> np.ndarray:
    return ring((x, -15), (x + width, -15), (x + width + lean, 15), (x + lean, 15))


ANGLE, REACH = np.arange(24) * np.pi / 12, np.tile([14, 8.4], 12)
STAR = ring(*zip(200 + REACH * np.sin(ANGLE), REACH * np.cos(ANGLE), strict=True))

# km east and north of the base; flights pass from west to east, climbing or sinking between 2,000 and 8,000 m
KM: list[Zone] = [
    parts([box(0, -15, 12, 15)], zone_id="box"),
    replace(parts([box(16, -15, 30, 15)], zone_id="above 4,500 m"), floor=at_m(4500)),
    replace(parts([box(16, -15, 30, 15)], zone_id="below 4,500 m"), ceiling=at_m(4500)),
    replace(parts([box(0, -15, 240, 15)], zone_id="layer 4,900 to 5,100 m"), floor=at_m(4900), ceiling=at_m(5100)),
    replace(parts([box(0, -15, 240, 15)], zone_id="FL150 to FL155"), floor=level(150), ceiling=level(155)),
    parts([box(34, -15, 54, 15), box(40, -12, 48, 12)], zone_id="with a hole"),
    parts([box(58, -15, 82, 15), box(62, -12, 78, 12)], [box(68, -10, 72, 10)], zone_id="island in a hole"),
    parts([slanting(86, 0.3)], zone_id="sliver of 300 m"),
    parts([ring((100, -15), (100.3, -15), (100.3, 15), (100, 15))], zone_id="sliver of 300 m, upright"),
    parts([box(104, -15, 104.75, 15)], zone_id="three seconds"),
    parts([ring((108, -15), (128, 0), (108, 15))], zone_id="triangle"),
    parts([box(132, -15, 134, 15)], [box(135, -15, 137, 15)], zone_id="two parts"),
    parts(
        [box(140, -15, 160, 15), ring((145, -10), (155, -10), (155, 15), (145, 15))], zone_id="U: a hole on the shell"
    ),
    parts([slanting(164, 8, -6)], zone_id="geodesic", geodesic=True),
    replace(
        parts([box(176, -15, 190, 15), box(180, -12, 184, 12)], zone_id="3-D"), floor=at_m(3000), ceiling=level(240)
    ),
    parts([STAR], zone_id="star"),
]


def zones_at(base: str) -> list[Zone]:
    lon, lat = BASES[base]
    scale = np.array([111.32 * np.cos(np.radians(lat)), 110.6])
    return [
        replace(zone, polygons=tuple(tuple(r / scale + (lon, lat) for r in polygon) for polygon in zone.polygons))
        for zone in KM
    ]


class Flight:
    """A great circle flown at constant speed and vertical rate."""

    def __init__(self, base: str, seed: int) -> None:
        rng = np.random.default_rng([seed, *map(ord, base)])
        (lon, lat), self.speed_mps = BASES[base], rng.uniform(60, 300)
        self.lon, self.lat, _ = GEOD.fwd(*GEOD.fwd(lon, lat, rng.choice([0, 180]), rng.uniform(0, 4000))[:2], 270, 9000)
        self.course = 90 + rng.uniform(-1.5, 1.5)
        end_s = 240_000 / self.speed_mps
        self.reports_s = np.cumsum(rng.uniform(5, 12, int(end_s / 5)))
        self.reports_s = self.reports_s[self.reports_s < end_s]
        low_m, high_m = rng.uniform(2000, 4000), rng.uniform(6000, 8000)
        self.start_m, end_m = (low_m, high_m) if rng.random() < 0.5 else (high_m, low_m)
        self.rate_mps = (end_m - self.start_m) / end_s

    def at(self, time_s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start = (np.full(len(time_s), value) for value in (self.lon, self.lat, self.course))
        lon, lat, _ = GEOD.fwd(*start, self.speed_mps * time_s)
        return np.array(lon), np.array(lat), self.start_m + self.rate_mps * time_s

    def stays(self, zone: Zone) -> list[list[float]]:
        """When the flight enters and leaves, between its first report and its last."""
        inside = Inside(zone)
        time_s = np.arange(self.reports_s[0], self.reports_s[-1], SAMPLE_S)
        within = inside(*self.at(time_s))
        changes = np.flatnonzero(within[1:] != within[:-1])
        low_s, high_s = time_s[changes], time_s[changes + 1]
        for _ in range(16):
            middle_s = (low_s + high_s) / 2
            same = inside(*self.at(middle_s)) == within[changes]
            low_s, high_s = np.where(same, middle_s, low_s), np.where(same, high_s, middle_s)
        ends = [time_s[0]] * int(within[0]) + low_s.tolist() + [self.reports_s[-1]] * int(within[-1])
        return np.reshape(ends, (-1, 2)).tolist()


class Inside:
    """Even-odd in degrees, geodesics in steps of some metres, and between floor and ceiling."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.rings = [shapely.polygons(_dense(r) if zone.geodesic else r) for polygon in zone.polygons for r in polygon]
        shapely.prepare(self.rings)

    def __call__(self, lon: np.ndarray, lat: np.ndarray, alt_m: np.ndarray) -> np.ndarray:
        over = sum(shapely.contains_xy(r, lon, lat).astype(int) for r in self.rings) % 2 == 1
        return over & (alt_m >= self.zone.floor.height_m) & (alt_m <= self.zone.ceiling.height_m)


def _dense(loop: np.ndarray) -> np.ndarray:
    places = [GEOD.npts(*a, *b, 2000, initial_idx=0) for a, b in pairwise(loop)]
    return np.concatenate(places)


def told(flight: Flight, airspace: Airspace) -> list[list[list[float]]]:
    """Return the stays in each zone that `look` sees, step after step joined."""
    lon, lat, alt_m = flight.at(flight.reports_s)
    fixes = zoo.fixes(airspace.theatre, lon, lat, flight.reports_s, sigma_m=0.0, pressure_alt_m=alt_m)
    steps = np.arange(len(lon) - 1)
    segments = Segments(steps, steps < 0, fixes.take(steps), fixes.take(steps), fixes.take(steps + 1))
    picture = look(segments, airspace, Activation(airspace.zones), (steps[:0], steps[:0]))
    found: list[list[list[float]]] = [[] for _ in airspace.zones]
    for pair, enters, leaves in zip(picture.pair, picture.enters, picture.leaves, strict=True):
        step, stays = picture.segment[pair], found[picture.zone[pair]]
        start_s, end_s = flight.reports_s[step : step + 2]
        entered_s, left_s = (start_s + at * (end_s - start_s) for at in (enters, leaves))
        if enters == 0 and stays and stays[-1][1] == pytest.approx(start_s, abs=1e-9):
            entered_s = stays.pop()[0]
        stays.append([entered_s, left_s])
    return found


def furthest_off_s(flight: Flight, airspace: Airspace) -> float:
    """Return the greatest difference of an entry or exit; every zone must have as many as it should."""
    off_s = [0.0]
    for zone, found in zip(airspace.zones, told(flight, airspace), strict=True):
        expected = flight.stays(zone)
        assert len(found) == len(expected), (zone.id, found, expected)
        off_s += np.abs(np.subtract(found, expected)).ravel().tolist()
    assert len(off_s) > 15
    return max(off_s)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("base", BASES)
def test_entries_and_exits(base: str, seed: int) -> None:
    assert furthest_off_s(Flight(base, seed), Airspace(zones_at(base), 1013.25)) < WITHIN_S


@pytest.mark.parametrize("far_deg", [20.0, 40.0])
def test_far_from_the_middle_of_the_theatre(far_deg: float) -> None:
    """Another zone as far away again, on the other side, of as many vertices as all these."""
    zones = zones_at("Poland")
    lon, lat = BASES["Poland"]
    angle = np.linspace(0, 2 * np.pi, 120)
    other = parts(
        [np.column_stack([lon + 2 * far_deg + np.cos(angle), lat - far_deg + np.sin(angle)])], zone_id="other"
    )
    airspace = Airspace([*zones, other], 1013.25)
    assert furthest_off_s(Flight("Poland", 1), airspace) < WITHIN_S
