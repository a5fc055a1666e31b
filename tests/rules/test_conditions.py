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


def test_it_dates_from_the_first_report_that_showed_it():
    condition = Conditions()
    condition.fit(4)
    for time_s, shown in ((0, True), (10, False), (20, True), (30, True), (40, False)):
        condition.take(ROW, np.array([shown]), np.array([float(time_s)]), np.ones(1))
    assert (condition.first_s[3], condition.last_s[3]) == (0.0, 30.0)
    condition.forget(ROW)
    assert not condition.pending(ROW).any()
