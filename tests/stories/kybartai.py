"""Kybartai, 23 October 2025: a Su-30 and an Il-78 enter Lithuania from Kaliningrad, 700 m deep, for 18 s.

Lithuania's armed forces: at about 18:00 local time, near Kybartai, probably training to refuel. The two fly a turn of
1.7 g, the Su-30 250 m behind; a radar of 5 s sees them. With that turn and Natural Earth's border it is 480 m for 19 s:
both published figures at once would take a sharper turn than a tanker makes, or a corner of the border.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import Aircraft, Path10Hz, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import CONFIG, Story, utc

PLANE = Plane(22.76, 54.64)
START_XY, COURSE, AFTER_S, BEHIND_S = (-32e3, 2.1e3), math.radians(90), 158.0, 1.5


@cache
def fly() -> tuple[Flown, ...]:
    tanker = Aircraft(*START_XY, course=COURSE, speed=170, z=6000)
    tanker.hold(AFTER_S)
    tanker.turn(180, 1.7)
    tanker.hold(120)
    lead = flown(tanker)
    behind = Path10Hz(lead.t + BEHIND_S, lead.xy, lead.z - 30)
    return Flown(lead, "radar", "1078"), Flown(behind, "radar", "1030")


STORY = Story("kybartai", utc(2025, 10, 23, 14, 57, 0), PLANE, (CONFIG / "lithuania.geojson",), fly)
