"""Pairs of aircraft that come too close, from their reports to the messages."""

import numpy as np
import pytest

from detector.airspace.schedule import Interval
from detector.airspace.zones import Identity
from detector.incidents.message import stamp
from detector.rules import incursion
from detector.rules.together import bow_crossing, interception, near_collision, well_clear
from detector.tracks.identity import Rule
from detector.units import FOOT_M
from feeds.plots import Plots
from tests import zoo

TABLES = zoo.only(
    well_clear=well_clear.Params(), bow_crossing=bow_crossing.Params(), near_collision=near_collision.Params()
)
RULES = [
    Rule(Identity.FRIEND, callsigns=("PLF*",)),
    Rule(Identity.SUSPECT, callsigns=("RFF*",)),
    zoo.NEUTRAL,
]
MEET_S = 60.0
PERIODS = {"adsb": 1.0, "radar": 5.0, "enroute-radar": 12.0}
SPEED_MPS = 200.0


def flown(
    course: float = 0.0,
    beside_m: float = 0.0,
    ahead_m: float = 0.0,
    above_ft: float = 0.0,
    alt_ft: float = 20_000.0,
    speed: float = SPEED_MPS,
    source: str = "adsb",
    lon: float = 19.9,
    seed: int = 0,
    **columns: object,
) -> Plots:
    """A straight flight, as a sensor sees it, that at MEET_S is so far east and north of a place at 54.5 N."""
    rng, sigma_m = np.random.default_rng(seed), zoo.SENSORS[source].sigma_m
    times = np.arange(rng.uniform(0, PERIODS[source]), 2 * MEET_S, PERIODS[source])
    plots = zoo.flight(lon=lon, speed=0.0, times=times, source=source, **columns)
    way_m = speed * (times - MEET_S)
    east_m = beside_m + way_m * np.sin(np.radians(course)) + rng.normal(0, sigma_m, len(times))
    north_m = ahead_m + way_m * np.cos(np.radians(course)) + rng.normal(0, sigma_m, len(times))
    plots.lon_deg[:], plots.lat_deg[:], _ = zoo.GEOD.fwd(
        plots.lon_deg, plots.lat_deg, np.degrees(np.arctan2(east_m, north_m)), np.hypot(east_m, north_m)
    )
    plots.baro_alt_m[:] = alt_ft * FOOT_M + above_ft * FOOT_M
    if source == "adsb":
        plots.gs_mps[:], plots.track_deg[:], plots.vrate_mps[:] = speed, course % 360, 0.0
    return plots


def other(callsign: str | None = "LOT1", **how: object) -> Plots:
    return flown(track_id="x", callsign=callsign, seed=1, **how)


def tell(*flights: Plots, tables=TABLES, until: float | None = None, cut: int | None = None) -> list:
    plots = zoo.in_order(*flights)
    pipe = zoo.pipeline(rules=RULES, tables=tables)
    if cut is None:
        return zoo.tell(pipe, plots, until)
    messages = []
    for start in range(0, len(plots), cut):
        messages += zoo.tell(pipe, plots.take(slice(start, start + cut)))
    return messages + (zoo.tell(pipe, plots.take(slice(-1, None)), until) if until else [])


def found(messages: list) -> set[str]:
    return {f.rule for m in messages for f in m.findings}


WELL_CLEAR, BOW, NEAR = "well_clear", "bow_crossing", "near_collision"

