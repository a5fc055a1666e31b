"""Floors and ceilings, by the altitude that tells most of them; flights cross the western edge at 20 s."""

import math

import numpy as np
import pytest
from msgspec import UNSET
from scipy.special import ndtr

from detector.airspace.altitude import parse, without_terrain
from detector.pipeline import Pipeline
from detector.rules.evidence import log_odds_inside, probability
from tests import zoo
from tests.rules.test_incursion import lon_at


def area(floor="GND", ceiling="UNL"):
    low, high = without_terrain(parse(floor), parse(ceiling))
    return zoo.zone(zoo.box(20.0, 54.0, 21.0, 55.0), floor=low, ceiling=high)


def pipeline(zone, qnh_hpa=1013.25) -> Pipeline:
    pipe = zoo.pipeline([zone])
    pipe.airspace = zoo.Airspace([zone], qnh_hpa)
    return pipe


def started(zone, qnh_hpa=1013.25, times=range(60), **altitudes):
    plots = zoo.flight(lon=lon_at(-5000.0), times=times, **({"baro_alt_m": math.nan} | altitudes))
    messages = zoo.tell(pipeline(zone, qnh_hpa), plots)
    return messages[0].findings[0].started_at[17:] if messages else None


ENTERS = "20.000Z"


@pytest.mark.parametrize(
    ("limits", "qnh_hpa", "altitudes", "found"),
    [
        ({"ceiling": "FL100"}, 1013.25, {"baro_alt_m": 3000.0}, True),  # FL100 is 3048 m
        ({"ceiling": "FL100"}, 1013.25, {"baro_alt_m": 3100.0}, False),
        ({"ceiling": "FL100"}, 960.0, {"baro_alt_m": 3000.0}, True),  # a QNH moves no flight level
        ({"ceiling": "FL100"}, 960.0, {"baro_alt_m": 3000.0, "geo_alt_m": 3500.0}, True),
        ({"ceiling": "FL100"}, 960.0, {"baro_alt_m": 3100.0, "geo_alt_m": 2600.0}, False),
        ({"floor": "2500 ft AMSL"}, 1013.25, {"baro_alt_m": 900.0, "geo_alt_m": 600.0}, False),  # 762 m
        ({"floor": "2500 ft AMSL"}, 1013.25, {"baro_alt_m": 600.0, "geo_alt_m": 900.0}, True),
        ({"floor": "2500 ft AMSL"}, 1038.0, {"baro_alt_m": 700.0}, True),  # 906 m above the sea
        ({"floor": "2500 ft AMSL"}, 988.0, {"baro_alt_m": 850.0}, False),  # 637 m
        ({"ceiling": "FL100"}, 1013.25, {"geo_alt_m": 2500.0}, True),
        ({"ceiling": "FL100"}, 1013.25, {"geo_alt_m": 4000.0}, False),
        ({"ceiling": "FL100"}, 988.0, {"geo_alt_m": 2950.0}, False),  # FL104 under a low
        ({"floor": "2500 ft AMSL", "ceiling": "FL100"}, 1000.0, {}, True),  # not known: excludes nothing
        ({"ceiling": "1000 ft AGL"}, 1000.0, {"baro_alt_m": 8500.0}, True),  # over the Himalaya it would be inside
        ({"ceiling": "1000 ft AGL"}, 1000.0, {"baro_alt_m": 11900.0}, False),
        ({"floor": "1000 ft AGL"}, 1013.25, {"geo_alt_m": 100.0}, True),  # over the Dead Sea, too
    ],
)  # fmt: skip
def test_limits(limits, qnh_hpa, altitudes, found):
    assert started(area(**limits), qnh_hpa, **altitudes) == (ENTERS if found else None)


@pytest.mark.parametrize(("off_m", "probable"), [(0.0, 0.5), (19.44, ndtr(1)), (-2 * 19.44, ndtr(-2)), (200.0, 1.0)])
def test_probability_of_a_height_as_of_a_depth(off_m, probable):
    zone = zoo.Airspace([area(ceiling="FL100")], 1000.0)
    margins = zone.margins(np.array([3048.0 - off_m]), np.array([math.nan]), np.array([0]))
    assert probability(log_odds_inside(np.array([99.0]), *margins)) == pytest.approx(probable, abs=1e-3)


def test_three_boundaries_multiply():
    found = probability(log_odds_inside(np.array([1.0]), np.array([0.5]), np.array([-0.3])))
    assert found == pytest.approx(ndtr(1.0) * ndtr(0.5) * ndtr(-0.3))


