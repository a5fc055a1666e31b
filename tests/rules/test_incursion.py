"""What must be found, and what must not; distances by geodesic from the meridian 20 E at 54.5 N."""

import itertools
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from detector.airspace.altitude import Limit, Reference
from detector.airspace.zones import Identity, Initial
from detector.tracks.identity import Rule
from detector.units import FOOT_M
from tests import zoo

GEOD = Geod(ellps="WGS84")


def lon_at(east_m: float, lat: float = 54.5) -> float:
    """Longitude so many metres east of the western edge of the square."""
    return GEOD.fwd(20.0, lat, 90.0, east_m)[0]


def kinds(messages) -> list[str]:
    return [message.event for message in messages]


def findings(messages):
    return messages[-1].findings if messages else ()


@pytest.mark.parametrize(
    ("source", "times"), [("adsb", range(60)), ("radar", range(0, 60, 5)), ("enroute-radar", range(0, 60, 12))]
)
def test_straight_in_is_found_at_its_crossing(source, times):
    messages = zoo.tell(zoo.pipeline(), zoo.flight(lon=lon_at(-5000.0), times=times, source=source))
    (finding,) = findings(messages)
    assert (finding.kind, finding.rule, finding.zone_id) == ("incursion", "incursion", "square")
    assert finding.started_at == "1970-01-01T00:00:20.000Z"
    assert finding.ended_at is None
    assert abs(finding.evidence.entry_lon - 20.0) < 1e-4


def test_detected_with_the_first_report_that_is_surely_inside():
    messages = zoo.tell(zoo.pipeline(), zoo.flight(lon=lon_at(-5000.0), times=range(0, 60, 5), source="radar"))
    assert messages[0].time == "1970-01-01T00:00:25.000Z"


@pytest.mark.parametrize("corner", [(20.0, 54.0), (21.0, 54.0), (21.0, 55.0), (20.0, 55.0)])
def test_who_touches_a_corner_with_a_report_has_not_been_inside(corner):
    inwards = 45.0 if corner[0] == 20.0 else 315.0
    course = inwards + 90.0 if corner[1] == 54.0 else inwards
    touching = zoo.flight(lon=corner[0], lat=corner[1], course=course, times=range(-60, 61, 12), source="enroute-radar")
    at = 5
    assert (touching.lon_deg[at], touching.lat_deg[at]) == pytest.approx(corner, abs=1e-12)
    touching.lon_deg[at], touching.lat_deg[at] = corner
    assert not any(f.kind == "incursion" for m in zoo.tell(zoo.pipeline(), touching, until=200.0) for f in m.findings)


@pytest.mark.parametrize("corner", [(20.0, 54.0), (21.0, 54.0), (21.0, 55.0), (20.0, 55.0)])
@pytest.mark.parametrize("outwards", [False, True])
def test_who_crosses_a_corner_with_a_report_does_so_then(corner, outwards):
    course, _, _ = GEOD.inv(*corner, 20.5, 54.5)
    plots = zoo.flight(lon=corner[0], lat=corner[1], course=course + 180 * outwards, times=range(-84, 85, 12))
    plots.lon_deg[7], plots.lat_deg[7] = corner
    plots.time_s[:] += 1000.0
    (finding,) = findings(zoo.tell(zoo.pipeline(), plots, until=1100.0))
    when = datetime.fromisoformat(finding.ended_at if outwards else finding.started_at).timestamp()
    assert when == pytest.approx(1000.0, abs=0.01)


@pytest.mark.parametrize("out_m", [100.0, 500.0, 3000.0])
def test_along_the_outside_is_silent(out_m):
    plots = zoo.flight(lon=lon_at(-out_m, 54.2), lat=54.2, course=0.0, times=range(200))
    assert zoo.tell(zoo.pipeline(), plots) == []


def test_noise_at_the_line_is_one_finding():
    rng = np.random.default_rng(3)
    plots = zoo.flight(lon=lon_at(-200.0, 54.2), lat=54.2, course=3.0, times=range(250))
    plots.lon_deg[:] += rng.normal(0, 10 / 65_000, len(plots))
    plots.lat_deg[:] += rng.normal(0, 10 / 111_000, len(plots))
    assert len(findings(zoo.tell(zoo.pipeline(), plots))) == 1


