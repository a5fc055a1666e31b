"""Write the story that `incursiond demo` tells and a golden test pins: a recording, and the truth behind it.

    python tests/stories/make_su24.py

An intruder without transponder flies along the border between Kaliningrad and Poland, cuts the corner where it meets
the coast of the Vistula Spit for 17 s (an en-route radar misses the plot in between, so that no plot is inside), turns
hard and dives over the sea, comes back deeper, is met by two fighters from Malbork and leaves; all that among airliners
and light aircraft. The truth is read off the flown path at 10 Hz.
Writes config/demo/su24.csv.gz (a tracks table) and tests/stories/su24.truth.json. Needs shapely.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely
from scipy.constants import foot, knot, minute

from tests.stories.background import GEOD, Flight, background
from tests.stories.flights import CORNER, CORNER_LAT, CORNER_LON, Path10Hz, fighter, flown, intrude
from tests.stories.plane import Floats

REPO = Path(__file__).resolve().parents[2]
ZONE = REPO / "config/zones/poland.geojson"
RECORDING = REPO / "config/demo/su24.csv.gz"
TRUTH = REPO / "tests/stories/su24.truth.json"

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC).timestamp()
RADAR_PERIOD_S, RADAR_SIGMA_M, RADAR_HEIGHT_SIGMA_M, RADAR_LOST = 12.0, 150.0, 30.0, 0.03
ADSB_SIGMA_M, ADSB_LOST = 10.0, 0.05
COLUMNS = "time,icao24,callsign,lat,lon,baro_alt_ft,gs_kt,track_deg,vrate_fpm,squawk,nac_p,track_id,source"


def zone() -> shapely.Geometry:
    """Return Poland within 150 km of the corner, in the plane; edges are straight in longitude and latitude."""
    (feature,) = json.loads(ZONE.read_text())["features"]
    poland = shapely.segmentize(shapely.geometry.shape(feature["geometry"]), 0.005)
    near = shapely.clip_by_rect(poland, CORNER_LON - 2, CORNER_LAT - 1.2, CORNER_LON + 2, CORNER_LAT + 0.5)
    flat = shapely.transform(near, lambda c: CORNER.to_plane(c[:, 0], c[:, 1]))
    shapely.prepare(flat)
    return flat


def depth(area: shapely.Geometry, xy: Floats) -> Floats:
    """Return the distance to the zone's boundary (N,) m, positive inside."""
    distance = shapely.distance(shapely.points(xy), area.boundary)
    return np.where(shapely.contains_xy(area, xy[:, 0], xy[:, 1]), distance, -distance)


def incursions(area: shapely.Geometry, path: Path10Hz) -> list[dict[str, float]]:
    """Return the true incursions of a path, in order."""
    deep = depth(area, path.xy)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], deep > 0, [0]]).astype(int))).reshape(-1, 2)
    return [
        {
            "entry": round(START + path.t[a], 1),
            "exit": round(START + path.t[b], 1),
            "max_depth_m": round(float(deep[a:b].max()), 1),
        }
        for a, b in edges
    ]


def cut_of(area: shapely.Geometry, seconds: float) -> float:
    """Return how far north of the corner (m, so negative) the intruder must aim to cut it for so long."""
    shallow, deep = 0.0, -4000.0
    for _ in range(30):
        middle = (shallow + deep) / 2
        first = incursions(area, flown(intrude(middle)))[0]
        long = first["exit"] - first["entry"] > seconds
        shallow, deep = (shallow, middle) if long else (middle, deep)
    return deep


Rows = list[tuple[float, str]]


def heights_ft(z_m: Floats, sigma_m: float, step_ft: float, rng: np.random.Generator) -> Floats:
    return np.round((z_m + rng.normal(0, sigma_m, len(z_m))) / foot / step_ft) * step_ft


def radar(path: Path10Hz, phase_s: float, missed_s: float, rng: np.random.Generator) -> tuple[Rows, Floats]:
    """Return the plots of a track that only the en-route radar sees, and the measured places (N, 2) of them.

    Of the looks at `phase_s` + k 12 s a few are lost, the one at `missed_s` among them.
    """
    t = np.arange(phase_s, path.t[-1], RADAR_PERIOD_S)
    t = t[(rng.random(len(t)) > RADAR_LOST) & (np.abs(t - missed_s) > 1)]
    at = np.searchsorted(path.t, t)
    xy = path.xy[at] + rng.normal(0, RADAR_SIGMA_M, (len(t), 2))
    lon, lat = CORNER.to_lon_lat(xy)
    height_ft = heights_ft(path.z[at], RADAR_HEIGHT_SIGMA_M, 100, rng)
    rows = [
        (row[0], "{0:.2f},,,{2:.5f},{1:.5f},{3:.0f},,,,,,4980,enroute-radar".format(*row))
        for row in zip(START + t, lon, lat, height_ft, strict=True)
    ]
    return rows, xy


