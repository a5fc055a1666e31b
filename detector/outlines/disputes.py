"""Disputes: places that two zones both claim, and strips between two zones that neither does.

Looked for on lines across the plane, first one way and then the other; what fewer than two lines pass is not seen.
Stretches that overlap from one line to the next are one place. The plane is equal-area, and so are their areas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.airspace.zones import Zone
from detector.arrays import Indices
from detector.geometry import ragged
from detector.geometry.edges import Edges
from detector.geometry.projection import Theatre
from detector.outlines.stretches import APART_M, Stretches, along_x, along_y, between, overlaps, shared

SPACING_M = 250.0  # of lines: a fast aircraft is a second on the way from one to the next
MOST = 2_000_000  # overlaps looked at one way; where many zones lie in a heap, lines are farther apart
LEAST_M2 = 10_000.0  # of a place: as wide as 40 m on one line, more than rounded coordinates are off by
LEAST_LINES = 2  # one may run along a border, and see a metre as a kilometre
STRIP_M = 1000.0  # typical width of a strip, at most: mistakes of drawing are narrower, straits between states wider
FOLLOWED_M = 20_000.0  # as wide as what lies between is followed: where high sea begins, it is a narrow strip at first


@dataclass(frozen=True, slots=True)
class Dispute:
    """What two zones, by their indices, both claim or both leave out, and the middle of the largest place."""

    one: int
    other: int
    is_gap: bool
    places: int
    area_m2: float
    lon_deg: float
    lat_deg: float
    seen: int  # on how many stretches of lines


def disputes(zones: Sequence[Zone]) -> list[Dispute]:
    """Return what each pair of zones dispute, claims and strips each summed up, in the order of the zones."""
    theatre = Theatre.around(zones)
    edges = Edges.of(zones, theatre)
    best: dict[tuple[int, int, bool], Dispute] = {}
    for had, is_column in ((_looked_at(edges, along_x), False), (_looked_at(edges, along_y), True)):
        apart = between(had)
        narrow = apart.take(apart.width_m < FOLLOWED_M)
        for each in (*_found(shared(had), False, is_column, theatre), *_found(narrow, True, is_column, theatre)):
            key = each.one, each.other, each.is_gap
            if key not in best or each.seen > best[key].seen:  # lines across a strip tell more than lines along it
                best[key] = each
    return [best[key] for key in sorted(best)]


def _looked_at(edges: Edges, along: Callable[[Edges, float], Stretches]) -> Stretches:
    spacing_m = SPACING_M
    while overlaps(had := along(edges, spacing_m)).sum() > MOST:
        spacing_m *= 2
    return had


def _found(some: Stretches, is_gap: bool, is_column: bool, theatre: Theatre) -> Iterator[Dispute]:
    some = some.take(np.lexsort((some.start_m, some.line, some.other, some.one)))
    place = _places(some)
    real = np.bincount(place, some.width_m * some.spacing_m) >= LEAST_M2
    real &= np.bincount(place) >= LEAST_LINES
    real &= _median(place, some.width_m) < STRIP_M if is_gap else True
    some, place = some.take(real[place]), place[real[place]]
    changes = (np.diff(some.one) != 0) | (np.diff(some.other) != 0)
    for pair in np.split(np.arange(len(some)), np.flatnonzero(changes) + 1):
        if len(pair):
            yield _summed(some.take(pair), place[pair], is_gap, is_column, theatre)


def _places(some: Stretches) -> Indices:
    """Return the number of each stretch's place: those of a pair that overlap on lines side by side are of one."""
    step = np.diff(some.line, prepend=0)
    is_apart = (np.diff(some.one, prepend=-1) != 0) | (np.diff(some.other, prepend=-1) != 0) | (step > 1)
    row = np.cumsum(np.where(is_apart, 2, step))
    start, end = row * APART_M + some.start_m, row * APART_M + some.end_m
    low = np.searchsorted(end, start + APART_M, side="right")
    one, two = ragged.expand(low, np.maximum(np.searchsorted(start, end + APART_M) - low, 0))
    links = coo_array((np.ones(len(two)), (one, two)), shape=(len(row), len(row)))
    _, place = connected_components(links, directed=False)
    return place.astype(np.intp)


def _median(place: Indices, width_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median width at each place."""
    order = np.lexsort((width_m, place))
    count = np.bincount(place)
    median: NDArray[np.float64] = width_m[order][np.cumsum(count) - count + count // 2]
    return median


def _summed(some: Stretches, place: Indices, is_gap: bool, is_column: bool, theatre: Theatre) -> Dispute:
    area_m2 = np.bincount(place, some.width_m * some.spacing_m)
    widest = int(np.argmax(np.where(place == np.argmax(area_m2), some.width_m, 0)))
    along_m = (some.start_m[widest : widest + 1] + some.end_m[widest : widest + 1]) / 2
    across_m = some.line[widest : widest + 1] * some.spacing_m
    lon_deg, lat_deg = theatre.unproject(*((across_m, along_m) if is_column else (along_m, across_m)))
    return Dispute(
        one=int(some.one[0]),
        other=int(some.other[0]),
        is_gap=is_gap,
        places=int((area_m2 > 0).sum()),
        area_m2=float(area_m2.sum()),
        lon_deg=float(lon_deg[0]),
        lat_deg=float(lat_deg[0]),
        seen=len(some),
    )
