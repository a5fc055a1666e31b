"""Near collision: two aircraft surely pass within 500 ft of each other, and 100 ft in height.

That is an NMAC of DO-365. Two that meet head on are so close for half a second: what counts is how they will pass
within AHEAD_S, for that leaves 2 of 4 looks to see it. Altitudes are taken as told, for 14 CFR 91.217 lets altimeters
be off by more than 100 ft.
"""

from __future__ import annotations

import msgspec

from detector.geometry.well_clear import Volume
from detector.rules.params import NotNegative
from detector.rules.sight import Sight
from detector.rules.together.encounters import Encounters, Reach
from detector.rules.together.well_clear import sight, surely_within
from detector.units import FOOT_M

AHEAD_S = 4.0


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.near_collision]."""

    enabled: bool = True
    distance_ft: NotNegative = 500.0  # NMAC, as the next
    height_ft: NotNegative = 100.0


def reach(params: Params) -> Reach:
    """Return whom to look at."""
    return Reach(params.distance_ft * FOOT_M, AHEAD_S)


def look(pairs: Encounters, params: Params) -> list[Sight]:
    """Return what P pairs show, whoever they are."""
    volume = Volume(params.distance_ft * FOOT_M, params.height_ft * FOOT_M)
    shown = surely_within(pairs, volume, AHEAD_S) <= AHEAD_S
    return [sight(pairs, shown)]
