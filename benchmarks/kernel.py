"""The geometry kernel beside shapely: who is inside which zone, and which zones each path crossed.

Star zones of 15 to 120 km radius over 46-58 N, 10-32 E, r = R (0.8 + 0.2 sin(7 a + phase)) with 2 % jitter a vertex;
10,000 aircraft, each on a straight path at 250 m/s: of 1 s as between two reports of ADS-B, of 12 s as between two of a
slow radar, of 30 s. Both sides get arrays of coordinates in the same plane and
return (aircraft, zone) pairs. Shapely's polygons are prepared and its trees over zones are built beforehand; what it
makes of each batch (points, lines, trees of them) is part of its answer. "inside" asks where the paths end; "and swept"
what each path touched as well: a rival answers by intersections of lines, and, where its style allows, looks for the
ends only among the pairs found. Where the path began was known a batch before; nobody is charged for it. Ours also
tells where along the path each crossing lies, which no rival does.

Everything runs in this one process. The figures are medians of RUNS, once one after the other, once in turns with the
rivals, some of which take half a second: what lay in a near cache is then gone, for whoever answers next.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.airspace.zones import Zone
from detector.geometry.edges import Edges
from detector.geometry.index import CellIndex
from detector.geometry.projection import Theatre

SEED, RUNS, AIRCRAFT = 11, 5, 10_000
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
MIXTURE = "line tree, its pairs (a mixture)"
SWEPT = {
    "zone tree": (line_zone_tree, zone_tree),
    "box tree": (line_box_tree, None),
    "zone by zone": (line_each_zone, each_zone),
    "line tree, point tree": (line_tree, point_tree),
    MIXTURE: (line_tree, None),
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


class Measured(NamedTuple):
    """What one question took, and its answer."""

    in_a_row_s: float
    in_turns_s: float
    answer: Any


def measure(questions: dict[str, Callable[[Workload], Any]], work: Workload) -> dict[str, Measured]:
    """Return how long each question takes, and its answer."""
    answers = {label: question(work) for label, question in questions.items()}
    in_a_row = {label: [timed(question, work) for _ in range(RUNS)] for label, question in questions.items()}
    in_turns = [{label: timed(question, work) for label, question in questions.items()} for _ in range(RUNS)]
    return {
        label: Measured(
            statistics.median(in_a_row[label]), statistics.median(turn[label] for turn in in_turns), answers[label]
        )
        for label in questions
    }


def timed(question: Callable[[Workload], Any], work: Workload) -> float:
    start = time.perf_counter()
    question(work)
    return time.perf_counter() - start


def keys(pairs: Pairs, work: Workload) -> NDArray[Any]:
    return np.unique(pairs[0] * len(work.zones) + pairs[1])


def differing(one: NDArray[Any], two: NDArray[Any]) -> int:
    return len(np.setxor1d(one, two))


def head(question: str) -> None:
    print(f"{question:<44}{'in a row':>12}{'aircraft':>13}{'x ours':>8}{'in turns':>12}{'x ours':>8}{'differ':>8}")


def row(label: str, one: Measured, ours: Measured, disagreements: int | str) -> None:
    row_s, turns_s = one.in_a_row_s, one.in_turns_s
    print(
        f"  {label:<42}{row_s * 1e3:>9.2f} ms{AIRCRAFT / row_s:>11,.0f}/s{row_s / ours.in_a_row_s:>8.2f}"
        f"{turns_s * 1e3:>9.2f} ms{turns_s / ours.in_turns_s:>8.2f}{disagreements:>8}"
    )


def best(ours: Measured, rivals: dict[str, Measured]) -> str:
    row_s, turns_s = (min(one[n] for one in rivals.values()) for n in (0, 1))
    return f"{row_s / ours.in_a_row_s:.2f} times as fast in a row, {turns_s / ours.in_turns_s:.2f} in turns"


def compare_inside(work: Workload) -> None:
    measured = measure({"ours": ours} | INSIDE, work)
    our = measured.pop("ours")
    expected = keys(our.answer, work)
    head("inside")
    row("ours", our, our, "-")
    for label, one in measured.items():
        row(label, one, our, differing(expected, keys(one.answer, work)))
    print(f"  beside the best rival {best(our, measured)}; {len(expected):,} pairs")


def compare_swept(work: Workload, seconds: float) -> None:
    rivals: dict[str, Callable[[Workload], Swept]] = {
        label: partial(among, touched) if inside is None else partial(both, touched, inside)
        for label, (touched, inside) in SWEPT.items()
    }
    measured = measure({"ours": ours_swept} | rivals, work)
    our = measured.pop("ours")
    at_end, crossed = our.answer
    at_start = work.index.inside(work.x0, work.y0)
    expected = np.union1d(keys(at_start, work), keys(crossed, work)), keys(at_end, work)
    head(f"inside and swept, paths of {seconds:g} s")
    row("ours", our, our, "-")
    for label, one in measured.items():
        their_end, touching = one.answer
        wrong = differing(expected[0], keys(touching, work)) + differing(expected[1], keys(their_end, work))
        row(label, one, our, wrong)
    styles = {label: one for label, one in measured.items() if label != MIXTURE}
    print(f"  beside the best of the four styles {best(our, styles)}, of all five {best(our, measured)}", end="")
    print(f"; {len(crossed[0]):,} crossings")


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
