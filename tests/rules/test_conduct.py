"""What aircraft do near a zone, from their reports to the messages."""

import numpy as np
import pytest

from detector.rules import incursion
from detector.rules.alone import approach, emergency_code, hard_turn, pull_up, speed_change, steep_descent, too_fast
from feeds.plots import Plots
from tests import zoo

G_MPS2 = 9.80665
LEG_S = 60.0
PERIODS = {"adsb": 1.0, "radar": 5.0, "enroute-radar": 12.0}
RULES = zoo.only(
    hard_turn=hard_turn.Params(),
    steep_descent=steep_descent.Params(),
    pull_up=pull_up.Params(),
    emergency_code=emergency_code.Params(),
)


def flown(load_factor: float = 1.0, turn_s: float = 0.0, speed: float = 200.0, fall_mps: float = 0.0):
    """A flight northwards at 0.1 s: straight, a turn to the right, straight; down all the while after the first leg."""
    t = np.arange(0.0, 2 * LEG_S + turn_s, 0.1)
    rate = G_MPS2 * np.sqrt(load_factor**2 - 1) / speed
    course = rate * np.clip(t - LEG_S, 0.0, turn_s)
    east_m, north_m = (np.cumsum(speed * 0.1 * part) for part in (np.sin(course), np.cos(course)))
    sinks = np.clip((t - LEG_S) / 10.0, 0.0, 1.0)
    height_m = 9000.0 - np.cumsum(0.1 * fall_mps * sinks)
    return t, east_m, north_m, np.degrees(course) % 360, height_m, -fall_mps * sinks


def seen(path, source: str, lon: float = 19.8, seed: int = 0, **columns: object) -> Plots:
    """The reports that a sensor makes of it; only ads-b tells velocities."""
    t, east_m, north_m, course_deg, height_m, vrate_mps = path
    rng, sigma_m = np.random.default_rng(seed), zoo.SENSORS[source].sigma_m
    at = np.arange(int(rng.uniform(0, PERIODS[source]) * 10), len(t), int(PERIODS[source] * 10))
    east_m, north_m = (m[at] + rng.normal(0, sigma_m, len(at)) for m in (east_m, north_m))
    plots = zoo.flight(lon=lon, speed=0.0, times=t[at], source=source, **columns)
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(
        plots.lon_deg, plots.lat_deg, np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
    )
    plots.baro_alt_m[:] = np.round(height_m[at] / 7.62) * 7.62
    if source == "adsb":
        gs_mps = np.hypot(np.gradient(path[1]), np.gradient(path[2])) / 0.1
        plots.gs_mps[:], plots.track_deg[:] = np.round(gs_mps[at] / 0.5144) * 0.5144, np.round(course_deg[at], 1)
        plots.vrate_mps[:] = vrate_mps[at]
    return plots


def findings(plots: Plots, tables=RULES, zones=(zoo.SQUARE,)) -> list:
    """The findings of the last message, and those before it must have been of the same incident."""
    messages = zoo.tell(zoo.pipeline(zones, tables=tables), plots, until=float(plots.time_s[-1]) + 400.0)
    assert len({message.incident_id for message in messages}) <= 1
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize("hertz", [1, 2, 5])
@pytest.mark.parametrize("receivers", [1, 2, 4])
def test_conduct_is_seen_however_many_receivers_hear_an_aircraft(hertz, receivers):
    times = [t + 0.05 * copy for t in np.arange(0.0, 40.0, 1 / hertz) for copy in range(receivers)]
    place_s = np.repeat(np.arange(0.0, 40.0, 1 / hertz), receivers)
    plots = zoo.flight(lon=19.8, times=place_s, gs_mps=250.0, track_deg=90.0)
    plots.time_s[:] = times
    assert [found.rule for found in findings(plots, zoo.only(approach=approach.Params()))] == ["approach"]


