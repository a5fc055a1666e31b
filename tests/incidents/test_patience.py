"""What a room knows is told again ever more seldom, what is new at once, and nothing is left out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from detector.incidents.patience import INSIDE_S, LONGEST_S, Told
from detector.rules.params import SHORTEST_PATIENCE_S
from detector.rules.tables import Rules
from feeds.plots import Plots, make
from tests import zoo

HOUR_S, SPEED_MPS = 3600.0, 200.0


@pytest.mark.parametrize(
    ("told", "severity", "amount", "due_s"),
    [
        (Told(), 1, 0.0, 1000.0),
        (Told(1, 970.0, 2, 0.0), 2, 0.0, 1000.0),
        (Told(1, 980.0, 2, 0.0), 2, 0.0, 1015.0),
        (Told(2, 980.0, 2, 0.0), 2, 0.0, 1040.0),
        (Told(2, 980.0, 2, 0.0), 1, 0.0, 1040.0),
        (Told(9, 980.0, 2, 0.0), 2, 0.0, 1280.0),
        (Told(9, 980.0, 2, 0.0), 3, 0.0, 1000.0),
        (Told(9, 980.0, 2, 3.0), 2, 5.9, 1280.0),
        (Told(9, 980.0, 2, 3.0), 2, 6.1, 1000.0),
    ],
    ids=["new", "waited", "no sooner than", "twice", "less", "often", "graver", "more", "twice as much"],
)
def test_when_it_is_told(told, severity, amount, due_s):
    assert told.due_s(1000.0, 1000.0, severity, amount, LONGEST_S) == due_s


def test_who_is_inside_again_is_told_within_a_minute():
    assert Told(9, 980.0, 2, 0.0).due_s(1000.0, 1000.0, 2, 0.0, INSIDE_S) == 1040.0


def test_patience_begins_again_with_what_is_graver():
    told = Told(5, 980.0, 2, 0.0)
    assert told.again(1000.0, 2, 0.0) == Told(6, 1000.0, 2, 0.0)
    assert told.again(1000.0, 3, 0.0) == Told(1, 1000.0, 3, 0.0)


def circles(radius_m: float, source: str) -> Plots:
    """An hour of circles around a place on the western edge of the square."""
    sensor, rng = zoo.SENSORS[source], np.random.default_rng(0)
    t = np.arange(0.0, HOUR_S, sensor.period_s)
    course = np.degrees(SPEED_MPS / radius_m * t) % 360
    n = len(t)
    lon, lat, _ = zoo.GEOD.fwd(np.full(n, 20.0), np.full(n, 54.5), course - 90.0, np.full(n, radius_m))
    told = {"gs_mps": np.full(n, SPEED_MPS), "track_deg": course} if source == "adsb" else {}
    place = {
        "lon_deg": lon + rng.normal(0, sensor.sigma_m, n) / 64_800,
        "lat_deg": lat + rng.normal(0, sensor.sigma_m, n) / 111_300,
        "baro_alt_m": np.full(n, 6000.0),
    }
    return make({"time_s": t, "track_id": ["4980"] * n, "source": [source] * n} | place | told)


def formation(source: str, number: int = 12) -> Plots:
    """So many eastwards through the square, in a slanting line of 8 km."""
    times = np.arange(0, 900, zoo.SENSORS[source].period_s)
    told = {"gs_mps": 250.0, "track_deg": 90.0} if source == "adsb" else {}
    every = [
        zoo.flight(lon=18.84 - 0.006 * k, lat=54.5 - 0.005 * k, times=times, track_id=f"m{k:02}", source=source, **told)
        for k in range(number)
    ]
    return zoo.in_order(*every)


def tell(plots: Plots) -> list:
    return zoo.tell(zoo.pipeline(tables=Rules()), plots, until=float(plots.time_s[-1]) + 600.0)


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def waits_s(messages: list) -> np.ndarray:
    """Return how long after it was decided each beginning of a finding was first told."""
    first = {}
    for message in messages:
        for f in message.findings:
            first.setdefault(
                (f.rule, f.zone_id, f.track_ids, f.started_at), seconds(message.time) - seconds(f.detected_at)
            )
    return np.array(list(first.values()))


@pytest.mark.parametrize(("radius_m", "source"), [(3000, "adsb"), (5000, "enroute-radar")])
def test_an_hour_of_circles_over_the_border_is_told_about_once_a_minute(radius_m, source):
    messages = tell(circles(radius_m, source))
    assert len({m.incident_id for m in messages}) == 1
    assert len(messages) <= 55
    assert waits_s(messages).max() <= LONGEST_S + SHORTEST_PATIENCE_S
    flown = HOUR_S / (2 * np.pi * radius_m / SPEED_MPS)
    stays = [f for f in messages[-1].findings if f.kind == "incursion"]
    assert len(stays) == pytest.approx(flown, abs=1)
    assert all(f.started_at < f.ended_at for f in stays)
    assert f" in {len(stays)} stays, " in messages[-1].headline
    inside = [m for m in messages if m.cause == "incursion"]
    told_s = [seconds(m.time) - seconds(m.findings[-1].detected_at) for m in inside[:2]]
    assert told_s[0] == 0.0
    assert [m.severity for m in inside[:2]] == ["severe", "extreme"]


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
def test_twelve_that_fly_together_are_told_in_eight_messages(source):
    messages = tell(formation(source))
    assert len({m.incident_id for m in messages}) == 1
    assert len(messages) <= 8
    assert waits_s(messages).max() <= 45.0
    stays = [f for f in messages[-1].findings if f.kind == "incursion"]
    assert len(stays) == 12
    assert all(f.started_at < f.ended_at for f in stays)
    assert any("m00 and 11 others were in Square for up to 4 min" in m.headline for m in messages)


@pytest.mark.parametrize(("source", "size"), [("adsb", 7), ("enroute-radar", 1), ("enroute-radar", 30)])
def test_however_reports_are_cut_they_are_told_alike(source, size):
    plots = circles(3000, source)
    plots = plots.take(plots.time_s < 900.0)
    pipe, messages = zoo.pipeline(tables=Rules()), []
    for start in range(0, len(plots), size):
        piece = plots.take(slice(start, start + size))
        messages += pipe.step(piece, float(piece.time_s[-1])).messages
    messages += pipe.step(plots.take(slice(0, 0)), 1600.0).messages
    whole = zoo.tell(zoo.pipeline(tables=Rules()), plots, until=1600.0)
    assert messages == whole


def test_news_told_thousands_of_times_wait_no_longer_than_the_longest():
    assert Told(10_000, 0.0, 1, 1.0).due_s(1.0, 1.0, 1, 1.0, LONGEST_S) == LONGEST_S
