"""Watched aircraft that fly together, from their reports to one incident."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.incidents.stories import Stories
from detector.rules import incursion
from detector.rules.alone import approach
from detector.rules.together import formation, interception, well_clear
from detector.snapshot import Snapshots, thaw
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Rule
from feeds.plots import Plots, concatenate
from tests import zoo

TABLES = zoo.only(
    incursion=incursion.Params(),
    formation=formation.Params(),
    interception=interception.Params(),
    well_clear=well_clear.Params(),
)
RULES = [Rule(Identity.FRIEND, callsigns=("PLF*",)), zoo.NEUTRAL]
SPEED_MPS = 250.0
BORDER_S = 100.0  # the leader crosses the western edge of the square then
DEG_M = 64_800.0  # of longitude at 54.5 N


def eastwards(
    name: str, behind_m: float = 0.0, aside_m: float = 0.0, times=range(240), seed: int | None = None, **how: object
) -> Plots:
    """A flight eastwards into the square, so far behind and north of one that crosses its edge at BORDER_S."""
    lon = 20.0 - (SPEED_MPS * BORDER_S + behind_m) / DEG_M
    plots = zoo.flight(lon=lon, lat=54.5 + aside_m / 111_300, times=times, track_id=name, speed=SPEED_MPS, **how)
    if seed is not None:
        noise_m = np.random.default_rng(seed).normal(0, zoo.SENSORS[str(plots.source[0])].sigma_m, (2, len(plots)))
        plots.lon_deg[:] += noise_m[0] / DEG_M
        plots.lat_deg[:] += noise_m[1] / 111_300
    return plots


def then(plots: Plots, from_s: float, course: float) -> Plots:
    """Let a flight go on from a time on another course."""
    late = np.flatnonzero(plots.time_s > from_s)
    first = late[0] - 1
    way_m = SPEED_MPS * (plots.time_s[late] - plots.time_s[first])
    n = len(late)
    lon, lat, _ = zoo.GEOD.fwd(
        np.full(n, plots.lon_deg[first]), np.full(n, plots.lat_deg[first]), np.full(n, course), way_m
    )
    plots.lon_deg[late], plots.lat_deg[late] = lon, lat
    return plots


def tell(*flights: Plots, until: float | None = None) -> list:
    return zoo.tell(zoo.pipeline(tables=TABLES, rules=RULES), zoo.in_order(*flights), until)


def last_of(messages: list) -> list:
    """Return the last message of each incident, by the incident's opening."""
    return list({m.incident_id: m for m in messages}.values())


def trail(source: str = "adsb", period_s: int = 1) -> tuple[Plots, ...]:
    """Three in trail, 30 s apart."""
    return tuple(
        eastwards(f"m{n + 1}", behind_m=30.0 * n * SPEED_MPS, times=range(n, 240, period_s), source=source, seed=n)
        for n in range(3)
    )


FORMATIONS = {
    "three in trail": trail(),
    "three in trail, by radar": trail("radar", 5),
    "three in trail, by a slow radar": trail("enroute-radar", 12),
    "three abreast": tuple(eastwards(f"m{n + 1}", aside_m=-3000.0 * n) for n in range(3)),
    "one that joins late": (
        *(eastwards(f"m{n + 1}", aside_m=-500.0 * n) for n in range(2)),
        eastwards("m3", behind_m=2000.0, times=range(40, 240)),
    ),
}


@pytest.mark.parametrize("name", FORMATIONS)
def test_who_flies_together_is_one_incident(name):
    messages = tell(*FORMATIONS[name])
    (last,) = last_of(messages)
    assert sorted([last.subject.track_id, *(o.track_id for o in last.others)]) == ["m1", "m2", "m3"]
    assert {o.role for o in last.others} == {"formation"}
    assert sorted(f.track_ids for f in last.findings) == [("m1",), ("m2",), ("m3",)]
    assert " and 2 others" in last.headline
    assert [m.sequence for m in messages] == list(range(1, len(messages) + 1))
    assert [m.event for m in messages].count("opened") == 1