@pytest.mark.parametrize("source", PERIODS)
@pytest.mark.parametrize("seed", range(5))
def test_a_hard_turn_is_found(source, seed):
    found = findings(seen(flown(load_factor=4.0, turn_s=30.0), source, seed=seed))
    turns = [finding for finding in found if finding.rule == "hard_turn"]
    assert len(turns) == 1
    evidence = turns[0].evidence
    assert 1.2 < evidence.load_factor_g < 4.0 + 3 * evidence.load_factor_sigma_g
    assert evidence.turn_rate_deg_s > 0, "to the right"
    assert turns[0].kind == "manoeuvre"


@pytest.mark.parametrize("period_s", [1, 5])
def test_courses_that_the_places_do_not_bear_out_are_no_turn(period_s):
    """A track filled in between far reports: straight places, and courses from 350 to 10 deg through south."""
    plots = zoo.flight(lon=19.8, speed=150.0, times=np.arange(0.0, 120.0, period_s), source="adsb")
    plots.gs_mps[:] = 150.0
    plots.track_deg[:] = np.clip(350.0 - 17.0 * (plots.time_s - plots.time_s[0] - 60.0), 10.0, 350.0)
    assert findings(plots) == []


def test_a_hard_turn_is_dated_and_measured():
    (turn,) = findings(seen(flown(load_factor=3.0, turn_s=30.0), "adsb"))
    assert turn.started_at[14:19] in {"01:01", "01:02", "01:03"}
    assert turn.ended_at[14:19] in {"01:29", "01:30", "01:31", "01:32", "01:33"}
    assert turn.evidence.load_factor_g == pytest.approx(3.0, abs=0.3)
    assert turn.evidence.bank_deg == pytest.approx(np.degrees(np.arccos(1 / 3)), abs=3)


@pytest.mark.parametrize("source", PERIODS)
@pytest.mark.parametrize("speed", [120.0, 240.0])
@pytest.mark.parametrize("seed", range(5))
def test_what_airliners_do_is_not(source, speed, seed):
    path = flown(load_factor=1 / np.cos(np.radians(30)), turn_s=40.0, speed=speed, fall_mps=15.0)
    assert findings(seen(path, source, seed=seed)) == []


@pytest.mark.parametrize("source", PERIODS)
def test_a_dive_is_found_and_the_pull_out_of_it_where_it_can_be_seen(source):
    t, east_m, north_m, course_deg, height_m, vrate_mps = flown(fall_mps=100.0)
    vrate_mps = np.where(t < 90, vrate_mps, np.minimum(-100 + 20 * (t - 90), 0.0))  # 3 g for 5 s
    height_m = 9000.0 + np.cumsum(0.1 * vrate_mps)
    found = {f.rule: f for f in findings(seen((t, east_m, north_m, course_deg, height_m, vrate_mps), source))}
    assert found["steep_descent"].evidence.vrate_fpm == pytest.approx(-19_685, rel=0.05)
    assert ("pull_up" in found) == (source == "adsb")
    if source == "adsb":
        assert found["pull_up"].evidence.load_factor_g == pytest.approx(1 + 20 / G_MPS2, abs=0.3)


def test_one_outlier_is_no_manoeuvre():
    for seed in range(10):
        plots = seen(flown(), "radar", seed=seed)
        plots.lat_deg[10] += 0.012  # 1.3 km: nearer than a jump
        plots.baro_alt_m[10] -= 400.0
        assert findings(plots) == []


@pytest.mark.parametrize(("code", "severity"), [("7500", "severe"), ("7600", "moderate"), ("7700", "moderate")])
def test_an_emergency_code_is_told_once_it_stands(code, severity):
    squawks = ["2000"] * 5 + [code] + ["2000"] * 4 + [code] * 20 + ["2000"] * 30
    messages = zoo.tell(
        zoo.pipeline(tables=RULES), zoo.flight(lon=19.9, course=0.0, times=range(60), squawk=squawks), 500.0
    )
    assert [m.event for m in messages] == ["opened", "updated", "closed"]
    assert messages[0].headline.startswith(f"Unknown aircraft 4980 squawks {code} near Square; now")
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.severity, finding.evidence.squawk) == ("emergency", severity, code)
    assert (finding.started_at[11:19], finding.ended_at[11:19]) == ("00:00:11", "00:00:30")
    assert messages[-1].outcome == "resolved"


