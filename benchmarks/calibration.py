"""Whether probabilities of incursions are what they say: announced ones against the share that was true.

    python benchmarks/calibration.py [ENCOUNTERS] [SEED] [DIAGRAM.svg]

Aircraft on straight ways and turns of up to 45 deg of bank skim and clip a border of random shape, 110 km of a random
walk in steps of 600 m, passing within about a kilometre of one of its points; each is seen by one of four sensors with
independent normal errors. The rule `incursion` runs alone with `probability` at 0.55. An announcement is true if the
flown path, at 10 Hz, was inside between a period before the entry it states and the report that decided it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.constants import g, knot

from detector.airspace.zones import Zone
from detector.incidents.book import Book
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.incursion import Params
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Classifier
from feeds.plots import Plots, make
from tests import zoo
from tests.stories.plane import Floats, Plane

THRESHOLD = 0.55
SENSORS = {  # period s, sigma m, share lost, tells velocities
    "adsb": (1.0, 10.0, 0.05, True),
    "mlat": (2.0, 60.0, 0.10, True),
    "radar": (5.0, 80.0, 0.03, False),
    "enroute-radar": (12.0, 150.0, 0.03, False),
}
PLANE = Plane(20.0, 54.0)
VERTICES, EDGE_M, DEPTH_M = 181, 600.0, 60e3
STEP_S, HALF_S = 0.1, 60.0
BATCH = 1000
BINS = (0.55, 0.65, 0.75, 0.85, 0.95, 0.99, 1.0)


def border(rng: np.random.Generator) -> shapely.Polygon:
    """Return a zone south of a border that wanders from west to east."""
    x = (np.arange(VERTICES) - VERTICES // 2) * EDGE_M
    y = np.cumsum(rng.normal(0, EDGE_M / 2, VERTICES))
    return shapely.Polygon([*zip(x, y, strict=True), (x[-1], -DEPTH_M), (x[0], -DEPTH_M)])


def ways(zone: shapely.Polygon, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Return times (T,), places (n, T, 2), courses (n, T) and speeds (n,) of flights past points of the border."""
    t = np.arange(-HALF_S, HALF_S, STEP_S)
    at = np.asarray(zone.exterior.coords)[rng.integers(30, VERTICES - 30, n)] + rng.normal(0, 700, (n, 2))
    speed = rng.uniform(100, 300, n)
    bank = np.radians(rng.uniform(-45, 45, n)) * (rng.random(n) < 0.5)
    course = rng.uniform(0, 2 * np.pi, n)[:, None] + (g * np.tan(bank) / speed)[:, None] * t
    way = np.cumsum(np.stack([np.sin(course), np.cos(course)], axis=2) * speed[:, None, None] * STEP_S, axis=1)
    return t + HALF_S, at[:, None] + way - way[:, len(t) // 2, None], course, speed


def reports(
    name: str, ids: list[str], t: Floats, xy: Floats, course: Floats, speed: Floats, rng: np.random.Generator
) -> list[Plots]:
    period_s, sigma_m, lost, tells = SENSORS[name]
    made = []
    for track_id, way, head, v in zip(ids, xy, course, speed, strict=True):
        looks = np.arange(rng.uniform(0, period_s), t[-1], period_s)
        at = np.searchsorted(t, looks[rng.random(len(looks)) >= lost])
        lon, lat = PLANE.to_lon_lat(way[at] + rng.normal(0, sigma_m, (len(at), 2)))
        told = {"gs_mps": np.full(len(at), round(v / knot) * knot), "track_deg": np.degrees(head[at]).round(1) % 360}
        made.append(
            make(
                {"time_s": t[at], "track_id": [track_id] * len(at), "lon_deg": lon, "lat_deg": lat}
                | {"baro_alt_m": np.full(len(at), 6000.0), "source": [name] * len(at)}
                | (told if tells else {})
            )
        )
    return made


def batch(n: int, rng: np.random.Generator) -> tuple[list[tuple[str, str, float, bool]], int]:
    """Return (sensor, certainty, probability, true) of the announcements about n flights, and how many were inside."""
    outline = border(rng)
    t, xy, course, speed = ways(outline, n, rng)
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, xy[..., 0], xy[..., 1])
    comes = np.flatnonzero(~inside[:, :300].any(axis=1))
    names, made = np.array(list(SENSORS))[rng.integers(0, len(SENSORS), n)], []
    for name in SENSORS:
        some = comes[names[comes] == name]
        made += reports(name, [str(each) for each in some], t, xy[some], course[some], speed[some], rng)
    messages = zoo.tell(pipeline(outline), zoo.in_order(*made))
    found = []
    for message in messages:
        if message.sequence == 1:
            row, (finding,) = int(message.subject.track_id), message.findings
            period_s = SENSORS[names[row]][0]
            entry_s = datetime.fromisoformat(finding.started_at).timestamp() - period_s
            until_s = datetime.fromisoformat(finding.detected_at).timestamp() + STEP_S / 2  # stamps are rounded
            true = bool(inside[row, (t >= entry_s) & (t <= until_s)].any())
            found.append((str(names[row]), message.certainty, finding.evidence.probability, true))
    return found, int(inside[comes].any(axis=1).sum())