APART = {
    "crossing": (
        eastwards("a"),
        zoo.flight(lon=20.0, lat=54.5 - 100 * SPEED_MPS / 111_300, course=0.0, speed=SPEED_MPS, times=range(240)),
    ),
    "a minute behind": (eastwards("a"), eastwards("b", behind_m=60 * SPEED_MPS)),
    "three miles aside": (eastwards("a"), eastwards("b", aside_m=5600.0)),
    "3000 ft above": (eastwards("a"), eastwards("b", behind_m=300.0, baro_alt_m=6914.0)),
}


@pytest.mark.parametrize("name", APART)
def test_who_does_not_is_an_incident_each(name):
    last = last_of(tell(*APART[name]))
    assert len({m.incident_id for m in last}) == 2
    assert [o for m in last for o in m.others if o.role == "formation"] == []


SENSED = {"mlat": (60.0, 2), "radar": (80.0, 5), "enroute-radar": (150.0, 12)}  # sigma_m, s; none tells velocities


def circling(radius_m: float, speed: float, times: np.ndarray, **how: object) -> Plots:
    """Left-hand circles around 20.5 E, 54.5 N."""
    angle = speed / radius_m * times
    plots = zoo.flight(lon=20.5, speed=0.0, times=times, **how)
    return zoo.moved(plots, radius_m * np.cos(angle), radius_m * np.sin(angle))


def strangers(sensor: str, seed: int, what: str) -> Plots:
    """One that hovers, and one that passes it slowly or circles around it, for ten minutes."""
    sigma_m, period_s = SENSED[sensor]
    first, second = (np.arange(late_s, 600.0, period_s) for late_s in (0.0, period_s / 2))
    hovers = zoo.flight(lon=20.505, lat=54.502, speed=0.0, times=first, source=sensor, track_id="h")
    if what == "passes":
        other = zoo.flight(lon=20.5 - 70.0 * 300 / DEG_M, speed=70.0, times=second, source=sensor, track_id="o")
    else:
        other = circling(1500.0, 80.0, second, source=sensor, track_id="o")
    return zoo.in_order(*(zoo.scattered(plots, sigma_m, seed + n) for n, plots in enumerate((hovers, other))))


@pytest.mark.parametrize("what", ["passes", "circles"])
@pytest.mark.parametrize("sensor", SENSED)
@pytest.mark.parametrize("seed", range(0, 6, 2))
def test_strangers_who_move_slowly_near_each_other_fly_in_no_formation(monkeypatch, seed, sensor, what):
    monkeypatch.setitem(zoo.SENSORS, "mlat", Sensor(60.0, 2.0))
    last = last_of(tell(strangers(sensor, seed, what)))
    assert {m.subject.track_id for m in last} == {"h", "o"}
    assert [o for m in last for o in m.others if o.role == "formation"] == []


@pytest.mark.parametrize("sensor", SENSED)
def test_who_circle_together_do(monkeypatch, sensor):
    monkeypatch.setitem(zoo.SENSORS, "mlat", Sensor(60.0, 2.0))
    sigma_m, period_s = SENSED[sensor]
    both = (
        circling(5000.0, 150.0, np.arange(late_s, 400.0, period_s), source=sensor, track_id=name)
        for name, late_s in (("a", 0.0), ("b", period_s / 2))
    )
    last = last_of(tell(*(zoo.scattered(plots, sigma_m, n) for n, plots in enumerate(both))))
    assert {o.role for m in last for o in m.others} == {"formation"}


def test_an_airliner_and_a_friend_beside_it_are_none_of_it():
    airliner, friend = (
        eastwards(name, behind_m=-100.0, aside_m=600.0 * n, callsign=callsign)
        for n, (name, callsign) in enumerate([("l", "LOT1"), ("f", "PLF1")], start=1)
    )
    last = last_of(tell(eastwards("m1"), airliner, friend))[-1]
    assert {o.role for o in last.others} == {"conflict", "interceptor"}
    assert "other" not in last.headline


def test_a_tanker_and_its_receiver_are_no_conflict():
    (last,) = last_of(tell(eastwards("tanker"), eastwards("receiver", behind_m=60.0, baro_alt_m=5991.0)))
    assert {f.rule for f in last.findings} == {"incursion"}
    assert [o.role for o in last.others] == ["formation"]


