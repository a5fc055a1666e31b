"""One address in two places."""

import numpy as np
import pytest

from detector.rules import incursion
from detector.rules.reports import duplicate_address, jump
from tests import zoo

RULES = zoo.only(incursion=incursion.Params(), jump=jump.Params(), duplicate_address=duplicate_address.Params())


def aircraft(times, *, lon: float = 19.7, lat: float = 54.2, course: float = 0.0, source: str = "adsb", **columns):
    known = {"gs_mps": 230.0, "track_deg": course} | columns
    return zoo.flight(lon=lon, lat=lat, course=course, speed=230.0, times=times, source=source, **known)


def findings(*flights, **kwargs):
    plots = zoo.in_order(*flights)
    pipe = zoo.pipeline(tables=RULES, **kwargs)
    messages = zoo.tell(pipe, plots, until=float(plots.time_s[-1]) + 400.0)
    assert len({m.incident_id for m in messages}) <= 1
    return list(messages[-1].findings) if messages else []


OTHER = {"lat": 53.0, "course": 90.0}
"""Far from the first, and flying elsewhere."""


@pytest.mark.parametrize(
    "other",
    [
        aircraft(np.arange(60.5, 200), **OTHER),  # as often
        aircraft(np.arange(60.5, 200, 5), **OTHER),  # less often
        aircraft(np.arange(60.5, 200), lon=20.5, lat=54.5),  # inside the zone
    ],
)
def test_two_aircraft_under_one_address_are_found(other):
    found = findings(aircraft(range(240)), other)
    assert {f.kind for f in found} == {"integrity"}
    (finding,) = [f for f in found if f.rule == "duplicate_address"]
    assert finding.zone_id == "square"
    assert 60.0 < float(finding.started_at[14:16]) * 60 + float(finding.started_at[17:-1]) < 90.0
    assert finding.ended_at[14:19] >= "03:19"
    assert finding.evidence.apart_m > 50_000


def test_it_is_told_in_words():
    alone = zoo.only(duplicate_address=duplicate_address.Params())
    plots = zoo.in_order(aircraft(range(240)), aircraft(np.arange(60.5, 200), **OTHER))
    opened = zoo.tell(zoo.pipeline(tables=alone), plots)[0]
    assert "is in two places by turns, 1" in opened.headline
    assert opened.event == "opened"


def glitches(*at: int):
    plots = aircraft(range(240))
    for number, n in enumerate(at):
        plots.lat_deg[n] += 1.0 + number
    return plots


@pytest.mark.parametrize(
    "flights",
    [
        [aircraft(range(240)), aircraft(np.arange(0.5, 240, 12), lon=19.71, source="enroute-radar")],  # two sensors
        [glitches(60, 64, 68, 72, 76)],  # claims that do not go on from each other
        [glitches(60)],
        [aircraft(range(240)), aircraft(np.arange(60.5, 62.5), **OTHER)],  # twice
        [aircraft(range(240), lon=14.0), aircraft(np.arange(60.5, 200), lon=14.0, **OTHER)],  # far from every zone
        [aircraft(range(240), callsign="LOT1"), aircraft(np.arange(60.5, 200), callsign="LOT1", **OTHER)],
    ],
)
def test_what_is_no_duplicate(flights):
    assert [f for f in findings(*flights, rules=[zoo.NEUTRAL]) if f.rule == "duplicate_address"] == []


def test_who_has_gone_elsewhere_is_not_in_two_places():
    plots = aircraft(range(400))
    plots.lat_deg[200:] += 1.0
    assert {f.rule for f in findings(plots) if f.kind == "integrity"} == {"jump"}
