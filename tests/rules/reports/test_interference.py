"""Positions of many aircraft that go wrong together: one incident."""

import itertools

import msgspec
import numpy as np
import pytest

from detector.airspace.schedule import Interval
from detector.airspace.zones import Identity
from detector.incidents.message import stamp
from detector.picture.airspace import Airspace
from detector.reconfigure import go_on
from detector.rules import incursion
from detector.rules.alone import emergency_code
from detector.rules.reports import accuracy_collapse, frozen, interference, jump
from detector.rules.together import interception
from detector.tracks.identity import Classifier, Rule
from tests import zoo

RULES = zoo.only(
    incursion=incursion.Params(),
    jump=jump.Params(),
    frozen=frozen.Params(),
    accuracy_collapse=accuracy_collapse.Params(),
    interference=interference.Params(),
)

RULES_AND_FRIENDS = msgspec.structs.replace(RULES, interception=interception.Params())
FRIEND = Rule(Identity.FRIEND, callsigns=("PLF*",))


def jumps(name: str, first: int = 100, last: int = 160, *, lon: float = 19.7, lat: float = 54.2, **columns):
    """Northward flight west of the square that claims to be a degree farther east for a while."""
    known = {"gs_mps": 230.0, "track_deg": 0.0, "nac_p": 9} | columns
    plots = zoo.flight(lon=lon, lat=lat, course=0.0, speed=230.0, times=range(300), track_id=name, **known)
    plots.lon_deg[first:last] += 1.0
    return plots


def freezes(name: str, first: int = 100, last: int = 160, **columns):
    plots = jumps(name, 0, 0, **columns)
    plots.lat_deg[first:last] = plots.lat_deg[first]
    return plots


def collapses(name: str, first: int = 100, last: int = 160, **columns):
    plots = jumps(name, 0, 0, **columns)
    plots.nac_p[first:last] = 0
    return plots


def told(*flights, until: float = 1500.0, tables=RULES):
    pipe = zoo.pipeline(tables=tables, rules=[zoo.NEUTRAL])
    return zoo.tell(pipe, zoo.in_order(*flights), until=until)


def incidents(messages) -> list:
    return list({m.incident_id: m for m in messages}.values())


def test_many_at_once_are_one_incident():
    messages = told(*(jumps(f"t{n}", 100 + n, lon=19.5 + 0.05 * n) for n in range(5)))
    (last,) = incidents(messages)
    assert last.subject.track_id == "t0"
    assert [(f.kind, f.rule) for f in last.findings] == [("integrity", "jump"), ("integrity", "interference")]
    finding = last.findings[1]
    assert finding.track_ids == ("t0", "t1", "t2", "t3", "t4")
    assert finding.evidence.aircraft == 5
    assert [(other.track_id, other.role) for other in last.others] == [(f"t{n}", "affected") for n in range(1, 5)]
    assert (messages[0].event, messages[0].cause, messages[0].time[14:19]) == ("opened", "integrity", "01:56")
    assert "is one of 5 aircraft whose positions go wrong together" in messages[0].headline
    assert (last.event, last.outcome) == ("closed", "resolved")


def test_airliners_are_evidence_and_no_subjects():
    airliners = [jumps(f"a{n}", callsign=f"LOT{n}", lon=18.0 + 0.3 * n) for n in range(4)]
    (last,) = incidents(told(jumps("t0", 110), *airliners))
    assert last.subject.track_id == "t0"
    assert last.findings[1].evidence.aircraft == 5
    assert told(*airliners) == []


def test_a_jump_a_freeze_and_a_collapse_are_alike():
    (last,) = incidents(told(jumps("t0", 90), freezes("t1"), collapses("t2", callsign="LOT1")))
    assert [f.rule for f in last.findings] == ["jump", "interference"]
    assert last.findings[1].track_ids == ("t0", "t1", "t2")


@pytest.mark.parametrize(
    ("others", "subjects"),
    [
        ([jumps("t1")], {"t0", "t1"}),  # two
        ([jumps("t1", lat=57.5, lon=15.0), jumps("t2", lat=57.5, lon=15.0)], {"t0"}),  # elsewhere
        ([jumps("t1", 100, 101), jumps("t2", 100, 101)], {"t0"}),  # a glitch
        ([jumps("t1", 0, 0), jumps("t2", 0, 0)], {"t0"}),  # nothing is wrong with them
    ],
)
def test_few_are_no_interference(others, subjects):
    last = incidents(told(jumps("t0"), *others))
    assert {m.subject.track_id for m in last} == subjects
    assert {f.rule for m in last for f in m.findings} == {"jump"}


def test_one_who_is_alone_is_told_after_a_quarter_of_a_minute():
    messages = told(jumps("t0"))
    assert [(m.event, m.time[14:19]) for m in messages] == [
        ("opened", "01:56"),
        ("updated", "02:45"),
        ("closed", "05:59"),
    ]
    assert messages[0].findings[0].detected_at[14:19] == "01:41"


def test_what_was_over_before_it_could_be_told_has_an_end():
    messages = told(jumps("t0", 100, 104))
    assert [(m.event, m.outcome) for m in messages] == [("opened", None), ("closed", "resolved")]
    (finding,) = messages[0].findings
    assert (finding.started_at[14:19], finding.ended_at[14:19]) == ("01:40", "01:43")


def test_an_intruder_is_told_at_once():
    plots = jumps("t0", 150, 200, lon=20.5)
    messages = told(plots)
    assert next(m.time[14:19] for m in messages if m.cause == "integrity") == "02:31"


