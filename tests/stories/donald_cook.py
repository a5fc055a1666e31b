"""USS Donald Cook, 12 April 2016: a Su-24 passes a destroyer in the Baltic eleven times, low and close.

US European Command, 13 April 2016: 70 NM off Kaliningrad, eleven passes at about 5 p.m. local time, simulated attacks,
no answer to calls; the day before, twenty passes within 1,000 yards at 100 ft. These passes are flown at 30 m and aimed
at 60 to 800 m beside the ship; a radar of 5 s sees them.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import Aircraft, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import HERE, Story, straight, utc

PLANE = Plane(18.2, 55.1)
SHIP_MPS, SHIP_COURSE = 6.0, math.radians(60)
ASIDE_M = (800, -600, 400, -300, 200, -150, 100, -60, 300, -500, 700)


def ship_xy(t: float) -> tuple[float, float]:
    return SHIP_MPS * t * math.sin(SHIP_COURSE), SHIP_MPS * t * math.cos(SHIP_COURSE)


def su24() -> Aircraft:
    aircraft = Aircraft(x=35e3, y=-12e3, course=math.radians(290), speed=230, z=600)
    aircraft.hold(60)
    aircraft.hold(19, climb=-30)
    for aside in ASIDE_M:
        meets_s = len(aircraft.path) / 10 + math.hypot(aircraft.x, aircraft.y) / aircraft.speed
        x, y = ship_xy(meets_s)
        aircraft.steer(x, y + aside, 3.0)
        aircraft.hold(16)
        aircraft.turn(math.copysign(178, aside), 3.5)
    aircraft.steer(20e3, -10e3, 1.5)
    aircraft.hold(60, climb=5)
    return aircraft


@cache
def fly() -> tuple[Flown, ...]:
    lead = flown(su24())
    ship = straight(0, 0, SHIP_COURSE, SHIP_MPS, 0, lead.t[-1])
    return Flown(lead, "radar", "0412"), Flown(ship, "ais", "369000075")


STORY = Story("donald_cook", utc(2016, 4, 12, 15, 0, 0), PLANE, (HERE / "zones" / "donald_cook.geojson",), fly)
