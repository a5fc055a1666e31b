"""The sky over a simulated daemon: who flies there, and what a receiver hears of them, by the clock of the world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from feeds.plots import Plots, concatenate, make
from tests.simulation.world import EPOCH_S, World
from tests.zoo import box, flight, zone

WEST_DEG, EAST_DEG = 20.0, 20.2
STRIP = zone(box(WEST_DEG, 54.0, EAST_DEG, 55.0), zone_id="strip", kind="national")
OTHER = zone(box(10.0, 40.0, 10.2, 41.0), zone_id="other", kind="national")
STRIP_M, DEGREE_M = 13_000.0, 65_000.0  # from west to east, about
OUT_S, APART_DEG = 60.0, 0.2  # heard after it has left; from one to the next
NOISE_DEG = 1e-4  # about 10 m
CROWD = 60


@dataclass(frozen=True, slots=True)
class Intruder:
    """One aircraft without a callsign that flies eastwards through the strip."""

    track_id: str
    enters_s: float  # of the world
    leaves_s: float


class Sky:
    """Some intruders, far apart, and an airliner that is heard all the time and may cross."""

    def __init__(self, world: World, busy_s: float, quiet_s: float) -> None:
        chance = world.chance
        self.crowd_until_s = 0.0
        noise = np.random.default_rng(chance.getrandbits(32))
        self.intruders, heard = [], []
        for number in range(chance.randint(1, 4)):
            speed_mps, period_s = chance.uniform(150.0, 300.0), chance.choice((1.0, 2.0, 5.0))
            west_deg = WEST_DEG - chance.uniform(0.2, 0.8) * busy_s * speed_mps / DEGREE_M
            name, lat_deg = f"15abc{number}", 54.2 + APART_DEG * number
            fly = partial(flight, lon=west_deg, lat=lat_deg, speed=speed_mps, track_id=name, icao24=name)
            every_s = np.arange(0.0, busy_s + STRIP_M / speed_mps, 0.1)
            enters_s, leaves_s = np.interp((WEST_DEG, EAST_DEG), fly(times=every_s).lon_deg, every_s)
            heard.append(fly(times=np.arange(chance.uniform(0.0, period_s), leaves_s + OUT_S, period_s)))
            self.intruders.append(Intruder(name, float(enters_s), float(leaves_s)))
        times_s = np.arange(0.0, busy_s + quiet_s, 5.0)
        airliner = {"track_id": "4aaaaa", "icao24": "4aaaaa", "callsign": "SAS1"}
        heard.append(flight(lon=19.7, lat=54.9, speed=230.0, times=times_s, **airliner))
        plots = concatenate(heard)
        plots = plots.take(np.argsort(plots.time_s, kind="stable"))
        north_deg, east_deg = noise.normal(0.0, NOISE_DEG, (2, len(plots)))
        self._times_s = plots.time_s
        self._plots = replace(
            plots,
            time_s=EPOCH_S + plots.time_s,
            lat_deg=plots.lat_deg + north_deg,
            lon_deg=plots.lon_deg + east_deg,
        )

    def set_clock(self, by_s: float, from_s: float, to_s: float) -> None:
        """Let what is received between two times of the world have been sent by a clock that is ahead."""
        self._plots.time_s[slice(*np.searchsorted(self._times_s, (from_s, to_s)))] += by_s

    def heard(self, from_s: float, to_s: float) -> Plots:
        """Return what is received between two times of the world."""
        first, last = np.searchsorted(self._times_s, (from_s, to_s))
        return self._plots.take(slice(int(first), int(last)))

    def crowd(self, now_s: float) -> Plots:
        """Return what is received of a crowd far away of airliners, if it is heard; more than an inbox takes."""
        heard = range(CROWD if now_s < self.crowd_until_s else 0)
        names = [f"3c{number:04x}" for number in heard]
        return make(
            {
                "time_s": np.full(len(heard), EPOCH_S + now_s),
                "track_id": names,
                "icao24": names,
                "callsign": ["DLH1"] * len(heard),
                "lat_deg": 40.0 + 0.1 * np.arange(len(heard)),
                "lon_deg": np.full(len(heard), 0.003 * now_s),
            }
        )
