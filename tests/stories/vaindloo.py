"""Vaindloo, 19 September 2025: three MiG-31 fly along the Gulf of Finland within Estonia for 12 minutes.

Estonia's foreign ministry, on ERR News that day: no flight plans, transponders off, no radio contact, nearly 12 minutes
near Vaindloo; from 09:58 to 10:10 local time (OSW, 22 September); parallel to the border from east to west, less than
10 km deep (the defence ministry's map, by Euromaidan Press), or about 5 NM (NATO, by AirLive); met by two Italian F-35
from Amari. How high and fast they flew, how far apart, and when the F-35 joined them is made up; a radar of 5 s sees
them. The boundary is 12 NM off Natural Earth's coast and the islets of Uhtju, without regard to baselines and to what
was agreed with Finland: up to 0.1 degrees of latitude off the one that OpenStreetMap had in 2017.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import Aircraft, Path10Hz, beside, fighter, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import HERE, Story, utc

PLANE = Plane(25.5, 59.85)
AMARI_LON, AMARI_LAT = 24.208, 59.26
WAY = ((26.5, 59.82), (26.1, 59.785), (25.6, 59.82), (25.05, 59.7), (24.5, 59.725), (23.93, 59.81))
WINGMEN = {"3132": (400, 600), "3133": (-400, 600)}  # right, behind


def leader() -> Aircraft:
    (x, y), (to_x, to_y) = PLANE.place(27.28, 59.98), PLANE.place(*WAY[0])
    mig31 = Aircraft(x, y, course=math.atan2(to_x - x, to_y - y), speed=195, z=6000)
    for place in WAY:
        mig31.steer(*PLANE.place(*place), 1.1)
    return mig31


@cache
def fly() -> tuple[Flown, ...]:
    lead, amari = flown(leader()), PLANE.place(AMARI_LON, AMARI_LAT)
    wingmen = {name: Path10Hz(lead.t, beside(lead, place), lead.z) for name, place in WINGMEN.items()}
    first = fighter(lead, (400, 100), 420, 790, lead.t[-1] - 105, amari)
    second = fighter(lead, (800, 400), 430, 805, lead.t[-1] - 100.5, amari)
    return (
        Flown(lead, "radar", "3131"),
        *(Flown(path, "radar", name) for name, path in wingmen.items()),
        Flown(first, "adsb", "33ff35", "33ff35", "NATO01", "4401"),
        Flown(second, "adsb", "33ff36", "33ff36", "NATO02", "4402"),
    )


STORY = Story("vaindloo", utc(2025, 9, 19, 6, 55, 0), PLANE, (HERE / "zones" / "vaindloo.geojson",), fly)