@pytest.mark.parametrize(("lon", "watch_words"), [(15.0, 0), (19.8, 1), (20.5, 1)])
def test_only_who_is_near_a_zone_or_in_it_matters(lon, watch_words):
    found = findings(seen(flown(load_factor=4.0, turn_s=30.0), "adsb", lon=lon))
    assert len(found) == watch_words


def test_a_zone_asks_for_its_own_vicinity():
    near = zoo.zone(*zoo.SQUARE.polygons[0], near_nm=5.0)
    assert findings(seen(flown(load_factor=4.0, turn_s=30.0), "adsb", lon=19.8), zones=[near]) == []
    assert len(findings(seen(flown(load_factor=4.0, turn_s=30.0), "adsb", lon=19.8), zones=[near, zoo.SQUARE])) == 1


def test_who_is_not_watched_may_fly_as_he_likes():
    plots = seen(flown(load_factor=4.0, turn_s=30.0), "adsb", callsign="RCH1")
    pipe = zoo.pipeline(tables=RULES, rules=[zoo.NEUTRAL])
    assert zoo.tell(pipe, plots, until=600.0) == []


# --- approach ---------------------------------------------------------------------------------------------------------

HEADING = zoo.only(approach=approach.Params())


def test_an_approach_is_told_with_the_time_that_is_left():
    plots = zoo.flight(lon=19.0, course=90.0, speed=200.0, times=range(250), gs_mps=200.0, track_deg=90.0)
    lon_m = zoo.GEOD.inv(19.0, 54.5, 20.0, 54.5)[2]
    (opened,) = zoo.tell(zoo.pipeline(tables=HEADING), plots)
    evidence = opened.findings[0].evidence
    decided_s = float(opened.time[17:-1]) + 60 * float(opened.time[14:16])
    assert 0.0 < decided_s - (lon_m / 200.0 - 120.0) < 8.0
    assert evidence.time_to_boundary_s == pytest.approx(lon_m / 200.0 - decided_s, abs=2.0)
    assert evidence.distance_m == pytest.approx(lon_m - 200.0 * decided_s, abs=150.0)
    assert evidence.probability > 0.75
    assert (opened.findings[0].kind, opened.phase, opened.urgency) == ("approach", "approach", "expected")


@pytest.mark.parametrize("course", [0.0, 180.0, 270.0, 330.0])
def test_who_flies_along_or_away_does_not_approach(course):
    plots = zoo.flight(lon=19.9, course=course, times=range(120), gs_mps=250.0, track_deg=course)
    assert zoo.tell(zoo.pipeline(tables=HEADING), plots) == []


def test_who_turns_away_has_turned_away():
    there = zoo.flight(lon=19.7, course=90.0, speed=200.0, times=range(60), gs_mps=200.0, track_deg=90.0)
    back = zoo.flight(lon=19.884, course=270.0, speed=200.0, times=range(61, 200), gs_mps=200.0, track_deg=270.0)
    messages = zoo.tell(zoo.pipeline(tables=HEADING), zoo.in_order(there, back), until=900.0)
    assert [message.event for message in messages] == ["opened", "updated", "closed"]
    assert messages[-1].outcome == "turned-away"
    assert "was heading for Square" in messages[-1].headline


@pytest.mark.parametrize(("floor", "expected"), [("FL100", 1), ("FL300", 0)])
def test_who_will_pass_below_does_not_approach(floor, expected):
    from detector.airspace.altitude import parse

    above = zoo.zone(*zoo.SQUARE.polygons[0], floor=parse(floor))
    plots = zoo.flight(lon=19.7, speed=200.0, times=range(90), gs_mps=200.0, track_deg=90.0)
    assert len(zoo.tell(zoo.pipeline([above], tables=HEADING), plots)) == expected


