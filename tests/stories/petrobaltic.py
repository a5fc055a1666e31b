"""Petrobaltic, 19 September 2025: two fighters fly low over the platform, into its safety zone.

Poland's border guard: two Russian fighters, a low pass over the Petrobaltic platform, its safety zone violated. They
fly past at 300 and 200 m, 2 km apart, at a height of 150 m that is made up; a radar of 5 s sees them.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import Path10Hz
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import HERE, Story, straight, utc

PLANE = Plane(18.17, 55.48)
APART_S = 9.0


@cache
def fly() -> tuple[Flown, ...]:
    lead = straight(40e3, 300, math.radians(270), 220, 150, 365)
    other = Path10Hz(lead.t + APART_S, lead.xy - (0, 500), lead.z)
    return Flown(lead, "radar", "0919"), Flown(other, "radar", "0920")


STORY = Story("petrobaltic", utc(2025, 9, 19, 9, 0, 0), PLANE, (HERE / "zones" / "petrobaltic.geojson",), fly)