def test_a_corner_cut_between_two_reports_is_found_with_both_times():
    # through the south-western corner: from the west to the south of it, 1 km inside at the deepest
    lon, lat, _ = GEOD.fwd(20.0, 54.0, 45.0, 1000.0)
    start_lon, start_lat, course = GEOD.fwd(lon, lat, 315.0, 250.0 * 66.0)
    plots = zoo.flight(lon=start_lon, lat=start_lat, course=course, times=range(0, 133, 12), source="enroute-radar")
    messages = zoo.tell(zoo.pipeline(), plots)
    assert kinds(messages) == ["opened"]
    (finding,) = messages[0].findings
    assert messages[0].phase == "egress"
    assert messages[0].certainty == "likely"
    assert finding.detected_at == "1970-01-01T00:01:12.000Z"
    # a right angle's two sides meet the path 1 km before and behind its middle
    assert float(finding.started_at[17:23]) == pytest.approx(2.0, abs=0.2)
    assert float(finding.ended_at[17:23]) == pytest.approx(10.0, abs=0.2)
    assert finding.evidence.max_depth_m == pytest.approx(1000 / np.sqrt(2), rel=0.03)
    assert float(finding.evidence.deepest_at[17:23]) == pytest.approx(6.0, abs=0.2)  # half-way
    place = finding.evidence.deepest_lon, finding.evidence.deepest_lat
    assert GEOD.inv(lon, lat, *place)[2] < 100.0
    assert finding.evidence.between == ("1970-01-01T00:01:00.000Z", "1970-01-01T00:01:12.000Z")


def test_a_path_that_nobody_saw_for_minutes_is_possible_no_more():
    times = [0, 5, 10, 15, 300, 305, 310]
    strip = zoo.zone(zoo.box(20.0, 53.0, 20.5, 55.0))  # 32 km wide; the path of 70 km between two reports crosses it
    plots = zoo.flight(lon=lon_at(-15000.0), course=90.0, times=times, source="radar")
    messages = [m for m in zoo.tell(zoo.pipeline([strip]), plots) if m.event == "opened"]
    assert [(m.certainty, m.findings[0].evidence.between) for m in messages] == [
        ("possible", ("1970-01-01T00:00:15.000Z", "1970-01-01T00:05:00.000Z"))
    ]


def test_leaving_ends_the_finding_where_it_crossed_and_closes_as_left():
    plots = zoo.flight(lon=lon_at(5000.0), course=270.0, times=range(60))
    messages = zoo.tell(zoo.pipeline(), plots, until=400.0)
    assert kinds(messages) == ["opened", "updated", "closed"]
    assert messages[1].findings[0].ended_at == "1970-01-01T00:00:20.000Z"
    assert messages[1].phase == "egress"
    assert (messages[2].outcome, messages[2].closed_at) == ("left", "1970-01-01T00:01:59.000Z")


def test_reports_that_stop_inside_close_as_lost():
    plots = zoo.flight(lon=lon_at(5000.0), times=range(10))
    messages = zoo.tell(zoo.pipeline(), plots, until=200.0)
    assert (messages[-1].outcome, messages[-1].findings[0].ended_at) == ("lost", "1970-01-01T00:00:09.500Z")


@pytest.mark.parametrize("source", ["adsb", "radar", "enroute-radar"])
def test_who_falls_silent_inside_is_taken_to_have_flown_on_for_half_a_period(source):
    period_s, sigma_m = zoo.SENSORS[source].period_s, zoo.SENSORS[source].sigma_m
    times = np.arange(-2, 4) * period_s
    messages = zoo.tell(zoo.pipeline(), zoo.flight(lon=lon_at(0.0), times=times, source=source), until=200.0)
    (finding,) = findings(messages)
    told = finding.evidence
    assert told.max_depth_m == pytest.approx(250.0 * 3.5 * period_s, rel=2e-3)
    assert told.sigma_m == pytest.approx(np.hypot(sigma_m, 250.0 * period_s / np.sqrt(12)), rel=0.01)
    assert finding.ended_at == told.deepest_at
    lon, lat, _ = GEOD.fwd(20.0, 54.5, 90.0, 250.0 * 3.5 * period_s)
    assert GEOD.inv(lon, lat, told.deepest_lon, told.deepest_lat)[2] < 2.0


