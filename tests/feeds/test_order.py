"""Time order restored, repeats and late rows dropped."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.order import Reorder
from feeds.plots import Plots, concatenate, make
from feeds.table import Rejected

DAY_S = 86_400.0


def rows(times: list[float], names: list[str] | None = None) -> Plots:
    """Build plots; unless named, each is its own track, so that none repeats another."""
    n = len(times)
    names = names or [str(i) for i in range(n)]
    columns = {"time_s": times, "track_id": names, "lat_deg": np.zeros(n), "lon_deg": np.zeros(n)}
    return make(columns)


def reordered(plots: Plots, cuts: list[int]) -> tuple[Plots, Rejected]:
    order = Reorder()
    edges = [0, *sorted(cuts), len(plots)]
    parts = [order.push(plots.take(slice(a, b))) for a, b in itertools.pairwise(edges)]
    return concatenate([*parts, order.flush()]), order.rejected


@pytest.mark.parametrize(
    ("times", "kept", "rejected"),
    [
        ([], [], {}),
        ([5], [5], {}),
        ([1, 3, 2, 4], [1, 2, 3, 4], {}),
        ([100, 40], [40, 100], {}),  # exactly 60 s
        ([100, 39.9], [100], {"late": 1}),
        ([100, 200, 120, 160], [100, 160, 200], {"late": 1}),
        ([10, 9 * DAY_S, 11, 12], [10, 11, 12], {"leap": 1}),
        ([9 * DAY_S, 11, 12], [11, 12], {"leap": 1}),  # the first row
        ([10, 11, 9 * DAY_S], [10, 11, 9 * DAY_S], {}),  # the last row harms none
        ([10, 900 * DAY_S, 900 * DAY_S + 1], [10, 900 * DAY_S, 900 * DAY_S + 1], {}),  # a gap of years
        ([10, 900 * DAY_S, 900 * DAY_S + 1, 11], [10, 900 * DAY_S, 900 * DAY_S + 1], {"late": 1}),
        ([9 * DAY_S, 9 * DAY_S, 10, 9 * DAY_S + 1, 11], [9 * DAY_S, 9 * DAY_S, 9 * DAY_S + 1], {"late": 2}),
        ([10, 100, 11], [10, 100], {"late": 1}),  # less than ten minutes ahead: believed
    ],
)
def test_order(times: list[float], kept: list[float], rejected: dict[str, int]) -> None:
    plots, counts = reordered(rows(times), [])
    assert plots.time_s.tolist() == kept
    assert counts == rejected


def test_rows_are_released_once_they_are_sixty_seconds_old() -> None:
    order = Reorder()
    assert order.push(rows([0, 30, 60.5, 61])).time_s.tolist() == [0]
    assert order.push(rows([100])).time_s.tolist() == []
    assert order.push(rows([100])).time_s.tolist() == [30]


def test_equal_times_keep_their_order() -> None:
    plots, _ = reordered(rows([2, 1, 2, 1, 2], list("abcde")), [2])
    assert "".join(plots.track_id) == "bdace"


def test_many_rows_of_one_time_keep_their_order() -> None:
    names = [str(i) for i in range(500)]
    plots, _ = reordered(rows([0.0, 1.0] * 250, names), [])
    assert plots.track_id.tolist() == names[::2] + names[1::2]


def test_a_repeat_of_exactly_the_oldest_age_is_still_known() -> None:
    order = Reorder()
    first = rows([0.0], ["a"])
    parts = [order.push(batch) for batch in (first, rows([60.0], ["b"]), rows([60.0], ["c"]), first)]
    assert concatenate([*parts, order.flush()]).track_id.tolist() == ["a", "b", "c"]
    assert order.rejected == {"repeat": 1}


@pytest.mark.parametrize(
    ("second", "repeats"),
    [
        ({}, 1),
        ({"callsign": "B"}, 0),
        ({"gs_mps": 1.0}, 0),
        ({"nic": 8}, 0),
        ({"source": "other"}, 0),
        ({"time_s": 1.5}, 0),
        ({"lat_deg": 50.1}, 0),
    ],
)
def test_only_what_is_equal_in_every_column_is_a_repeat(second: dict[str, object], repeats: int) -> None:
    first = {"time_s": 1.0, "track_id": "a", "lat_deg": 50.0, "lon_deg": 20.0, "callsign": "A", "nic": 7}
    batch = [make({name: [value] for name, value in row.items()}) for row in (first, first | second, {**first})]
    plots, counts = reordered(concatenate(batch), [1])
    assert counts["repeat"] == repeats + 1  # the third repeats the first, with another row between them
    assert len(plots) == 2 - repeats


times = st.one_of(st.integers(0, 200), st.sampled_from([3 * DAY_S, 3 * DAY_S + 1, 9 * DAY_S])).map(float)
streams = st.lists(st.tuples(times, st.sampled_from("ab")), max_size=25)


@given(streams, st.lists(st.integers(0, 25), max_size=8))
def test_any_cut_gives_the_same_sequence(stream: list[tuple[float, str]], cuts: list[int]) -> None:
    plots = rows([t for t, _ in stream], [name for _, name in stream])
    whole, counts = reordered(plots, [])
    cut, cut_counts = reordered(plots, [min(c, len(plots)) for c in cuts])
    assert list(zip(cut.time_s, cut.track_id, strict=True)) == list(zip(whole.time_s, whole.track_id, strict=True))
    assert cut_counts == counts
    assert (np.diff(whole.time_s) >= 0).all()
    assert len(whole) + counts.total() == len(plots)


def by_the_book(stream: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the same by a loop over rows, for streams without leaps."""
    newest, kept = -np.inf, []
    for row in stream:
        newest = max(newest, row[0])
        if row[0] >= newest - 60 and row not in kept:
            kept.append(row)
    return sorted(kept, key=lambda row: row[0])


@given(st.lists(st.tuples(st.integers(0, 200).map(float), st.sampled_from("abc")), max_size=25))
def test_it_agrees_with_a_plain_loop(stream: list[tuple[float, str]]) -> None:
    plots, _ = reordered(rows([t for t, _ in stream], [name for _, name in stream]), [7] if len(stream) > 7 else [])
    assert list(zip(plots.time_s, plots.track_id, strict=True)) == by_the_book(stream)


def test_unknown_values_are_equal(same_plots: Callable[[Plots, Plots], None]) -> None:
    one = rows([1.0], ["a"])
    plots, counts = reordered(concatenate([one, one, one]), [])
    assert counts == {"repeat": 2}
    same_plots(plots, one)