def test_who_was_an_incident_before_stays_one():
    """First heard 10 s before the border: nobody knows by then that they fly together."""
    late = range(90, 240)
    messages = tell(eastwards("m1", times=late), eastwards("m2", aside_m=400.0, times=late), until=2000.0)
    last = last_of(messages)
    assert [(m.subject.track_id, m.others[0].track_id, m.others[0].role) for m in last] == [
        ("m1", "m2", "formation"),
        ("m2", "m1", "formation"),
    ]
    assert {m.event for m in last} == {"closed"}


def test_who_has_done_nothing_and_left_the_formation_is_somebody_else():
    stays_out = then(eastwards("m2", behind_m=400.0, times=range(400)), 80.0, 0.0)
    comes_back = then(stays_out, 220.0, 90.0)
    flights = eastwards("m1", times=range(400)), comes_back
    messages = tell(*flights)
    first, second = last_of(messages)
    assert (first.subject.track_id, second.subject.track_id) == ("m1", "m2")
    assert as_a_daemon(*flights) == messages


def as_a_daemon(*flights: Plots) -> list:
    """Return what is told by one that hears its own words, as from a broker."""
    pipe, told = zoo.pipeline(tables=TABLES, rules=RULES), []
    pipe.book.writer.stories = Stories()
    plots = zoo.in_order(*flights)
    for first in range(0, len(plots), 10):
        messages = zoo.tell(pipe, plots.take(np.arange(first, min(first + 10, len(plots)))))
        assert not pipe.hear([(message, True) for message in messages], [], pipe.time_s)
        told += messages
    return told


def test_a_pair_that_splits_inside_is_still_one_story_until_both_have_left():
    goes = then(eastwards("m2", aside_m=400.0, times=range(400)), 150.0, 270.0)
    messages = tell(eastwards("m1", times=range(300)), goes, until=3000.0)
    (last,) = last_of(messages)
    assert (last.event, last.outcome) == ("closed", "lost")  # m1 was lost inside
    (ended,) = [f for f in last.findings if f.track_ids == ("m2",)]
    assert "00:03" in ended.ended_at


@pytest.mark.parametrize("leader_until", [160, 130])
def test_the_incident_goes_on_without_its_leader(leader_until):
    wingman = then(eastwards("m2", behind_m=500.0, times=range(400)), 260.0, 270.0)
    messages = tell(eastwards("m1", times=range(leader_until)), wingman, until=2000.0)
    opened, last = messages[0], messages[-1]
    assert {m.incident_id for m in messages} == {opened.incident_id}
    assert opened.subject.track_id == "m1"
    assert (last.subject.track_id, [o.track_id for o in last.others]) == ("m2", ["m1"])
    assert last.outcome == "lost", "nobody saw what became of the leader"
    assert [m.event for m in messages].count("closed") == 1


def test_a_leader_that_is_heard_again_goes_on_in_the_same_incident():
    leader = eastwards("m1", times=[*range(150), *range(250, 400)])
    messages = tell(leader, eastwards("m2", behind_m=500.0, times=range(400)))
    (last,) = last_of(messages)
    (again,) = [m for m in messages if m.revision]
    assert all(f.ended_at is None for f in again.findings)
    assert last.subject.track_id == "m2"
    assert len(last.findings) == 2


def test_it_closes_when_all_have_left():
    flights = (then(eastwards(f"m{n}", aside_m=400.0 * n, times=range(800)), 130.0 + 40 * n, 270.0) for n in (1, 2))
    messages = tell(*flights, until=2000.0)
    assert [m.event for m in messages].count("closed") == 1
    last = messages[-1]
    assert last.outcome == "left"
    assert last.closed_at > max(f.ended_at for f in last.findings)


def three_at_odds(seed: int) -> Plots:
    """Formations that form, split, fall silent and are heard again, their reports late and out of order."""
    rng = np.random.default_rng(seed)
    flights = []
    for pair in range(2):
        for n in range(3):
            times = np.sort(rng.uniform(0, 300, 200))
            times = times[(times < 150) | (times > 150 + rng.choice([0, 50, 80]))]
            one = eastwards(f"g{pair}{n}", 300.0 * n + 8000.0 * pair, rng.uniform(-900, 900), times, seed=seed + n)
            if rng.random() < 0.5:
                one = then(one, rng.uniform(60, 200), rng.uniform(0, 360))
            flights.append(one)
    plots = concatenate(flights)
    return plots.take(np.argsort(plots.time_s + rng.choice([0, 0, 3, 12], len(plots)), kind="stable"))


