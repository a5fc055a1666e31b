import math
from datetime import UTC, date, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from detector.airspace.schedule import DAYS, FORMS, Hours, Interval, is_active, next_change_s, parse


def at(text: str) -> float:
    return datetime.fromisoformat(f"{text}Z").timestamp()


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [  # 2026-11-23 is a Monday
        ("2026-11-23T06:00Z/2026-11-23T18:00Z", ["2026-11-23T06:00", "2026-11-23T17:59:59"], ["2026-11-23T05:59:59", "2026-11-23T18:00", "2026-11-24T12:00"]),  # noqa: E501
        ("2026-11-23T06:00:30Z/..", ["2026-11-23T06:00:30", "2099-01-01T00:00"], ["2026-11-23T06:00:29"]),
        ("2026-01-01T00:00Z/9999-12-31T24:00Z", ["2026-01-01T00:00", "9998-01-01T00:00"], ["2025-12-31T23:59:59"]),
        ("../2026-11-23T24:00Z", ["1969-01-01T00:00", "2026-11-23T23:59:59"], ["2026-11-24T00:00"]),
        ("/2026-11-23T18:00Z", ["1999-01-01T00:00"], ["2026-11-23T18:00"]),
        ("06:00-18:00", ["2026-11-23T06:00", "2026-11-28T17:59:59"], ["2026-11-23T18:00", "2026-11-23T05:59:59"]),
        ("00:00-24:00", ["2026-11-23T00:00", "2026-11-23T23:59:59"], []),
        ("mon-fri 06:00-18:00", ["2026-11-23T06:00", "2026-11-27T17:59"], ["2026-11-28T12:00", "2026-11-22T12:00"]),
        ("SAT,SUN 22:00-04:00", ["2026-11-28T22:00", "2026-11-29T03:59", "2026-11-30T03:59"], ["2026-11-28T03:00", "2026-11-30T04:00", "2026-11-30T22:00"]),  # noqa: E501
        ("SAT-MON,WED", ["2026-11-29T00:00", "2026-11-23T23:59", "2026-11-25T12:00"], ["2026-11-24T12:00", "2026-11-27T12:00"]),  # noqa: E501
        ("04-01/09-30 06:00-18:00", ["2026-04-01T06:00", "2026-09-30T17:59"], ["2026-03-31T12:00", "2026-10-01T12:00", "2026-07-01T18:00"]),  # noqa: E501
        ("01 apr - 30 sep 06:00-18:00", ["2026-04-01T06:00", "2026-09-30T17:59"], ["2026-03-31T12:00", "2026-07-01T18:00"]),  # noqa: E501
        ("15 NOV-15 MAR MON-FRI", ["2026-11-23T12:00", "2027-01-01T12:00"], ["2026-11-22T12:00", "2026-07-01T12:00"]),
        ("11-01/02-29", ["2026-11-01T00:00", "2026-12-31T23:59", "2027-02-28T23:59", "2028-02-29T12:00"], ["2026-10-31T23:59", "2027-03-01T00:00"]),  # noqa: E501
        ("09-30/09-30 MON-SUN 22:00-04:00", ["2026-09-30T22:00", "2026-10-01T03:59"], ["2026-09-30T03:00", "2026-10-01T22:00"]),  # noqa: E501
    ],
)  # fmt: skip
def test_windows(text: str, inside: list[str], outside: list[str]) -> None:
    window = parse(text)
    assert [is_active([window], at(time)) for time in inside] == [True] * len(inside)
    assert [is_active([window], at(time)) for time in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    "text",
    [
        "", "H24", "HX", "6:00-18:00", "06:00-18:60", "24:00-06:00", "06:00-24:01", "06:00-06:00", "06:00", "0600-1800",
        "MON-FRY 06:00-18:00",
        "MON FRI 06:00-18:00", "06:00-18:00 MON-FRI", "MON,", "MON-", "02-30/09-30", "13-01/12-01",
        "30 FEB-30 SEP", "01 APR", "01 APR-30 SEPT", "1 APR-30 SEP", "MON 01 APR-30 SEP",
        "2026-11-23T06:00Z", "2026-11-23T06:00/2026-11-23T18:00", "2026-11-23T18:00Z/2026-11-23T06:00Z",
        "2026-11-23T06:00Z/2026-11-23T06:00Z", "2026-11-31T06:00Z/..", "2026-11-23T24:01Z/..", "2026-11-23/2026-11-24",
        "2026-11-23T06:00Z/../..", "9999-12-31T24:00Z", "٠٦:٠٠-١٨:٠٠", "2026-11-23T06:00Z/2026-11-24T06:00Z MON",
    ],
)  # fmt: skip
def test_wrong_forms_name_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        parse(text)
    assert str(raised.value) == FORMS