def pipeline(outline: shapely.Polygon) -> Pipeline:
    ring = np.column_stack(PLANE.to_lon_lat(np.asarray(outline.exterior.coords)))
    zone = Zone(id="zone", name="Zone", polygons=((ring,),))
    sensors = {name: Sensor(sigma_m, period_s) for name, (period_s, sigma_m, _, _) in SENSORS.items()}
    rules = zoo.only(incursion=Params(probability=THRESHOLD))
    return Pipeline(Book("calibration", "test"), Airspace([zone], 1013.25), Classifier([]), sensors, rules)


def bins(p: Floats) -> Iterator[tuple[float, float, NDArray[np.bool_]]]:
    """Yield both ends of each bin that has any of these probabilities, and which lie in it."""
    for low, high in pairwise(BINS):
        some = (p >= low) & ((p < high) | (high == 1))
        if some.any():
            yield low, high, some


def error(true: NDArray[np.bool_]) -> float:
    """Return the 95 % error of a share."""
    share = true.mean()
    return float(1.96 * np.sqrt(max(share * (1 - share), 0.25 / len(true)) / len(true)))


def table(rows: list[tuple[str, str, float, bool]], title: str) -> None:
    p, true = np.array([row[2] for row in rows]), np.array([row[3] for row in rows])
    for low, high, some in bins(p):
        print(
            f"{title:<24}{low:>6.2f}{high:>6.2f}{some.sum():>8}{p[some].mean():>10.3f}{true[some].mean():>8.3f}"
            f"{error(true[some]):>8.3f}"
        )


def diagram(rows: list[tuple[str, str, float, bool]]) -> str:
    """Return the reliability diagram as SVG: the true share of each bin, with its error, over what was announced."""
    p, true = np.array([row[2] for row in rows]), np.array([row[3] for row in rows])

    def x(share: float) -> float:
        return 60 + (share - 0.5) * 680

    def y(share: float) -> float:
        return 360 - (share - 0.5) * 680

    parts = [f'<path d="M{x(0.5)} {y(0.5)} L{x(1)} {y(1)}" stroke="#999" stroke-dasharray="4"/>']
    for tick in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        parts.append(f'<path d="M{x(tick)} {y(0.5)} V{y(1)} M{x(0.5)} {y(tick)} H{x(1)}" stroke="#eee"/>')
        parts.append(f'<text x="{x(tick)}" y="380" text-anchor="middle">{tick}</text>')
        parts.append(f'<text x="50" y="{y(tick) + 4}" text-anchor="end">{tick}</text>')
    for _, _, some in bins(p):
        at, low_high = x(p[some].mean()), [y(true[some].mean() + by * error(true[some])) for by in (-1, 1)]
        parts.append(f'<path d="M{at:.1f} {low_high[0]:.1f} V{low_high[1]:.1f}" stroke="#06c"/>')
        parts.append(f'<circle cx="{at:.1f}" cy="{y(true[some].mean()):.1f}" r="4" fill="#06c"/>')
    parts.append('<text x="230" y="400" text-anchor="middle">probability announced</text>')
    parts.append('<text x="14" y="190" text-anchor="middle" transform="rotate(-90 14 190)">share that was true</text>')
    style = 'font-family="sans-serif" font-size="12" fill="none"'
    body = "\n".join(part.replace("<text", '<text fill="#333"') for part in parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 440 410" width="440" {style}>\n{body}\n</svg>\n'


def main(encounters: int = 10_000, seed: int = 1, svg: str | None = None) -> None:
    rng, rows, were = np.random.default_rng(seed), [], 0
    for _ in range(0, encounters, BATCH):
        found, inside = batch(min(BATCH, encounters), rng)
        rows += found
        were += inside
    truly = sum(row[3] for row in rows)
    print(f"{encounters} encounters, {were} inside, {len(rows)} announced, {truly} truly; seed {seed}")
    print(f"{'':<24}{'from':>6}{'to':>6}{'number':>8}{'announced':>10}{'true':>8}{'+-':>8}")
    table(rows, "all")
    for name in SENSORS:
        table([row for row in rows if row[0] == name], name)
    for certainty in ("observed", "likely", "possible"):
        table([row for row in rows if row[1] == certainty], certainty)
    if svg is not None:
        Path(svg).write_text(diagram(rows))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:4])
