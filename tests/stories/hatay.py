"""Hatay, 24 November 2015: a Su-24 crosses the salient of Turkey into Syria for 17 s and is shot down.

Turkey's letter to the Security Council, as printed in the press: at 19,000 ft, from 07:24:05 UTC, for 17 s, 1.36 miles
deep and 1.15 miles long, after ten warnings within five minutes. No Su-24 is so slow as 1.15 miles in 17 s; this one
flies at 220 m/s. How deep it then is, to the nearest border rather than from the tip, follows from the outline.
"""

from __future__ import annotations

import math
from functools import cache

from tests.stories.flights import Aircraft, flown
from tests.stories.plane import Plane
from tests.stories.sensors import Flown
from tests.stories.story import HERE, Story, utc

PLANE = Plane(36.157, 35.822)  # the tip
SECONDS, ENTRY_S = 17.0, 225.0
ABREAST_M = 1060.0  # north of the tip: there the salient is as wide as 17 s at 220 m/s


@cache
def fly() -> tuple[Flown, ...]:
    su24 = Aircraft(x=50e3, y=ABREAST_M, course=math.radians(270), speed=220, z=5800)
    su24.hold(265)
    su24.hold(40, climb=-120)  # hit, it falls into Syria
    return (Flown(flown(su24), "enroute-radar", "7024"),)


STORY = Story("hatay", utc(2015, 11, 24, 7, 20, 20), PLANE, (HERE / "zones" / "hatay.geojson",), fly)