def test_a_climb_through_the_floor_is_dated_by_the_altitude_that_tells_most_of_it():
    times = np.arange(0, 120, 5)
    climb_m = 20.0 * times
    flown = {"times": times, "baro_alt_m": 200 + climb_m, "geo_alt_m": climb_m, "source": "radar"}
    assert started(area("2500 ft AMSL"), **flown) == f"{762 / 20:.3f}Z"
    assert started(area("FL40"), **flown) == f"{(40 * 30.48 - 200) / 20:.3f}Z"


def test_an_altitude_left_out_follows_the_other_kind():
    times = np.arange(0, 120, 5)
    geo_m = 20.0 * times
    geo_m[1:] = math.nan
    flown = {"times": times, "baro_alt_m": 200 + 20.0 * times, "geo_alt_m": geo_m, "source": "radar"}
    assert started(area("2500 ft AMSL"), **flown) == f"{762 / 20:.3f}Z"


def test_an_altitude_that_only_later_reports_tell_moves_no_entry():
    baro_m = np.full(60, math.nan)
    baro_m[25:] = 3000.0
    assert started(area("FL50", "FL150"), baro_alt_m=baro_m) == ENTERS


def test_an_altitude_that_only_later_reports_tell_holds_for_the_way_to_them():
    for below_m, found in ((500.0, None), (10.0, None), (-500.0, ENTERS)):
        baro_alt_m = [math.nan] * 3 + [50 * 30.48 - below_m]
        assert started(area("FL50"), times=[0, 5, 10, 25], baro_alt_m=baro_alt_m) == found, below_m


@pytest.mark.parametrize(
    ("floor", "baro_alt_m", "said"), [("FL50", math.nan, False), ("FL50", 3000.0, UNSET), ("GND", math.nan, UNSET)]
)
def test_the_evidence_says_that_a_floor_could_exclude_nothing(floor, baro_alt_m, said):
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(60), baro_alt_m=baro_alt_m)
    messages = zoo.tell(pipeline(area(floor)), plots)
    assert [message.findings[0].evidence.altitude_known for message in messages] == [said] * len(messages)


def test_an_altitude_told_later_lifts_the_doubt():
    baro_alt_m = [math.nan] * 40 + [3000.0] * 60
    plots = zoo.flight(lon=lon_at(-5000.0), times=range(100), baro_alt_m=baro_alt_m)
    pipe = pipeline(area("FL50"))
    assert zoo.tell(pipe, plots.take(slice(0, 22)))[0].findings[0].evidence.altitude_known is False
    away = zoo.flight(lon=lon_at(6000.0), course=270.0, times=range(30), baro_alt_m=3000.0)
    away.time_s[:] += 50.0
    assert zoo.tell(pipe, away)[-1].findings[0].evidence.altitude_known is UNSET


def test_an_altitude_that_stopped_below_the_floor_excludes_it_no_more_than_a_minute():
    zone = area(floor="FL100")
    told = [1500.0, *[math.nan] * 59]
    plots = zoo.flight(lon=lon_at(1000.0), times=range(0, 300, 5), speed=100.0, baro_alt_m=told)
    (message,) = zoo.tell(pipeline(zone), plots)
    assert message.findings[0].evidence.altitude_known is False
    assert message.findings[0].detected_at == "1970-01-01T00:01:05.000Z"


@pytest.mark.parametrize("geo_alt_m", [math.nan, 1550.0])
def test_one_wild_altitude_is_no_incursion(geo_alt_m):
    told = [1500.0] * 60
    told[30] = 32827.0
    assert started(area(floor="FL100"), baro_alt_m=told, geo_alt_m=geo_alt_m) is None


@pytest.mark.parametrize("step_s", [1, 5])
def test_heights_that_contradict_each_other_hide_nobody(step_s):
    told = [32827.0, 6000.0] * 40
    plots = zoo.flight(lon=lon_at(-2000.0), times=range(0, 80 * step_s, step_s), speed=200.0, baro_alt_m=told)
    message, *_ = zoo.tell(pipeline(area("GND", "FL300")), plots)
    assert (message.event, message.findings[0].evidence.altitude_known) == ("opened", False)


@pytest.mark.parametrize("seed", range(4))
def test_below_the_floor_nobody_is_deep(seed):
    times = np.arange(0.0, 420.0, 12.0)  # outwards, through the floor at 180 s, 18.3 km from the eastern edge
    plots = zoo.flight(lon=20.3, speed=150.0, times=times, source="enroute-radar", baro_alt_m=2328.0 + 4.0 * times)
    (finding,) = zoo.tell(pipeline(area("FL100")), zoo.scattered(plots, 150.0, seed), until=2000.0)[-1].findings
    assert finding.evidence.deepest_at >= finding.started_at
    assert finding.evidence.max_depth_m == pytest.approx(18_300.0, abs=3 * 150.0)
