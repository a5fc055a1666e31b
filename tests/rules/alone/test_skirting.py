"""Who flies along a boundary."""

import numpy as np
import pytest

from detector.airspace.altitude import parse
from detector.rules.alone import skirting
from tests import zoo

RULES = zoo.only(skirting=skirting.Params())
TALL = zoo.zone(zoo.box(20.0, 50.0, 21.0, 60.0))
KM_DEG = 1 / 64.5  # a kilometre of longitude at 54.5 N


def along(off_km: float, course: float = 0.0, for_s: float = 400.0, source: str = "adsb", noise: int = 0, **columns):
    """A flight beside the western edge of the tall zone, 20 E, that begins so far outside it."""
    times = np.arange(0.0, for_s, zoo.SENSORS[source].period_s)
    columns = {"speed": 200.0} | columns
    plots = zoo.flight(lon=20 - off_km * KM_DEG, course=course, times=times, source=source, **columns)
    rng, sigma_m = np.random.default_rng(noise), zoo.SENSORS[source].sigma_m
    plots.lat_deg[:] += rng.normal(0, sigma_m / 111e3, len(plots))
    plots.lon_deg[:] += rng.normal(0, sigma_m / 64.5e3, len(plots))
    return plots


def found(*plots, zones=(TALL,), until: float = 1500.0) -> list:
    messages = zoo.tell(zoo.pipeline(zones, tables=RULES), zoo.in_order(*plots), until=until)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize("source", ["adsb", "radar", "enroute-radar"])
@pytest.mark.parametrize(("off_km", "course"), [(5.0, 0.0), (8.0, 180.0), (7.0, 3.0)])
def test_who_flies_along_for_three_minutes_skirts(source, off_km, course):
    (finding,) = found(along(off_km, course, source=source))
    assert (finding.kind, finding.rule, finding.zone_id) == ("skirting", "skirting", "square")
    assert finding.severity == "minor"
    assert finding.started_at[11:16] == "00:00"
    assert finding.detected_at[11:16] == "00:03"
    least_m = 1000 * (off_km - (400 * 0.2 * np.sin(np.radians(3.0)) if course == 3.0 else 0.0))
    assert finding.evidence.distance_m == pytest.approx(least_m, abs=450.0 if source == "enroute-radar" else 300.0)
    assert finding.evidence.along_m > 35_000.0


def test_it_ends_when_the_aircraft_turns_off():
    away = along(5.0, course=270.0, for_s=300.0, lat=54.5 + 400 * 200 / 111.3e3)
    away.time_s[:] += 400.0
    (finding,) = found(along(5.0), away)
    assert finding.ended_at[11:16] in {"00:06", "00:07"}


@pytest.mark.parametrize(
    "columns",
    [
        {"off_km": 12.0},  # too far
        {"off_km": 8.9, "source": "enroute-radar"},  # perhaps too far
        {"off_km": 5.0, "for_s": 170.0},  # not for long
        {"off_km": 8.0, "course": 270.0, "speed": 40.0, "for_s": 600.0},  # hardly moves, and away
        {"off_km": 9.0, "course": 30.0, "speed": 75.0},  # slowly nearer, at an angle
        {"off_km": -5.0},  # inside
        {"off_km": 1.0, "course": 1.0, "for_s": 900.0, "speed": 40.0},  # a balloon
        {"off_km": 9.0, "course": 90.0, "speed": 20.0},
    ],
)
def test_who_is_elsewhere_or_not_for_long_does_not(columns):
    assert found(along(**columns)) == []


def test_who_holds_beside_a_boundary_does_not():
    t = np.arange(0.0, 900.0)
    plots = along(6.0, for_s=900.0)
    angle = 2 * np.pi * t / 120.0
    plots.lon_deg[:], plots.lat_deg[:] = 20 - (6 + 2 * np.cos(angle)) * KM_DEG, 54.5 + 2 * np.sin(angle) / 111.3
    assert found(plots) == []


def test_who_is_not_heard_for_a_while_does_not():
    plots = along(5.0)
    heard = (plots.time_s < 170) & ((plots.time_s < 60) | (plots.time_s > 130)) | (plots.time_s > 240)
    assert found(plots.take(heard)) == []


@pytest.mark.parametrize(("floor", "n"), [("FL100", 1), ("FL300", 0)])
def test_below_a_zone_nobody_skirts_it(floor, n):
    above = zoo.zone(*TALL.polygons[0], floor=parse(floor))
    assert len(found(along(5.0), zones=[above])) == n


def test_a_belt_is_no_boundary_and_hides_none():
    belt = zoo.zone(zoo.box(19.95, 50.0, 20.02, 60.0), zone_id="belt", kind="belt")
    (finding,) = found(along(5.0), zones=[belt, TALL])
    assert finding.zone_id == "square"
    assert found(along(5.0), zones=[belt]) == []
