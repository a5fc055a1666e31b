"""Edges: the boundaries of all zones as straight pieces, in the plane and earth-centred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from detector.airspace.zones import Zone
from detector.arrays import Floats, Indices
from detector.geometry.junctions import split
from detector.geometry.lines import Lines
from detector.geometry.projection import Theatre, earth_centred

CHORD_ERROR_M = 0.08  # between a boundary as drawn and its pieces, in the plane and through the Earth: 0.01 % of 1 km


@dataclass(frozen=True, slots=True)
class Edges:
    """E directed pieces a -> b, zone after zone, ring after ring, each ring's in order; none without length."""

    ax_m: Floats
    ay_m: Floats
    bx_m: Floats
    by_m: Floats
    a_m: Floats  # (E, 3) earth-centred
    b_m: Floats  # (E, 3)
    zone: Indices
    ring: Indices  # rings of all zones counted through

    def __len__(self) -> int:
        return len(self.zone)

    @classmethod
    def of(cls, zones: Sequence[Zone], theatre: Theatre) -> Edges:
        """Return the edges of all zones, cut so that no chord is CHORD_ERROR_M off the edge as drawn."""
        lines = split(Lines.of(zones)).coarse()
        for _ in range(2):  # the second pass mends what bends unevenly
            lines = lines.cut(np.ceil(np.sqrt(_bend_m(lines, theatre) / CHORD_ERROR_M)))
        ax_m, ay_m = theatre.project(lines.lon0, lines.lat0)
        bx_m, by_m = theatre.project(lines.lon1, lines.lat1)
        some = (ax_m != bx_m) | (ay_m != by_m)
        return cls(
            ax_m[some],
            ay_m[some],
            bx_m[some],
            by_m[some],
            earth_centred(lines.lon0, lines.lat0)[some],
            earth_centred(lines.lon1, lines.lat1)[some],
            lines.zone[some],
            lines.ring[some],
        )

    def of_zones(self, zones: Sequence[int]) -> Edges:
        """Return the edges of some zones, which are counted through anew."""
        some = np.isin(self.zone, zones)
        columns = {f.name: getattr(self, f.name)[some] for f in fields(self)}
        return Edges(**columns | {"zone": np.searchsorted(zones, columns["zone"])})


def _bend_m(lines: Lines, theatre: Theatre) -> Floats:
    """Return how far the middle of each line lies off its chords in the plane and through the Earth."""
    middle = lines.at(np.arange(len(lines)), np.full(len(lines), 0.5))
    start, mid, end = (
        np.column_stack([*theatre.project(*place), earth_centred(*place)])
        for place in ((lines.lon0, lines.lat0), middle, (lines.lon1, lines.lat1))
    )
    off_m = mid - (start + end) / 2
    return np.maximum(np.linalg.norm(off_m[:, :2], axis=1), np.linalg.norm(off_m[:, 2:], axis=1))
