"""Findings: what rules tell the incident book, as columns, one row a change."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Mask
from detector.tracks.fixes import Rows


class Change(enum.IntEnum):
    """What became of a finding."""

    OPENED = 0
    REJOINED = 1  # it had ended, too briefly to count
    ESCALATED = 2
    ENDED = 3
    LANDED = 4  # it ended on the ground
    RESOLVED = 5  # it ended because the subject is no longer watched


class Certainty(enum.IntEnum):
    """CAP 1.2: observed; likely (p > 50 %); possible."""

    OBSERVED = 0
    LIKELY = 1
    POSSIBLE = 2


@dataclass(frozen=True, slots=True)
class Findings:
    """F changes, in the order of (segment, zone); NaN where a value does not apply."""

    segment: Rows  # (F,) index of the step that decided it
    zone: Rows
    change: NDArray[np.int8]  # Change
    certainty: NDArray[np.int8]  # Certainty
    deep: Mask
    started_s: Floats
    started_lat_deg: Floats  # NaN: nobody saw it begin
    started_lon_deg: Floats
    ended_s: Floats
    ended_lat_deg: Floats
    ended_lon_deg: Floats
    depth_m: Floats
    sigma_m: Floats
    deepest_s: Floats
    deepest_lat_deg: Floats
    deepest_lon_deg: Floats
    probability: Floats
    blind: Mask  # the zone has a floor or a ceiling, and no altitude is known

    def opened(self) -> int:
        """Return how many findings began."""
        return int(np.count_nonzero(self.change == Change.OPENED))

    def rows(self) -> Iterator[FindingRow]:
        """Return the changes one by one, for those who write about them."""
        return map(FindingRow._make, zip(*(getattr(self, f.name).tolist() for f in fields(self)), strict=True))


class FindingRow(NamedTuple):
    """One row of Findings."""

    segment: int
    zone: int
    change: int
    certainty: int
    deep: bool
    started_s: float
    started_lat_deg: float
    started_lon_deg: float
    ended_s: float
    ended_lat_deg: float
    ended_lon_deg: float
    depth_m: float
    sigma_m: float
    deepest_s: float
    deepest_lat_deg: float
    deepest_lon_deg: float
    probability: float
    blind: bool