def adsb(flight: Flight, rng: np.random.Generator) -> Rows:
    """Return the reports of a transponder; velocity is derived from the flown path, as its navigation would."""
    azimuth, _, step = GEOD.inv(flight.lon[:-1], flight.lat[:-1], flight.lon[1:], flight.lat[1:])
    dt = np.diff(flight.t)
    heard = np.flatnonzero(rng.random(len(dt)) > ADSB_LOST)
    east, north = rng.normal(0, ADSB_SIGMA_M, (2, len(heard)))
    lon, lat, _ = GEOD.fwd(
        flight.lon[heard], flight.lat[heard], np.degrees(np.arctan2(east, north)), np.hypot(east, north)
    )
    vrate_fpm = np.round(np.diff(flight.z) / dt / foot * minute / 64)[heard] * 64 + 0.0
    height_ft, gs_kt = heights_ft(flight.z[heard], 3, 25, rng), step[heard] / dt[heard] / knot
    columns = (START + flight.t[heard], lat, lon, height_ft, gs_kt, azimuth[heard] % 360, vrate_fpm)
    own = f"{flight.icao24},{flight.callsign}"
    return [
        (t, f"{t:.2f},{own},{y:.5f},{x:.5f},{z:.0f},{gs:.0f},{track:.1f},{vs:.0f},{flight.squawk},9,,adsb")
        for t, y, x, z, gs, track, vs in zip(*columns, strict=True)
    ]


def flight_of(path: Path10Hz, icao24: str, callsign: str) -> Flight:
    """Return a fighter's transponder, once a second."""
    lon, lat = CORNER.to_lon_lat(path.xy[::10])
    return Flight(icao24, callsign, "4401", path.t[::10], lon, lat, path.z[::10])


def main() -> None:
    rng = np.random.default_rng(4980)
    area = zone()
    aircraft = intrude(cut_of(area, 17.0))
    su24 = flown(aircraft)
    cut, deep = incursions(area, su24)
    middle_s = (cut["entry"] + cut["exit"]) / 2 - START
    rows, plots = radar(su24, middle_s % RADAR_PERIOD_S, middle_s, rng)
    times = np.array([time for time, _ in rows])
    near = np.abs(times - START - middle_s) < 30
    assert depth(area, plots[near]).max() < 0, "a plot of the cut is inside: choose another seed"

    entry_s, exit_s = deep["entry"] - START, deep["exit"] - START
    lead = fighter(su24, (400, 100), entry_s - 95, entry_s + 105, exit_s + 50)
    wing = fighter(su24, (750, 300), entry_s - 85, entry_s + 130, exit_s + 55)
    for path, icao24, callsign in ((lead, "48d8a1", "PLF01"), (wing, "48d8a2", "PLF02")):
        rows += adsb(flight_of(path, icao24, callsign), rng)
    others = list(background(su24.t[-1], rng))
    for flight in others:
        rows += adsb(flight, rng)

    write(rows)
    before, after = times[times < cut["entry"]].max(), times[times > cut["exit"]].min()
    _, _, climb = su24.velocity()
    truth = {
        "zone": "poland",
        "track_id": "4980",
        "source": "enroute-radar",
        "start": START,
        "end": round(START + su24.t[-1], 1),
        "incursions": [cut | {"plot_before": round(before, 2), "plot_after": round(after, 2)}, deep],
        "peak_load_g": round(max(aircraft.loads), 2),
        "steepest_descent_fpm": round(float(climb.min()) / foot * minute),
        "interceptors": ["48d8a1", "48d8a2"],
        "joined": round(START + entry_s + 105, 1),
        "left_alone": round(START + exit_s + 55, 1),
        "others": len(others),
        "reports": len(rows),
    }
    TRUTH.write_text(json.dumps(truth, indent=1) + "\n")
    print(json.dumps(truth, indent=1), f"{RECORDING.stat().st_size} bytes", sep="\n")


def write(rows: Sequence[tuple[float, str]]) -> None:
    text = "\n".join([COLUMNS, *(line for _, line in sorted(rows))]) + "\n"
    RECORDING.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(RECORDING, "wb", mtime=0) as file:
        file.write(text.encode())


if __name__ == "__main__":
    main()
