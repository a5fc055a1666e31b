"""Conditions, report by report."""

import numpy as np
import pytest

from detector.rules.conditions import Conditions

ROW = np.array([3])


def turns(shown: str, step_s: float = 5.0, values: list[float] | None = None) -> str:
    """What reports make of a condition: b begins, g grows, e ends, - nothing."""
    condition = Conditions()
    condition.fit(4)
    said = ""
    for k, letter in enumerate(shown):
        value = np.array([1.0 if values is None else values[k]])
        turn = condition.take(ROW, np.array([letter == "x"]), np.array([k * step_s]), value)
        said += "b" if turn.begins[0] else "g" if turn.grows[0] else "e" if turn.ends[0] else "-"
    return said


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("x", "-"),  # one report is a glitch
        ("xx", "-b"),
        ("x.x", "--b"),
        ("x..x", "---b"),
        ("x...x", "-----"),  # 1 of 4, twice
        ("xx..", "-b--"),
        ("xx...", "-b--e"),
        ("xx..x...", "-b-----e"),
        ("xx...xx", "-b--e-b"),
    ],
)
def test_two_of_four_begin_it_and_three_without_end_it(shown, expected):
    assert turns(shown) == expected


def test_it_lasts_five_seconds_without_however_many_reports_there_are():
    assert turns("xx" + 8 * ".", step_s=1.0) == "-b-----e--"


def test_it_grows_when_there_is_more_of_it():
    assert turns("xxxxx", values=[1.0, 2.0, 2.01, 3.0, 2.0]) == "-b-g-"


def moves(zones: str, reports: int = 2) -> str:
    """What reports about zones make of a condition: b begins, e ends, m moves on to another zone, - nothing."""
    condition, said = Conditions(reports), ""
    condition.fit(4)
    for k, letter in enumerate(zones):
        shown, time_s = np.array([letter != "."]), np.array([5.0 * k])
        turn = condition.take(ROW, shown, time_s, np.ones(1), zone=np.array([" ABC".find(letter)]))
        said += "m" if turn.begins[0] and turn.ends[0] else "b" if turn.begins[0] else "e" if turn.ends[0] else "-"
    return said


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ("AABB", "-b-m"),
        ("AABAB", "-b---"),  # one alone is none
        ("AAB.B", "-b--m"),
        ("AABCBC", "-b----"),
        ("AABBB", "-b-m-"),
        ("AABBAA", "-b-m-m"),
        ("AB", "-b"),  # of the latest
        ("ABB", "-b-"),
    ],
)
def test_two_in_succession_of_another_zone_end_it_and_begin_it_there(zones, expected):
    assert moves(zones) == expected


@pytest.mark.parametrize(("zones", "expected"), [("AB", "b-"), ("A.B", "b-m"), ("ABB", "b-m"), ("ABA", "b--")])
def test_one_that_follows_none_is_enough_where_one_is(zones, expected):
    assert moves(zones, reports=1) == expected


def test_what_is_seen_of_another_zone_is_no_more_of_the_first():
    condition = Conditions()
    condition.fit(4)
    for k, (zone, value) in enumerate(((1, 1.0), (1, 1.0), (2, 9.0), (1, 1.0))):
        turn = condition.take(ROW, np.array([True]), np.array([5.0 * k]), np.array([value]), zone=np.array([zone]))
        assert not turn.grows[0]
    assert (condition.peak[3], condition.zone[3]) == (1.0, 1)


def test_what_ends_for_another_zone_ends_when_that_began():
    condition = Conditions()
    condition.fit(4)
    for k, zone in enumerate((1, 1, 2, 2)):
        turn = condition.take(ROW, np.array([True]), np.array([5.0 * k]), np.ones(1), zone=np.array([zone]))
    assert (turn.first_s[0], turn.last_s[0], turn.zone[0]) == (0.0, 10.0, 1)
    assert (condition.first_s[3], condition.last_s[3], condition.zone[3]) == (10.0, 15.0, 2)


def test_zones_that_are_numbered_anew_are_the_same_zones():
    condition, said = Conditions(), ""
    condition.fit(4)
    for k, zone in enumerate((0, 0, 1, 0)):
        if k == 2:
            condition.renumber(np.array([1, 0, -1]))
        turn = condition.take(ROW, np.array([True]), np.array([5.0 * k]), np.ones(1), zone=np.array([zone]))
        said += "m" if turn.begins[0] and turn.ends[0] else "b" if turn.begins[0] else "-"
    assert said == "-b--"
    condition.renumber(np.array([-1, -1, -1]))
    assert condition.zone[3] == -1


def test_it_dates_from_the_first_report_that_showed_it():
    condition = Conditions()
    condition.fit(4)
    for time_s, shown in ((0, True), (10, False), (20, True), (30, True), (40, False)):
        condition.take(ROW, np.array([shown]), np.array([float(time_s)]), np.ones(1))
    assert (condition.first_s[3], condition.last_s[3]) == (0.0, 30.0)
    condition.forget(ROW)
    assert not condition.pending(ROW).any()
