"""SBS-1 lines to plots."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.plots import Plots, concatenate
from feeds.sbs import SbsParser
from feeds.table import Rejected

NOON_S = datetime(2024, 7, 6, 12, tzinfo=UTC).timestamp()
FIELDS = {
    "callsign": 10,
    "alt": 11,
    "gs": 12,
    "track": 13,
    "lat": 14,
    "lon": 15,
    "vrate": 16,
    "squawk": 17,
    "ground": 21,
}


def msg(kind: int, second: float = 0, hex_: str = "48D80A", zone_h: float = 0, **values: object) -> bytes:
    """Return a line as dump1090 writes it; `second` is counted from noon UTC."""
    moment = datetime.fromtimestamp(NOON_S + second + zone_h * 3600, UTC)
    date, clock = moment.strftime("%Y/%m/%d"), moment.strftime("%H:%M:%S.%f")[:-3]
    cells = ["MSG", str(kind), "1", "1", hex_, "1", date, clock, date, clock, *[""] * 12]
    for name, value in values.items():
        cells[FIELDS[name]] = str(value)
    return ",".join(cells).encode() + b"\r\n"


HERE = {"lat": 52.25, "lon": 21.0, "alt": 10000}


def parse(*lines: bytes, received_s: float | None = NOON_S) -> tuple[Plots, Rejected]:
    parser = SbsParser()
    return parser.parse(b"".join(lines), received_s), parser.rejected


def test_a_position_is_completed_with_what_the_aircraft_sent_before() -> None:
    plots, rejected = parse(
        msg(1, callsign="PLF101  "),
        msg(6, squawk="0021", alt=9900),
        msg(4, 1, gs=360, track=90.5, vrate=-600),
        msg(4, 1, hex_="abcdef", gs=1, track=1, vrate=1),
        msg(3, 2, **HERE, ground=0),
    )
    assert not rejected
    assert (len(plots), plots.time_s[0]) == (1, NOON_S + 2)
    assert (plots.icao24[0], plots.track_id[0], plots.callsign[0], plots.squawk[0]) == ("48d80a",) * 2 + (
        "PLF101",
        "0021",
    )
    assert (plots.lat_deg[0], plots.lon_deg[0], plots.on_ground[0]) == (52.25, 21.0, 0)
    np.testing.assert_allclose(plots.baro_alt_m, 3048)
    np.testing.assert_allclose(plots.gs_mps, 185.2)
    np.testing.assert_allclose(plots.vrate_mps, -3.048)
    assert plots.track_deg[0] == 90.5
    assert (plots.source[0], plots.nac_p[0], np.isnan(plots.geo_alt_m[0])) == (None, -1, True)


@pytest.mark.parametrize(
    ("kind", "flag", "on_ground"), [(2, "-1", 1), (2, "", 1), (3, "0", 0), (3, "-1", 1), (3, "1", 1), (3, "", -1)]
)
def test_on_ground_is_the_position_lines_own(kind: int, flag: str, on_ground: int) -> None:
    plots, _ = parse(msg(5, alt=575, ground=0), msg(kind, lat=52, lon=21, gs=0.375, ground=flag))
    assert plots.on_ground[0] == on_ground


@pytest.mark.parametrize(
    ("age_s", "known"),
    [
        (9, {"callsign", "squawk", "speed", "altitude"}),
        (11, {"callsign", "squawk"}),
        (299, {"callsign", "squawk"}),
        (301, set()),
    ],
)
def test_what_is_old_is_not_known(age_s: float, known: set[str]) -> None:
    lines = (msg(1, callsign="PLF101"), msg(6, squawk="1000", alt=500), msg(4, gs=100, track=1, vrate=0))
    plots, _ = parse(*lines, msg(3, age_s, lat=52, lon=21), received_s=None)
    found = {"callsign": plots.callsign[0], "squawk": plots.squawk[0]}
    found |= {"speed": not np.isnan(plots.gs_mps[0]), "altitude": not np.isnan(plots.baro_alt_m[0])}
    assert {name for name, value in found.items() if value} == known


def test_silence_is_counted_for_each_aircraft() -> None:
    others = [msg(8, second, hex_="abcdef") for second in (0, 301)]
    plots, _ = parse(others[0], msg(1, 100, callsign="PLF101"), others[1], msg(3, 450, **HERE), received_s=None)
    assert plots.callsign[0] is None


def test_an_aircraft_that_keeps_talking_keeps_its_callsign() -> None:
    lines = [msg(1, callsign="PLF101"), *(msg(8, s) for s in range(0, 900, 250)), msg(3, 900, **HERE)]
    assert parse(*lines, received_s=None)[0].callsign[0] == "PLF101"


@pytest.mark.parametrize(
    "line",
    [
        b"\r\n",
        b"SEL,,1,1,48D80A,1,2024/07/06,12:00:00.000,,,PLF101\r\n",
        b"STA,,1,1,48D80A,1,2024/07/06,12:00:00.000,,,RM\r\n",
        msg(3, alt=10000, ground=0),  # the server does not know the position yet
        msg(8, ground=0),
        msg(4, gs=100, track=10, vrate=64),
    ],
)
def test_lines_without_a_position_are_no_plots_and_no_fault(line: bytes) -> None:
    plots, rejected = parse(line)
    assert (len(plots), rejected) == (0, {})


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "line: not SBS"),
        (b"\x1a\x33\x00\xff\n", "line: not SBS"),
        (b"MSG,3,1,1,48D80A,1,2024/07/06,12:00:00.000,,,,100,,,52.25,2\r\n", "line: not 22 fields"),
        (b"M" * 5000 + b"\n", "line: too long"),
        (msg(3, hex_="48D80", **HERE), "icao24: not six hex digits"),
        (msg(3, hex_="48D80G", **HERE), "icao24: not six hex digits"),
        (msg(3, lat="north", lon=21), "lat: not a number"),
        (msg(3, lat=52, lon="nan"), "lon: not a number"),
        (msg(3, lat=52, lon="2_1"), "lon: not a number"),
        (msg(3, lat=95, lon=21), "lat: out of range"),
        (msg(4, gs="fast", track=1, vrate=1), "gs_kt: not a number"),
        (msg(6, squawk="9999"), "squawk: not four octal digits"),
        (msg(3, **HERE, ground="?"), "on_ground: not a flag"),
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_harms_no_other(line: bytes, reason: str) -> None:
    plots, rejected = parse(line, msg(3, **HERE))
    assert rejected == {reason: 1}
    assert (plots.lat_deg.tolist(), np.isnan(plots.gs_mps).all(), plots.squawk[0]) == ([52.25], True, None)


def test_an_address_that_is_not_icao_names_the_track_only() -> None:
    plots, _ = parse(msg(3, hex_="~2E5C1A", **HERE))
    assert (plots.track_id[0], plots.icao24[0]) == ("~2e5c1a", None)


@pytest.mark.parametrize("zone_h", [0, 2, -5, 5.75, 14, -9.5])
def test_the_servers_local_time_is_corrected_by_whole_quarter_hours(zone_h: float) -> None:
    plots, _ = parse(*(msg(3, s, zone_h=zone_h, **HERE) for s in (-1.25, 0, 0.5)), received_s=NOON_S)
    np.testing.assert_allclose(plots.time_s - NOON_S, [-1.25, 0, 0.5], atol=1e-6)


@pytest.mark.parametrize(
    ("said_s", "taken_s"),
    [
        ([0, -4.9, 4.9, -24.9, 0.5], [0, -4.9, 4.9, -24.9, 0.5]),  # lines that had to wait
        ([0, -25.1, 0.5], [0, 0, 0]),
        ([0, 5.1, 0.5], [0, 0, 0]),
        ([-5.1, 0], [0, 0]),
        ([400, 0], [0, 0]),  # no zone
    ],
)
def test_a_clock_that_is_off_is_not_believed_again(said_s: list[float], taken_s: list[float]) -> None:
    plots, _ = parse(*(msg(3, second, **HERE) for second in said_s), received_s=NOON_S)
    np.testing.assert_allclose(plots.time_s - NOON_S, taken_s, atol=1e-6)


def assert_taken(heard: list[tuple[float, float]], taken_s: list[float]) -> None:
    """Which times lines are taken to have, by when they were sent and received."""
    parser = SbsParser()
    plots = concatenate([parser.parse(msg(3, sent, **HERE), NOON_S + received) for sent, received in heard])
    np.testing.assert_allclose(plots.time_s - NOON_S, taken_s, atol=1e-6)


@pytest.mark.parametrize(
    ("heard", "taken_s"),
    [
        ([(0, 0), (1, 40), (20, 40.1), (40, 41), (42, 42)], [0, 1, 20, 40, 42]),
        ([(0, 0), (1, 40), (2, 41), (10, 45), (11, 45.1), (40, 46)], [0, 1, 2, 10, 45.1, 46]),  # a clock stood still
        ([(0, 0), (1, 40), (40, 41), (42, 80), (80, 81)], [0, 1, 40, 42, 80]),  # waited twice
        ([(0, 0), (40, 40), (1, 41), (42, 42)], [0, 40, 41, 42]),  # a clock that was set back
    ],
)
def test_lines_that_came_all_at_once_after_a_connection_stood_still(
    heard: list[tuple[float, float]], taken_s: list[float]
) -> None:
    assert_taken(heard, taken_s)


@pytest.mark.parametrize(
    ("heard", "taken_s"),
    [
        ([(0, 0), (1, 1), (-18, 2), (-17, 3), (-15, 5), (-14, 6), (-13, 7)], [0, 1, -18, -17, -15, 6, 7]),
        ([(0, 0), (1, 1), (-5, 2), (-3, 4), (-1, 6)], [0, 1, -5, -3, 6]),
        ([(0, 0), (1, 1), (-4, 2), (-2, 4), (0, 6)], [0, 1, -4, -2, 0]),  # by 5 s: within what is believed
        ([(0, 0), (1, 1), (-7, 1.5), (2, 2), (-6, 3), (-4, 5), (-2, 7)], [0, 1, -7, 2, -6, -4, -2]),  # two receivers
        ([(0, 0), (-7, 1), (2, 2), (303, 303), (293, 304), (294, 305), (297, 308)], [0, -7, 2, 303, 293, 294, 308]),
        ([(0, 0), (6.8, 2), (1.4, 2), (2.4, 3), (5.4, 6), (9.4, 10)], [0, 6.8, 1.4, 2.4, 5.4, 9.4]),  # one line ahead
        ([(-4.5, 0), (-6.1, 0), (-3.5, 1), (-0.5, 4), (1.5, 6)], [-4.5, -6.1, -3.5, -0.5, 1.5]),  # a clock behind
    ],
)
def test_times_that_run_back_and_never_on_are_of_a_clock_that_was_set_back(
    heard: list[tuple[float, float]], taken_s: list[float]
) -> None:
    assert_taken(heard, taken_s)


@pytest.mark.parametrize("clock", ["", "25:00:00.000", "12:00:00+02:00"])
def test_without_a_time_of_its_own_a_line_has_the_time_of_its_receipt(clock: str) -> None:
    line = msg(3, **HERE).replace(b"12:00:00.000", clock.encode())
    assert parse(line, received_s=NOON_S + 7)[0].time_s.tolist() == [NOON_S + 7]
    assert parse(line, received_s=None)[1] == {"time: not a date and time": 1}


lines = st.one_of(
    st.builds(
        msg,
        st.integers(1, 8),
        st.floats(-8, 8),
        st.sampled_from(["48D80A", "abcdef", "junk"]),
        st.just(2),
        lat=st.sampled_from(["", "52.1", "95"]),
        lon=st.sampled_from(["", "21"]),
        callsign=st.sampled_from(["", "PLF1", "AUA2"]),
        gs=st.sampled_from(["", "100", "x"]),
    ),
    st.sampled_from([b"\n", b"x" * 1500 + b"\n", b"x" * 1024 + b"\n", b"x" * 1025 + b"\r\n", b"MSG,3,\n", b"\xff,\n"]),
)


@given(st.lists(lines, max_size=12).map(b"".join), st.lists(st.integers(0, 4000), max_size=12))
def test_any_cut_of_the_bytes_gives_the_same_plots(data: bytes, cuts: list[int]) -> None:
    whole, rejected = parse(data)
    parser = SbsParser()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = concatenate([parser.parse(data[a:b], NOON_S) for a, b in itertools.pairwise(edges)])
    assert parser.rejected == rejected
    for name in ("time_s", "track_id", "callsign", "lat_deg", "gs_mps"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_line_without_end_takes_no_memory() -> None:
    parser = SbsParser()
    for _ in range(100):
        parser.parse(b"x" * 10_000, NOON_S)
    assert len(parser._rest) < 2000
    assert len(parser.parse(b"\n" + msg(3, **HERE), NOON_S)) == 1
    assert parser.rejected == {"line: too long": 1}


def test_real_flight(shared: Callable[[str], Path]) -> None:
    data = gzip.decompress(shared("formats/sbs/full_flight_short_derived.sbs.gz").read_bytes())
    plots, rejected = parse(data, received_s=None)
    positions = [line for line in data.splitlines() if line.startswith((b"MSG,2", b"MSG,3"))]
    assert (len(plots), rejected) == (len(positions), {})
    assert set(plots.icao24) == {"393322"}
    assert set(plots.callsign[1:]) == {"AFR34ZG"}
    assert np.array_equal(plots.on_ground == 1, [line.startswith(b"MSG,2") for line in positions])
    airborne = plots.on_ground == 0
    assert np.isnan(plots.vrate_mps[airborne]).mean() < 0.01
    assert np.nanmax(plots.gs_mps) < 270
    step_m = np.hypot(np.diff(plots.lat_deg), np.diff(plots.lon_deg) * np.cos(np.radians(46))) * 111_320
    assert np.median(step_m / np.maximum(np.diff(plots.time_s), 0.1)) == pytest.approx(
        np.nanmedian(plots.gs_mps), rel=0.1
    )
