"""Agreement with shapely, place by place and path by path; `benchmarks/exactness.py` asks a million times as much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.geometry.edges import CHORD_ERROR_M
from detector.geometry.index import CellIndex
from tests.geometry.rivals import Rivals, anywhere, near_borders, onwards
from tests.geometry.shapes import ZOO, Compiled, star
from tests.geometry.world import compiled, reading

SEAMLESS = [shape for name, shape in ZOO.items() if name not in {"MANY", "SPIKE"}]
STARS = [star(seed, zone_id=str(seed)) for seed in range(5)]


def places(rivals: Rivals, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    half = count // 2
    lon, lat = np.concatenate([anywhere(rng, half), near_borders(rng, rivals.zones, half)], axis=1)
    known = np.isfinite(rivals.compiled.theatre.project(lon, lat)[0])
    return lon[known], lat[known]


def agree(rivals: Rivals, count: int, seed: int) -> None:
    lon, lat = places(rivals, count, seed)
    start = rivals.compiled.theatre.project(lon, lat)
    drawn, plane = rivals.inside(lon, lat, in_degrees=True), rivals.inside(lon, lat)
    crossings = rivals.crossings(*start, *onwards(np.random.default_rng(seed), *start))
    assert min(drawn.answers, plane.answers, crossings.answers) > count / 20
    assert (drawn.off_m < CHORD_ERROR_M + 0.01).all()
    assert (plane.off_m < 1e-3).all()
    assert (crossings.off_m < 1e-3).all()


@pytest.mark.parametrize("zones", [STARS, SEAMLESS], ids=["stars", "zoo"])
def test_shapes(zones: list) -> None:
    agree(Rivals(zones, Compiled(zones)), 4_000, seed=1)


def test_every_country_of_the_world() -> None:
    agree(Rivals(reading().zones, compiled()), 20_000, seed=2)


def test_borders_two_millimetres_off_are_noticed() -> None:
    rivals = Rivals(STARS, Compiled(STARS))
    edges = rivals.compiled.edges
    moved = replace(edges, ax_m=edges.ax_m + 2e-3, bx_m=edges.bx_m + 2e-3)
    rivals.compiled.index = CellIndex(moved, len(STARS))
    lon, lat = places(rivals, 100_000, seed=3)
    assert rivals.inside(lon, lat).off_m.max() > 1e-3
