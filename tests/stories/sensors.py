"""What sensors make of a flown path: reports at their periods, with their errors, some lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pyproj import Geod
from scipy.constants import foot, knot, minute

from feeds.plots import Plots, make
from tests.stories.flights import Path10Hz
from tests.stories.plane import Plane

GEOD = Geod(ellps="WGS84")
STEPS = 10  # of a path, over which a transponder's velocity is taken


@dataclass(frozen=True)
class Sensor:
    period_s: float
    sigma_m: float
    height_sigma_m: float
    height_step_m: float
    lost: float
    cooperative: bool  # reports velocities and its accuracy


SENSORS = {
    "adsb": Sensor(1.0, 10.0, 3.0, 25 * foot, 0.05, cooperative=True),
    "ais": Sensor(10.0, 10.0, 0.0, 1.0, 0.05, cooperative=True),
    "radar": Sensor(5.0, 80.0, 30.0, 100 * foot, 0.03, cooperative=False),
    "enroute-radar": Sensor(12.0, 150.0, 30.0, 100 * foot, 0.03, cooperative=False),
}


@dataclass(frozen=True)
class Flown:
    """A flown path, who flew it, and the sensor that saw it."""

    path: Path10Hz
    sensor: str
    track_id: str
    icao24: str | None = None
    callsign: str | None = None
    squawk: str | None = None

    def reports(self, plane: Plane, start_s: float, rng: np.random.Generator) -> Plots:
        """Return its reports, the first at a random phase of the sensor."""
        sensor, path = SENSORS[self.sensor], self.path
        t = np.arange(path.t[0] + rng.uniform(0, sensor.period_s), path.t[-1] - STEPS / 10, sensor.period_s)
        at = np.searchsorted(path.t, t[rng.random(len(t)) >= sensor.lost])
        lon, lat = plane.to_lon_lat(path.xy[at] + rng.normal(0, sensor.sigma_m, (len(at), 2)))
        height_m = path.z[at] + rng.normal(0, sensor.height_sigma_m, len(at))
        names = {name: [getattr(self, name)] * len(at) for name in ("track_id", "icao24", "callsign", "squawk")}
        place = {"time_s": start_s + path.t[at], "lon_deg": lon, "lat_deg": lat}
        height = {"baro_alt_m": np.round(height_m / sensor.height_step_m) * sensor.height_step_m}
        told = self._told(plane, at) if sensor.cooperative else {}
        return make(names | place | height | told | {"source": [self.sensor] * len(at)})

    def _told(self, plane: Plane, at: np.ndarray) -> dict[str, np.ndarray]:
        """Return what a transponder tells besides: velocity in its steps, NACp 9."""
        azimuth, _, way_m = GEOD.inv(*plane.to_lon_lat(self.path.xy[at]), *plane.to_lon_lat(self.path.xy[at + STEPS]))
        step_s = self.path.t[at + STEPS] - self.path.t[at]
        climb_fpm = (self.path.z[at + STEPS] - self.path.z[at]) / step_s / foot * minute
        return {
            "gs_mps": np.round(way_m / step_s / knot) * knot,
            "track_deg": np.round(azimuth % 360, 1),
            "vrate_mps": np.round(climb_fpm / 64) * 64 * foot / minute,
            "nac_p": np.full(len(at), 9),
        }
