"""Zones: what an airspace file says of each area, whatever its format. Geometry is left as drawn, in degrees."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.airspace.altitude import GROUND, UNLIMITED, Limit
from detector.airspace.schedule import Window


class Identity(enum.IntEnum):
    """Who a subject is, in the words of STANAG 1241."""

    FRIEND = 0
    ASSUMED_FRIEND = 1
    NEUTRAL = 2
    UNKNOWN = 3
    SUSPECT = 4
    HOSTILE = 5

    @property
    def word(self) -> str:
        """The identity as files and messages write it."""
        return self.name.lower().replace("_", "-")


class Initial(enum.IntEnum):
    """What an aircraft first heard inside a zone means; in files, the names in lower case."""

    ALERT = 0  # an incursion like any other
    ADOPT = 1  # followed without an alert until it has left; its return is an incursion
    IGNORE = 2  # never an incursion of this zone as long as the track lives


class State(enum.StrEnum):
    """How a zone came through its reader and the self-check."""

    OK = "ok"
    WARNED = "warned"  # read as it stands, or in a larger sense
    REPAIRED = "repaired"  # what the file drew could not count as it was


KINDS = ("national", "restricted", "danger", "prohibited", "adiz", "fir", "buffer", "belt", "asset")
ENTRY = {  # kind and rule of the finding that being inside is; nothing by itself in a belt or near an asset
    **dict.fromkeys(("national", "restricted", "danger", "prohibited"), ("incursion", "incursion")),
    **dict.fromkeys(("adiz", "fir", "buffer"), ("approach", "zone_entry")),
}
DEFAULT_WATCH = frozenset({Identity.UNKNOWN, Identity.SUSPECT, Identity.HOSTILE})

Ring = NDArray[np.float64]
"""Shape (V, 2): longitude and latitude in degrees; the last vertex repeats the first."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One area. `polygons` holds, for each part, its outer ring and then its holes."""

    id: str
    polygons: tuple[tuple[Ring, ...], ...]
    name: str
    kind: str = "national"
    floor: Limit = GROUND
    ceiling: Limit = UNLIMITED
    watch: frozenset[Identity] = DEFAULT_WATCH
    initial: Initial = Initial.ALERT
    near_nm: float = 30.0
    active: tuple[Window, ...] = ()  # none: always
    geodesic: bool = False  # edges are geodesics (OpenAir, AIXM), not straight in degrees (GeoJSON)
    state: State = State.OK
    follows: str | None = None  # the track that it moves with, as a circle of this radius; it has no polygons
    radius_m: float = math.nan

    def lies_like(self, other: Zone) -> bool:
        """Tell whether another zone is drawn alike, between the same limits."""
        ours, theirs = ([ring.tobytes() for rings in z.polygons for ring in rings] for z in (self, other))
        limits = self.floor == other.floor and self.ceiling == other.ceiling
        return ours == theirs and limits and self.geodesic == other.geodesic


@dataclass(frozen=True, slots=True)
class Derived:
    """A zone without polygons, and what they are to be made from."""

    zone: Zone
    place: str  # of the file that asks for it
    of: tuple[str, ...]  # ids of zones
    outside_m: float
    inside_m: float
    with_base: bool
