"""What a pipeline goes on with, zones, rules and journal being what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detector import settings as tables
from detector.delivery.letters import letter
from detector.delivery.topics import Topics
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
AWAY = zoo.zone(zoo.box(20.5, 54, 21, 55))
WIDER = zoo.zone(zoo.box(19.9, 54, 21, 55))


def killed(zones=(zoo.SQUARE,)):
    """A pipeline's state and letters after an aircraft has flown into the square until time 20, and its messages."""
    pipe = zoo.pipeline(zones)
    messages = zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    letters = [letter(n, message, Topics("a", "test"), 0.0) for n, message in enumerate(messages, 1)]
    return Snapshots(pipe).whole(), letters[-1:], messages


def later(times, **keys):
    return zoo.flight(lon=19.99, times=times, **keys)


@pytest.mark.parametrize("zones", [[zoo.SQUARE], [zoo.SQUARE, EAST], [EAST, WIDER]], ids=["same", "more", "redrawn"])
@pytest.mark.parametrize("away_s", [2.0, 150.0])
def test_the_same_incident_goes_on(zones, away_s):
    blob, letters, messages = killed()
    pipe, said = recover(SETTINGS, Airspace(zones, 1013.25), [blob], letters, 20.0 + away_s)
    assert said == []
    said = zoo.tell(pipe, later([20.0 + away_s, 21.0 + away_s]), until=22.0 + away_s + 400.0)
    assert {message.incident_id for message in said} == {messages[0].incident_id}
    assert [message.sequence for message in said] == list(range(len(messages) + 1, len(messages) + len(said) + 1))
    assert said[-1].outcome == "lost"


@pytest.mark.parametrize("zones", [[EAST], [EAST, AWAY]], ids=["gone", "elsewhere"])
def test_a_zone_that_has_gone_ends_its_incident(zones):
    blob, letters, messages = killed()
    _, (said,) = recover(SETTINGS, Airspace(zones, 1013.25), [blob], letters, 25.0)
    assert (said.incident_id, said.sequence) == (messages[0].incident_id, messages[-1].sequence + 1)
    assert (said.event, said.outcome) == ("closed", "zone-closed")


@pytest.mark.parametrize(("away_s", "lost_s"), [(2.0, 82.0), (100.0, 180.0), (390.0, 439.0)])
def test_patience_counts_from_the_restart_but_not_for_ever(away_s, lost_s):
    blob, letters, _ = killed()
    pipe, _ = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), [blob], letters, 20.0 + away_s)
    nobody = later([0.0]).take(slice(0, 0))
    assert pipe.step(nobody, lost_s - 1.0).messages == []
    (said,) = pipe.step(nobody, lost_s).messages
    assert (said.event, said.outcome) == ("closed", "lost")


def test_after_more_than_the_store_remembers_it_is_lost_at_once():
    blob, letters, _ = killed()
    pipe, _ = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), [blob], letters, 4000.0)
    first, *_ = zoo.tell(pipe, later([4000.0, 4001.0]))
    assert (first.event, first.outcome, first.sequence) == ("closed", "lost", letters[0].sequence + 1)


@pytest.mark.parametrize("blobs", [[], [b""], [b"\x80"]], ids=["none", "empty", "other"])
def test_an_incident_without_state_is_closed_from_its_last_letter(blobs):
    _, letters, messages = killed()
    pipe, (said,) = recover(SETTINGS, Airspace([zoo.SQUARE], 1013.25), blobs, letters, 30.0)
    assert len(pipe.book.register) == 0
    assert (said.incident_id, said.sequence) == (messages[0].incident_id, messages[-1].sequence + 1)
    assert (said.event, said.outcome, said.phase, said.closed_at) == (
        "closed",
        "lost",
        "closed",
        "1970-01-01T00:00:30.000Z",
    )
    assert said.findings[0].ended_at == messages[-1].subject.time


def test_the_state_of_another_site_is_not_gone_on_with():
    blob, letters, _ = killed()
    other = replace_site(SETTINGS, "other")
    pipe, said = recover(other, Airspace([zoo.SQUARE], 1013.25), [blob], letters, 30.0)
    assert (len(pipe.tracks), [message.outcome for message in said]) == (0, ["lost"])


def replace_site(settings, name):
    return tables.Settings(tables.Site(name), settings.airspace, rules=settings.rules)


def test_a_zone_known_by_another_kind_does_not_keep_who_is_in_it():
    blob, letters, _ = killed()
    belt = replace(zoo.SQUARE, kind="belt")
    _, (said,) = recover(SETTINGS, Airspace([belt], 1013.25), [blob], letters, 25.0)
    assert said.outcome == "zone-closed"
