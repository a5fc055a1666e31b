"""The outline of an OpenAir airspace: its points, arcs and circle as they come, line by line, into one ring.

Arcs turn around the last centre given, clockwise unless told; a circle is a shape of its own.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from detector.airspace import arcs
from detector.airspace.openair_words import positions
from detector.airspace.zones import Ring
from detector.units import NAUTICAL_MILE_M

WIDEST_NM = 5000  # a little less than a quarter of the globe
ROUNDING_M = 100.0  # three points to the second leave less

_GEOD = Geod(ellps="WGS84")

_NUMBER = r"(\d+\.?\d*|\.\d+)"
_VARIABLE = re.compile(r"([A-Z]) *= *(.*)")
_BEARINGS = re.compile("[ ,]+".join([_NUMBER] * 3), re.ASCII)


class Outline:
    """The shape drawn so far. Every method takes what follows its command, and raises ValueError with what may."""

    def __init__(self) -> None:
        self._centre: tuple[float, float] | None = None
        self._clockwise = True
        self._pieces: list[NDArray[np.float64]] = []
        self._has_circle = False

    def vertices(self) -> Ring:
        """Return what is drawn, (V, 2) in degrees, closed or not."""
        return np.concatenate([np.empty((0, 2)), *self._pieces])

    def variable(self, text: str) -> None:
        """Set a variable (V): the centre X or the direction D. Others matter to airways (W) and displays (T, Z)."""
        match = _VARIABLE.fullmatch(text.upper())
        name, value = match.groups() if match else ("", "")
        if name == "X":
            (self._centre,) = positions(value, 1)
        elif name == "D" and value in {"+", "-"}:
            self._clockwise = value == "+"
        elif name not in {"W", "T", "Z"}:
            raise ValueError("X= and a position, D=+ or D=-")

    def point(self, text: str) -> None:
        """Add a point (DP)."""
        self._add(np.array(positions(text, 1)))

    def arc_between_bearings(self, text: str) -> None:
        """Add an arc by its radius in nautical miles and two bearings (DA)."""
        match = _BEARINGS.fullmatch(text)
        radius_nm, start_deg, end_deg = map(float, match.groups()) if match else (0.0, 0.0, 0.0)
        if not match or max(start_deg, end_deg) > 360:
            raise ValueError("a radius in nautical miles and two bearings in degrees, such as 10, 270, 290")
        self._add(arcs.arc(*self._around(), _radius_m(radius_nm), start_deg, end_deg, clockwise=self._clockwise))

    def arc_between_points(self, text: str) -> str | None:
        """Add an arc between two points (DB); return what is odd about it.

        Points are rounded and their distances from the centre differ, so the radius changes evenly on the way.
        """
        centre, (start, end) = self._around(), positions(text, 2)
        start_deg, _, start_m = _GEOD.inv(*centre, *start)
        end_deg, _, end_m = _GEOD.inv(*centre, *end)
        if not (min(start_m, end_m) > 0 and max(start_m, end_m) < WIDEST_NM * NAUTICAL_MILE_M):
            raise ValueError(f"points between 0 and {WIDEST_NM} nautical miles from the centre")
        arc = arcs.arc(*centre, start_m, start_deg, end_deg, clockwise=self._clockwise, end_radius_m=end_m)
        arc[[0, -1]] = start, end
        self._add(arc)
        if abs(end_m - start_m) <= ROUNDING_M:
            return None
        return f"its ends are {start_m:.0f} m and {end_m:.0f} m from its centre, it is drawn from one to the other"

    def circle(self, text: str) -> None:
        """Draw a circle of a radius in nautical miles (DC)."""
        if self._pieces:
            raise ValueError("a circle to be the whole outline")
        if not re.fullmatch(_NUMBER, text, re.ASCII):
            raise ValueError("a radius in nautical miles, such as 2.5")
        self._add(arcs.circle(*self._around(), _radius_m(float(text))))
        self._has_circle = True

    def _add(self, vertices: NDArray[np.float64]) -> None:
        if self._has_circle:
            raise ValueError("a circle to be the whole outline")
        self._pieces.append(vertices)

    def _around(self) -> tuple[float, float]:
        if self._centre is None:
            raise ValueError("a centre before it, V X= and a position")
        return self._centre


def _radius_m(radius_nm: float) -> float:
    if not 0 < radius_nm < WIDEST_NM:
        raise ValueError(f"a radius in nautical miles between 0 and {WIDEST_NM}")
    return radius_nm * NAUTICAL_MILE_M
