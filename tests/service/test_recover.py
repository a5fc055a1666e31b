"""What a pipeline goes on with, zones, rules and journal being what they are."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from detector import settings as tables
from detector.airspace.schedule import parse
from detector.picture.airspace import Airspace
from detector.rules.incursion import Params as Incursion
from detector.service.recovery import recover
from detector.snapshot import Snapshots
from tests import zoo

SETTINGS = tables.Settings(
    site=tables.Site("test", "test"),
    airspace=tables.Airspace(("zones.geojson",)),
    rules=zoo.only(incursion=Incursion()),
)
EAST = zoo.zone(zoo.box(30, 54, 31, 55), zone_id="east")
HOURS = replace(zoo.SQUARE, active=(parse("00:00-18:00"),))
AWAY = zoo.zone(zoo.box(20.5, 54, 21, 55))
WIDER = zoo.zone(zoo.box(19.9, 54, 21, 55))


def killed(zones=(zoo.SQUARE,)):
    """A pipeline's state after an aircraft has flown into the square until time 20, and its messages."""
    pipe = zoo.pipeline(zones)
    messages = zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    return Snapshots(pipe).whole(), messages


def later(times, **keys):
    return zoo.flight(lon=19.99, times=times, **keys)


@pytest.mark.parametrize("zones", [[zoo.SQUARE], [zoo.SQUARE, EAST], [EAST, WIDER]], ids=["same", "more", "redrawn"])
@pytest.mark.parametrize("away_s", [2.0, 150.0])
def test_the_same_incident_goes_on(zones, away_s):
    blob, messages = killed()
    pipe, said = recover(SETTINGS, Airspace(zones, 1013.25), [blob], 20.0 + away_s)
    assert said == []
    said = zoo.tell(pipe, later([20.0 + away_s, 21.0 + away_s]), until=22.0 + away_s + 400.0)
    assert {message.incident_id for message in said} == {messages[0].incident_id}
    assert [message.sequence for message in said] == list(range(len(messages) + 1, len(messages) + len(said) + 1))
    assert said[-1].outcome == "lost"


@pytest.mark.parametrize("zones", [[HOURS], [HOURS, EAST]], ids=["same", "more"])
def test_a_pipeline_that_heard_nothing_yet_goes_on(zones):
    blob = Snapshots(zoo.pipeline([HOURS])).whole()
    pipe, said = recover(SETTINGS, Airspace(zones, 1013.25), [blob], 20.0)
    assert said == []
    assert zoo.tell(pipe, later(range(20, 40)))


def test_an_incursion_ends_where_its_rule_is_off_now():
    blob, messages = killed()
    off = tables.Settings(**{**msgspec.structs.asdict(SETTINGS), "rules": zoo.only()})
    _, (said,) = recover(off, Airspace([zoo.SQUARE], 1013.25), [blob], 25.0)
    assert (said.incident_id, said.sequence) == (messages[0].incident_id, messages[-1].sequence + 1)
    assert (said.event, said.outcome) == ("closed", "resolved")


@pytest.mark.parametrize("zones", [[EAST], [EAST, AWAY]], ids=["gone", "elsewhere"])
def test_a_zone_that_has_gone_ends_its_incident(zones):
    blob, messages = killed()
    _, (said,) = recover(SETTINGS, Airspace(zones, 1013.25), [blob], 25.0)
    assert (said.incident_id, said.sequence) == (messages[0].incident_id, messages[-1].sequence + 1)
    assert (said.event, said.outcome) == ("closed", "zone-closed")


@pytest.mark.parametrize(("away_s", "lost_s"), [(2.0, 82.0), (100.0, 180.0), (390.0, 439.0)])
def test_patience_counts_from_the_restart_but_not_for_ever(away_s, lost_s):
    blob, _ = killed()
    pipe, _ = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), [blob], 20.0 + away_s)
    nobody = later([0.0]).take(slice(0, 0))
    assert pipe.step(nobody, lost_s - 1.0).messages == []
    (said,) = pipe.step(nobody, lost_s).messages
    assert (said.event, said.outcome) == ("closed", "lost")


def test_after_more_than_the_store_remembers_it_is_lost_at_once():
    blob, messages = killed()
    pipe, _ = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), [blob], 4000.0)
    first, *_ = zoo.tell(pipe, later([4000.0, 4001.0]))
    assert (first.event, first.outcome, first.sequence) == ("closed", "lost", messages[-1].sequence + 1)


@pytest.mark.parametrize("blobs", [[], [b""], [b"\x80"]], ids=["none", "empty", "other"])
def test_an_incident_without_state_goes_on_from_what_was_told(blobs):
    _, messages = killed()
    pipe, said = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), blobs, 22.0)
    assert (len(pipe.tracks), said) == (0, [])
    pipe.hear([(messages[-1], False)], [], 22.0)
    said = zoo.tell(pipe, later([22.0, 23.0, 24.0]), until=500.0)
    assert {message.incident_id for message in said} == {messages[0].incident_id}
    assert (said[0].sequence, said[-1].outcome) == (messages[-1].sequence + 1, "lost")


def test_what_recovery_has_closed_is_not_closed_again():
    blob, messages = killed()
    pipe, (closed,) = recover(SETTINGS, Airspace([EAST], 1013.25), [blob], 25.0)
    assert closed.outcome == "zone-closed"
    assert pipe.hear([(messages[-1], False)], [], 25.0) == pipe.hear([], [], 900.0) == []


def test_the_state_of_another_site_is_not_gone_on_with():
    blob, _ = killed()
    other = replace_site(SETTINGS, "other")
    pipe, said = recover(other, Airspace([zoo.SQUARE], 1013.25), [blob], 30.0)
    assert (len(pipe.tracks), said) == (0, [])


def replace_site(settings, name):
    return tables.Settings(tables.Site(name), settings.airspace, rules=settings.rules)


def test_a_zone_known_by_another_kind_does_not_keep_who_is_in_it():
    blob, _ = killed()
    belt = replace(zoo.SQUARE, kind="belt")
    _, (said,) = recover(SETTINGS, Airspace([belt], 1013.25), [blob], 25.0)
    assert said.outcome == "zone-closed"
