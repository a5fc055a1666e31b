"""Friends who head for the subject of an incident, join it, stay, and leave."""

import msgspec
import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.rules import incursion
from detector.rules.alone import approach
from detector.rules.together import interception
from detector.snapshot import Snapshots, thaw
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
    messages = tell(plots)
    assert "interception" not in {m.cause for m in messages}
    assert [f for f in messages[-1].findings if f.kind == "interception"] == []


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


INTRUDER = zoo.flight(lon=20.5, lat=53.9, course=0.0, speed=200.0, times=range(600))
"""Northwards, inside from second 56 on."""


def beside(aside_m, ahead_m=lambda t: 0.0 * t, name="f", times=range(600), **columns):
    """A friend who is so far east of the intruder, and ahead of it, at each second."""
    t = np.asarray(times, dtype=float)
    friend = zoo.flight(
        lon=20.5, lat=53.9, course=0.0, speed=200.0, times=times, track_id=name, callsign="PLF1", **columns
    )
    friend.lat_deg[:] += ahead_m(t) / 111_300.0
    friend.lon_deg[:] += aside_m(t) / (111_300.0 * np.cos(np.radians(friend.lat_deg)))
    return friend


def comes(t, from_s=100.0, to_s=220.0, far_m=20_000.0):
    """East of the intruder: abreast of it for a while, then in to 500 m, without a jerk."""
    share = np.clip((t - from_s) / (to_s - from_s), 0.0, 1.0)
    return far_m - (far_m - 500.0) * share**2 * (3 - 2 * share)


def goes(t, at_s):
    return 250.0 * np.maximum(t - at_s, 0.0)


def of_interceptions(messages):
    return [m for m in messages if m.cause == "interception"]


def found(messages, friend="f"):
    """Return what was last told of an interceptor."""
    (finding,) = [f for f in messages[-1].findings if f.track_ids == ("4980", friend)]
    return finding


MET = zoo.in_order(INTRUDER, beside(lambda t: comes(t) + goes(t, 420.0)))


def seconds_of(stamp):
    return float(stamp[14:16]) * 60 + float(stamp[17:-1])


def test_each_phase_that_operators_act_on_is_told_once():
    closing, joined, away = of_interceptions(tell(MET))
    assert " is being closed on by f, 1" in closing.headline
    assert " km, " in closing.headline
    assert " s away; still in Square at " in closing.headline
    assert " is intercepted by f; still in Square " in joined.headline
    assert " is escorted no more, f broke away; still in Square " in away.headline
    assert {m.event for m in (closing, joined, away)} == {"updated"}
    assert [found([m]).evidence.phase for m in (closing, joined, away)] == ["closing", "joined", "break-away"]


def test_its_times_are_those_of_the_flight():
    closing, joined, away = (found([m]) for m in of_interceptions(tell(MET)))
    assert 115 <= seconds_of(closing.started_at) <= 135
    assert seconds_of(closing.started_at) + 15 <= seconds_of(closing.detected_at) <= 150
    assert closing.evidence.range_m == pytest.approx(comes(seconds_of(closing.detected_at)), rel=0.02)
    assert 30 <= closing.evidence.time_to_cpa_s <= 120
    assert closing.evidence.miss_distance_m < 500
    assert 195 <= seconds_of(joined.evidence.joined_at) <= 225
    assert 420 <= seconds_of(away.ended_at) <= 435
    assert {f.started_at for f in (closing, joined, away)} == {closing.started_at}
    assert away.evidence.joined_at == joined.evidence.joined_at
    assert away.evidence.closest_m == pytest.approx(500, rel=0.1)


def test_who_has_been_with_it_for_two_minutes_escorts_it_which_is_said_with_the_next_news():
    away = zoo.flight(lon=20.5, lat=53.9, course=0.0, speed=200.0, times=range(700))
    last = tell(zoo.in_order(away, beside(comes, times=range(700))))[-1]
    assert (last.cause, last.zone_id) == ("incursion", "square")
    assert found([last]).evidence.phase == "escort"
    assert last.headline.endswith("; is escorted by f")


