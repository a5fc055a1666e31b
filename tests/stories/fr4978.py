"""FR4978, 23 May 2021: a Boeing 737 to Vilnius, told over Belarus of a bomb, turns back to Minsk; seen from Lithuania.

Flightradar24's blog: at cruising level it began a turn by 180 degrees at 09:46 UTC, 72 km from Vilnius and 183 km from
Minsk, 30 km before the border, and landed in Minsk at 10:16. ICAO's fact-finding report, as others cite it: 7700 from
FL390 at 09:47:34, and a MiG-29 that was sent was still more than 50 km away when it landed; Belarus called that an
escort. The two distances place the turn, 20 km from the nearest of Natural Earth's Lithuania. How wide it turned, its
way, speed and descent after that, its address, and the MiG-29's flight from Baranavichy are made up; as long as they
are followed, it does not come nearer than 50 km.

It met two criteria of a renegade, its code and its turn; by default it takes three, which spares those who turn back
with somebody ill on board.
"""

from __future__ import annotations

import math
from functools import cache

from scipy.constants import foot, minute

from tests.stories.flights import Aircraft, Path10Hz, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import CONFIG, Story, straight, utc

PLANE = Plane(25.25, 53.99)  # where it turns
MINSK, BARANAVICHY = PLANE.place(28.031, 53.882), PLANE.place(26.05, 53.10)
TURN_S, CODE_S, SCRAMBLE_S, SECONDS = 360.0, 454.0, 850.0, 1120.0


def boeing() -> Aircraft:
    course, speed = math.radians(2), 230
    back = -speed * TURN_S
    aircraft = Aircraft(back * math.sin(course), back * math.cos(course), course, speed, z=39_000 * foot)
    aircraft.hold(TURN_S)
    aircraft.turn(180, 1.15)
    for _ in range(60):
        aircraft.speed -= 0.5
        aircraft.hold(1, climb=-2000 * foot / minute)
    aircraft.steer(*MINSK, 1.1, climb=-2000 * foot / minute)
    return aircraft


@cache
def fly() -> tuple[Flown, ...]:
    path = flown(boeing())
    code, end = path.at(CODE_S), path.at(SECONDS)
    before, after = (Path10Hz(path.t[a:b], path.xy[a:b], path.z[a:b]) for a, b in ((0, code), (code, end)))
    east, north = MINSK - BARANAVICHY
    mig29 = straight(*BARANAVICHY, math.atan2(east, north), 180, 4000, SECONDS - SCRAMBLE_S)
    return (
        Flown(before, "adsb", "48c4a0", "48c4a0", "RYR1TZ", "1000"),
        Flown(after, "adsb", "48c4a0", "48c4a0", "RYR1TZ", "7700"),
        Flown(Path10Hz(mig29.t + SCRAMBLE_S, mig29.xy, mig29.z), "radar", "2929"),
    )


STORY = Story("fr4978", utc(2021, 5, 23, 9, 40, 0), PLANE, (CONFIG / "lithuania.geojson",), fly)
