"""What operators read, and what machines rely on."""

import json

import jsonschema
import msgspec
import numpy as np
import pytest

from detector.commands.schema import schema
from detector.incidents.message import stamp
from detector.incidents.stories import seconds
from detector.rules.alone import emergency_code
from detector.rules.tables import Rules
from tests import zoo


@pytest.fixture(scope="module")
def messages() -> list:
    inward = zoo.flight(lon=19.98, times=range(120), baro_alt_m=4785.0)
    outward = zoo.flight(lon=20.9, course=270.0, times=range(120, 260), baro_alt_m=4785.0)
    return zoo.tell(zoo.pipeline(), zoo.in_order(inward, outward), until=1000.0)


def test_the_story_in_headlines(messages):
    assert [(m.event, m.phase, m.headline) for m in messages] == [
        ("opened", "incursion", "Unknown aircraft 4980 200 m inside Square at FL157, 486 kt, course 090"),
        ("escalated", "incursion", "Unknown aircraft 4980 2.0 km inside Square at FL157, 486 kt, course 090"),
        (
            "updated",
            "egress",
            "Unknown aircraft 4980 was in Square for 3 min 48 s, up to 28.5 km deep; now at FL157, 486 kt, course 269",
        ),
        (
            "closed",
            "closed",
            "Unknown aircraft 4980 was in Square for 3 min 48 s, up to 28.5 km deep; closed: left",
        ),
    ]


def test_heights_of_satellites_are_no_flight_levels():
    altitudes = {"baro_alt_m": np.nan, "geo_alt_m": 4785.0}
    first, *_ = zoo.tell(zoo.pipeline(), zoo.flight(lon=19.98, times=range(120), **altitudes))
    assert first.subject.alt_ft == 15699
    assert first.headline.endswith("inside Square at 15,700 ft, 486 kt, course 090")


def test_headlines_announce_no_motion_of_whom_only_places_are_known():
    unknown = {"baro_alt_m": np.nan, "gs_mps": np.nan, "track_deg": np.nan}
    once = zoo.flight(lon=20.5, times=[0, 0.2], **unknown)  # too soon after each other to tell of motion
    others = zoo.flight(track_id="4981", lon=15.0, times=range(0, 300, 5), **unknown)
    messages = zoo.tell(zoo.pipeline(tables=Rules()), zoo.in_order(once, others), until=300.0)
    assert [m.headline for m in messages] == [
        "Unknown aircraft 4980 32.3 km inside Square",
        "Unknown aircraft 4980 fell silent 32.3 km inside Square",
        "Unknown aircraft 4980 was in Square for 0 s, up to 32.4 km deep; closed: lost",
    ]


def test_the_last_headline_tells_of_all_stays_in_all_zones():
    def out_and_back(time_s):
        return np.where(time_s % 600 < 300, 90.0, 270.0)

    times = np.arange(0.0, 1200.0)
    course_deg = out_and_back(times)
    plots = zoo.flight(lon=19.9, speed=0.0, times=times, gs_mps=200.0, track_deg=course_deg)
    east_m = np.cumsum(np.where(course_deg == 90.0, 200.0, -200.0))
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(plots.lon_deg, plots.lat_deg, 90.0 + 0 * east_m, east_m)
    zones = [zoo.zone(zoo.box(20.0, 54, 20.5, 55), zone_id="west"), zoo.zone(zoo.box(20.5, 54, 21, 55), zone_id="east")]
    closed = zoo.tell(zoo.pipeline(zones), plots, until=2000.0)[-1]
    lasted_s = {zone.id: 0.0 for zone in zones}
    for stay in closed.findings:
        lasted_s[stay.zone_id] += seconds(stay.ended_at) - seconds(stay.started_at)
    west, east = (f"{round(s) // 60} min {round(s) % 60:02d} s" for s in lasted_s.values())
    said = f"was in West for {west} in 4 stays, up to 16.2 km deep, and was in East for {east} in 2 stays, up to 16.2"
    assert closed.headline == f"Unknown aircraft 4980 {said} km deep; closed: left"


@pytest.mark.parametrize(
    ("last_s", "codes_until_s", "said", "outcome"),
    [
        (1000, 1000, "left the surroundings of Square squawking 7700", "left"),
        (150, 150, "left the surroundings of Square squawking 7700", "left"),
        (1000, 60, "squawked 7700 near Square", "resolved"),
    ],
)
def test_an_emergency_that_goes_on_where_nobody_watches_is_not_over(last_s, codes_until_s, said, outcome):
    squawk = np.where(np.arange(last_s) < codes_until_s, "7700", "1000").astype(object)
    plots = zoo.flight(lon=19.5, course=270.0, times=range(last_s), squawk=squawk)  # 55 km away after 93 s
    pipe = zoo.pipeline(tables=zoo.only(emergency_code=emergency_code.Params()))
    first, *_, told, closed = zoo.tell(pipe, plots, until=1000.0)
    assert "squawks 7700 near Square; now" in first.headline
    assert f"{said}; now" in told.headline
    assert (closed.headline, closed.outcome) == (f"Unknown aircraft 4980 {said}; closed: {outcome}", outcome)


def test_an_emergency_that_was_taken_along_and_is_over_back_here_is_resolved():
    t = np.arange(900.0)
    west_m = np.interp(t, [0.0, 60.0, 170.0, 300.0, 410.0, 900.0], [8e3, 8e3, 70e3, 70e3, 8e3, 8e3])
    plots = zoo.flight(lon=20.0, lat=54.2, course=0.0, speed=45.0, times=t, squawk=np.where(t < 500, "7700", "1000"))
    plots.lon_deg[:] -= west_m / 65_000.0
    messages = zoo.tell(zoo.pipeline(tables=zoo.only(emergency_code=emergency_code.Params())), plots, until=2500.0)
    assert any("left the surroundings" in m.headline for m in messages)
    assert messages[-1].outcome == "resolved"


def test_messages_follow_their_schema(messages):
    for message in messages:
        jsonschema.validate(json.loads(msgspec.json.encode(message)), schema("incident"))


def test_a_finding_has_what_the_contract_names(messages):
    (finding,) = json.loads(msgspec.json.encode(messages[-1]))["findings"]
    times = {"started_at", "detected_at", "ended_at"}
    assert set(finding) == {"kind", "rule", "zone_id", "severity", "track_ids", "evidence"} | times
    assert {"max_depth_m", "sigma_m", "probability", "entry_lat", "entry_lon"} <= set(finding["evidence"])


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1795395837.7496, "2026-11-23T01:03:57.750Z"),
        (1.9999, "1970-01-01T00:00:02.000Z"),
    ],
)
def test_stamps(time_s, text):
    assert stamp(time_s) == text
