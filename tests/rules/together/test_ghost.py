"""Who appears in mid-air amid others, and who comes from where nobody was seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detector.rules.together import ghost
from feeds.plots import Plots
from tests import zoo

TABLES = zoo.only(ghost=ghost.Params(enabled=True))
APPEARS_S, SPEED_MPS = 1000.25, 220.0
LANES_KM, ALL_DAY = range(-40, 41, 8), range(0, 1300, 4)


def lanes(*, source: str = "adsb", silent: tuple[float, float] = (0.0, 0.0)) -> list[Plots]:
    """Airliners eastwards on eleven lanes around 54.5 N 20.5 E, one every 30 km, but for a time without reports."""
    times = np.array([t for t in ALL_DAY if not silent[0] <= t < silent[1]], dtype=float)
    flights = []
    for lane, north_km in enumerate(LANES_KM):
        for n, behind_km in enumerate(range(-60, 340, 30)):
            lon, lat, _ = zoo.GEOD.fwd(20.5 - behind_km / 64.6, 54.5, 0.0, north_km * 1e3)
            who = {"track_id": f"{lane}-{n}", "callsign": f"LOT{lane}{n}", "source": source}
            flights.append(zoo.flight(lon=lon, lat=lat, speed=SPEED_MPS, times=times, **who))
    return flights


def comes(*, lon: float = 20.5, lat: float = 54.53, course: float = 30.0, times=range(100), **how: object) -> Plots:
    """One whom nobody knows, first heard at that place."""
    plots = zoo.flight(lon=lon, lat=lat, course=course, speed=SPEED_MPS, times=times, track_id="new", **how)
    return replace(plots, time_s=plots.time_s + APPEARS_S)


def told(*flights: Plots, until: float = 1800.0) -> list:
    pipeline = zoo.pipeline(rules=(zoo.NEUTRAL,), tables=TABLES)
    return zoo.tell(pipeline, zoo.in_order(*flights), until=until)


def test_who_appears_amid_others_is_told_of_once_it_could_have_said_who_it_is():
    opened, *_, closed = told(*lanes(), comes())
    (finding,) = opened.findings
    assert (finding.kind, finding.rule, finding.zone_id) == ("integrity", "ghost", "square")
    assert (finding.started_at, opened.time) == ("1970-01-01T00:16:40.250Z", "1970-01-01T00:16:56.000Z")
    assert (opened.subject.track_id, opened.severity) == ("new", "minor")
    assert opened.headline.startswith(
        "Unknown aircraft new appeared in mid-air, where others are seen all round near Square; now at FL197"
    )
    assert closed.event == "closed"


def test_it_is_over_where_it_leaves_the_surroundings_of_all_zones():
    closed = told(*lanes(), comes(course=0.0, times=range(600)), until=2400.0)[-1]
    assert (closed.event, closed.outcome) == ("closed", "left")


@pytest.mark.parametrize(
    ("others", "how"),
    [
        ([], {}),
        (lanes(), {"callsign": "LOT999"}),  # who says who it is
        (lanes(), {"baro_alt_m": 2000.0}),  # who climbs
        (lanes(), {"baro_alt_m": 4500.0}),  # lower than the others are seen
        (lanes(), {"lat": 54.12}),  # at the edge
        (lanes(), {"lat": 54.88}),
        (lanes(source="mlat"), {}),  # whom another source sees
        (lanes(silent=(700.0, 800.0)), {}),  # who may have come when the source was silent
        (lanes()[4:6], {}),
    ],
)
def test_who_may_have_come_from_somewhere_is_not(others, how):
    assert told(*others, comes(**how)) == []


@pytest.mark.parametrize("since_s", [-1.0, -40.0])
def test_who_goes_on_from_another_track_has_a_second_name(since_s):
    times = np.arange(-100.0, since_s)
    before = zoo.flight(lon=20.5, lat=54.53, course=30.0, speed=SPEED_MPS, times=times, track_id="old", callsign="LOT1")
    assert told(*lanes(), replace(before, time_s=before.time_s + APPEARS_S), comes()) == []


def test_who_is_seen_by_another_sensor_beside_it_is_there():
    beside = zoo.flight(lon=20.5, lat=54.53, course=30.0, speed=SPEED_MPS, times=range(-100, 100), track_id="4980")
    plots = replace(beside, time_s=beside.time_s + APPEARS_S)
    plots.source[:], plots.baro_alt_m[:] = "radar", 2000.0
    assert {m.subject.track_id for m in told(*lanes(), plots, comes())} == set()


def test_however_reports_are_cut_into_steps_it_is_told_alike():
    plots = zoo.in_order(*lanes(), comes())
    whole, cut = told(plots), zoo.pipeline(rules=(zoo.NEUTRAL,), tables=TABLES)
    parts = [plots.take(slice(start, start + 37)) for start in range(0, len(plots), 37)]
    pieces = [message for part in parts for message in cut.step(part, float(part.time_s[-1])).messages]
    assert whole[0] == pieces[0]
