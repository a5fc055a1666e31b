"""The geometry kernel beside shapely: who is inside which zone, and which zones each path crossed.

Star zones of 15 to 120 km radius over 46-58 N, 10-32 E, r = R (0.8 + 0.2 sin(7 a + phase)) with 2 % jitter a vertex;
10,000 aircraft, each on a straight path at 250 m/s: of 1 s as between two reports of ADS-B, of 12 s as between two of a
slow radar, of 30 s. Both sides get arrays of coordinates in the same plane and
return (aircraft, zone) pairs. Shapely's polygons are prepared and its trees over zones are built beforehand; what it
makes of each batch (points, lines, trees of them) is part of its answer. "inside" asks where the paths end; "and swept"
what each path touched as well: a rival answers by intersections of lines, and, where its style allows, looks for the
ends only among the pairs found. Where the path began was known a batch before; nobody is charged for it. Ours also
tells where along the path each crossing lies, which no rival does.

Everything runs in this one process; the figures are medians of RUNS.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.airspace.zones import Zone
from detector.geometry.edges import Edges
from detector.geometry.index import CellIndex
from detector.geometry.projection import Theatre

SEED, RUNS, AIRCRAFT = 11, 15, 10_000
SPEED_MPS, PATHS_S = 250.0, (1.0, 12.0, 30.0)
SIZES = ((300, 500), (20, 50_000))
EARTH_M = 6_371_000.0

Pairs = tuple[NDArray[Any], NDArray[Any]]
Draw = Callable[[np.random.Generator, int, int], Zone]


def star(rng: np.random.Generator, number: int, vertices: int) -> Zone:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    lat, lon, radius_m = rng.uniform(46, 58), rng.uniform(10, 32), rng.uniform(15e3, 120e3)
    r_m = radius_m * (0.8 + 0.2 * np.sin(7 * angle + rng.uniform(0, 2 * np.pi)))
    r_m *= 1 + rng.uniform(-0.02, 0.02, vertices)
    east, north = np.degrees(r_m * np.sin(angle) / EARTH_M), np.degrees(r_m * np.cos(angle) / EARTH_M)
    ring = np.column_stack([lon + east / np.cos(np.radians(lat)), lat + north])
    return Zone(id=f"z{number}", name=f"Z{number}", polygons=((np.vstack([ring, ring[:1]]),),))


class Workload:
    """Zones made ready for both sides, and one batch of paths."""

    def __init__(self, n_zones: int, vertices: int, draw: Draw = star, aircraft: int = AIRCRAFT) -> None:
        rng = np.random.default_rng(SEED)
        self.zones = [draw(rng, number, vertices) for number in range(n_zones)]
        self.theatre = Theatre.around(self.zones)
        start = time.perf_counter()
        self.edges = Edges.of(self.zones, self.theatre)
        self.index = CellIndex(self.edges, n_zones)
        self.ready_s = time.perf_counter() - start
        self.fly(rng, aircraft)
        rings = [np.column_stack(self.theatre.project(*zone.polygons[0][0].T)) for zone in self.zones]
        self.polygons = shapely.polygons(rings)
        shapely.prepare(self.polygons)
        self.tree = shapely.STRtree(self.polygons)

    def fly(self, rng: np.random.Generator, aircraft: int) -> None:
        """Take another batch of paths."""
        self.x0, self.y0 = self.theatre.project(rng.uniform(10, 32, aircraft), rng.uniform(46, 58, aircraft))
        self._course = rng.uniform(0, 2 * np.pi, aircraft)
        self.reach(PATHS_S[-1])

    def reach(self, seconds: float) -> None:
        """Let the paths be of so many seconds."""
        length_m = SPEED_MPS * seconds
        self.x1, self.y1 = self.x0 + length_m * np.sin(self._course), self.y0 + length_m * np.cos(self._course)

    def lines(self) -> NDArray[Any]:
        """Return the paths as shapely's."""
        ends = np.stack([self.x0, self.y0, self.x1, self.y1], axis=1).reshape(-1, 2, 2)
        lines: NDArray[Any] = shapely.linestrings(ends)
        return lines


# --- inside -----------------------------------------------------------------------------------------------------------


def ours(work: Workload) -> Pairs:
    return work.index.inside(work.x1, work.y1)


def zone_tree(work: Workload) -> Pairs:
    return tuple(work.tree.query(shapely.points(work.x1, work.y1), predicate="within"))


def box_tree(work: Workload) -> Pairs:
    aircraft, zone = work.tree.query(shapely.points(work.x1, work.y1))
    hit = shapely.contains_xy(work.polygons[zone], work.x1[aircraft], work.y1[aircraft])
    return aircraft[hit], zone[hit]


def each_zone(work: Workload) -> Pairs:
    inside = [np.flatnonzero(shapely.contains_xy(polygon, work.x1, work.y1)) for polygon in work.polygons]
    return np.concatenate(inside), np.repeat(np.arange(len(inside)), [len(aircraft) for aircraft in inside])


def point_tree(work: Workload) -> Pairs:
    zone, aircraft = shapely.STRtree(shapely.points(work.x1, work.y1)).query(work.polygons, predicate="contains")
    return aircraft, zone


# --- touched by the path ----------------------------------------------------------------------------------------------


def line_zone_tree(work: Workload) -> Pairs:
    return tuple(work.tree.query(work.lines(), predicate="intersects"))