@pytest.mark.parametrize("source", ["radar", "enroute-radar"])
def test_a_slow_radar_sees_it_joined_all_the_same(source):
    period_s = int(zoo.SENSORS[source].period_s)
    intruder = zoo.flight(lon=20.5, lat=53.9, course=0.0, speed=200.0, times=range(0, 600, period_s), source=source)
    noise_m = np.random.default_rng(1).normal(0, zoo.SENSORS[source].sigma_m, (2, len(intruder)))
    intruder.lon_deg[:] += noise_m[0] / 65_000
    intruder.lat_deg[:] += noise_m[1] / 111_300
    told = of_interceptions(tell(zoo.in_order(intruder, beside(comes))))
    assert found(told).evidence.phase == "joined"
    assert len(told) <= 2


def across(t):
    """An airliner eastwards, over the intruder after 260 s."""
    return 230.0 * (t - 260.0)


PASSES = {
    "straight across": beside(across, lambda t: -200.0 * (t - 260.0)),
    "straight on, head-on": beside(lambda t: 1000.0 + 0.0 * t, lambda t: -400.0 * (t - 260.0)),
    "straight on, from behind": beside(lambda t: 1500.0 + 0.0 * t, lambda t: 60.0 * (t - 300.0)),
    "comes, 3 km above": beside(comes, baro_alt_m=9000.0),
    "straight across, having turned a while ago": beside(
        lambda t: -across(np.maximum(t, 90.0)), lambda t: -200.0 * (np.maximum(t, 90.0) - 260.0)
    ),
    "circles 15 km off": beside(
        lambda t: 15_000.0 + 3000.0 * np.cos(t / 20.0), lambda t: 3000.0 * np.sin(t / 20.0) - 200.0 * (t - 200.0)
    ),
}


@pytest.mark.parametrize("name", PASSES)
def test_who_merely_passes_does_not_close(name):
    messages = tell(zoo.in_order(INTRUDER, PASSES[name]))
    assert [f for f in messages[-1].findings if f.kind == "interception"] == []
    assert messages[-1].others == ()


def test_who_turns_away_before_he_has_joined_has_deterred_nobody():
    def turns_away(t):
        return comes(np.minimum(t, 175.0)) + goes(t, 175.0)

    plots = zoo.in_order(
        zoo.flight(lon=20.5, lat=53.9, course=0.0, speed=200.0, times=range(800)), beside(turns_away, times=range(800))
    )
    messages = tell(plots, until=2000.0)
    (told,) = of_interceptions(messages)
    assert [(other.track_id, other.role) for other in told.others] == [("f", "interceptor")]
    finding = found(messages)
    assert (finding.evidence.phase, finding.evidence.joined_at) == ("closing", msgspec.UNSET)
    assert 175 <= seconds_of(finding.ended_at) <= 195
    assert messages[-1].outcome == "left"


def test_who_is_within_two_miles_when_it_is_sure_is_not_said_to_be_on_his_way():
    near = beside(lambda t: comes(t, 100.0, 125.0, 5000.0))
    (joined,) = of_interceptions(tell(zoo.in_order(INTRUDER, near)))
    assert found([joined]).evidence.phase == "joined"


@pytest.mark.parametrize(("from_s", "outcome"), [(150.0, "lost"), (0.0, "deterred")], ids=["closed on", "joined"])
def test_who_falls_silent_on_his_way_in_is_lost_unless_somebody_is_with_him(from_s, outcome):
    intruder = zoo.flight(lon=20.5, lat=53.5, course=0.0, speed=200.0, times=range(220))
    friend = beside(lambda t: comes(t, from_s, from_s + 120.0), times=range(220))
    friend.lat_deg[:] -= 0.4
    tables = msgspec.structs.replace(RULES, approach=approach.Params())
    pipe = zoo.pipeline(tables=tables, rules=FRIENDS)
    messages = zoo.tell(pipe, zoo.in_order(intruder, friend), until=1000.0)
    assert "approach" in {f.kind for f in messages[-1].findings}
    assert found(messages).evidence.phase == ("closing" if outcome == "lost" else "joined")
    assert messages[-1].outcome == outcome


def test_of_two_who_close_within_seconds_the_first_is_news_and_of_those_who_join_both():
    wing = beside(lambda t: comes(t, 107.0, 227.0) + 400.0, name="g")
    told = of_interceptions(tell(zoo.in_order(MET, wing)))
    verbs = [("closed on" in m.headline, "intercepted" in m.headline, "no more" in m.headline) for m in told]
    assert verbs == [(1, 0, 0), (1, 1, 0), (0, 1, 0)]
    assert "is intercepted by f; still in Square" in told[1].headline
    assert told[1].headline.endswith("; is being closed on by g")
    assert "is intercepted by f, g" in told[2].headline