def test_the_first_goes_on_when_others_follow():
    """The first two have incidents of their own when the third shows that they are many."""
    last = incidents(told(jumps("t0", 100, 190), jumps("t1", 130, 220), jumps("t2", 160, 240), jumps("t3", 170, 240)))
    assert [m.subject.track_id for m in last] == ["t0", "t1"]
    assert [f.rule for f in last[0].findings] == ["jump", "interference"]
    assert last[0].findings[1].track_ids == ("t0", "t1", "t2", "t3")
    assert [f.rule for f in last[1].findings] == ["jump"]


def test_who_is_affected_and_intrudes_all_the_same_has_an_incident():
    intruder = zoo.flight(lon=19.2, speed=230.0, times=range(300), gs_mps=230.0, track_deg=90.0, track_id="i")
    intruder.lat_deg[110:140] += 1.0
    last = incidents(told(*(jumps(f"t{n}") for n in range(3)), intruder))
    assert [m.subject.track_id for m in last] == ["t0", "i"]
    assert {f.kind for f in last[1].findings} == {"incursion"}


def test_whose_positions_stay_wrong_after_the_others_have_ended_has_an_incident():
    flights = [freezes(f"t{n}", 100, 130) for n in range(3)]
    longer = zoo.flight(
        lon=19.7, lat=54.2, course=0.0, speed=230.0, times=range(900), track_id="t3", gs_mps=230.0, track_deg=0.0
    )
    longer.lat_deg[100:] = longer.lat_deg[100]
    last = incidents(told(*flights, longer, until=900.0))
    assert [m.subject.track_id for m in last] == ["t0", "t3"]
    assert [f.rule for f in last[1].findings] == ["frozen"]


def test_without_the_rule_each_is_an_incident_at_once():
    alone = zoo.only(jump=jump.Params())
    messages = told(*(jumps(f"t{n}") for n in range(4)), tables=alone)
    assert len(incidents(messages)) == 4
    assert messages[0].time[14:19] == "01:41"


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_gives_the_same_story(seed):
    rng = np.random.default_rng(seed)
    flights = [
        make(f"t{n}", first := int(rng.integers(60, 150)), first + int(rng.integers(20, 100)), lon=19.5 + 0.04 * n)
        for n, make in enumerate([jumps, freezes, collapses] * 3)
    ]
    for plots in flights:
        plots.time_s[:] += rng.uniform(0, 1)
    flights.append(jumps("f", 0, 0, callsign="PLF1", lon=19.52))
    plots = zoo.in_order(*flights)

    def story(cuts) -> bytes:
        pipe = zoo.pipeline(tables=RULES_AND_FRIENDS, rules=[FRIEND, zoo.NEUTRAL])
        told = []
        for start, end in itertools.pairwise([0, *cuts, len(plots)]):
            piece = plots.take(slice(start, end))
            told += pipe.step(piece, float(plots.time_s[max(end - 1, 0)])).messages
        return msgspec.json.encode(told + pipe.step(plots.take(slice(0, 0)), 2000.0).messages)

    whole = story([])
    assert b"interference" in whole
    for _ in range(4):
        assert story(sorted(rng.integers(0, len(plots), 40).tolist())) == whole
    assert story(range(1, len(plots), 7)) == whole


def test_who_was_lost_is_not_affected_any_more():
    flights = [collapses(f"t{n}", 80 + n, 300, lon=19.5 + 0.05 * n) for n in range(5)]
    pipe = zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    zoo.tell(pipe, zoo.in_order(*flights))
    (affected,) = pipe.conduct.integrity.interference._lasting.values()
    gone = {pipe.tracks.row_of("t3"), pipe.tracks.row_of("t4")}
    assert gone <= affected
    pipe.conduct.forget(np.array(sorted(gone)))
    assert not gone & affected, "whoever has these rows next would be"


@pytest.mark.parametrize("off", [False, True])
def test_what_waits_is_told_when_the_rule_is_switched_off(off):
    plots, pipe = jumps("t0"), zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    assert zoo.tell(pipe, plots.take(slice(0, 108))) == []
    tables = msgspec.structs.replace(RULES, interference=interference.Params(enabled=not off))
    messages = go_on(pipe, Airspace([zoo.SQUARE], 1013.25), Classifier([zoo.NEUTRAL]), zoo.SENSORS, tables, 108.0)
    assert [m.event for m in messages] == (["opened"] if off else [])
    messages += zoo.tell(pipe, plots.take(slice(108, None)))
    assert [f.rule for f in messages[0].findings] == ["jump"]


def test_what_waits_over_a_reload_names_its_zone_by_the_new_number():
    plots, pipe = jumps("t0"), zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    zoo.tell(pipe, plots.take(slice(0, 108)))
    airspace = Airspace([zoo.zone(zoo.box(-60, -10, -59, -9), zone_id="far"), zoo.SQUARE], 1013.25)
    assert go_on(pipe, airspace, Classifier([zoo.NEUTRAL]), zoo.SENSORS, RULES, 108.0) == []
    message, *_ = zoo.tell(pipe, plots.take(slice(108, None)))
    assert message.findings[0].zone_id == zoo.SQUARE.id


def test_what_begins_anew_while_it_is_still_looked_for_others_is_told():
    """The subject of an incident jumps, which is told at once; its zone closes 5 s later, and it jumps on."""
    hours = zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), active=(Interval(-900.0, 150.0),))
    tables = zoo.only(jump=jump.Params(), interference=interference.Params(), emergency_code=emergency_code.Params())
    plots = jumps("t0", 145, 280, lon=19.7, squawk="7700")
    messages = zoo.tell(zoo.pipeline([hours], tables=tables), plots.take(slice(0, 220)), until=220.0)
    assert max(f.started_at for m in messages for f in m.findings if f.rule == "jump") >= stamp(150.0)