def line_box_tree(work: Workload) -> Pairs:
    lines = work.lines()
    aircraft, zone = work.tree.query(lines)
    hit = shapely.intersects(work.polygons[zone], lines[aircraft])
    return aircraft[hit], zone[hit]


def line_each_zone(work: Workload) -> Pairs:
    lines = work.lines()
    touched = [np.flatnonzero(shapely.intersects(polygon, lines)) for polygon in work.polygons]
    return np.concatenate(touched), np.repeat(np.arange(len(touched)), [len(aircraft) for aircraft in touched])


def line_tree(work: Workload) -> Pairs:
    zone, aircraft = shapely.STRtree(work.lines()).query(work.polygons, predicate="intersects")
    return aircraft, zone


INSIDE = {"zone tree, predicate": zone_tree, "box tree, contains_xy": box_tree, "zone by zone": each_zone}
INSIDE |= {"point tree, predicate": point_tree}

# The four styles of shapely, each answering both questions in its own way, and a fifth: the fastest of both, mixed.
SWEPT = {
    "zone tree": (line_zone_tree, zone_tree),
    "box tree": (line_box_tree, None),
    "zone by zone": (line_each_zone, each_zone),
    "line tree, point tree": (line_tree, point_tree),
    "line tree, its pairs (a mixture)": (line_tree, None),
}

Swept = tuple[Pairs, Pairs]  # inside at the end; touched on the way


def ours_swept(work: Workload) -> Swept:
    inside, (path, zone, _) = work.index.trace(work.x0, work.y0, work.x1, work.y1)
    return inside, (path, zone)


def both(touched: Callable[[Workload], Pairs], inside: Callable[[Workload], Pairs], work: Workload) -> Swept:
    return inside(work), touched(work)


def among(touched: Callable[[Workload], Pairs], work: Workload) -> Swept:
    aircraft, zone = touched(work)
    hit = shapely.contains_xy(work.polygons[zone], work.x1[aircraft], work.y1[aircraft])
    return (aircraft[hit], zone[hit]), (aircraft, zone)


# --- comparing --------------------------------------------------------------------------------------------------------


def medians(questions: dict[str, Callable[[Workload], Any]], work: Workload) -> dict[str, tuple[float, Any]]:
    """Return how long each question takes, and its answer; they take turns, for the machine is not always as fast."""
    answers = {label: question(work) for label, question in questions.items()}
    took_s: dict[str, list[float]] = {label: [] for label in questions}
    for _ in range(RUNS):
        for label, question in questions.items():
            start = time.perf_counter()
            question(work)
            took_s[label].append(time.perf_counter() - start)
    return {label: (statistics.median(took_s[label]), answers[label]) for label in questions}


def keys(pairs: Pairs, work: Workload) -> NDArray[Any]:
    return np.unique(pairs[0] * len(work.zones) + pairs[1])


def differing(one: NDArray[Any], two: NDArray[Any]) -> int:
    return len(np.setxor1d(one, two))


def row(label: str, took_s: float, ours_s: float, disagreements: int | str) -> None:
    print(f"  {label:<52}{took_s * 1e3:>9.2f} ms{AIRCRAFT / took_s:>14,.0f}/s{took_s / ours_s:>8.2f}{disagreements:>9}")


def compare_inside(work: Workload) -> None:
    measured = medians({"ours": ours} | INSIDE, work)
    ours_s, answer = measured.pop("ours")
    expected = keys(answer, work)
    print(f"inside {'aircraft':>67} {'x ours':>9} {'differ':>8}")
    row("ours", ours_s, ours_s, "-")
    for label, (took_s, answer) in measured.items():
        row(label, took_s, ours_s, differing(expected, keys(answer, work)))
    best = min(measured, key=lambda label: measured[label][0])
    print(f"  best rival: {best}; ours is {measured[best][0] / ours_s:.2f} times as fast; {len(expected):,} pairs")


def compare_swept(work: Workload, seconds: float) -> None:
    rivals: dict[str, Callable[[Workload], Swept]] = {
        label: partial(among, touched) if inside is None else partial(both, touched, inside)
        for label, (touched, inside) in SWEPT.items()
    }
    measured = medians({"ours": ours_swept} | rivals, work)
    ours_s, (at_end, crossed) = measured.pop("ours")
    at_start = work.index.inside(work.x0, work.y0)
    expected = np.union1d(keys(at_start, work), keys(crossed, work)), keys(at_end, work)
    label = f"inside and swept, paths of {seconds:g} s"
    print(f"{label:<52} {'aircraft':>21} {'x ours':>9} {'differ':>8}")
    row("ours", ours_s, ours_s, "-")
    for label, (took_s, (at_end, touching)) in measured.items():
        wrong = differing(expected[0], keys(touching, work)) + differing(expected[1], keys(at_end, work))
        row(label, took_s, ours_s, wrong)
    best = min(measured, key=lambda label: measured[label][0])
    took_s = measured[best][0]
    print(f"  best rival: {best}; ours is {took_s / ours_s:.2f} times as fast; {len(crossed[0]):,} crossings")


def main() -> None:
    print(f"seed {SEED}, {AIRCRAFT:,} aircraft, medians of {RUNS}")
    for n_zones, vertices in SIZES:
        work = Workload(n_zones, vertices)
        print(f"\n{n_zones} zones of {vertices:,} vertices (our index is ready after {work.ready_s:.2f} s)")
        compare_inside(work)
        for seconds in PATHS_S:
            work.reach(seconds)
            compare_swept(work, seconds)


if __name__ == "__main__":
    main()
