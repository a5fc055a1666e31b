"""Paths flown at 10 Hz in a plane, and those of the SU-24 story, around the corner of the border that it cuts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.constants import g
from scipy.interpolate import CubicHermiteSpline

from tests.stories.plane import Floats, Plane

STEP_S = 0.1
LONGEST_LEG_S = 1200.0
CORNER_LON, CORNER_LAT = 19.6112, 54.4572  # the outermost vertex of the zone on the Vistula Spit
MALBORK_LON, MALBORK_LAT = 19.134, 54.027

Point = tuple[float, float]

CORNER = Plane(CORNER_LON, CORNER_LAT)
MALBORK_XY = CORNER.place(MALBORK_LON, MALBORK_LAT)


@dataclass(frozen=True)
class Path10Hz:
    """A flown path: t (N,) s from the story's start, xy (N, 2) and z (N,) m."""

    t: Floats
    xy: Floats
    z: Floats

    def velocity(self) -> tuple[Floats, Floats, Floats]:
        """Return ground speed (N,) m/s, course (N,) rad and vertical speed (N,) m/s."""
        east, north = np.gradient(self.xy, STEP_S, axis=0).T
        return np.hypot(east, north), np.arctan2(east, north), np.gradient(self.z, STEP_S)

    def at(self, t: float) -> int:
        return round(float(t - self.t[0]) / STEP_S)


@dataclass
class Aircraft:
    """State of the intruder in the plane; every manoeuvre appends to its path."""

    x: float
    y: float
    course: float
    speed: float
    z: float
    load: float = 0.0  # signed: right is positive; below 1 is wings level
    climb: float = 0.0

    def __post_init__(self) -> None:
        self.path: list[tuple[float, float, float]] = []
        self.loads: list[float] = []

    def step(self, load: float, climb: float) -> None:
        """Fly 0.1 s; load and climb go to what is wanted in about two seconds, as an aircraft's do."""
        self.load += np.clip(load - self.load, -2.5 * STEP_S, 2.5 * STEP_S)
        self.climb += np.clip(climb - self.climb, -15 * STEP_S, 15 * STEP_S)
        if abs(self.load) > 1:
            self.course += math.copysign(g * math.sqrt(self.load**2 - 1) / self.speed, self.load) * STEP_S
        self.x += math.sin(self.course) * self.speed * STEP_S
        self.y += math.cos(self.course) * self.speed * STEP_S
        self.z += self.climb * STEP_S
        self.path.append((self.x, self.y, self.z))
        self.loads.append(max(1.0, abs(self.load)))

    def hold(self, seconds: float, climb: float = 0.0) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.step(0.0, climb)

    def turn(self, degrees: float, load: float) -> None:
        """Turn by an angle, to the right when it is positive."""
        wanted = self.course + math.radians(degrees)
        while (wanted - self.course) * degrees > 0:
            self.step(math.copysign(load, degrees), 0.0)
        while abs(self.load) > 1:
            self.step(0.0, 0.0)

    def steer(self, x: float, y: float, load: float, climb: float = 0.0) -> None:
        """Fly to a point, turning with no more than a load factor; ends within 400 m of it."""
        begun = len(self.path)
        while math.hypot(x - self.x, y - self.y) > 400:
            assert len(self.path) - begun < LONGEST_LEG_S / STEP_S, f"circles around {x:.0f}, {y:.0f}"
            off = math.remainder(math.atan2(x - self.x, y - self.y) - self.course, math.tau)
            self.step(math.copysign(load if abs(off) > 0.15 else 1.02, off) if abs(off) > 0.01 else 0.0, climb)


def flown(aircraft: Aircraft) -> Path10Hz:
    path = np.array(aircraft.path)
    return Path10Hz(np.arange(1, len(path) + 1) * STEP_S, path[:, :2], path[:, 2])


def intrude(cut_y: float) -> Aircraft:
    """Return the intruder after the whole story; on its first leg it passes `cut_y` m north of the corner."""
    su24 = Aircraft(x=56e3, y=3.5e3, course=math.atan2(-56e3, cut_y - 3.5e3), speed=250, z=7000)
    su24.hold(266)
    su24.turn(165, 4.5)
    su24.hold(14)
    su24.turn(-175, 5.0)
    su24.hold(12)
    su24.hold(24, climb=-125)
    su24.hold(20)
    su24.speed = 200
    su24.steer(-31e3, -7e3, 2.5)
    su24.steer(-31e3, -13.6e3, 2.0)
    su24.steer(-26e3, -17.4e3, 2.0)
    su24.steer(-9.5e3, -13.2e3, 1.6)
    su24.steer(4e3, -8.6e3, 1.5)
    su24.steer(1e3, 12e3, 1.6)
    su24.hold(130)
    return su24


def beside(lead: Path10Hz, place: Point) -> Floats:
    """Return where who keeps its place (right, behind; m) beside a leader is all the time, (N, 2)."""
    _, course, _ = lead.velocity()
    right, ahead = (
        np.stack([np.cos(course), -np.sin(course)], axis=1),
        np.stack([np.sin(course), np.cos(course)], axis=1),
    )
    return lead.xy + right * place[0] - ahead * place[1]


def fighter(
    lead: Path10Hz, place: Point, scramble_s: float, join_s: float, leave_s: float, base_xy: Floats = MALBORK_XY
) -> Path10Hz:
    """Fly from a base (2,) to a place (right, behind; m) beside the intruder, stay until `leave_s`, turn for home.

    Legs are cubic Hermite curves, so that position and velocity go over into the leader's without a step.
    """
    station = beside(lead, place)
    speed = np.gradient(station, STEP_S, axis=0)
    first, join, leave, last = (lead.at(t) for t in (scramble_s, join_s, leave_s, leave_s + 100))
    runway = 150 * np.array([math.sin(math.radians(70)), math.cos(math.radians(70))])
    out = CubicHermiteSpline([scramble_s, join_s], [base_xy, station[join]], [runway, speed[join]])
    home = CubicHermiteSpline(
        [leave_s, leave_s + 100], [station[leave], station[leave] + (-14e3, -6e3)], [speed[leave], (-150, -200)]
    )
    t = lead.t[first:last]
    xy = np.concatenate([out(lead.t[first:join]), station[join:leave], home(lead.t[leave:last])])
    rise = np.clip((t - scramble_s) / (join_s - 40 - scramble_s), 0, 1)
    return Path10Hz(t, xy, 400 + (lead.z[first:last] + 60 - 400) * rise**2 * (3 - 2 * rise))
