"""Positions that jump: an integrity finding, and nothing else."""

import numpy as np

from detector.rules import incursion
from detector.rules.reports import jump
from tests import zoo

RULES = zoo.only(incursion=incursion.Params(), jump=jump.Params())


def spoofed(first: int, last: int, degrees: float = 1.0, lon: float = 19.7):
    """Northward flight west of the square, displaced eastwards for a while."""
    plots = zoo.flight(lon=lon, lat=54.2, course=0.0, speed=230.0, times=range(240), gs_mps=230.0, track_deg=0.0)
    plots.lon_deg[first:last] += degrees
    return plots


def test_a_jump_into_a_zone_is_no_incursion():
    plots = spoofed(100, 130)
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots, until=900.0)
    assert [(m.event, m.cause, m.outcome) for m in messages] == [
        ("opened", "integrity", None),
        ("updated", "integrity", None),
        ("closed", "integrity", "resolved"),
    ]
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.rule, finding.zone_id, finding.severity) == (
        "integrity",
        "jump",
        "square",
        "moderate",
    )
    far_m = zoo.GEOD.inv(19.7, plots.lat_deg[99], plots.lon_deg[129], plots.lat_deg[129])[2]
    assert abs(finding.evidence.jump_m - far_m) < 5000
    assert abs(finding.evidence.claimed_lon - 20.7) < 0.001
    assert (finding.started_at[14:19], finding.ended_at[14:19]) == ("01:40", "02:09")
    assert messages[0].headline.startswith("Unknown aircraft 4980 claims to have jumped 64.9 km near Square; now")


def test_a_single_glitch_is_not_worth_a_word():
    assert zoo.tell(zoo.pipeline(tables=RULES), spoofed(100, 101), until=900.0) == []


def test_an_incursion_lasts_while_its_subject_is_not_believed():
    plots = zoo.flight(lon=19.98, course=90.0, times=range(200), gs_mps=250.0, track_deg=90.0)
    plots.lon_deg[60:90] -= 3.0
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots)
    assert messages[-1].outcome is None
    (stay,) = [finding for finding in messages[-1].findings if finding.kind == "incursion"]
    assert stay.ended_at is None
    assert {message.incident_id for message in messages} == {messages[0].incident_id}


def test_far_from_every_zone_nobody_minds():
    assert zoo.tell(zoo.pipeline(tables=RULES), spoofed(100, 130, lon=15.0), until=900.0) == []


def test_who_goes_on_inside_is_an_intruder_in_the_end_who_was_not_seen_to_enter():
    plots = spoofed(60, 240)
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots)
    assert messages[0].cause == "integrity"
    (stay,) = [finding for finding in messages[-1].findings if finding.kind == "incursion"]
    assert np.isclose(float(stay.started_at[14:16]) * 60 + float(stay.started_at[17:-1]), 120.0, atol=2.0)
    assert not isinstance(stay.evidence.entry_lat, float)
