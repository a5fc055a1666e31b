"""Strips thinner than positions are known to: crossed means crossed, passed by means passed by."""

from __future__ import annotations

import numpy as np
import pytest

from detector.airspace.altitude import parse
from tests import zoo
from tests.rules.test_incursion import lon_at


def strip(width_m: float, north: float = 55.0, **limits):
    """A strip north and south along 20 E."""
    return zoo.zone(zoo.box(20.0, 54.0, lon_at(width_m), north), **limits)


def told(zone, **flown):
    known = {"lon": lon_at(-8000.0), "times": np.arange(0.0, 70.0, 12.0), "source": "enroute-radar"} | flown
    return zoo.tell(zoo.pipeline([zone]), zoo.flight(**known), until=100.0)


@pytest.mark.parametrize("course", [90.0, 60.0, 130.0])
@pytest.mark.parametrize("width_m", [20.0, 100.0, 300.0])
def test_who_was_on_one_side_and_is_on_the_other_has_been_in_it(width_m, course):
    message = told(strip(width_m), course=course)[0]
    (finding,) = message.findings
    assert (message.event, message.phase, message.certainty) == ("opened", "egress", "likely")
    assert finding.evidence.probability >= 0.95
    assert finding.evidence.max_depth_m <= width_m / 2 + 1
    assert finding.started_at < finding.ended_at


@pytest.mark.parametrize(("beyond_m", "found"), [(-600.0, True), (-100.0, False), (100.0, False), (600.0, False)])
def test_the_end_of_a_strip_is_crossed_only_by_who_is_surely_not_beyond_it(beyond_m, found):
    """Sigma is 150 m, 106 m in the middle between two reports, and what the path may have bent."""
    _, north, _ = zoo.GEOD.fwd(20.0, 54.5, 0.0, -beyond_m)
    assert bool(told(strip(100.0, north))) is found


def test_who_stops_short_of_it_has_not_been_in_it():
    times = [0.0, 12.0, 24.0]  # 8 km away at 250 m/s
    assert not told(strip(100.0), times=times, lon=lon_at(-6100.0))
    assert not told(strip(100.0), times=times, lon=lon_at(-6150.0))


def test_who_is_hardly_beyond_it_may_be_in_it_or_before_it():
    assert not told(strip(100.0), times=[0.0, 12.0, 24.0], lon=lon_at(-5850.0))


@pytest.mark.parametrize(("alt_m", "found"), [(2000.0, False), (3040.0, False), (4000.0, True)])
def test_over_a_strip_is_not_in_it(alt_m, found):
    assert bool(told(strip(100.0, floor=parse("FL100")), baro_alt_m=alt_m)) is found


def test_along_it_beside_it_is_not_in_it():
    assert not told(strip(100.0), lon=lon_at(-400.0), lat=54.2, course=0.0, times=np.arange(0.0, 100.0, 12.0))
