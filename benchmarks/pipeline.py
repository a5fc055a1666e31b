"""The whole pipeline (store, identity, swept test, probability, book) beside batched prepared shapely on one workload.

300 star polygons of 500 vertices and 15 to 120 km radius over 46-58 N, 10-32 E; 10,000 aircraft in steps of 30 s at
250 m/s on straight courses. Most aircraft fly under a callsign and are neutral, as in life; `watched` is the share that
is not. Shapely decides enter and exit of every aircraft from the points alone: no path between them, no probability,
no message. Everything runs in this one process on one core; the figures are medians.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import shapely

from detector.airspace.zones import Identity, Zone
from detector.incidents.book import Book
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.tables import Rules
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Classifier, Rule
from feeds.plots import Plots, make

SEED, ZONES, VERTICES, AIRCRAFT, STEPS, STEP_S, SPEED_MPS = 7, 300, 500, 10_000, 12, 30.0, 250.0
EARTH_M = 6_371_000.0
SHARES = (0.0, 0.001, 0.01, 0.05, 0.1, 1.0)


def stars(rng: np.random.Generator) -> list[Zone]:
    angle = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    zones = []
    for number in range(ZONES):
        lat, lon, radius_m = rng.uniform(46, 58), rng.uniform(10, 32), rng.uniform(15e3, 120e3)
        r_m = radius_m * (0.8 + 0.2 * np.sin(7 * angle + rng.uniform(0, 2 * np.pi)))
        r_m *= 1 + rng.normal(0, 0.02, VERTICES)
        east, north = np.degrees(r_m * np.sin(angle) / EARTH_M), np.degrees(r_m * np.cos(angle) / EARTH_M)
        ring = np.column_stack([lon + east / np.cos(np.radians(lat)), lat + north])
        zones.append(Zone(id=f"z{number}", name=f"Z{number}", polygons=((np.vstack([ring, ring[:1]]),),)))
    return zones


def traffic(rng: np.random.Generator, watched: float) -> list[Plots]:
    lat, lon = rng.uniform(46, 58, AIRCRAFT), rng.uniform(10, 32, AIRCRAFT)
    course = rng.uniform(0, 2 * np.pi, AIRCRAFT)
    names = [f"t{i}" for i in range(AIRCRAFT)]
    callsigns = [None if i < watched * AIRCRAFT else f"LOT{i}" for i in range(AIRCRAFT)]
    steps = []
    for step in range(STEPS):
        gone = np.degrees(SPEED_MPS * STEP_S * step / EARTH_M)
        columns = {
            "time_s": np.full(AIRCRAFT, 1e9 + STEP_S * step),
            "track_id": names,
            "lat_deg": lat + gone * np.cos(course),
            "lon_deg": lon + gone * np.sin(course) / np.cos(np.radians(lat)),
            "callsign": callsigns,
            "baro_alt_m": np.full(AIRCRAFT, 10_000.0),
            "gs_mps": np.full(AIRCRAFT, SPEED_MPS),
            "track_deg": np.degrees(course),
            "source": ["adsb"] * AIRCRAFT,
        }
        steps.append(make(columns))
    return steps


def ours(airspace: Airspace, steps: list[Plots], rules: Rules) -> tuple[float, int]:
    identities = [Rule(Identity.NEUTRAL, callsigns=("?*",))]
    sensors = {"adsb": Sensor(10.0, STEP_S)}
    pipeline = Pipeline(Book("bench", "test"), airspace, Classifier(identities), sensors, rules)
    took_s, messages = [], 0
    for plots in steps:
        start = time.perf_counter()
        step = pipeline.step(plots, float(plots.time_s[0]))
        took_s.append(time.perf_counter() - start)
        messages += len(step.messages)
    return statistics.median(took_s[1:]), messages


def prepared_shapely(zones: list[Zone], steps: list[Plots]) -> float:
    polygons = shapely.polygons([zone.polygons[0][0] for zone in zones])
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)
    was: set[int] = set()
    took_s = []
    for plots in steps:
        start = time.perf_counter()
        aircraft, zone = tree.query(shapely.points(plots.lon_deg, plots.lat_deg), predicate="within")
        inside = set((aircraft * ZONES + zone).tolist())
        _ = inside - was, was - inside
        was = inside
        took_s.append(time.perf_counter() - start)
    return statistics.median(took_s[1:])


def incursion_alone() -> Rules:
    every = Rules()
    names = [name for name in Rules.__struct_fields__ if name != "incursion"]
    return Rules(**{name: type(getattr(every, name))(enabled=False) for name in names})


def main() -> None:
    zones = stars(np.random.default_rng(SEED))
    airspace = Airspace(zones, 1013.25)
    rival_s = prepared_shapely(zones, traffic(np.random.default_rng(SEED + 1), 0.0))
    print(f"{'':<28}{'positions/s':>12}{'x shapely':>11}{'messages':>10}")
    print(f"{'shapely, points only':<28}{AIRCRAFT / rival_s:>12,.0f}{1.0:>11.2f}{'-':>10}")
    for share in SHARES:
        for name, rules in (("all rules", Rules()), ("incursion", incursion_alone())):
            took_s, messages = ours(airspace, traffic(np.random.default_rng(SEED + 1), share), rules)
            label = f"{name}, {share:.1%} watched"
            print(f"{label:<28}{AIRCRAFT / took_s:>12,.0f}{rival_s / took_s:>11.2f}{messages:>10,}")


if __name__ == "__main__":
    main()
