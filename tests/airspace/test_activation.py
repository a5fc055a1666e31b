"""When zones count, against their windows asked second by second."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.airspace.activation import MEMORY_S, Activation, over
from detector.airspace.schedule import Interval, is_active, parse
from detector.airspace.zones import Zone

MONDAY_S = 1795392000.0  # 2026-11-23


def zone(*windows: str | Interval) -> Zone:
    return Zone("z", (), "Z", active=tuple(parse(each) if isinstance(each, str) else each for each in windows))


def test_without_windows_nothing_ever_changes() -> None:
    activation = Activation([zone(), zone()])
    assert activation.advance(MONDAY_S) == []
    assert (activation.always, activation.due_s) == (True, math.inf)
    assert (activation.opened_s.tolist(), activation.closed_s.tolist()) == ([-math.inf] * 2, [math.inf] * 2)


@pytest.mark.parametrize(
    ("windows", "hour", "opened", "closed", "due"),
    [
        (["06:00-18:00"], 5, -math.inf, -math.inf, 6),
        (["06:00-18:00"], 6, 6, math.inf, 18),
        (["06:00-18:00"], 6.1, 6, math.inf, 18),
        (["06:00-18:00"], 12, -math.inf, math.inf, 18),  # so long ago that nobody asks
        (["06:00-18:00"], 18, -math.inf, 18, 30),
        (["06:00-18:00"], 18.1, -math.inf, 18, 30),
        (["06:00-06:05"], 6.1, 6, 6 + 1 / 12, 30),
        (["TUE 06:00-18:00"], 6, -math.inf, -math.inf, 30),
        (["2026-11-23T06:00Z/2026-11-23T18:00Z"], 18, -math.inf, 18, math.inf),
    ],
)
def test_the_latest_span(windows: list[str], hour: float, opened: float, closed: float, due: float) -> None:
    activation = Activation([zone(), zone(*windows)])
    activation.advance(MONDAY_S + hour * 3600)
    found = (activation.opened_s[1], activation.closed_s[1], activation.due_s)
    assert found == pytest.approx(tuple(MONDAY_S + hours * 3600 for hours in (opened, closed, due)))
    assert (activation.opened_s[0], activation.closed_s[0]) == (-math.inf, math.inf)


def test_before_all_time_nothing_is_known() -> None:
    activation = Activation([zone("06:00-18:00")])
    assert activation.advance(-math.inf) == []
    assert activation.closed() == []
    activation.advance(MONDAY_S + 5 * 3600)
    assert activation.closed() == [0]


def test_it_tells_what_closes() -> None:
    activation = Activation([zone("06:00-18:00"), zone(), zone("06:00-12:00"), zone("12:00-18:00")])
    assert activation.advance(MONDAY_S + 6 * 3600) == [3]
    assert activation.advance(activation.due_s) == [2]
    assert activation.advance(activation.due_s) == [0, 3]
    assert activation.due_s == MONDAY_S + 30 * 3600


spans = st.tuples(st.integers(0, 3000), st.integers(1, 900)).map(lambda each: Interval(each[0], each[0] + each[1]))


@given(windows=st.lists(spans, min_size=1, max_size=5), times=st.sets(st.integers(0, 4000), min_size=1))
def test_it_says_what_the_windows_say_however_time_passes(windows: list[Interval], times: set[int]) -> None:
    activation = Activation([zone(*windows)])
    for time_s in sorted(times):
        before = activation.closed_s[0]
        first = not math.isfinite(activation.due_s)
        closed = activation.advance(time_s)
        counts = is_active(windows, time_s)
        assert (activation.closed_s[0] == math.inf) == counts
        if not first:
            assert closed == ([0] if before == math.inf and not counts else [])
        while_memory = [t for t in range(math.ceil(time_s - MEMORY_S), time_s + 1) if is_active(windows, t)]
        opened_s, closed_s = activation.opened_s[0], activation.closed_s[0]
        latest = [t for t in while_memory if opened_s <= t < closed_s]
        if counts:
            assert latest == while_memory[-len(latest) :]
            assert opened_s == -math.inf or not is_active(windows, opened_s - 1)
        assert all(not is_active(windows, t) for t in range(time_s, int(min(activation.due_s, 4000)))) or counts


def test_zones_whose_windows_are_over_are_named() -> None:
    zones = [
        Zone(name, (), name, active=tuple(map(parse, windows)))
        for name, windows in {
            "always": [],
            "over": ["../2026-11-23T06:00Z"],
            "again": ["../2026-11-23T06:00Z", "SUN"],
            "later": ["2027-01-01T00:00Z/.."],
            "now": ["2026-11-23T00:00Z/2026-11-23T18:00Z"],
        }.items()
    ]
    assert over(zones, MONDAY_S + 12 * 3600) == [
        'zone "over": its last window of activation is over, it does not count any more'
    ]
