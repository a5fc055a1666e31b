"""Passes of ships and tankers, which are tracks themselves, and what is done near them."""

from dataclasses import replace

import numpy as np
import pytest

from detector.airspace.altitude import Limit, Reference
from detector.airspace.arcs import circle
from detector.airspace.zones import Zone
from detector.picture.airspace import Airspace
from detector.reconfigure import go_on
from detector.rules.alone import asset_pass, hard_turn
from detector.rules.assets import STRANDS, Assets
from tests import zoo
from tests.rules.test_conduct import flown, seen

RULES = zoo.only(asset_pass=asset_pass.Params(), hard_turn=hard_turn.Params())
SHIP = Zone(id="ship", name="Ship", kind="asset", polygons=(), follows="219000123", radius_m=2000.0)
LONG = np.arange(0.0, 400.0)


def ship(speed: float = 10.0, course: float = 90.0, step_s: float = 10.0, lon: float = 18.0, **columns):
    """A ship at 18 E at time 0, or a tanker."""
    columns = {"track_id": "219000123", "baro_alt_m": 0.0, "times": np.arange(0.0, 400.0, step_s)} | columns
    return zoo.flight(lon=lon, lat=55.0, course=course, speed=speed, **columns)


def past(aside_m: float, meets_s: float = 200.0, of_speed: float = 10.0, **columns):
    """A flight northwards at 200 m/s that crosses the course of a ship eastwards, so far east of it, when it does."""
    lon, lat, _ = zoo.GEOD.fwd(18.0, 55.0, 90.0, of_speed * meets_s + aside_m)
    lon, lat, _ = zoo.GEOD.fwd(lon, lat, 180.0, 200.0 * meets_s)
    columns = {"times": LONG, "baro_alt_m": 150.0} | columns
    return zoo.flight(lon=lon, lat=lat, course=0.0, speed=200.0, **columns)


def closest_m(aside_m: float, of_speed: float) -> float:
    """How close two straight courses at right angles come, from a place abeam."""
    return aside_m * 200.0 / np.hypot(200.0, of_speed)


def tell(*flights, zones=(SHIP,), until=1500.0):
    return zoo.tell(zoo.pipeline(zones, tables=RULES), zoo.in_order(*flights), until=until)


@pytest.mark.parametrize("of_speed", [0.0, 10.0, 180.0])
@pytest.mark.parametrize(("source", "step_s"), [("adsb", 1.0), ("enroute-radar", 12.0)])
def test_a_pass_is_measured_from_where_the_ship_is_then(source, step_s, of_speed):
    messages = tell(ship(of_speed), past(600.0, of_speed=of_speed, times=np.arange(0.0, 400.0, step_s), source=source))
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.rule, finding.zone_id, finding.track_ids) == (
        "asset-pass",
        "asset_pass",
        "ship",
        ("4980",),
    )
    assert finding.evidence.closest_m == pytest.approx(closest_m(600.0, of_speed), rel=0.03)
    assert finding.evidence.height_m == pytest.approx(150.0, abs=1.0)
    assert finding.evidence.passes == 1
    assert messages[-1].headline.startswith("Unknown aircraft 4980 passed Ship at ")


def test_assets_close_to_each_other_have_strands_of_their_own():
    clusters = [(10.0 + 5.0 * c, 50.0 + 0.01 * n, f"{c} {n}") for n in range(STRANDS) for c in range(5)]
    zones = [zoo.zone(circle(lon, lat, 2000.0), zone_id=name, kind="asset") for lon, lat, name in clusters]
    strand = Assets(Airspace(zones, 1013.25)).strand.reshape(STRANDS, 5)
    assert np.array_equal(np.sort(strand, axis=0), np.arange(STRANDS)[:, None] + np.zeros(5, dtype=int))


