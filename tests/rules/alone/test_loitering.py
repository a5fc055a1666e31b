"""Who stays in a small place near a zone."""

import numpy as np
import pytest

from detector.rules.alone import loitering
from tests import zoo

RULES = zoo.only(loitering=loitering.Params())
FOR_S = 1300.0
RADAR = {"source": "radar"}  # five times fewer reports, and as long a trail


def flown(east_m, north_m, t, source: str = "adsb", lon: float = 19.8, **columns):
    """The reports of a flight given by places around a place west of the square; sigmas as the source has them."""
    at = np.arange(0, len(t), int(zoo.SENSORS[source].period_s))
    rng, sigma_m = np.random.default_rng(1), zoo.SENSORS[source].sigma_m
    east_m, north_m = (m[at] + rng.normal(0, sigma_m, len(at)) for m in (east_m, north_m))
    plots = zoo.flight(lon=lon, speed=0.0, times=t[at], source=source, **columns)
    azimuth_deg, far_m = np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(plots.lon_deg, plots.lat_deg, azimuth_deg, far_m)
    return plots


def racetrack(leg_m: float, radius_m: float, speed_mps: float, for_s: float = FOR_S):
    """Two legs northwards and southwards, joined by half circles."""
    t = np.arange(0.0, for_s)
    half_m = leg_m + np.pi * radius_m
    way_m = speed_mps * t % (2 * half_m)
    back = way_m >= half_m
    s = way_m - half_m * back
    angle = np.clip((s - leg_m) / radius_m, 0.0, np.pi)
    east_m, north_m = radius_m * (1 - np.cos(angle)), np.minimum(s, leg_m) + radius_m * np.sin(angle)
    return np.where(back, 2 * radius_m - east_m, east_m), np.where(back, leg_m - north_m, north_m), t


def found(plots, tables=RULES) -> list:
    messages = zoo.tell(zoo.pipeline(tables=tables), plots, until=float(plots.time_s[-1]) + 400.0)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize("source", ["adsb", "radar", "enroute-radar"])
@pytest.mark.parametrize(
    "path",
    [racetrack(15_000.0, 3000.0, 180.0), racetrack(5000.0, 800.0, 45.0), racetrack(0.0, 2500.0, 120.0)],
    ids=["racetrack", "light", "orbit"],
)
def test_racetracks_and_orbits_are_found(path, source):
    (finding,) = found(flown(*path, source=source))
    assert (finding.kind, finding.rule, finding.zone_id) == ("loitering", "loitering", "square")
    assert (finding.started_at[11:16], finding.detected_at[11:16]) in {("00:00", "00:15"), ("00:00", "00:14")}
    east_m, north_m, _ = path
    radius_m = max(np.ptp(east_m), np.ptp(north_m)) / 2
    assert 0.75 * radius_m < finding.evidence.radius_m < 1.3 * radius_m + 400.0
    where = zoo.GEOD.inv(finding.evidence.middle_lon, finding.evidence.middle_lat, 19.8, 54.5)[2]
    assert where == pytest.approx(np.hypot(np.mean(east_m), np.mean(north_m)), abs=1500.0)
    assert finding.evidence.way_m > 8 * finding.evidence.radius_m


@pytest.mark.parametrize(
    "plots",
    [
        flown(*racetrack(15_000.0, 3000.0, 180.0, for_s=800.0), **RADAR),  # not for long
        flown(*racetrack(40_000.0, 3000.0, 180.0), **RADAR),  # too large
        flown(*racetrack(15_000.0, 3000.0, 180.0), lon=17.0, **RADAR),  # far from any zone
        flown(*racetrack(12_000.0, 3000.0, 25.0), **RADAR),  # hardly moves
        flown(*racetrack(15_000.0, 3000.0, 180.0), callsign="LOT1"),
        flown(0 * np.arange(FOR_S), 16.0 * np.arange(FOR_S), np.arange(FOR_S), **RADAR),  # straight on, slowly
        flown(*np.zeros((2, 1300)), np.arange(FOR_S), **RADAR),  # stands
        flown(*racetrack(2000.0, 300.0, 8.0), on_ground=1),  # taxies
    ],
    ids=["short", "large", "far", "slow", "neutral", "straight", "stands", "taxies"],
)
def test_who_flies_on_or_hardly_flies_does_not(plots):
    pipe = zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    assert zoo.tell(pipe, plots, until=float(plots.time_s[-1]) + 400.0) == []


def test_who_takes_off_after_waiting_does_not():
    t = np.arange(0.0, 1100.0)
    assert found(flown(0 * t, np.where(t < 850, 5.0 * (t % 60), 300.0 + 80.0 * (t - 850)), t)) == []


def test_it_ends_when_the_aircraft_has_gone():
    east_m, north_m, t = racetrack(15_000.0, 3000.0, 180.0)
    away_m = np.where(t > 1100, 200.0 * (t - 1100), 0.0)
    (finding,) = found(flown(east_m - away_m, north_m, t))
    assert "00:18" <= finding.ended_at[11:16] <= "00:20"