def test_a_radar_needs_a_few_plots_to_know_where_somebody_is_going():
    rng = np.random.default_rng(3)
    plots = zoo.flight(lon=19.4, course=90.0, speed=200.0, times=np.arange(0, 190, 12.0), source="enroute-radar")
    plots.lat_deg[:] += rng.normal(0, 150 / 111e3, len(plots))
    plots.lon_deg[:] += rng.normal(0, 150 / 65e3, len(plots))
    messages = zoo.tell(zoo.pipeline(tables=HEADING), plots)
    assert [message.event for message in messages][:1] == ["opened"]
    assert messages[0].findings[0].evidence.time_to_boundary_s > 60


def test_who_has_arrived_approaches_no_more():
    rules = zoo.only(approach=approach.Params(), incursion=incursion.Params())
    plots = zoo.flight(lon=19.9, speed=200.0, times=range(60), gs_mps=200.0, track_deg=90.0)
    messages = zoo.tell(zoo.pipeline(tables=rules), plots)
    assert [(m.event, m.cause) for m in messages][:2] == [("opened", "approach"), ("escalated", "incursion")]
    on_the_way, stay = messages[-1].findings
    assert on_the_way.ended_at == stay.started_at


@pytest.mark.parametrize("before", [2, 3, 6])
@pytest.mark.parametrize("direction_deg", [45.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize(("source", "off_m"), [("radar", 2000.0), ("radar", 3000.0), ("enroute-radar", 4000.0)])
def test_one_plot_of_something_else_is_no_manoeuvre(source, off_m, direction_deg, before):
    tables = zoo.only(hard_turn=hard_turn.Params(), speed_change=speed_change.Params(), too_fast=too_fast.Params())
    for seed in range(3):
        plots = seen(flown(), source, seed=seed)
        east, north = np.sin(np.radians(direction_deg)), np.cos(np.radians(direction_deg))
        plots.lon_deg[before] += off_m * east / 64_700.0
        plots.lat_deg[before] += off_m * north / 111_300.0
        assert findings(plots, tables) == []


@pytest.mark.parametrize("up_m", [-2000.0, 800.0, 2000.0])
@pytest.mark.parametrize(("source", "number"), [("radar", 10), ("enroute-radar", 5)])
def test_one_plot_of_something_else_at_another_height_is_no_manoeuvre(source, number, up_m):
    for seed in range(3):
        plots = seen(flown(), source, seed=seed)
        plots.lat_deg[number] += 0.03
        plots.baro_alt_m[number] += up_m
        assert findings(plots) == []


@pytest.mark.parametrize("noise_m", [10.0, 20.0])
def test_places_of_every_second_without_velocities_make_no_turn_though_they_err_by_twice_what_they_claim(noise_m):
    tables = zoo.only(hard_turn=hard_turn.Params())
    for seed in range(4):
        plots = zoo.flight(lon=20.1, lat=54.1, course=0.0, speed=230.0, times=np.arange(0.0, 300.0))
        north_m, east_m = np.random.default_rng(seed).normal(0.0, noise_m, (2, len(plots)))
        plots.lat_deg[:] += north_m / 111_300.0
        plots.lon_deg[:] += east_m / 65_000.0
        assert findings(plots, tables) == []


def test_what_one_report_has_shown_is_forgotten_far_from_zones():
    """Else another an hour later would begin what the first had begun."""
    pipe = zoo.pipeline([zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), near_nm=11.0)], tables=RULES)
    plots = zoo.flight(lon=19.72, course=270.0, times=range(60))
    zoo.tell(pipe, plots.take(slice(0, 9)))  # the last of them 200 m before it is far
    (condition, *_) = pipe.conduct._conditions["hard_turn"]
    condition._shown[0] = 1
    zoo.tell(pipe, plots.take(slice(9, 60)))
    assert not condition.pending(np.array([0])).any()