def test_a_tanker_that_overtakes_passes_once_it_is_ahead():
    lon, _, _ = zoo.GEOD.fwd(18.0, 55.0, 90.0, 30.0 * 200.0)
    slower = zoo.flight(lon=lon, lat=55.01, course=90.0, speed=150.0, times=LONG)
    entered, passed, *_ = tell(ship(180.0, step_s=1.0), slower)
    assert entered.time[14:19] < "02:30"
    assert "03:20" < passed.time[14:19] < "04:05"


@pytest.mark.parametrize("aside_m", [2100.0, -2500.0])
def test_who_keeps_away_passes_nothing(aside_m):
    assert tell(ship(0.0), past(aside_m, of_speed=0.0)) == []


def test_where_the_ship_was_matters_to_nobody():
    """200 s ago, the place where the flight now passes was the ship's own."""
    assert tell(ship(20.0), past(-4000.0, of_speed=20.0)) == []


def test_nobody_knows_where_a_ship_is_that_is_not_heard():
    assert tell(past(0.0)) == []


def test_a_ship_that_is_not_heard_is_named():
    pipe, plots, nowhere = zoo.pipeline([zoo.SQUARE, SHIP], tables=RULES), ship(), []
    for until_s in (30.0, 100.0, 399.0, 1500.0):
        pipe.step(plots.take((plots.time_s > pipe.time_s) & (plots.time_s <= until_s)), until_s)
        nowhere.append(pipe.assets.nowhere())
    assert nowhere == [[(1, "219000123")], [], [], [(1, "219000123")]]


def test_an_address_is_followed_however_it_is_written():
    tanker = replace(SHIP, follows="48D8F0")
    named = {"track_id": "48d8f0", "icao24": "48d8f0"}
    assert tell(ship(**named), past(600.0), zones=(tanker,))


def test_who_has_only_just_been_heard_is_not_yet_followed():
    assert tell(ship(times=np.arange(170.0, 400.0, 10.0)), past(600.0)) == []


def test_a_ship_does_not_pass_itself():
    assert tell(ship()) == []


def test_conduct_near_a_ship_matters():
    turns = seen(flown(load_factor=4.0, turn_s=30.0), "adsb", lon=18.1)
    turns.time_s[:] += 80.0
    lon, lat = turns.lon_deg[0], turns.lat_deg[0]
    near = ship(0.0, lon=lon - 0.3, times=np.arange(0.0, 400.0, 10.0))
    near.lat_deg[:] = lat
    messages = tell(near, turns)
    assert {(f.rule, f.zone_id) for f in messages[-1].findings} == {("hard_turn", "ship")}
    near.lat_deg[:] = lat + 2.0
    assert tell(near, turns) == []


@pytest.mark.parametrize(
    ("land_km", "ship_km", "zone"),
    [(50.0, 20.0, "ship"), (20.0, 50.0, "land"), (-1.0, 20.0, "land"), (2.0, 0.0, "ship")],
)
def test_conduct_near_a_ship_and_land_is_put_on_the_nearer_of_them(land_km, ship_km, zone):
    turns = seen(flown(load_factor=4.0, turn_s=30.0), "adsb", lon=18.1)
    turns.time_s[:] += 80.0
    lon, lat = turns.lon_deg.mean(), turns.lat_deg.mean()
    near = ship(0.0, lon=zoo.GEOD.fwd(lon, lat, 270.0, ship_km * 1000.0)[0], times=np.arange(0.0, 400.0, 10.0))
    near.lat_deg[:] = lat
    shore = zoo.GEOD.fwd(lon, lat, 90.0, land_km * 1000.0 + np.ptp(turns.lon_deg) * 32_000.0)[0]
    shore = shore if land_km > 0 else turns.lon_deg.min() - 0.1
    land = zoo.zone(zoo.box(shore, lat - 2.0, shore + 4.0, lat + 2.0), zone_id="land")
    messages = tell(near, turns, zones=(land, replace(SHIP, radius_m=10_000.0)))
    assert {(f.rule, f.zone_id) for f in messages[-1].findings if f.kind == "manoeuvre"} == {("hard_turn", zone)}


