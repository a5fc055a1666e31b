"""Stray loops: gone from the ring, and what they enclosed is enclosed still."""

import numpy as np
import pytest
import shapely

from detector.airspace.zones import Ring, Zone
from detector.outlines.crossings import self_crossings
from detector.outlines.untangle import Loop, untangled
from tests.geometry.shapes import BOWTIE, GEOD, moved, parts, ring
from tests.zoo import box

CURL = ring(
    (20, 50), (21.0005, 50), (21.0005, 50.0005), (21, 50.0005), (21, 49.9999), (22, 49.9999), (22, 52), (20, 52)
)
TURNED = ring((20, 50), (21, 50), (21.001, 49.9995), (21, 49.9995), (21.001, 50), (22, 50), (22, 52), (20, 52))
STRAYS = {
    "a curl": CURL,
    "a curl where the ring starts": np.concatenate([CURL[3:-1], CURL[:4]]),
    "a curl of a ring that goes round the other way": CURL[::-1],
    "a loop turned over": TURNED,
    "a loop turned over where the ring starts": np.concatenate([TURNED[3:-1], TURNED[:4]]),
    "a loop turned over of a ring that goes round the other way": TURNED[::-1],
}


def judged(*polygons: list[Ring]) -> tuple[Zone, list[Loop]]:
    zone = parts(*polygons)
    return untangled(zone, self_crossings([zone])[0])


def outline(of: Ring) -> shapely.Polygon:
    """All that a ring goes round, in either sense, as shapely has it."""
    return shapely.unary_union([shapely.Polygon(piece.exterior) for piece in pieces(of)])


def pieces(of: Ring) -> list[shapely.Polygon]:
    """The areas that a line goes round, the smallest first."""
    return sorted(shapely.polygonize([shapely.node(shapely.LineString(of))]).geoms, key=lambda piece: piece.area)


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
def test_a_stray_loop_is_enclosed(stray: Ring) -> None:
    zone, (loop,) = judged([stray])
    ((mended,),) = zone.polygons
    assert self_crossings([zone]) == [[]]
    assert shapely.symmetric_difference(shapely.make_valid(shapely.Polygon(mended)), outline(stray)).area < 1e-12
    area_m2, around_m = GEOD.geometry_area_perimeter(pieces(stray)[0])
    assert loop.is_stray
    assert loop.area_m2 == pytest.approx(abs(area_m2), rel=1e-6)
    assert loop.width_m == pytest.approx(2 * abs(area_m2) / around_m, rel=1e-6)
    assert pieces(stray)[0].distance(shapely.Point(loop.lon_deg, loop.lat_deg)) < 1e-9


def test_loops_of_a_bow_tie_are_none() -> None:
    zone, (loop,) = judged([BOWTIE])
    assert not loop.is_stray
    assert zone.polygons[0][0] is BOWTIE


def test_of_a_small_ring_a_narrow_loop_is_none() -> None:
    _, (loop,) = judged([20 + (BOWTIE - 20) / 1000])  # 50 m wide, but half of the ring
    assert loop.width_m < 100
    assert not loop.is_stray


def test_rings_that_cross_remain() -> None:
    _, loops = judged([box(20, 50, 22, 52)], [box(21, 51, 23, 53)])
    assert len(loops) == 2
    assert all(np.isnan(loop.area_m2) and not loop.is_stray for loop in loops)


def test_strays_and_others_are_told_apart() -> None:
    _, loops = judged([CURL], [moved(BOWTIE, 5, 0)])
    assert [loop.is_stray for loop in loops] == [True, False]


@pytest.mark.parametrize("seed", range(30))
def test_jittered_borders_are_mended(seed: int) -> None:
    """Vertices 30 m apart and off by as much: small loops, in and out of each other."""
    rng = np.random.default_rng(seed)
    lon = np.linspace(20, 20.04, 100)
    line = np.column_stack([lon, np.full(100, 50.0)]) + rng.normal(0, 3e-4, (100, 2))
    tangled = np.concatenate([line, [[20.05, 50.5], [19.95, 50.5]], line[:1]])
    zone, loops = judged([tangled])
    ((mended,),) = zone.polygons
    assert bool(loops) != shapely.LinearRing(tangled).is_simple
    assert all(loop.is_stray for loop in loops)
    assert self_crossings([zone]) == [[]]
    assert shapely.symmetric_difference(shapely.make_valid(shapely.Polygon(mended)), outline(tangled)).area < 1e-7
