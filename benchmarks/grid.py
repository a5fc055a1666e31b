"""One tick over a grid of sizes: who is inside, which zones each path crossed, how far the nearest border is.

Zones are coasts: stars as in kernel.py whose radius varies by noise that is half as large on half the scale, so that
more vertices draw the same outline more finely. `inside and swept` is timed beside the shapely styles of kernel.py (and
geopandas' sjoin and PostGIS, where they are at hand); `and nearest` adds the signed distance to the nearest border
within 200 NM beside the fastest rival with shapely's tree of all edges. Answers are compared: `differ` counts pairs
that only one side has, and distances that differ by more than the stretch of the plane, 1 %. Medians of five runs, of
one where a run takes longer than SLOW_S; a rival that would take TOO_SLOW_S is left out aloud, and so are zones that
would not fit into memory.

python benchmarks/grid.py [--full]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import kernel
import numpy as np
import postgis
import shapely
from kernel import EARTH_M, SWEPT, Pairs, Swept, Workload, among, both, differing, keys

from detector.airspace.zones import Zone
from detector.geometry.nearest import Boundaries
from detector.geometry.projection import earth_centred

SMALL = ((1_000, 10_000), (20, 300), (500, 5_000))
FULL = ((1_000, 10_000, 100_000), (20, 300, 3_000), (500, 5_000, 50_000))
MOST_VERTICES = 20_000_000  # of all zones: shapely and the index take about 200 bytes of each
RUNS, SLOW_S, TOO_SLOW_S = 5, 2.0, 40.0
REACH_M = 200 * 1852.0
STRETCH = 0.01


def coast(rng: np.random.Generator, number: int, vertices: int) -> Zone:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    lat, lon, radius_m = rng.uniform(46, 58), rng.uniform(10, 32), rng.uniform(15e3, 120e3)
    r_m = radius_m * (0.8 + 0.2 * np.sin(7 * angle + rng.uniform(0, 2 * np.pi)))
    detail, noise = np.zeros(vertices), np.random.default_rng(number)
    for octave in range(2, int(np.log2(vertices))):
        knots = noise.normal(0, 1, 2**octave) / 2 ** (0.85 * octave)
        detail += np.interp(angle, np.linspace(0, 2 * np.pi, 2**octave + 1), np.append(knots, knots[0]))
    r_m *= 1 + 0.15 * detail
    east, north = np.degrees(r_m * np.sin(angle) / EARTH_M), np.degrees(r_m * np.cos(angle) / EARTH_M)
    ring = np.column_stack([lon + east / np.cos(np.radians(lat)), lat + north])
    return Zone(id=f"z{number}", name=f"Z{number}", polygons=((np.vstack([ring, ring[:1]]),),))


def geopandas_join(work: Workload) -> Pairs:
    import geopandas  # type: ignore[import-untyped]

    joined = geopandas.GeoDataFrame(geometry=work.lines()).sjoin(geopandas.GeoDataFrame(geometry=work.polygons))
    return joined.index.to_numpy(), joined["index_right"].to_numpy()


def rivals() -> dict[str, Callable[[Workload], Swept]]:
    found = {
        label: (lambda work, t=touched: among(t, work))
        if inside is None
        else (lambda work, t=touched, i=inside: both(t, i, work))
        for label, (touched, inside) in SWEPT.items()
    }
    try:
        import geopandas  # noqa: F401
    except ImportError:
        print("geopandas is not installed, and left out")
    else:
        found["geopandas, sjoin"] = lambda work: among(geopandas_join, work)
    return found


def timed(question: Callable[[], Any]) -> tuple[float, Any]:
    took_s = []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = question()
        took_s.append(time.perf_counter() - start)
        if took_s[0] > SLOW_S:
            break
    return statistics.median(took_s), answer


class Borders:
    """The nearest border, by us and by shapely's tree of edges; both answer with distance, negative outside."""

    def __init__(self, work: Workload) -> None:
        edges = work.edges
        self.boundaries = Boundaries(edges)
        self.boundaries.nearest(edges.a_m[:1], REACH_M)  # builds its tree
        ends = np.stack([edges.ax_m, edges.ay_m, edges.bx_m, edges.by_m], axis=1).reshape(-1, 2, 2)
        self.tree = shapely.STRtree(shapely.linestrings(ends))

    def ours(self, work: Workload) -> tuple[Swept, np.ndarray]:
        """Return what paths led to and how far the nearest border is."""
        swept = kernel.ours_swept(work)
        lon_deg, lat_deg = work.theatre.unproject(work.x1, work.y1)
        far_m, _ = self.boundaries.nearest(earth_centred(lon_deg, lat_deg), REACH_M)
        return swept, signed(far_m, swept)

    def rival(self, swept: Callable[[Workload], Swept], work: Workload) -> tuple[Swept, np.ndarray]:
        """Return the same by shapely alone."""
        answer = swept(work)
        points = shapely.points(work.x1, work.y1)
        (point, _), far_m = self.tree.query_nearest(
            points, max_distance=REACH_M, return_distance=True, all_matches=False
        )
        distance_m = np.full(len(points), np.inf)
        distance_m[point] = far_m
        return answer, signed(distance_m, answer)