def test_any_cut_gives_the_same_story():
    plots = zoo.in_order(ship(150.0, step_s=1.7), past(600.0, of_speed=150.0, times=np.arange(0.3, 400.0, 2.3)))
    whole = zoo.tell(zoo.pipeline([SHIP], tables=RULES), plots, until=1500.0)
    assert whole
    at_random = np.random.default_rng(1).integers(1, len(plots), 40)
    for ends in (np.unique(np.append(at_random, len(plots))), np.arange(1, len(plots) + 1)):
        cut, messages, start = zoo.pipeline([SHIP], tables=RULES), [], 0
        for end in ends.tolist():
            part = plots.take(np.arange(start, end))
            messages += cut.step(part, float(part.time_s[-1])).messages
            start = end
        messages += cut.step(plots.take(slice(0, 0)), 1500.0).messages
        assert messages == whole


def test_a_reload_goes_on_following():
    pipe = zoo.pipeline([zoo.SQUARE, SHIP], tables=RULES)
    plots = zoo.in_order(ship(), past(600.0))
    early, late = plots.take(plots.time_s < 150.0), plots.take(plots.time_s >= 150.0)
    messages = pipe.step(early, 149.0).messages
    go_on(pipe, zoo.pipeline([SHIP], tables=RULES).airspace, pipe.classifier, pipe.sensors, RULES, 149.5)
    messages += zoo.tell(pipe, late, until=1500.0)
    assert messages[-1].findings[0].zone_id == "ship"


@pytest.mark.parametrize(("alt_m", "told"), [(150.0, True), (11000.0, False)])
def test_limits_of_the_asset_count(alt_m, told):
    low = replace(SHIP, ceiling=Limit(1000.0, Reference.SEA))
    assert bool(tell(ship(), past(600.0, baro_alt_m=alt_m), zones=(low,))) == told


def test_a_ship_that_is_forgotten_sails_no_further():
    lon, lat, _ = zoo.GEOD.fwd(18.0, 55.0, 90.0, 10.0 * 4000.0 + 100.0)
    lon, lat, _ = zoo.GEOD.fwd(lon, lat, 180.0, 200.0 * 200.0)
    plots = zoo.flight(lon=lon, lat=lat, course=0.0, speed=200.0, times=LONG, baro_alt_m=150.0)
    plots.time_s[:] += 3800.0
    far = zoo.flight(lon=0.0, lat=50.0, speed=1.0, times=np.arange(900.0, 4300.0, 10.0), track_id="far")
    assert tell(ship(), far, plots, until=7000.0) == []


def test_neighbours_that_share_a_strand_are_passed_one_after_the_other_and_end():
    def asset(lon, lat, name):
        return zoo.zone(circle(lon, lat, 800.0), zone_id=name, kind="asset")

    between = [asset(18.06 + 0.02 * (k % 3), 55.05 + 0.012 * (k // 3), f"o{k}") for k in range(STRANDS - 1)]
    zones = [asset(18.0, 55.0, "first"), *between, asset(18.005, 55.065, "last")]
    pipe = zoo.pipeline(zones, tables=RULES)
    assert pipe.assets.strand[0] == pipe.assets.strand[-1]
    lon, lat, _ = zoo.GEOD.fwd(18.0, 54.9, 90.0, 600.0)
    times = np.arange(0.0, 900.0, 12.0)
    plots = zoo.flight(lon=lon, lat=lat, course=0.0, speed=200.0, times=times, source="enroute-radar", baro_alt_m=150.0)
    *_, closed = zoo.tell(pipe, plots)
    assert (closed.event, closed.outcome) == ("closed", "resolved"), "it flies on"
    first, last = closed.findings
    assert (first.zone_id, last.zone_id) == ("first", "last")
    assert first.ended_at <= last.started_at
