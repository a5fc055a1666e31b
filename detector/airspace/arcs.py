"""Arcs and circles as vertices: places at one distance, along geodesics of WGS 84, from a centre.

The geodesic between neighbouring vertices runs inside the true line by at most SAGITTA_M. On a plane a chord that turns
through an angle a at radius r is r (1 - cos(a / 2)) off its arc; on a globe, where circles are shorter, it is less.

Longitudes are from -180 to 180 and jump where a line crosses the antimeridian. In a zone of geodesic edges that is
well: a geodesic goes the short way. One whose edges are straight in degrees would have to be cut there.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from detector.airspace.zones import Ring

SAGITTA_M = 0.5
WIDEST_DEG = 30.0  # of one step: a circle of a few metres stays round

_GEOD = Geod(ellps="WGS84")


def circle(lon_deg: float, lat_deg: float, radius_m: float) -> Ring:
    """Return the closed ring, (V, 2) in degrees, around a centre, clockwise from its north."""
    ring = arc(lon_deg, lat_deg, radius_m, 0.0, 360.0, clockwise=True)
    ring[-1] = ring[0]
    return ring


def arc(
    lon_deg: float,
    lat_deg: float,
    radius_m: float,
    start_bearing_deg: float,
    end_bearing_deg: float,
    *,
    clockwise: bool,
    end_radius_m: float | None = None,
) -> NDArray[np.float64]:
    """Return the vertices, (V, 2) in degrees, from one bearing of the centre to another, both included.

    Bearings are from true north; equal ones mean all the way round. Ends given as points are seldom as far from the
    centre as each other: with `end_radius_m` the radius changes evenly on the way.
    """
    end_radius_m = radius_m if end_radius_m is None else end_radius_m
    turn_deg = (end_bearing_deg - start_bearing_deg) * (1 if clockwise else -1) % 360 or 360.0
    steps = math.ceil(turn_deg / _step_deg(max(radius_m, end_radius_m)))
    bearings_deg = start_bearing_deg + np.linspace(0, turn_deg if clockwise else -turn_deg, steps + 1)
    lons_deg, lats_deg, _ = _GEOD.fwd(
        np.full(steps + 1, lon_deg),
        np.full(steps + 1, lat_deg),
        bearings_deg,
        np.linspace(radius_m, end_radius_m, steps + 1),
    )
    return np.column_stack([lons_deg, lats_deg])


def _step_deg(radius_m: float) -> float:
    return min(WIDEST_DEG, 2 * math.degrees(math.acos(max(0.0, 1 - SAGITTA_M / radius_m))))
