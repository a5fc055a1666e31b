"""Friends who join the subject of an incident."""

import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.rules import incursion, interception
from detector.tracks.identity import Rule
from tests import zoo

RULES = zoo.only(incursion=incursion.Params(), interception=interception.Params())
FRIENDS = [Rule(Identity.FRIEND, callsigns=("PLF*",))]


def company(beside_deg: float, leaves_s: float = 1e9, times=range(300), **columns):
    """An intruder northwards through the square, and a friend that comes up from behind and stays beside it."""
    intruder = zoo.flight(lon=20.5, lat=53.9, course=0.0, speed=200.0, times=times)
    friend = zoo.flight(
        lon=20.5 + beside_deg, lat=53.9, course=0.0, speed=200.0, times=times, track_id="f", callsign="PLF1", **columns
    )
    t = friend.time_s
    behind_m = 300.0 * np.maximum(100.0 - t, 0.0) + 300.0 * np.maximum(t - leaves_s, 0.0)
    friend.lat_deg[:] -= behind_m / 111_200.0
    return zoo.in_order(intruder, friend)


def tell(plots, until=None):
    return zoo.tell(zoo.pipeline(tables=RULES, rules=FRIENDS), plots, until=until)


def test_a_friend_who_joins_is_an_interceptor():
    messages = tell(company(0.005))
    (told,) = [m for m in messages if m.cause == "interception"]
    (finding,) = [f for f in told.findings if f.kind == "interception"]
    assert finding.track_ids == ("4980", "f")
    assert [(other.track_id, other.role) for other in told.others] == [("f", "interceptor")]
    assert 95 <= float(finding.started_at[14:16]) * 60 + float(finding.started_at[17:-1]) <= 115
    assert 125 <= float(told.time[14:16]) * 60 + float(told.time[17:-1]) <= 145
    assert finding.evidence.closest_m == pytest.approx(0.005 * 65_000, rel=0.1)
    assert "is intercepted by f" in told.headline


def test_it_ends_where_he_breaks_off():
    messages = tell(company(0.005, leaves_s=200.0), until=300.0)
    (finding,) = [f for f in messages[-1].findings if f.kind == "interception"]
    assert finding.ended_at is None or finding.ended_at[14:19] in {"03:19", "03:20", "03:21", "03:22", "03:23"}


@pytest.mark.parametrize(
    "plots",
    [
        company(0.08),  # 5 km aside
        company(0.005, baro_alt_m=7000.0),  # 1 km above
        company(0.005, leaves_s=110.0),  # no more than ten seconds
    ],
    ids=["aside", "above", "brief"],
)
def test_who_does_not_join_is_none(plots):
    assert "interception" not in {m.cause for m in tell(plots)}


def test_a_friend_beside_a_stranger_without_an_incident_is_nobodys_business():
    plots = company(0.005)
    plots.lon_deg[:] -= 2.0
    assert tell(plots) == []


def test_who_leaves_after_it_was_deterred():
    messages = tell(company(0.005, times=range(800)), until=2000.0)
    assert messages[-1].outcome == "deterred"


def test_two_friends_are_two_findings():
    third = company(0.01).take(np.arange(0))
    wing = zoo.flight(lon=20.51, lat=53.9, course=0.0, speed=200.0, times=range(300), track_id="g", callsign="PLF2")
    messages = tell(zoo.in_order(company(0.005), wing, third))
    last = messages[-1]
    assert {other.track_id for other in last.others} == {"f", "g"}
    assert len([f for f in last.findings if f.kind == "interception"]) == 2