def test_who_falls_silent_on_the_way_out_was_no_deeper():
    plots = zoo.flight(lon=lon_at(5000.0), course=270.0, times=range(10))
    (finding,) = findings(zoo.tell(zoo.pipeline(), plots, until=200.0))
    assert (finding.evidence.deepest_at, finding.ended_at) == ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:09.000Z")


def test_who_was_not_believed_at_last_is_not_followed_further():
    plots = zoo.flight(lon=lon_at(5000.0), times=range(10))
    plots.lat_deg[9] -= 0.3
    (finding,) = findings(zoo.tell(zoo.pipeline(), plots, until=200.0))
    assert finding.evidence.deepest_at == "1970-01-01T00:00:08.000Z"


@pytest.mark.parametrize("source", ["adsb", "radar", "enroute-radar"])
def test_a_single_report_is_no_intruder_and_a_second_makes_it_one(source):
    period_s = zoo.SENSORS[source].period_s
    plots = zoo.flight(lon=lon_at(9000.0), times=[0.0, period_s], source=source)
    assert not zoo.tell(zoo.pipeline(), plots.take(slice(0, 1)), until=900.0)
    (message,) = zoo.tell(zoo.pipeline(), plots)
    assert (message.event, message.certainty) == ("opened", "observed")
    assert message.findings[0].started_at == "1970-01-01T00:00:00.000Z"


def test_landing_closes_as_landed():
    plots = zoo.flight(lon=lon_at(5000.0), times=range(10), speed=45.0, on_ground=[0] * 8 + [1] * 2)
    messages = zoo.tell(zoo.pipeline(), plots)
    assert kinds(messages) == ["opened", "closed"]
    assert messages[-1].outcome == "landed"


@pytest.mark.parametrize(
    ("on_ground", "opens"), [([1] * 6, False), ([0, 1, 0, 0, 0, 0], True), ([1, 0, 0, 0, 0, 0], True)]
)
def test_who_never_flew_is_no_intruder(on_ground, opens):
    plots = zoo.flight(lon=lon_at(5000.0), times=range(6), speed=5.0, on_ground=on_ground)
    assert bool(zoo.tell(zoo.pipeline(), plots)) is opens


@pytest.mark.parametrize("on_ground", [[1] * 27, [0] * 24 + [1] * 3])
def test_who_tells_the_speed_of_flight_is_an_intruder_whatever_its_flag_says(on_ground):
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(27), gs_mps=250.0, on_ground=on_ground)
    assert kinds(zoo.tell(zoo.pipeline(), plots)) == ["opened"]


@pytest.mark.parametrize("source", ["adsb", "radar"])
def test_who_tells_no_speed_and_surely_shows_that_of_flight_has_not_landed(source):
    times = np.arange(0.0, 240.0, zoo.SENSORS[source].period_s)
    on_ground = np.where(times < 120.0, 0, 1)
    plots = zoo.flight(lon=lon_at(-5000.0), times=times, source=source, on_ground=on_ground)
    assert "closed" not in kinds(zoo.tell(zoo.pipeline(), plots))


def test_who_only_tells_the_speed_of_flight_stays_on_the_ground():
    plots = zoo.flight(lon=lon_at(5000.0), times=range(27), speed=0.0, gs_mps=250.0, on_ground=1)
    assert zoo.tell(zoo.pipeline(), plots) == []


def test_who_turns_out_to_be_neutral_is_resolved():
    rule = Rule(Identity.NEUTRAL, callsigns=("?*",))
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(60), callsign=[None] * 50 + ["LOT1"] * 10)
    messages = zoo.tell(zoo.pipeline(rules=[rule]), plots)
    assert (messages[-1].event, messages[-1].outcome) == ("closed", "resolved")


INITIAL = {  # what an aircraft first heard inside means: events of the first stay, and of its return
    Initial.ALERT: (["opened", "updated"], ["escalated"]),
    Initial.ADOPT: ([], ["opened"]),
    Initial.IGNORE: ([], []),
}


@pytest.mark.parametrize(("initial", "first", "again"), [(i, *events) for i, events in INITIAL.items()])
def test_first_heard_inside(initial, first, again):
    pipe = zoo.pipeline([zoo.zone(zoo.box(20, 54, 21, 55), initial=initial)], deep_m=50_000.0)
    out = zoo.flight(lon=lon_at(2000.0), course=270.0, times=range(20))
    back = zoo.flight(lon=lon_at(-7000.0), course=90.0, times=range(20, 60))
    assert kinds(zoo.tell(pipe, out)) == first
    assert kinds(zoo.tell(pipe, back)) == again


