"""Other zones under aircraft that fly on."""

from detector.airspace.zones import Identity
from detector.incidents.message import stamp
from detector.picture import Airspace
from detector.rules.incursion import Params
from detector.tracks.identity import Classifier, Rule
from tests import zoo

WEST = zoo.zone(zoo.box(20, 54, 21, 55), zone_id="west")
EAST = zoo.zone(zoo.box(30, 54, 31, 55), zone_id="east")


def test_a_zone_that_is_gone_ends_its_findings_aloud():
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    (message,) = pipe.reconfigure(Airspace([EAST], 1013.25), Classifier([]), zoo.SENSORS, Params(), 20.0)
    assert (message.event, message.outcome) == ("closed", "zone-closed")
    assert message.findings[0].ended_at == "1970-01-01T00:00:20.000Z"


def test_a_story_goes_on_in_another_theatre():
    pipe = zoo.pipeline([WEST])
    first = zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    assert pipe.reconfigure(Airspace([EAST, WEST], 1013.25), Classifier([]), zoo.SENSORS, Params(), 20.0) == []
    away = zoo.flight(lon=20.10, course=270.0, times=range(60))
    away.time_s[:] += 20
    later = zoo.tell(pipe, away)
    assert [m.event for m in later] == ["updated"]
    assert later[0].incident_id == first[0].incident_id
    assert later[0].findings[0].started_at == first[0].findings[0].started_at
    _, _, way_m = zoo.GEOD.inv(20.1, 54.5, 20.0, 54.5)
    assert later[0].findings[0].ended_at == stamp(20.0 + way_m / 250.0)


def test_a_rule_that_makes_a_friend_resolves():
    pipe = zoo.pipeline([WEST])
    zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20), icao24="48d800"))
    friend = Classifier([Rule(Identity.FRIEND, addresses=((0x48D800, 0x48D800),))])
    assert pipe.reconfigure(Airspace([WEST], 1013.25), friend, zoo.SENSORS, Params(), 20.0) == []
    messages = zoo.tell(pipe, zoo.flight(lon=19.99, times=[20.5], icao24="48d800"))
    assert [(m.event, m.outcome) for m in messages] == [("closed", "resolved")]
