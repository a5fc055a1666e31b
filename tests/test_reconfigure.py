"""Other zones under aircraft that fly on."""

from dataclasses import replace

import msgspec
import pytest

from detector.airspace.altitude import parse
from detector.airspace.arcs import circle
from detector.airspace.zones import Identity
from detector.incidents.message import stamp
from detector.picture.airspace import Airspace
from detector.reconfigure import go_on
from detector.rules.alone import asset_pass, dark, emergency_code
from detector.rules.incursion import Params as Incursion
from detector.rules.tables import Rules
from detector.tracks.identity import Classifier, Rule
from tests import zoo

ONLY = zoo.only(incursion=Incursion())
WEST = zoo.zone(zoo.box(20, 54, 21, 55), zone_id="west")
EAST_HALF = zoo.zone(zoo.box(20.5, 54, 21, 55))
EAST = zoo.zone(zoo.box(30, 54, 31, 55), zone_id="east")


def test_a_zone_that_is_gone_ends_its_findings_aloud():
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    (message,) = go_on(pipe, Airspace([EAST], 1013.25), Classifier([]), zoo.SENSORS, ONLY, 20.0)
    assert (message.event, message.outcome) == ("closed", "zone-closed")
    assert message.findings[0].ended_at == "1970-01-01T00:00:20.000Z"


def test_a_story_goes_on_in_another_theatre():
    pipe = zoo.pipeline([WEST])
    first = zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    assert go_on(pipe, Airspace([EAST, WEST], 1013.25), Classifier([]), zoo.SENSORS, ONLY, 20.0) == []
    away = zoo.flight(lon=20.10, course=270.0, times=range(60))
    away.time_s[:] += 20
    later = zoo.tell(pipe, away)
    assert [m.event for m in later] == ["updated"]
    assert later[0].incident_id == first[0].incident_id
    assert later[0].findings[0].started_at == first[0].findings[0].started_at
    _, _, way_m = zoo.GEOD.inv(20.1, 54.5, 20.0, 54.5)
    assert later[0].findings[0].ended_at == stamp(20.0 + way_m / 250.0)


@pytest.mark.parametrize(
    "redrawn", [replace(WEST, polygons=EAST_HALF.polygons), replace(WEST, floor=parse("FL300"))], ids=["aside", "above"]
)
def test_a_zone_drawn_elsewhere_ends_the_stays_that_are_none_now(redrawn):
    pipe = zoo.pipeline([WEST])
    plots = zoo.flight(lon=19.99, times=range(200))
    first = zoo.tell(pipe, plots.take(slice(0, 20)))
    (message,) = go_on(pipe, Airspace([redrawn], 1013.25), Classifier([]), zoo.SENSORS, ONLY, 20.0)
    assert (message.outcome, message.incident_id) == ("zone-closed", first[0].incident_id)
    again = zoo.tell(pipe, plots.take(slice(20, None)))
    assert [m.event for m in again][:1] == (["opened"] if redrawn.floor == WEST.floor else [])


@pytest.mark.parametrize("off", [emergency_code.Params(enabled=False), None], ids=["off", "other"])
def test_a_rule_that_is_switched_off_ends_its_findings(off):
    tables = zoo.only(emergency_code=emergency_code.Params())
    pipe = zoo.pipeline([WEST], tables=tables)
    first = zoo.tell(pipe, zoo.flight(lon=19.9, course=0.0, times=range(20), squawk="7700"))
    assert [m.event for m in first] == ["opened"]
    rules = msgspec.structs.replace(tables, emergency_code=off or tables.emergency_code)
    said = go_on(pipe, Airspace([WEST], 1013.25), Classifier([]), zoo.SENSORS, rules, 20.0)
    assert [(m.event, m.outcome) for m in said] == ([("closed", "resolved")] if off else [])
    assert said == [] or said[0].findings[0].ended_at is not None


@pytest.mark.parametrize("rule", Rules.__struct_fields__)
def test_whatever_rule_is_switched_off_and_on_again_the_pipeline_goes_on(rule):
    off = msgspec.structs.replace(Rules(), **{rule: type(getattr(Rules(), rule))(enabled=False)})
    pipe = zoo.pipeline([WEST], tables=Rules())
    plots = zoo.flight(lon=19.9, times=range(120), squawk="7700")
    zoo.tell(pipe, plots.take(slice(0, 40)))
    for rules, last in ((off, 80), (Rules(), 120)):
        go_on(pipe, Airspace([WEST], 1013.25), Classifier([]), zoo.SENSORS, rules, pipe.time_s)
        said = zoo.tell(pipe, plots.take(slice(last - 40, last)))
        told = {f.rule for m in said for f in m.findings if f.ended_at is None}
        assert rules is not off or rule not in told
    *_, closed = pipe.step(plots.take(slice(0, 0)), 4000.0).messages
    assert closed.event == "closed"


def test_a_zone_drawn_a_little_otherwise_keeps_who_is_in_it():
    pipe = zoo.pipeline([WEST])
    plots = zoo.flight(lon=19.99, times=range(60))
    zoo.tell(pipe, plots.take(slice(0, 20)))
    wider = zoo.zone(zoo.box(19.9, 54, 21, 55), zone_id="west")
    assert go_on(pipe, Airspace([wider], 1013.25), Classifier([]), zoo.SENSORS, ONLY, 20.0) == []
    (message,) = zoo.tell(pipe, plots.take(slice(20, None)), until=200.0)
    assert (message.outcome, message.sequence) == ("lost", 3)


