"""Inside and crossings in exact fractions of the doubles given, for shapes of slivers, near misses and repetitions.

Exact arithmetic has no tolerance, the index has: a millimetre around edges for places and the ends of paths, and around
vertices for the number of crossings. Their parity has none. It moves all places by a hair, and so are paths here.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from detector.geometry.index import HAIR_X_M, HAIR_Y_M, CellIndex
from tests.geometry.shapes import flat, ring, swept
from tests.zoo import box

Place = tuple[Fraction, Fraction]
Piece = tuple[Place, Place]
TOLERANCE2 = Fraction(1, 1000) ** 2
OFF_M = (0.0, 1e-9, 1.01e-3, 2e-3, 0.02, 7.0)

# --- exactly ----------------------------------------------------------------------------------------------------------


def pieces(rings: list[np.ndarray]) -> list[Piece]:
    exact = [[(Fraction(x), Fraction(y)) for x, y in points.tolist()] for points in rings]
    return [(a, b) for points in exact for a, b in pairwise(points) if a != b]


def cross(o: Place, a: Place, b: Place) -> Fraction:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def inside(edges: list[Piece], p: Place) -> bool:
    """A ray to the east crosses an odd number of edges."""
    return sum((a[1] > p[1]) != (b[1] > p[1]) and (cross(a, b, p) > 0) == (b[1] > a[1]) for a, b in edges) % 2 == 1


def distance2(piece: Piece, p: Place) -> Fraction:
    (ax, ay), (bx, by) = piece
    dx, dy = bx - ax, by - ay
    at = ((p[0] - ax) * dx + (p[1] - ay) * dy) / (dx * dx + dy * dy)
    at = min(max(at, Fraction(0)), Fraction(1))
    return (ax + at * dx - p[0]) ** 2 + (ay + at * dy - p[1]) ** 2


def near(edges: list[Piece], p: Place) -> bool:
    return any(distance2(edge, p) <= TOLERANCE2 for edge in edges)


def crossings(edges: list[Piece], path: Piece) -> list[Fraction]:
    """Where along a path edges cross it; a vertex on its line counts to the left."""
    p, q = path
    found = []
    for a, b in edges:
        p_side, q_side = cross(a, b, p), cross(a, b, q)
        if (cross(p, q, a) >= 0) != (cross(p, q, b) >= 0) and (p_side >= 0) != (q_side >= 0):
            found.append(p_side / (p_side - q_side))
    return sorted(found)


# --- shapes -----------------------------------------------------------------------------------------------------------


def comb(teeth: int, wide_m: float, gap_m: float, long_m: float) -> np.ndarray:
    step = wide_m + gap_m
    tips = [
        point
        for n in range(teeth)
        for point in ((n * step, 0), (n * step, long_m), (n * step + wide_m, long_m), (n * step + wide_m, 0))
    ]
    return ring(*tips, (teeth * step, -5), (0, -5))


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cos, sin], [-sin, cos]])


THIRDS = np.arange(0, 30) / 3
FAR = np.array([6_123_456.789, -5_432_109.876])
SHAPES: dict[str, list[np.ndarray]] = {
    "sliver of 5 mm": [ring((0, 0), (20_000, 0.003), (20_000, 0.008))],
    "sliver of 5 mm, aslant": [turned(ring((0, 0), (20_000, 0), (20_000, 0.005), (0, 0.005)), 37)],
    "needle": [ring((0, 0), (50_000, 1), (50_000, 1.004), (25_000, 0.51))],
    "two boxes 3 mm apart": [box(0, 0, 10, 10), box(10.003, 0, 20, 10)],
    "hole 3 mm off its shell": [box(0, 0, 100, 100), box(0.003, 0.003, 99.997, 99.997)],
    "hole in a hole in a hole": [box(n, n, 100 - n, 100 - n) for n in (0.0, 0.004, 0.008, 0.012)],
    "every vertex thrice": [np.repeat(turned(box(0, 0, 30, 20), 15), 3, axis=0)],
    "vertices a nanometre apart": [ring((0, 0), (1e-9, 0), (10, 0), (10, 10), (10, 10 + 1e-9), (0, 10))],
    "long collinear runs": [
        ring(*((x, 0) for x in THIRDS), *((10, x) for x in THIRDS), *((10 - x, 10) for x in THIRDS))
    ],
    "collinear but for rounding": [turned(ring(*((x, x / 7) for x in THIRDS), (10, 10), (0, 5)), 23)],
    "out and back": [ring((0, 0), (20, 0), (20, 10), (30, 10), (20, 10), (20, 20), (0, 20))],
    "only out and back": [ring((0, 0), (10, 3), (20, 6))],
    "the same ring twice": [box(0, 0, 10, 10), box(0, 0, 10, 10)],
    "touching at vertices": [box(0, 0, 10, 10), box(10, 10, 20, 20), box(20, 0, 30, 10)],
    "sharing a part of an edge": [box(0, 0, 10, 10), box(10, 3, 20, 7)],
    "comb": [comb(12, 0.006, 0.004, 9_000)],
    "comb, aslant": [turned(comb(12, 0.006, 0.004, 9_000), 61)],
    "fan": [ring(*(p for n in range(20) for p in ((0, 0), (1e4, n), (1e4, n + 0.01))))],
    "figure of eight": [ring((0, 0), (10, 10), (10, 0), (0, 10))],
}
SHAPES |= {f"{name}, far off": [points + FAR for points in SHAPES[name]] for name in ("needle", "comb, aslant", "fan")}


def places(rings: list[np.ndarray], rng: np.random.Generator, count: int) -> np.ndarray:
    """Places beside random edges and vertices, on both sides, and some anywhere."""
    a, b = np.concatenate([points[:-1] for points in rings]), np.concatenate([points[1:] for points in rings])
    edge = rng.integers(len(a), size=count)
    at = rng.choice([0.0, 0.5, 1.0, *rng.uniform(0, 1, 4)], size=(count, 1))
    off = rng.choice(OFF_M, size=(count, 1)) * rng.choice([-1, 1], size=(count, 1))
    along = (b - a)[edge]
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-12)[:, None]
    beside = a[edge] + at * along + off * across
    low, high = np.minimum(a, b).min(axis=0), np.maximum(a, b).max(axis=0)
    return np.concatenate([beside, rng.uniform(low - 1, high + 1, (count // 4, 2))])


def agree(rings: list[np.ndarray], seed: int, count: int) -> int:
    """Compare places and paths between them; return how many answers were compared."""
    rng = np.random.default_rng(seed)
    index, edges = CellIndex(flat(*rings), 1), pieces(rings)
    points = places(rings, rng, count)
    exact = [(Fraction(x), Fraction(y)) for x, y in points.tolist()]
    clear = [not near(edges, p) for p in exact]
    found = np.zeros(len(points), dtype=bool)
    found[index.inside(*points.T)[0]] = True
    within = [inside(edges, p) for p in exact]
    assert [p for p, c, f, w in zip(exact, clear, found, within, strict=True) if c and f != w] == []

    ends = rng.permutation(len(points))
    path, _, at = swept(index, *points.T, *points[ends].T)
    vertices = [a for a, _ in edges]
    moved = [(Fraction(x), Fraction(y)) for x, y in (points + np.array([HAIR_X_M, HAIR_Y_M])).tolist()]
    for n in np.flatnonzero(np.array(clear) & np.array(clear)[ends] & (ends != np.arange(len(ends)))).tolist():
        one = (moved[n], moved[ends[n]])
        expected, ours = crossings(edges, one), at[path == n]
        assert len(expected) % 2 == len(ours) % 2 == within[n] ^ within[ends[n]]
        if one[0] != one[1] and not any(distance2(one, v) <= TOLERANCE2 for v in vertices):
            assert ours == pytest.approx([float(f) for f in expected], abs=1e-9)
    return sum(clear)


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    assert agree(SHAPES[name], seed=1, count=60) > 20


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    vertices=st.integers(1, 6),
    thick_m=st.sampled_from([0.002, 0.01, 0.3]),
    long_m=st.sampled_from([1.0, 700.0, 50_000.0]),
    far_m=st.sampled_from([0.0, 1e5, 1e7]),
)
def test_random_slivers(seed: int, vertices: int, thick_m: float, long_m: float, far_m: float) -> None:
    """Two borders side by side, their vertices anywhere along, like a border that two files draw."""
    rng = np.random.default_rng(seed)
    there, back = (np.sort(rng.uniform(0, long_m, vertices)) for _ in range(2))
    lower = np.column_stack([there, rng.uniform(-thick_m, 0, vertices)])
    upper = np.column_stack([back, rng.uniform(0.2, 1, vertices) * thick_m])[::-1]
    sliver = turned(ring((0, 0), *map(tuple, lower), (long_m, 0), *map(tuple, upper)), rng.uniform(0, 360))
    agree([sliver + rng.uniform(-far_m, far_m, 2)], seed, count=24)
