"""The picture: where tracks' steps lie with respect to zones, with every number a rule needs and no judgement.

`look` asks the airspace about M segments and returns the P (segment, zone) pairs that matter: those inside, those that
crossed, and those somebody still has an open question about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.airspace.activation import Activation
from detector.arrays import Floats, Mask
from detector.geometry.index import HAIR_X_M
from detector.picture.airspace import Airspace
from detector.tracks.fixes import Rows, Segments
from detector.tracks.path import Path

TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Picture:
    """P pairs in the order of (segment, zone), and the J stretches of paths that lie inside.

    A stretch is a part of a segment's path, given as fractions of it; `pair` is sorted, and so are a pair's stretches.
    """

    path: Path  # of the segments looked at
    segment: Rows  # (P,) index into the segments looked at
    zone: Rows  # (P,)
    active: Mask  # (P,) the zone counts at the fix now
    opened_s: Floats  # (P,) and since when
    inside: Mask  # (P,) the fix now is inside, then, and vertically as far as altitude is known
    was_inside: Mask  # (P,) the fix before was; False for a first report
    depth_m: Floats  # (P,) distance of the fix now to the boundary, positive inside
    above_floor: Floats  # (P,) height of the fix now above the floor in sigmas; NaN: not known
    below_ceiling: Floats  # (P,) and below the ceiling
    pair: Rows  # (J,)
    enters: Floats  # (J,) 0: was inside already
    leaves: Floats  # (J,) 1: is still inside


def look(segments: Segments, airspace: Airspace, activation: Activation, asked: tuple[Rows, Rows]) -> Picture:
    """Return the picture of M segments; `asked` are further (segment, zone) pairs to answer for."""
    now, n_zones = segments.now, len(airspace)
    path = Path.of(segments)
    (in_row, in_zone), (cut_row, cut_zone, cut_at) = _trace(path, airspace)
    in_key, cut_key = in_row * n_zones + in_zone, cut_row * n_zones + cut_zone
    key = np.unique(np.concatenate([in_key, cut_key, asked[0] * n_zones + asked[1]]))
    segment, zone = key // n_zones, key % n_zones

    over = np.zeros(len(key), dtype=bool)  # inside the outline, at whatever height
    over[np.searchsorted(key, in_key)] = True
    cut_pair = np.searchsorted(key, cut_key)
    was_over = over ^ (np.bincount(cut_pair, minlength=len(key)) % 2 == 1)
    first = segments.first[segment]
    pair, enters, leaves = _stretches(was_over, over, cut_pair, cut_at)
    pair, enters, leaves = _between_limits(segments, airspace, segment, zone, pair, enters, leaves)
    pair, enters, leaves = _while_active(segments, activation, segment, zone, pair, enters, leaves)

    still, already = np.zeros(len(key), dtype=bool), np.zeros(len(key), dtype=bool)
    still[pair[leaves == 1]] = True
    already[pair[enters == 0]] = True
    above_floor, below_ceiling = airspace.margins(now.pressure_alt_m[segment], now.geo_alt_m[segment], zone)
    distance_m = np.maximum(airspace.boundaries.distance(now.earth_m[segment], zone), HAIR_X_M)  # as the index has it
    return Picture(
        path=path,
        segment=segment,
        zone=zone,
        active=_active(now.time_s[segment], activation, zone),
        opened_s=activation.opened_s[zone],
        inside=still,
        was_inside=already & ~first,
        depth_m=np.where(over, distance_m, -distance_m),
        above_floor=above_floor,
        below_ceiling=below_ceiling,
        pair=pair,
        enters=enters,
        leaves=leaves,
    )


def _trace(path: Path, airspace: Airspace) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows, Floats]]:
    """Return the (segment, zone) pairs of paths that end inside, and the crossings (segment, zone, fraction)."""
    segment, start, end = path.pieces()
    ends_m = (place for at in (start, end) for place in path.in_plane(segment, at, airspace.theatre))
    (in_piece, in_zone), (cut_piece, cut_zone, cut_at) = airspace.index.trace(*ends_m)
    last = end[in_piece] == 1
    cut_at = start[cut_piece] + cut_at * (end - start)[cut_piece]
    return (segment[in_piece[last]], in_zone[last]), (segment[cut_piece], cut_zone, cut_at)


def _stretches(was_over: Mask, over: Mask, cut_pair: Rows, cut_at: Floats) -> tuple[Rows, Floats, Floats]:
    """Return each pair's inside stretches: its cuts in order, 0 before them if inside then, 1 after them if now."""
    pair = np.concatenate([np.flatnonzero(was_over), cut_pair, np.flatnonzero(over)])
    cut_at = np.clip(cut_at, TINY, 1 - TINY)  # 0 and 1 mean the fixes themselves
    at = np.concatenate([np.zeros(was_over.sum()), cut_at, np.ones(over.sum())])
    order = np.lexsort((at, pair))
    pair, at = pair[order].reshape(-1, 2), at[order].reshape(-1, 2)
    return pair[:, 0], at[:, 0], at[:, 1]


def _between_limits(
    segments: Segments, airspace: Airspace, segment: Rows, zone: Rows, pair: Rows, enters: Floats, leaves: Floats
) -> tuple[Rows, Floats, Floats]:
    """Return what of the stretches lies between floor and ceiling; altitude changes evenly along a segment."""
    if not len(pair):
        return pair, enters, leaves
    at, of = segment[pair], zone[pair]
    before, now = segments.before, segments.now
    for height_m in (airspace.above_floor_m, airspace.below_ceiling_m):
        start_m, _ = height_m(before.pressure_alt_m[at], before.geo_alt_m[at], of)
        end_m, _ = height_m(now.pressure_alt_m[at], now.geo_alt_m[at], of)
        climbs = (start_m < 0) & (end_m >= 0)
        sinks = (start_m >= 0) & (end_m < 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            passes_at = start_m / (start_m - end_m)
        enters = np.where(climbs, np.maximum(enters, passes_at), enters)
        leaves = np.where(sinks, np.minimum(leaves, passes_at), leaves)
        leaves = np.where((start_m < 0) & (end_m < 0), -1.0, leaves)
    some = enters <= leaves
    return pair[some], enters[some], leaves[some]


def _active(time_s: Floats, activation: Activation, zone: Rows) -> Mask:
    """Tell whether zones count now; of a late report, whether they did then and still do."""
    active: Mask = (activation.opened_s[zone] <= time_s) & (activation.closed_s[zone] == np.inf)
    return active


def _while_active(
    segments: Segments, activation: Activation, segment: Rows, zone: Rows, pair: Rows, enters: Floats, leaves: Floats
) -> tuple[Rows, Floats, Floats]:
    """Return what of the stretches lies in the latest span of time in which their zones count.

    In a zone that has closed nobody is inside at the end, not even by a late report of a time before it closed.
    """
    if activation.always:
        return pair, enters, leaves
    at, of = segment[pair], zone[pair]
    start_s, closed_s = segments.before.time_s[at], activation.closed_s[of]
    step_s = np.maximum(segments.now.time_s[at] - start_s, TINY)
    opens_at, closes_at = (activation.opened_s[of] - start_s) / step_s, (closed_s - start_s) / step_s
    enters = np.maximum(enters, opens_at)
    leaves = np.where(closed_s == np.inf, leaves, np.minimum(leaves, np.minimum(closes_at, 1 - TINY)))
    some = (enters <= leaves) & (closes_at > 0)
    return pair[some], enters[some], leaves[some]