def test_a_rule_that_makes_a_friend_resolves():
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20), icao24="48d800"))
    friend = Classifier([Rule(Identity.FRIEND, addresses=((0x48D800, 0x48D800),))])
    assert go_on(pipe, Airspace([WEST], 1013.25), friend, zoo.SENSORS, ONLY, 20.0) == []
    messages = zoo.tell(pipe, zoo.flight(lon=19.99, times=[20.5], icao24="48d800"))
    assert [(m.event, m.outcome) for m in messages] == [("closed", "resolved")]


def test_conduct_goes_on_in_a_belt_that_stays_and_ends_with_one_that_goes():
    tables = zoo.only(emergency_code=emergency_code.Params())
    belt = zoo.zone(zoo.box(20, 54, 21, 55), zone_id="belt", kind="belt")
    for after, expected in (([EAST, belt], []), ([EAST], [("closed", "zone-closed")])):
        pipe = zoo.pipeline([belt], tables=tables)
        assert len(zoo.tell(pipe, zoo.flight(lon=20.2, times=range(20), squawk="7700"))) == 1
        said = go_on(pipe, Airspace(after, 1013.25), Classifier([]), zoo.SENSORS, tables, 20.0)
        assert [(message.event, message.outcome) for message in said] == expected


def test_a_pass_of_an_asset_goes_on():
    platform = zoo.zone(circle(18.0, 55.0, 5000.0), zone_id="platform", kind="asset")
    tables = zoo.only(asset_pass=asset_pass.Params())
    lon, lat, _ = zoo.GEOD.fwd(18.0, 54.9, 90.0, 600.0)
    plots = zoo.flight(lon=lon, lat=lat, course=0.0, speed=200.0, times=range(600), baro_alt_m=150.0)
    pipe = zoo.pipeline([platform], tables=tables)
    messages = zoo.tell(pipe, plots.take(slice(0, 45)))
    messages += go_on(pipe, Airspace([replace(platform)], 1013.25), Classifier([]), zoo.SENSORS, tables, 45.0)
    messages += zoo.tell(pipe, plots.take(slice(45, None)))
    assert (messages[-1].event, messages[-1].outcome, len(messages[-1].findings)) == ("closed", "resolved", 1)


@pytest.mark.parametrize(("kind", "ends"), [("restricted", False), ("adiz", True), ("belt", True)])
def test_a_zone_of_another_kind_ends_what_being_inside_was(kind, ends):
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    now = Airspace([replace(WEST, kind=kind)], 1013.25)
    messages = go_on(pipe, now, Classifier([]), zoo.SENSORS, ONLY, 20.0)
    assert [m.outcome for m in messages] == ["zone-closed"] * ends


def test_who_has_fallen_silent_just_before_is_missed_all_the_same():
    tables = zoo.only(incursion=Incursion(), dark=dark.Params())
    gone = zoo.flight(lon=20.2, speed=200.0, times=range(100))
    other = zoo.flight(lon=25.0, speed=1.0, times=range(500), track_id="other", callsign="X")
    pipe = zoo.pipeline([WEST], tables=tables)
    zoo.tell(pipe, zoo.in_order(gone, other.take(slice(0, 104))))
    go_on(pipe, Airspace([EAST, WEST], 1013.25), Classifier([]), zoo.SENSORS, tables, 104.0)
    said = zoo.tell(pipe, other.take(slice(105, None)))
    assert "dark" in {finding.rule for finding in said[-1].findings}


def test_what_goes_on_where_a_zone_goes_is_told_of_the_one_that_is_near_then():
    tables = zoo.only(emergency_code=emergency_code.Params())
    belt = zoo.zone(zoo.box(19.8, 54, 19.95, 55), zone_id="belt", kind="belt")
    pipe = zoo.pipeline([belt, WEST], tables=tables)
    zoo.tell(pipe, zoo.flight(lon=19.9, speed=50.0, times=range(20), squawk="7700"))
    messages = go_on(pipe, Airspace([WEST], 1013.25), Classifier([]), zoo.SENSORS, tables, 20.0)
    late = zoo.flight(lon=19.9, speed=50.0, times=range(21, 30), squawk="7700")
    messages += zoo.tell(pipe, late)
    assert [(m.event, m.outcome, m.findings[-1].zone_id) for m in messages] == [
        ("closed", "zone-closed", "belt"),
        ("opened", None, "west"),
    ]


def test_who_the_intruder_is_by_other_rules_is_told_at_once():
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20), icao24="100001"))
    hostile = Classifier([Rule(Identity.HOSTILE, addresses=((0x100001, 0x100001),))])
    (message,) = go_on(pipe, Airspace([WEST], 1013.25), hostile, zoo.SENSORS, ONLY, 20.0)
    assert (message.event, message.subject.identity) == ("updated", "hostile")


def test_it_is_told_so_in_an_incident_that_stays_open_too():
    tables = zoo.only(incursion=Incursion(), emergency_code=emergency_code.Params())
    danger = zoo.zone(
        zoo.box(20.05, 54, 20.2, 55), zone_id="danger", kind="danger", watch=frozenset({Identity.UNKNOWN})
    )
    pipe = zoo.pipeline([WEST, danger], tables=tables)
    plots = zoo.flight(lon=20.1, course=0.0, times=range(200), squawk="7700", speed=50.0)
    zoo.tell(pipe, plots.take(slice(0, 100)))
    ended, *after = go_on(pipe, Airspace([WEST], 1013.25), Classifier([]), zoo.SENSORS, tables, 100.0)
    after += zoo.tell(pipe, plots.take(slice(100, None)))
    assert [(f.zone_id, f.ended_at is None) for f in ended.findings if f.rule == "emergency_code"] == [
        ("danger", False)
    ]
    assert "squawks 7700" in after[0].headline
    assert [(f.zone_id, f.ended_at is None) for f in after[-1].findings if f.rule == "emergency_code"] == [
        ("danger", False),
        ("west", True),
    ]
