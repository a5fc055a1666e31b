"""The Baltic, May 2025: a Su-24 manoeuvres hard near a ship off Poland, outside its airspace, until fighters come.

Poland's ministry of defence, 22 May 2025: over international waters, dangerous manoeuvres, an effective interception
that scared it off. Nobody was inside anything. What was flown is made up; the sea and the outcome are as published.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import MALBORK_LAT, MALBORK_LON, Aircraft, fighter, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import CONFIG, HERE, Story, straight, utc

PLANE = Plane(18.2, 55.35)  # 30 NM north of Rozewie


def su24() -> Aircraft:
    aircraft = Aircraft(x=70e3, y=-6e3, course=math.radians(275), speed=210, z=4000)
    aircraft.hold(180)
    aircraft.steer(18e3, 3e3, 1.5)
    aircraft.hold(20, climb=-110)
    aircraft.steer(500, 0, 1.8)
    aircraft.hold(20)
    aircraft.turn(175, 4.0)
    aircraft.hold(25)
    aircraft.turn(-170, 4.5)
    aircraft.steer(4e3, 14e3, 1.6)
    aircraft.steer(40e3, 10e3, 1.6)
    aircraft.hold(300)
    return aircraft


@cache
def fly() -> tuple[Flown, ...]:
    lead = flown(su24())
    end_s, malbork = lead.t[-1], PLANE.place(MALBORK_LON, MALBORK_LAT)
    first = fighter(lead, (400, 100), 60, 500, end_s - 190, malbork)
    second = fighter(lead, (750, 300), 70, 520, end_s - 180, malbork)
    return (
        Flown(lead, "enroute-radar", "4024"),
        Flown(first, "adsb", "48d8a1", "48d8a1", "PLF01", "4401"),
        Flown(second, "adsb", "48d8a2", "48d8a2", "PLF02", "4402"),
        Flown(straight(-1000, 0, math.radians(80), 6, 0, end_s), "ais", "273000001"),
    )


STORY = Story(
    "baltic", utc(2025, 5, 21, 18, 0, 0), PLANE, (CONFIG / "poland.geojson", HERE / "zones" / "baltic.geojson"), fly
)
