"""Pieces against every edge one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.geometry.chains import FAN, SLENDER, WIDEST_M, Chains
from detector.geometry.edges import Edges
from detector.geometry.projection import Theatre
from detector.geometry.segments import Paths, crossings
from tests.geometry.shapes import flat
from tests.zoo import box

ANGLE = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)


def closed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    ring = np.column_stack([x, y])
    return np.vstack([ring, ring[:1]])


def coast(seed: int, vertices: int) -> np.ndarray:
    """A ring of 50 km that gets rougher and smoother on its way round."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    rough = rng.normal(0, 1, vertices) * rng.choice([0.0, 1.0, 30.0], vertices // 50 + 1).repeat(50)[:vertices]
    r = 50e3 + 5e3 * np.sin(3 * angle) + rough
    return closed(r * np.cos(angle), r * np.sin(angle))


CIRCLE = closed(50e3 * np.cos(ANGLE), 50e3 * np.sin(ANGLE))
BRUSH = closed(*((50e3 + 20e3 * (np.arange(4000) % 2)) * f(ANGLE[::5]) for f in (np.cos, np.sin)))
SHAPES = {"circle": CIRCLE, "brush": BRUSH, "box": box(0, 0, 100, 100), "triangle": box(0, 0, 9, 9)[[0, 1, 2, 0]]}
SHAPES |= {f"coast of {n}": coast(n, n) for n in (7, 8, 9, 63, 64, 65, 511, 513, 5000)}


@pytest.mark.parametrize("name", SHAPES)
def test_pieces_are_all_edges_in_order_and_lie_within_their_width(name):
    ring = SHAPES[name]
    chains = Chains(flat(ring))
    assert chains.first[0] == 0
    assert (chains.first[1:] == chains.last[:-1]).all()
    assert chains.last[-1] == len(ring) - 1 == len(chains.x_m) - 1
    for first, last, width_m in zip(chains.first, chains.last, chains.width_m, strict=True):
        a, b = ring[first], ring[last]
        length_m = np.hypot(*(b - a))
        along = np.clip((ring[first : last + 1] - a) @ (b - a) / length_m**2, 0, 1)
        off_m = np.linalg.norm(ring[first : last + 1] - a - along[:, None] * (b - a), axis=1)
        assert off_m.max() <= width_m + 1e-9
        assert width_m <= min(SLENDER * length_m, WIDEST_M)


def test_smooth_boundaries_have_few_pieces_and_rough_ones_as_many_as_edges():
    assert len(Chains(flat(CIRCLE))) < len(ANGLE) / FAN
    assert len(Chains(flat(BRUSH))) == len(BRUSH) - 1
    assert len(Chains(flat(CIRCLE), widest_m=0.0)) == len(ANGLE)


def test_rings_do_not_run_into_each_other():
    chains = Chains(flat(box(0, 0, 1e5, 1e5), box(2e5, 0, 3e5, 1e5)))
    assert len(chains.x_m) == 10
    assert (np.diff(chains.x_m[[4, 5]]) == 2e5).all()
    assert len(Chains(Edges.of([], Theatre(0.0, 0.0)))) == 0


def edges_crossed(ring: np.ndarray, path: np.ndarray) -> set[int]:
    ends = (np.full(len(ring) - 1, value) for value in path.ravel())
    return set(crossings(Paths(*ends), *ring[:-1].T, *ring[1:].T)[0].tolist())


@given(name=st.sampled_from(sorted(SHAPES)), seed=st.integers(0, 10**6), near=st.booleans())
@settings(max_examples=150, deadline=None)
def test_what_paths_cross(name, seed, near):
    """Anywhere, and from next to a vertex to next to another."""
    ring, rng = SHAPES[name], np.random.default_rng(seed)
    low, high = ring.min(axis=0) - 1.0, ring.max(axis=0) + 1.0
    path = ring[rng.integers(0, len(ring), 2)] + rng.choice([1e-3, 10.0]) * rng.normal(size=(2, 2))
    if not near:
        path = rng.uniform(low, high, (2, 2))
    chains = Chains(flat(ring))
    every = np.arange(len(chains))
    ends = (np.full(len(chains), value) for value in path.ravel())
    which, edge, at = chains.crossed(every, Paths(*ends))
    assert sorted(edge.tolist()) == sorted(edges_crossed(ring, path))
    assert ((chains.first[which] <= edge) & (edge < chains.last[which])).all()
    assert ((at >= 0) & (at <= 1)).all()