def signed(far_m: np.ndarray, swept: Swept) -> np.ndarray:
    sign = np.full(len(far_m), -1.0)
    sign[swept[0][0]] = 1.0
    return sign * far_m


def compare(work: Workload, borders: Borders, others: dict[str, Callable[[Workload], Swept]], last_s: dict) -> None:
    """Print a line of one point of the grid; `last_s`: how long rivals took for a tenth of the aircraft."""
    ours_s, (at_end, crossed) = timed(lambda: kernel.ours_swept(work))
    at_start = work.index.inside(work.x0, work.y0)
    expected = np.union1d(keys(at_start, work), keys(crossed, work)), keys(at_end, work)
    took_s, wrong, skipped = {}, 0, []
    for label, rival in others.items():
        if 10 * last_s.get(label, 0.0) > TOO_SLOW_S:
            skipped.append(label)
            continue
        took_s[label], (at_end, touching) = timed(lambda rival=rival: rival(work))
        wrong += differing(expected[0], keys(touching, work)) + differing(expected[1], keys(at_end, work))
    last_s.update(took_s)
    styles = [label for label in took_s if "mixture" not in label]
    best, fifth = min(styles, key=lambda label: took_s[label]), min(took_s, key=lambda label: took_s[label])
    full_s, (_, ours_m) = timed(lambda: borders.ours(work))
    nearest = f"{'too slow':>17}"
    if 10 * last_s.get("nearest", 0.0) < TOO_SLOW_S:
        last_s["nearest"], (_, theirs_m) = timed(lambda: borders.rival(others[fifth], work))
        near = np.isfinite(ours_m) & np.isfinite(theirs_m)
        off = np.abs(ours_m[near] - theirs_m[near]) > STRETCH * np.abs(ours_m[near]) + 1.0
        nearest = f"{last_s['nearest'] / full_s:>8.1f}x{int(off.sum()):>8}"
    server = f"{took_s['PostGIS'] / ours_s:>8.1f}x" if "PostGIS" in took_s else f"{'-':>9}"
    ratios = f"{took_s[best] / ours_s:>8.1f}x {best:<22}{took_s[fifth] / ours_s:>7.1f}x{server}"
    print(
        f"{len(work.x0):>9,}{ours_s * 1e3:>10.2f}{ratios}{wrong:>8}{full_s * 1e3:>13.1f}"
        f"{nearest}" + (f"  without {', '.join(skipped)}" if skipped else ""),
        flush=True,
    )


def main() -> None:
    aircraft, zones, vertices = FULL if "--full" in sys.argv else SMALL
    others, server = rivals(), postgis.connect()
    for n_zones in zones:
        for n_vertices in vertices:
            print(f"\n{n_zones:,} zones of {n_vertices:,} vertices", end="")
            if n_zones * n_vertices > MOST_VERTICES:
                print(": left out, too large for memory")
                continue
            work = Workload(n_zones, n_vertices, coast, 1)
            if server:
                others["PostGIS"] = postgis.rival(server, work)
            borders, last_s = Borders(work), dict[str, float]()
            print(f", our index ready after {work.ready_s:.1f} s")
            print(f"{'aircraft':>9}{'swept, ms':>10}{'best of four':>31}{'of all':>9}", end="")
            print(f"{'PostGIS':>9}{'differ':>8}{'nearest, ms':>13}{'best':>9}{'differ':>8}")
            for count in aircraft:
                work.fly(np.random.default_rng(count), count)
                compare(work, borders, others, last_s)


if __name__ == "__main__":
    main()