FOUND = {  # the other aircraft, an intruder flying north: what is found
    "head on": (other(course=180, beside_m=800), {WELL_CLEAR}),
    "overtaken": (other(course=0, beside_m=500, speed=120), {WELL_CLEAR}),
    "beside an airliner": (other(course=0, beside_m=700), {WELL_CLEAR}),
    "300 ft above": (other(course=180, beside_m=800, above_ft=300), {WELL_CLEAR}),
    "across the bow of it": (other(course=270, ahead_m=900), {WELL_CLEAR, BOW}),
    "across the bow of the other": (other(course=270, ahead_m=-900), {WELL_CLEAR, BOW}),
    "right through": (other(course=180, beside_m=20), {WELL_CLEAR, NEAR}),
    "a friend across its bow": (other("PLF1", course=270, ahead_m=900), {BOW}),
    "a friend right through": (other("PLF1", course=180, beside_m=20), {NEAR}),
    "a stranger across its bow": (other(None, course=270, ahead_m=900), {WELL_CLEAR, BOW}),
    "by radar": (other(source="radar", course=180, beside_m=100), {WELL_CLEAR}),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_must_be_found(name):
    who, expected = FOUND[name]
    messages = tell(flown(), who)
    assert found(messages) == expected
    assert len({m.incident_id for m in messages}) == 1, "one intruder, one incident"
    last = messages[-1]
    assert [f.track_ids for f in last.findings] == [("4980", "x")] * len(last.findings)
    assert [(o.track_id, o.role) for o in last.others] == [("x", "conflict")]


NOT_FOUND = {
    "1000 ft above": other(course=180, beside_m=800, above_ft=1000),
    "500 ft above": other(course=180, beside_m=800, above_ft=500),
    "a mile aside": other(course=180, beside_m=1900),
    "behind by a mile": other(course=270, ahead_m=-3000),
    "of unknown height": other(course=180, beside_m=20, above_ft=np.nan),
    "a friend beside": other("PLF1", course=0, beside_m=300),
    "a friend behind": other("PLF1", course=0, ahead_m=-600),
    "a friend joining from behind": other("PLF1", course=0, beside_m=250, speed=300),
    "a friend across behind": other("PLF1", course=270, ahead_m=-600),
    "a friend across 2 km ahead": other("PLF1", course=270, ahead_m=4000),
    "a friend across 600 ft above": other("PLF1", course=270, ahead_m=900, above_ft=600),
    "a friend sliding across ahead": other("PLF1", course=355, ahead_m=400),
    "a friend right through, by radar": other("PLF1", course=180, source="enroute-radar"),
    "a tanker": other(None, course=0, beside_m=60, above_ft=-30),
    "a wingman": other("RFF1", course=0, beside_m=400),
    "its own radar track": other(course=0, source="enroute-radar"),
}


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_must_not_be_found(name):
    assert tell(flown(), NOT_FOUND[name]) == []


def test_who_goes_on_under_another_number_is_no_danger_to_itself():
    before, after = flown(), other(course=0, ahead_m=390)
    assert tell(before.take(before.time_s < MEET_S), after.take(after.time_s >= MEET_S)) == []
    assert found(tell(before, after)) == {WELL_CLEAR}


def test_two_suspects_are_no_danger_to_each_other():
    assert tell(flown(callsign="RFF2"), other("RFF1", course=180, beside_m=20)) == []


def test_airliners_are_nobodys_business():
    assert tell(flown(callsign="LOT2"), other(course=180, beside_m=20)) == []


def test_who_may_be_landing_is_spared():
    low = {"speed": 70.0, "alt_ft": 1500.0}
    assert tell(flown(**low), other(course=0, beside_m=300, **low)) == []
    assert found(tell(flown(**low | {"alt_ft": 3000.0}), other(course=0, beside_m=300, **low | {"alt_ft": 3000.0})))


def test_far_from_every_zone_it_is_nobodys_business():
    assert tell(flown(lon=15.0), other(course=180, beside_m=20, lon=15.0)) == []


@pytest.mark.parametrize("seed", range(10))
def test_two_radar_tracks_are_never_surely_within_500_ft(seed):
    who = flown(course=180, source="enroute-radar", track_id="x", callsign="LOT1", seed=100 + seed)
    assert NEAR not in found(tell(flown(source="enroute-radar", seed=seed), who))


def test_it_is_told_before_and_ends_after():
    messages = tell(flown(), other(course=180, beside_m=800), until=130.0)
    (finding,) = messages[-1].findings
    assert (finding.kind, finding.zone_id, finding.severity) == ("proximity", "square", "severe")
    begins_s = MEET_S - 35.0 - 25.0  # TAUMOD before the closest, and the horizon before that
    assert begins_s <= float(finding.detected_at[17:-1]) <= begins_s + 15.0
    messages = tell(flown(), other(course=180, beside_m=800), until=500.0)
    (finding,) = messages[-1].findings
    assert finding.ended_at is not None
    assert messages[-1].outcome == "resolved"
    assert finding.evidence.closest_m == pytest.approx(800.0, abs=150.0)
    assert finding.evidence.miss_distance_m == pytest.approx(800.0, abs=60.0)


def test_as_far_as_a_configured_volume_reaches():
    wide = zoo.only(well_clear=well_clear.Params(dmod_ft=50_000.0))
    beside = other(course=0, beside_m=12_000)
    assert found(tell(flown(), beside, tables=wide)) == {WELL_CLEAR}
    assert tell(flown(), beside) == []


def test_the_evidence_of_a_bow_crossing():
    (finding,) = (f for f in tell(flown(), other("PLF1", course=270, ahead_m=900))[-1].findings if f.rule == BOW)
    assert finding.evidence.ahead_m == pytest.approx(900.0, abs=100.0)
    assert 0 <= finding.evidence.time_to_crossing_s <= 5.0


def test_a_subject_far_from_zones_is_looked_at_all_the_same():
    tables = zoo.only(
        incursion=incursion.Params(), near_collision=near_collision.Params(), interception=interception.Params()
    )
    inside = {"lon": 20.5}
    messages = tell(flown(**inside), other("PLF1", course=180, beside_m=20, **inside), tables=tables)
    assert found(messages) == {"incursion", NEAR}
    assert len({m.incident_id for m in messages}) == 1


@pytest.mark.parametrize("cut", [1, 3, 50])
def test_messages_do_not_depend_on_how_the_stream_is_cut(cut):
    flights = [
        flown(),
        other(course=180, beside_m=20),
        flown(track_id="y", callsign="PLF1", course=270, ahead_m=900, seed=5),
        flown(track_id="z", source="radar", course=90, ahead_m=-300, seed=6),
    ]
    whole = tell(*flights)
    assert found(whole) == {WELL_CLEAR, BOW, NEAR}
    assert tell(*flights, cut=cut) == whole


def test_what_goes_on_when_its_zone_closes_begins_anew():
    hours = zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), zone_id="hours", active=(Interval(-900.0, 60.0),))
    beside = zoo.zone(zoo.box(20.2, 54.0, 21.0, 55.0), zone_id="beside")
    pipe = zoo.pipeline([hours, beside], rules=RULES, tables=TABLES)
    messages = zoo.tell(pipe, zoo.in_order(flown(), other(course=0, beside_m=700)), until=119.0)
    assert [(m.outcome, f.zone_id, f.ended_at) for m in messages for f in m.findings] == [
        (None, "hours", None),
        ("zone-closed", "hours", stamp(60.0)),
        (None, "hours", None),  # who is near a zone that is closed is near it all the same
    ]


def test_a_zone_that_closes_ends_no_pair_that_was_found_near_another():
    """Beside x since before the subject came north; y meets it there, and has gone before it is all over."""
    hours = zoo.zone(zoo.box(20.0, 54.0, 21.0, 54.51), zone_id="hours", active=(Interval(-900.0, 90.0),))
    north = zoo.zone(zoo.box(20.0, 54.51, 21.0, 55.5), zone_id="north")
    meets = flown(track_id="y", callsign="LOT2", course=180, beside_m=-500, ahead_m=11_200.0, seed=3)
    plots = zoo.in_order(flown(), other(course=0, beside_m=500), meets.take(meets.time_s > 72.0))
    pipe = zoo.pipeline([hours, north], rules=RULES, tables=TABLES)
    messages = zoo.tell(pipe, plots, until=119.0)
    found = {(f.track_ids[1], f.zone_id) for f in messages[-1].findings}
    assert found == {("x", "hours"), ("x", "north"), ("y", "north")}
    (incident,) = pipe.book.register.incidents()
    assert [(e.others, e.zone_id) for e in incident.open_entries()] == [(("x",), "north")], "y has gone"
