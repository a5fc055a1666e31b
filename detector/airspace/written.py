"""The properties of zones as files write them: what their readers read back as the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from detector.airspace.altitude import Limit, Reference
from detector.airspace.schedule import ALL_DAYS, DAY_S, DAYS, Hours, Interval, Window
from detector.airspace.zones import Zone
from detector.units import FLIGHT_LEVEL_M, FOOT_M

HIGHEST_LEVEL = 999  # as many digits as a flight level has


def properties(zone: Zone) -> dict[str, Any]:
    """Return the properties of a zone as JSON has them, also those that are the default."""
    return {
        "id": zone.id,
        "name": zone.name,
        "kind": zone.kind,
        "floor": floor(zone),
        "ceiling": ceiling(zone),
        "watch": [identity.word for identity in sorted(zone.watch)],
        "initial": zone.initial.name.lower(),
        "near_nm": zone.near_nm,
        **({"follows": zone.follows, "radius_m": zone.radius_m} if zone.follows else {}),
        **({"active": list(map(window, zone.active))} if zone.active else {}),
    }


def floor(zone: Zone) -> str:
    """Return a zone's lower limit; between flight levels the one below, so that the zone grows, never shrinks."""
    return _limit(zone.floor, math.floor)


def ceiling(zone: Zone) -> str:
    """Return a zone's upper limit; between flight levels the one above."""
    return _limit(zone.ceiling, math.ceil)


def _limit(limit: Limit, rounded: Callable[[float], int]) -> str:
    if math.isinf(limit.height_m):
        return "GND" if limit.height_m < 0 else "UNL"
    if limit.reference is Reference.STANDARD:
        level = rounded(round(limit.height_m / FLIGHT_LEVEL_M, 6))
        if level < 0:
            return "GND" if rounded is math.floor else "FL0"
        return f"FL{level}" if level <= HIGHEST_LEVEL else f"FL{HIGHEST_LEVEL}" if rounded is math.floor else "UNL"
    feet = round(limit.height_m / FOOT_M)
    if feet * FOOT_M == limit.height_m:
        return f"{feet} ft {limit.reference}"
    return f"{np.format_float_positional(limit.height_m, trim='-')} m {limit.reference}"


def window(of: Window) -> str:
    """Return an activation window in one of the forms of schedules."""
    return f"{_instant(of.start_s)}/{_instant(of.end_s)}" if isinstance(of, Interval) else " ".join(_words(of))


def _instant(time_s: float) -> str:
    if math.isinf(time_s):
        return ".."
    instant = datetime(1970, 1, 1) + timedelta(seconds=time_s)
    return f"{instant.isoformat(timespec='seconds')}Z"  # strftime writes the year 900 with three digits


def _words(hours: Hours) -> Iterator[str]:
    if (hours.first, hours.last) != ((1, 1), (12, 31)):
        yield "{:02}-{:02}/{:02}-{:02}".format(*hours.first, *hours.last)
    if hours.days != ALL_DAYS:
        yield ",".join(DAYS[day] for day in sorted(hours.days))
    closes_s = hours.closes_s - DAY_S * (hours.closes_s > DAY_S)
    yield f"{_clock(hours.opens_s)}-{_clock(closes_s)}"


def _clock(time_s: int) -> str:
    return f"{time_s // 3600:02}:{time_s % 3600 // 60:02}"