def test_a_transponder_gets_time_to_tell_its_callsign():
    late = zoo.flight(lon=lon_at(9000.0), times=range(12), icao24="400000", callsign=[None] * 8 + ["BAW1"] * 4)
    silent = zoo.flight(lon=lon_at(9000.0), times=range(20), icao24="400000")
    primary = zoo.flight(lon=lon_at(9000.0), times=range(3))
    rules = [Rule(Identity.NEUTRAL, callsigns=("?*",))]
    assert kinds(zoo.tell(zoo.pipeline(rules=rules), late)) == []
    assert zoo.tell(zoo.pipeline(rules=rules), silent)[0].time == "1970-01-01T00:00:15.000Z"
    assert zoo.tell(zoo.pipeline(rules=rules), primary)[0].time == "1970-01-01T00:00:01.000Z"


LIMITS = {  # floor and ceiling in feet, altitudes flown at, found
    "below": ((10_000, 20_000), 9_000, False),
    "between": ((10_000, 20_000), 15_000, True),
    "above": ((10_000, 20_000), 21_000, False),
    "no altitude": ((10_000, 20_000), None, True),
}


@pytest.mark.parametrize(("limits_ft", "flown_ft", "found"), LIMITS.values(), ids=LIMITS.keys())
def test_floor_and_ceiling(limits_ft, flown_ft, found):
    floor, ceiling = (Limit(ft * FOOT_M, Reference.STANDARD) for ft in limits_ft)
    area = zoo.zone(zoo.box(20, 54, 21, 55), floor=floor, ceiling=ceiling)
    altitude_m = np.nan if flown_ft is None else flown_ft * FOOT_M
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(60), baro_alt_m=altitude_m)
    assert bool(zoo.tell(zoo.pipeline([area]), plots)) is found


def test_climbing_through_the_floor_is_dated_to_the_floor():
    area = zoo.zone(zoo.box(20, 54, 21, 55), floor=Limit(3000.0, Reference.STANDARD))
    plots = zoo.flight(
        lon=lon_at(9000.0), times=range(0, 200, 5), source="radar", baro_alt_m=2000 + 10.0 * np.arange(0, 200, 5)
    )
    (finding,) = findings(zoo.tell(zoo.pipeline([area]), plots))
    assert finding.started_at == "1970-01-01T00:01:40.000Z"


def test_friends_and_kinds_that_are_nobodys_airspace_are_silent():
    friend = [Rule(Identity.FRIEND, addresses=((0x48D800, 0x48DFFF),))]
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(60), icao24="48d801")
    assert zoo.tell(zoo.pipeline(rules=friend), plots) == []
    belt = zoo.zone(zoo.box(20, 54, 21, 55), kind="belt")
    assert zoo.tell(zoo.pipeline([belt]), zoo.flight(lon=lon_at(-5000.0), times=range(60))) == []


def test_outer_zones_are_an_approach():
    adiz = zoo.zone(zoo.box(20, 54, 21, 55), kind="adiz")
    messages = zoo.tell(zoo.pipeline([adiz]), zoo.flight(lon=lon_at(-5000.0), times=range(60)))
    (finding,) = findings(messages)
    assert (finding.kind, finding.rule, messages[0].phase) == ("approach", "zone_entry", "approach")


def test_two_zones_are_one_incident():
    zones = [zoo.zone(zoo.box(20, 54, 21, 55), zone_id="west"), zoo.zone(zoo.box(20.1, 54, 22, 55), zone_id="east")]
    messages = zoo.tell(zoo.pipeline(zones), zoo.flight(lon=lon_at(-5000.0), times=range(120)))
    assert {f.zone_id for f in messages[-1].findings} == {"west", "east"}
    assert len({m.incident_id for m in messages}) == 1
    assert [m.sequence for m in messages] == list(range(1, len(messages) + 1))