def test_the_forms_named_are_right() -> None:
    listed = FORMS.removesuffix(", all UTC").replace(" (.. for an open end)", "").replace(" or ", ", ").split(", ")
    assert [type(parse(form)) for form in listed] == [Interval, Hours, Hours, Hours, Hours, Hours]


def test_without_windows_a_zone_is_always_active() -> None:
    assert is_active([], 0.0)
    assert next_change_s([], 0.0) == math.inf


@pytest.mark.parametrize(
    ("windows", "now", "change"),
    [
        (["2026-11-23T06:00Z/2026-11-23T18:00Z"], "2026-11-23T05:00", "2026-11-23T06:00"),
        (["2026-11-23T06:00Z/2026-11-23T18:00Z"], "2026-11-23T06:00", "2026-11-23T18:00"),
        (["2026-11-23T06:00Z/2026-11-23T18:00Z"], "2026-11-23T18:00", None),
        (["2026-11-23T06:00Z/.."], "2026-11-23T06:00", None),
        (["SAT,SUN 22:00-04:00"], "2026-11-30T03:00", "2026-11-30T04:00"),
        (["SAT,SUN 22:00-04:00"], "2026-11-30T04:00", "2026-12-05T22:00"),
        (["MON-FRI"], "2026-11-23T12:00", "2026-11-28T00:00"),  # midnights between are no change
        (["MON-FRI 06:00-12:00", "12:00-18:00", "15:00-20:00"], "2026-11-23T07:00", "2026-11-23T20:00"),
        (["00:00-24:00"], "2026-11-23T12:00", None),
        (["02-29/02-29 06:00-18:00"], "2096-03-01T00:00", "2104-02-29T06:00"),
    ],
)
def test_next_change(windows: list[str], now: str, change: str | None) -> None:
    expected = math.inf if change is None else at(change)
    assert next_change_s([parse(text) for text in windows], at(now)) == expected


MINUTES = st.integers(0, 1439)


@given(MINUTES, MINUTES, st.sets(st.sampled_from(DAYS), min_size=1), st.integers(0, 20 * 1440))
def test_hours_agree_with_a_calendar(start: int, end: int, days: set[str], minute: int) -> None:
    if start == end:
        return
    text = f"{','.join(days)} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    now = datetime(2026, 12, 20, tzinfo=UTC) + timedelta(minutes=minute)
    opened = (datetime(2026, 12, 13, tzinfo=UTC) + timedelta(days=n, minutes=start) for n in range(40))
    lasts = timedelta(minutes=(end - start) % 1440)
    expected = any(DAYS[time.weekday()] in days and time <= now < time + lasts for time in opened)
    assert is_active([parse(text)], now.timestamp()) == expected


@given(
    st.lists(
        st.sampled_from(["MON-FRI 06:00-18:00", "22:00-04:00", "12-24/01-06", "../2026-12-25T12:00Z"]), min_size=1
    ),
    st.integers(0, 30 * 1440),
)
def test_nothing_changes_before_the_next_change(texts: list[str], minute: int) -> None:
    windows = [parse(text) for text in texts]
    now_s = datetime.combine(date(2026, 12, 10), datetime.min.time(), UTC).timestamp() + minute * 60.0
    change_s = next_change_s(windows, now_s)
    if change_s < math.inf:
        assert is_active(windows, change_s) != is_active(windows, now_s)
    until_s = min(change_s, now_s + 40 * 86400)
    times = [now_s + n * 1800 for n in range(2000) if now_s + n * 1800 < until_s]
    assert {is_active(windows, time_s) for time_s in times} == {is_active(windows, now_s)}
