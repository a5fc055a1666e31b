"""Bundles and the lists of them, against every edge one by one."""

import numpy as np
import pytest

from detector.geometry import ragged
from detector.geometry.bundles import FAN, Bundles
from detector.geometry.chains import Chains
from detector.geometry.quadtree import Square
from detector.geometry.segments import Paths, crossings
from detector.geometry.sweep import LARGE, Sweep
from tests.geometry.shapes import flat
from tests.geometry.test_chains import SHAPES, coast
from tests.zoo import box

ISLANDS = [coast(seed, 300) / 5 + 40e3 * np.array([seed % 4, seed // 4]) for seed in range(16)]
BOUNDARIES = {name: [ring] for name, ring in SHAPES.items()} | {"islands": ISLANDS}
BOUNDARIES["one far off"] = [*ISLANDS, box(4e6, 4e6, 4e6 + 100, 4e6 + 100)]


class Drawn:
    """Boundaries made ready."""

    def __init__(self, name: str) -> None:
        self.edges = flat(*BOUNDARIES[name])
        self.chains = Chains(self.edges)
        self.square = Square.around(self.chains)
        self.bundles = Bundles(self.chains, self.square)

    def paths(self, reach_m: float, count: int, seed: int) -> Paths:
        """Return paths, most of them from places near a boundary."""
        rng = np.random.default_rng(seed)
        start = rng.integers(len(self.edges), size=count)
        x, y = self.edges.ax_m[start], self.edges.ay_m[start]
        x, y = x + rng.normal(0, 0.3 * reach_m, count), y + rng.normal(0, 0.3 * reach_m, count)
        x[::10], y[::10] = rng.uniform(-1, 1, (2, len(x[::10]))) * 3 * self.square.size_m
        course = rng.uniform(0, 2 * np.pi, count)
        return Paths(x, y, x + reach_m * np.sin(course), y + reach_m * np.cos(course))

    def crossed(self, paths: Paths) -> set[tuple[int, int]]:
        """Return (path, piece) of all crossings, looked for everywhere."""
        path, edge = (each.ravel() for each in np.indices((len(paths.px_m), len(self.edges))))
        e = self.edges
        hit, _ = crossings(paths.take(path), e.ax_m[edge], e.ay_m[edge], e.bx_m[edge], e.by_m[edge])
        vertex = edge[hit] + e.ring[edge[hit]]  # a chain has a vertex more than edges
        piece = np.searchsorted(self.chains.first, vertex, side="right") - 1
        return set(zip(path[hit].tolist(), piece.tolist(), strict=True))


@pytest.mark.parametrize("name", BOUNDARIES)
def test_every_piece_is_in_one_bundle_of_each_level_and_all_are_within_their_box(name: str) -> None:
    drawn = Drawn(name)
    node = drawn.bundles.tops
    top = np.arange(len(node))
    low_m, high_m = drawn.bundles.corners_m(node)
    while (node >= drawn.bundles.n_pieces).any():
        of, node = drawn.bundles.members(node)
        top = top[of]
        assert (np.bincount(of) <= FAN).all()
        inner_m, outer_m = drawn.bundles.corners_m(node)
        assert (low_m[:, of] <= inner_m).all()
        assert (high_m[:, of] >= outer_m).all()
        low_m, high_m = inner_m, outer_m
    assert sorted(node.tolist()) == list(range(len(drawn.chains)))
    for end in (drawn.chains.first, drawn.chains.last):
        places_m = np.stack([drawn.chains.x_m[end[node]], drawn.chains.y_m[end[node]]])
        assert (low_m <= places_m).all()
        assert (places_m <= high_m).all()


@pytest.mark.parametrize("reach_m", [0.0, 1.0, 250.0, 7500.0, 1e5, 1e7])
@pytest.mark.parametrize("name", BOUNDARIES)
def test_what_paths_cross_is_among_what_they_may_cross_and_each_once(name: str, reach_m: float) -> None:
    drawn = Drawn(name)
    paths = drawn.paths(reach_m, 60, seed=5)
    path, piece = Sweep(drawn.chains, drawn.bundles, drawn.square).met(paths)
    met = list(zip(path.tolist(), piece.tolist(), strict=True))
    assert len(met) == len(set(met))
    crossed = drawn.crossed(paths)
    assert crossed <= set(met)
    assert crossed or reach_m < 1e3


def test_short_paths_meet_few_of_many_pieces() -> None:
    drawn = Drawn("islands")
    path, _ = Sweep(drawn.chains, drawn.bundles, drawn.square).met(drawn.paths(250.0, 2000, seed=6))
    assert len(drawn.chains) > 2000
    assert len(path) / 2000 < 2


def test_paths_from_or_to_nowhere_meet_nothing() -> None:
    drawn = Drawn("box")
    sweep, here, there = Sweep(drawn.chains, drawn.bundles, drawn.square), np.array([50.0]), np.array([np.nan])
    for ends in ((there, here, here, here), (here, here, here, there), (there, there, there, there)):
        assert not len(sweep.met(Paths(*ends))[0])


def test_nothing_drawn_is_nothing_met() -> None:
    chains, one = Chains(flat(np.zeros((1, 2)))), np.array([1.0])
    square = Square.around(chains)
    assert not len(Sweep(chains, Bundles(chains, square), square).met(Paths(one, one, one, 2 * one))[0])


def test_bundles_are_split_as_far_as_asked() -> None:
    drawn = Drawn("islands")
    for largest_m in (1e6, 20e3, 1e3, 0.0):
        node = drawn.bundles.split(drawn.bundles.tops, LARGE * largest_m)
        low_m, high_m = drawn.bundles.corners_m(node)
        large = (high_m - low_m).max(axis=0) > LARGE * largest_m
        assert (node[large] < drawn.bundles.n_pieces).all()
    assert sorted(node.tolist()) == list(range(len(drawn.chains)))


def test_rows_name_their_pieces() -> None:
    drawn = Drawn("islands")
    every = np.arange(len(drawn.chains))
    row = drawn.bundles.row_of(every)
    assert (np.bincount(row) <= FAN).all()
    which, piece = drawn.bundles.members(drawn.bundles.n_pieces + np.arange(row.max() + 1))
    assert which.tolist() == row.tolist()
    assert piece.tolist() == every.tolist()
    assert ragged.new(row).sum() == row.max() + 1