def test_the_deepest_point_lies_between_reports():
    """A turn-back at a rate of 3 deg/s seen every 12 s: the depth is that of the arc, within the radar's error."""
    speed, omega = 250.0, np.radians(3.0)
    radius, leg = speed / omega, 40.0
    t = np.arange(0, 2 * leg + np.pi / omega, 0.1)
    turned = np.clip(omega * (t - leg), 0, np.pi)
    after = np.clip(t - leg - np.pi / omega, 0, None)
    east = speed * np.clip(t - leg, None, 0) + radius * np.sin(turned) - speed * after
    north = radius * (1 - np.cos(turned))
    shift = 3000.0
    errors = []
    for start in range(0, 120, 10):
        pick = np.arange(start, len(t), 120)
        inside, along = east[pick] + shift, north[pick]
        corner = np.full(len(pick), 20.0), np.full(len(pick), 54.5)
        lons, lats, _ = GEOD.fwd(*corner, np.degrees(np.arctan2(inside, along)), np.hypot(inside, along))
        plots = zoo.flight(lon=20, times=t[pick], source="enroute-radar")
        plots.lon_deg[:], plots.lat_deg[:] = lons, lats
        (finding,) = findings(zoo.tell(zoo.pipeline(), plots))
        errors.append(finding.evidence.max_depth_m - (radius + shift))
    assert max(map(abs, errors)) < 150.0


@pytest.mark.parametrize("period_s", [5.0, 12.0, 30.0])
def test_the_deepest_point_of_a_straight_flight_over_a_diamond(period_s):
    """Shapely measures the same flight second by second, in a plane around the diamond."""
    half = 8000.0
    lons, lats, _ = GEOD.fwd([20.0] * 5, [54.0] * 5, [0.0, 90.0, 180.0, 270.0, 0.0], [half] * 5)
    plane = Transformer.from_crs(4326, "+proj=aeqd +lat_0=54 +lon_0=20", always_xy=True)
    diamond = shapely.polygons(np.column_stack(plane.transform(lons, lats)))
    for course, aside in itertools.product((10.0, 60.0, 100.0), (-0.6, -0.2, 0.1, 0.4)):
        start = GEOD.fwd(20.0, 54.0, course + 90, aside * half)[:2]
        lon, lat, _ = GEOD.fwd(*start, course, -2 * half)
        known = {"lon": lon, "lat": lat, "course": course, "source": "radar"}
        true = zoo.flight(times=np.arange(0.0, 130.0, 0.1), **known)
        points = shapely.points(*plane.transform(true.lon_deg, true.lat_deg))
        deepest_m = shapely.distance(points, diamond.boundary)[shapely.contains(diamond, points)].max()
        plots = zoo.flight(times=np.arange(3.0, 130.0, period_s), **known)
        (finding,) = findings(zoo.tell(zoo.pipeline([zoo.zone(np.column_stack([lons, lats]))]), plots))
        assert finding.evidence.max_depth_m == pytest.approx(deepest_m, rel=0.03), (course, aside)


def test_messages_of_one_incident_have_no_gaps():
    rng = np.random.default_rng(1)
    flights = [
        zoo.flight(
            lon=20 + rng.uniform(-0.2, 0.2), lat=54.5, course=rng.uniform(0, 360), times=range(300), track_id=f"t{i}"
        )
        for i in range(30)
    ]
    messages = zoo.tell(zoo.pipeline(), zoo.in_order(*flights), until=2000.0)
    by_incident = itertools.groupby(sorted(messages, key=lambda m: m.incident_id), lambda m: m.incident_id)
    for _, story in by_incident:
        told = list(story)
        assert [m.sequence for m in told] == list(range(1, len(told) + 1))
        assert told[0].event == "opened"
        assert told[-1].event == "closed"


def test_a_corner_cut_after_a_stay_is_as_deep_as_it_is():
    """A radar of 12 s; a strip 2.4 km wide, crossed 38 s after a stay 32 km deep."""
    first, strip = zoo.box(20.0, 54.0, 21.0, 55.0), zoo.box(21.1465, 54.0, 21.1835, 55.0)
    both = replace(zoo.zone(first), polygons=((first,), (strip,)))
    plots = zoo.flight(lon=20.3, times=range(2, 400, 12), source="enroute-radar")
    deep, brief = zoo.tell(zoo.pipeline([both]), plots)[-1].findings
    assert deep.evidence.max_depth_m > 30_000
    assert brief.evidence.max_depth_m == pytest.approx(1200.0, abs=50.0)
    assert brief.started_at < brief.evidence.deepest_at < brief.ended_at
    assert brief.severity == "severe"