def run(plots: Plots, cuts: list[int], *, revive: bool = False) -> bytes:
    pipe, messages, newest = zoo.pipeline(tables=TABLES, rules=RULES), [], -np.inf
    for start, end in itertools.pairwise([0, *cuts, len(plots)]):
        piece = plots.take(slice(start, end))
        newest = max([newest, *piece.time_s.tolist()])
        messages += pipe.step(piece, newest).messages
        if revive:
            blob, pipe = Snapshots(pipe).whole(), zoo.pipeline(tables=TABLES, rules=RULES)
            thaw(pipe, blob)
    messages += pipe.step(plots.take(slice(0, 0)), newest + 600.0).messages
    return msgspec.json.encode(messages)


@pytest.mark.parametrize("seed", range(2))
def test_any_cut_gives_the_same_story(seed):
    plots = three_at_odds(seed)
    whole = run(plots, [])
    assert b'"role":"formation"' in whole
    cuts = sorted(np.random.default_rng(seed).integers(0, len(plots), 40).tolist())
    assert run(plots, list(range(1, len(plots)))) == whole
    assert run(plots, cuts, revive=True) == whole


def test_headlines_say_who_is_inside():
    leader = then(eastwards("b", times=range(330)), 150, 270.0)
    wingman = then(eastwards("a", 2000.0, times=range(330)), 180, 270.0)
    lines = [message.headline.removeprefix("Unknown aircraft b and 1 other") for message in tell(leader, wingman)]
    assert [line.split(" at FL")[0] for line in lines] == [
        ": b 250 m inside Square",
        ": b 2.0 km inside Square",
        " 7.3 km inside Square",
        ": b was in Square for 100 s, up to 12.5 km deep; a still in Square; b now",
        " were in Square for up to 2 min 24 s, up to 18.0 km deep; now",
    ]


def test_groups_are_all_that_are_tied_to_each_other():
    found = formation.Formations()
    assert found.groups() == []
    found.restore(
        [
            (one << 32 | other, 0.0, 0.0, joined)
            for one, other, joined in ((1, 4, True), (4, 9, True), (2, 7, True), (7, 9, False))
        ]
    )
    assert found.groups() == [[1, 4, 9], [2, 7]]


@pytest.mark.parametrize(("size", "formations"), [(formation.MOST, 1), (formation.MOST + 1, 0)])
def test_a_crowd_tied_together_by_chance_is_no_formation(size, formations):
    """A chain of tracks, each with the next one, beside a pair of its own."""
    found = formation.Formations()
    found.restore([(i << 32 | i + 1, 0.0, 0.0, True) for i in [*range(size - 1), size + 5]])
    assert found.groups() == [list(range(size))] * formations + [[size + 5, size + 6]]


@pytest.mark.parametrize("comes_back_s", [700, 1400])
def test_a_lost_member_that_is_heard_again_goes_on_with_the_story(comes_back_s):
    """Helicopters: one comes in after 100 s; the other is lost 1 km outside, and heard again there after 400 s."""
    leader, lost = (
        zoo.flight(lon=20.0 - far_m / DEG_M, speed=40.0, times=range(n, until_s, 5), source="radar", track_id=f"m{n}")
        for n, until_s, far_m in ((1, 1600, 4000.0), (2, 150, 7000.0))
    )
    way_m = 40.0 * (comes_back_s - 400)
    again = zoo.flight(lon=20.0 - way_m / DEG_M, speed=40.0, times=range(0, 1200, 5), source="radar", track_id="m2")
    again.time_s[:] += 400.0
    tables = msgspec.structs.replace(TABLES, approach=approach.Params())
    last = last_of(zoo.tell(zoo.pipeline(tables=tables, rules=RULES), zoo.in_order(leader, lost, again)))
    assert [m.subject.track_id for m in last] == ["m1"]


def test_of_one_who_is_lost_inside_nobody_says_that_it_has_left_with_the_others():
    wingman = then(eastwards("m2", 500.0, times=range(500)), 160.0, 270.0)
    messages = tell(eastwards("m1", times=range(230)), wingman, until=1500.0)
    after = [m.headline for m in messages if m.event == "updated" and "were in Square" in m.headline]
    assert after
    assert all("; m1 is lost; " in headline for headline in after)
    assert messages[-1].outcome == "lost"
