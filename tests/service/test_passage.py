"""Event time between the steps of a daemon whose wall clock is set."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from detector.service.passage import Passage, was_ahead
from tests import zoo

HOUR_S = 3600.0


def stepped(clock_s: SimpleNamespace):
    """A core whose event time is 100, and its passage, at monotonic time 7."""
    core, passage = zoo.pipeline([zoo.SQUARE]), Passage(lambda: clock_s.now)
    until_s = passage.step(core, np.empty(0), 100.0)
    core.step(zoo.flight(lon=19.9, times=[100.0]), 100.0, until_s)
    return core, passage


@pytest.mark.parametrize(
    ("wall_s", "until_s"), [(102.0, 102.0), (101.0, 101.0), (102.0 + HOUR_S, 102.0), (102.0 - HOUR_S, 102.0 - HOUR_S)]
)
def test_time_passes_by_the_clock_that_nobody_sets_and_not_beyond_the_one_on_the_wall(wall_s, until_s):
    clock = SimpleNamespace(now=7.0)
    core, passage = stepped(clock)
    clock.now += 2.0
    assert passage.time_s(core, wall_s) == passage.time_s(core, wall_s) == until_s
    assert passage.step(core, np.empty(0), wall_s) == until_s


@pytest.mark.parametrize(
    ("report_s", "wall_s", "deaf_until_s"),
    [(102.0, 102.0, -math.inf), (111.0, 102.0, -math.inf), (160.0, 160.0, 160.0), (160.0, 102.0, -math.inf)],
    ids=["as ever", "sensor ahead", "leaps", "future"],
)
def test_nobody_was_silent_before_time_leaps(report_s, wall_s, deaf_until_s):
    clock = SimpleNamespace(now=7.0)
    core, passage = stepped(clock)
    clock.now += 2.0
    passage.step(core, np.array([report_s]), wall_s)
    assert core.tracks.deaf_until_s == deaf_until_s


@pytest.mark.parametrize(
    ("reports_s", "wall_s", "ahead"),
    [
        ([100.0], 100.0, False),
        ([60.0], 60.0, False),
        ([30.0], 30.0, True),
        ([100.0], 30.0, False),  # the clock is behind, reports say
        ([100.0, 30.0], 30.0, True),
        ([], 30.0, False),
    ],
)
def test_a_clock_was_ahead_where_a_report_agrees_with_the_one_that_is(reports_s, wall_s, ahead):
    core, _ = stepped(SimpleNamespace(now=7.0))
    assert was_ahead(core, np.array(reports_s), wall_s) is ahead