def test_two_friends_who_are_both_watched_do_not_intercept_each_other():
    square = zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), watch=frozenset(Identity))
    pair = [beside(lambda t, d=d: d + 0.0 * t, name=name) for d, name in ((0.0, "f"), (500.0, "g"))]
    messages = zoo.tell(zoo.pipeline([square], rules=FRIENDS, tables=RULES), zoo.in_order(*pair))
    assert messages
    assert {f.kind for m in messages for f in m.findings} == {"incursion"}


def test_whoever_is_killed_meanwhile_tells_the_same():
    pipe, messages = zoo.pipeline(tables=RULES, rules=FRIENDS), []
    for start in range(0, len(MET), 37):
        piece = MET.take(slice(start, start + 37))
        messages += pipe.step(piece, float(piece.time_s[-1])).messages
        blob, pipe = Snapshots(pipe).whole(), zoo.pipeline(tables=RULES, rules=FRIENDS)
        thaw(pipe, blob)
    assert msgspec.json.encode(messages) == msgspec.json.encode(tell(MET))


def test_that_an_escort_is_not_seen_any_more_is_told():
    plots = company(0.005, times=range(500))
    messages = tell(plots.take(np.flatnonzero((plots.track_id != "f") | (plots.time_s < 200.0))))
    assert messages[-1].cause == "interception"
    assert "was escorted by f" in messages[-1].headline
    assert messages[-1].findings[-1].ended_at is not None


def turns_in(name: str, turns_s: float):
    """A friend 22 km north of one who flies east from 20.2 E, 54.5 N, then on the way to where he will be."""
    plots = zoo.flight(lon=20.2, lat=54.7, speed=200.0, times=range(400), track_id=name, callsign=f"PLF{name}")
    late = plots.time_s > turns_s
    last = np.flatnonzero(late)[0] - 1
    here = np.full((3, late.sum()), [[plots.lon_deg[last]], [plots.lat_deg[last]], [145.0]])
    plots.lon_deg[late], plots.lat_deg[late], _ = zoo.GEOD.fwd(*here, 350.0 * (plots.time_s[late] - turns_s))
    return plots


@pytest.mark.parametrize("state", [None, "RU"])
def test_of_several_who_close_on_whomever_the_first_is_news(state):
    intruder = zoo.flight(lon=20.2, speed=200.0, times=range(300), icao24=state and "100001")
    rules = [*FRIENDS, Rule(Identity.SUSPECT, states=("RU",))]
    plots = zoo.in_order(intruder, turns_in("1", 100.0), turns_in("2", 105.0))
    messages = zoo.tell(zoo.pipeline(tables=RULES, rules=rules), plots.take(np.flatnonzero(plots.time_s < 160.0)))
    assert [m.headline for m in messages if m.cause == "interception" and "closed on by 2" in m.headline] == []
    assert len([m for m in messages if "being closed on by 1" in m.headline]) == 1


def test_nothing_ends_before_it_began():
    """A friend heads for where the intruder would be by now, which is not heard any more, and then given up."""
    intruder = zoo.flight(lon=20.2, speed=200.0, times=range(121))
    last = tell(zoo.in_order(intruder, turns_in("f", 125.0)), until=600.0)[-1]
    assert {f.rule for f in last.findings} == {"incursion", "interception"}
    assert all(f.started_at <= f.ended_at for f in last.findings)


@pytest.mark.parametrize("friend_s", [0.0, 200.0, 1e9])
def test_who_falls_silent_right_after_leaving_was_driven_out_only_if_somebody_was_still_beside_it(friend_s):
    """The intruder leaves the square to the north after 612 s."""
    plots = company(0.005, leaves_s=friend_s, times=range(619))
    kept = (plots.track_id != "f") | (plots.time_s < friend_s + 100.0)
    messages = tell(plots.take(np.flatnonzero(kept & ((plots.track_id != "f") | (friend_s > 0)))), until=1500.0)
    assert messages[-1].outcome == ("deterred" if friend_s > 619 else "lost")
