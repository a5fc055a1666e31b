"""A story: flights of known paths among ordinary traffic, what the detector tells of them, and what is true."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from scipy.constants import foot

from detector.airspace.load import read_zones
from detector.airspace.zones import Identity, Zone
from detector.delivery.messages import ndjson
from detector.outlines.selfcheck import check
from detector.rules.tables import Rules
from detector.tracks.identity import Rule
from feeds.plots import Plots
from tests import zoo
from tests.stories.flights import STEP_S, Path10Hz
from tests.stories.plane import Floats, Plane
from tests.stories.sensors import Flown

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "config" / "zones"
AIRLINERS, REACH_M = 12, 100e3
LAST_WORD_S = 120.0  # every incident closes within a minute of the last report

IDENTITIES = (
    Rule(Identity.FRIEND, callsigns=("PLF*", "NATO*")),
    Rule(Identity.NEUTRAL, callsigns=("?*",), squawks_not=("7500", "7600", "7700")),
)

Message = dict[str, Any]


class Incursion(NamedTuple):
    """A stay in a zone, as it was flown."""

    entry_s: float
    exit_s: float
    depth_m: float


@dataclass(frozen=True)
class Story:
    """An incident as it was published; `fly` returns who took part."""

    name: str
    start: datetime
    plane: Plane
    zone_files: tuple[Path, ...]
    fly: Callable[[], tuple[Flown, ...]]

    def plots(self, seed: int) -> Plots:
        """Return the reports of one realisation: noise, phases of sensors, the others."""
        rng, flights = np.random.default_rng(seed), self.fly()
        seen = [*flights, *airliners(max(flight.path.t[-1] for flight in flights), rng)]
        return zoo.in_order(*(flight.reports(self.plane, self.start.timestamp(), rng) for flight in seen))

    def incursions(self, track_id: str, zone_id: str) -> list[Incursion]:
        """Return what is true of a track in a zone, in order."""
        (path,) = (flight.path for flight in self.fly() if flight.track_id == track_id)
        deep = self.depth_m(path, zone_id)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], deep > 0, [0]]).astype(int))).reshape(-1, 2)
        start_s = self.start.timestamp()
        return [Incursion(start_s + path.t[a], start_s + path.t[b - 1], float(deep[a:b].max())) for a, b in edges]

    def depth_m(self, path: Path10Hz, zone_id: str) -> Floats:
        """Return how far inside a zone a path leads, (N,), negative outside; edges are straight in degrees."""
        (zone,) = (zone for zone in zones_of(self.zone_files) if zone.id == zone_id)
        area = shapely.segmentize(shapely.MultiPolygon([(r[0], r[1:]) for r in zone.polygons]), 0.005)
        flat = shapely.transform(area, lambda c: self.plane.to_plane(c[:, 0], c[:, 1]))
        shapely.prepare([flat, flat.boundary])
        distance = shapely.distance(shapely.points(path.xy), flat.boundary)
        return np.where(shapely.contains_xy(flat, *path.xy.T), distance, -distance)


@cache
def tell(story: Story, seed: int) -> bytes:
    """Return the messages about one realisation, as they are sent."""
    plots = story.plots(seed)
    pipeline = zoo.pipeline(zones_of(story.zone_files), IDENTITIES, tables=Rules())
    messages = zoo.tell(pipeline, plots, until=float(plots.time_s[-1]) + LAST_WORD_S)
    return b"".join(map(ndjson, messages))


def told(story: Story, seed: int) -> list[Message]:
    """Return the same, read."""
    return [json.loads(line) for line in tell(story, seed).splitlines()]


@cache
def zones_of(files: tuple[Path, ...]) -> tuple[Zone, ...]:
    reading = check(read_zones(files))
    assert not reading.problems
    return tuple(reading.zones)


def straight(x: float, y: float, course: float, speed: float, z: float, seconds: float) -> Path10Hz:
    t = np.arange(0.0, seconds, STEP_S)
    way = speed * t[:, None] * [np.sin(course), np.cos(course)]
    return Path10Hz(t, np.array([x, y]) + way, np.full(len(t), z))


def airliners(end_s: float, rng: np.random.Generator) -> list[Flown]:
    """Return airliners that cross the surroundings at cruising levels of the semicircular rule, under callsigns."""
    made = []
    for number in range(AIRLINERS):
        course, speed, (x, y) = rng.uniform(0, 2 * np.pi), rng.uniform(220, 245), rng.uniform(-REACH_M, REACH_M, 2)
        back = speed * end_s / 2
        level = 2 * rng.integers(14, 18) + (course < np.pi)
        path = straight(x - back * np.sin(course), y - back * np.cos(course), course, speed, level * 1000 * foot, end_s)
        made.append(Flown(path, "adsb", f"4ca{number:03x}", f"4ca{number:03x}", f"RYR{100 + number}", "1000"))
    return made


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)
