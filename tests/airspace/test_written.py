"""What is written reads back as the same."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.airspace import schedule, written
from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference, parse
from detector.airspace.properties import READERS
from detector.airspace.schedule import Hours, Interval
from detector.airspace.zones import Identity, Initial
from detector.units import FLIGHT_LEVEL_M
from tests.zoo import box, zone

SQUARE = box(20, 50, 22, 52)


@pytest.mark.parametrize(
    "text",
    ["GND", "UNL", "FL0", "FL95", "FL660", "FL999", "2500 ft AMSL", "-100 ft AMSL", "762.5 m AMSL", "0.1 m AMSL"],
)
def test_limits_read_as_they_were_written(text: str) -> None:
    of = zone(SQUARE, floor=parse(text), ceiling=parse(text))
    assert written.floor(of) == written.ceiling(of) == text


@given(st.floats(-1e5, 1e6), st.sampled_from([Reference.SEA, Reference.GROUND]))
def test_any_height_reads_back(height_m: float, reference: Reference) -> None:
    limit = Limit(height_m, reference)
    read = parse(written.floor(zone(SQUARE, floor=limit)))
    assert read == (GROUND if limit == Limit(0.0, Reference.GROUND) else limit)


@pytest.mark.parametrize(
    ("level", "floor", "ceiling"),
    [(195.5, "FL195", "FL196"), (1000, "FL999", "UNL"), (-2, "GND", "FL0"), (-0.5, "GND", "FL0")],
)
def test_between_flight_levels_the_zone_grows(level: float, floor: str, ceiling: str) -> None:
    limit = Limit(level * FLIGHT_LEVEL_M, Reference.STANDARD)
    of = zone(SQUARE, floor=limit, ceiling=limit)
    assert (written.floor(of), written.ceiling(of)) == (floor, ceiling)
    assert parse(floor).height_m <= limit.height_m <= parse(ceiling).height_m


MINUTES = st.integers(0, 1439)
DATES = st.dates().map(lambda day: (day.month, day.day))
HOURS = st.builds(
    lambda opens, closes, days, first, last: Hours(
        60 * opens, 60 * closes + schedule.DAY_S * (closes <= opens), days, first, last
    ),
    MINUTES,
    st.integers(1, 1439),
    st.frozensets(st.integers(0, 6), min_size=1),
    DATES,
    DATES,
).filter(lambda hours: hours.closes_s - hours.opens_s != schedule.DAY_S)
INTERVALS = st.builds(
    lambda start_s, length_s: Interval(start_s, start_s + length_s),
    st.integers(-(10**9), 10**10) | st.just(-math.inf),
    st.integers(1, 10**9) | st.just(math.inf),
).filter(lambda interval: interval.start_s < interval.end_s)


@given(HOURS | INTERVALS)
def test_any_window_reads_back(window: schedule.Window) -> None:
    assert schedule.parse(written.window(window)) == window


@pytest.mark.parametrize(
    "window", [Hours(), Hours(0, 86400), Hours(6 * 3600, 86400), Interval(-math.inf, math.inf), Interval(-4e10, 0)]
)
def test_whole_days_read_back(window: schedule.Window) -> None:
    assert schedule.parse(written.window(window)) == window


def test_properties_read_back() -> None:
    of = zone(
        SQUARE,
        kind="danger",
        floor=parse("FL95"),
        ceiling=UNLIMITED,
        watch=frozenset({Identity.HOSTILE, Identity.ASSUMED_FRIEND}),
        initial=Initial.ADOPT,
        near_nm=2.5,
        active=(Hours(), Interval(0, 60)),
    )
    said = written.properties(of)
    assert said.pop("active") == ["00:00-24:00", "1970-01-01T00:00:00Z/1970-01-01T00:01:00Z"]
    assert {key: READERS[key](value) for key, value in said.items()} == {key: getattr(of, key) for key in said}
