"""Fixes and the steps between them: what the track store takes in and gives out, as columns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

from detector.arrays import Floats, Indices, Mask

Rows = Indices


@dataclass(frozen=True, slots=True)
class Fixes:
    """Positions in the forms that the geometry needs; shape (N,), `earth_m` (N, 3)."""

    time_s: Floats
    x_m: Floats  # in the plane of the theatre
    y_m: Floats
    earth_m: Floats  # earth-centred, height 0
    sigma_m: Floats
    pressure_alt_m: Floats  # NaN: not known
    geo_alt_m: Floats  # above the ellipsoid
    period_s: Floats  # of the source
    gs_mps: Floats  # as reported; NaN: not
    track_deg: Floats
    vrate_mps: Floats

    def take(self, index: Rows | Mask) -> Fixes:
        """Return the fixes that `index` names, in its order."""
        return Fixes(*[column[index] for column in _columns(self)])

    def put(self, index: Rows | Mask, fixes: Fixes) -> None:
        """Write other fixes, as many, to the places that `index` names."""
        for column, values in zip(_columns(self), _columns(fixes), strict=True):
            column[index] = values


FIX = tuple(f.name for f in fields(Fixes))
_columns = attrgetter(*FIX)


@dataclass(frozen=True, slots=True)
class Segments:
    """The step of M tracks from their fix before to their fix now, and the one earlier than both.

    A track with fewer reports has its first fix in their place; `first`: there is none before now.
    """

    row: Rows
    first: Mask
    earlier: Fixes
    before: Fixes
    now: Fixes

    def take(self, index: Rows) -> Segments:
        """Return the segments that `index` names, in its order."""
        return Segments(
            self.row[index],
            self.first[index],
            self.earlier.take(index),
            self.before.take(index),
            self.now.take(index),
        )


def distance_m(start_m: Floats, end_m: Floats) -> Floats:
    """Return how far N places (N, 3) are from others, m; NaN where a place is none."""
    with np.errstate(invalid="ignore"):  # a place that is none is nowhere near
        way_m = end_m - start_m
        far_m: Floats = np.sqrt(np.einsum("ij,ij->i", way_m, way_m))
    return far_m
