"""The tracks table: cells to plots."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import InputError
from feeds.plots import Plots
from feeds.table import Rejected, columns_to_plots, require_columns

ROW = {
    "time": "1600000000.5",
    "icao24": "48D80A",
    "callsign": " PLF101 ",
    "lat": "52.25",
    "lon": "21",
    "baro_alt_ft": "10000",
    "geo_alt_ft": "10100",
    "gs_kt": "360",
    "track_deg": "-90",
    "vrate_fpm": "-6000",
    "squawk": "0021",
    "on_ground": "0",
    "nac_p": "9",
    "nic": "8",
    "source": "mast-3",
}


def read(*rows: dict[str, str]) -> tuple[Plots, Rejected]:
    names = {name for row in rows for name in row}
    return columns_to_plots({name: [row.get(name, "") for row in rows] for name in names})


def test_units_and_texts() -> None:
    plots, rejected = read(ROW)
    assert not rejected
    numbers = {
        "time_s": 1600000000.5,
        "lat_deg": 52.25,
        "lon_deg": 21.0,
        "baro_alt_m": 3048.0,
        "geo_alt_m": 3078.48,
        "gs_mps": 360 * 1852 / 3600,
        "track_deg": 270.0,
        "vrate_mps": -30.48,
        "on_ground": 0,
        "nac_p": 9,
        "nic": 8,
    }
    for name, value in numbers.items():
        assert getattr(plots, name)[0] == pytest.approx(value, abs=1e-9), name
    texts = {"track_id": "48d80a", "icao24": "48d80a", "callsign": "PLF101", "squawk": "0021", "source": "mast-3"}
    assert {name: getattr(plots, name)[0] for name in texts} == texts


def test_an_empty_cell_is_not_known() -> None:
    plots, rejected = read(
        {"time": "1", "lat": "2", "lon": "3", "icao24": "48d80a", **dict.fromkeys(list(ROW)[5:], "")}
    )
    assert not rejected
    for name in ("baro_alt_m", "geo_alt_m", "gs_mps", "track_deg", "vrate_mps"):
        assert math.isnan(getattr(plots, name)[0]), name
    assert (plots.on_ground[0], plots.nac_p[0], plots.nic[0]) == (-1, -1, -1)
    assert (plots.callsign[0], plots.squawk[0], plots.source[0]) == (None, None, None)


@pytest.mark.parametrize(
    ("icao24", "track_id", "expected"),
    [
        ("48D80A", "", ("48d80a", "48d80a")),
        ("48D80A", "T-4980", ("48d80a", "T-4980")),
        ("", "4980", (None, "4980")),
        ("~phlab08", "", (None, "~phlab08")),  # no address, but a name
        ("48D80", "", (None, "48d80")),
        ("48D80G", "T-4980", (None, "T-4980")),
    ],
)
def test_the_name_of_the_track(icao24: str, track_id: str, expected: tuple[str | None, str]) -> None:
    plots, _ = read(ROW | {"icao24": icao24, "track_id": track_id})
    assert (plots.icao24[0], plots.track_id[0]) == expected


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"time": "soon"}, "time: not a number"),
        ({"time": ""}, "time: empty"),
        ({"time": "1600000000500"}, "time: out of range"),
        ({"time": "-1"}, "time: out of range"),
        ({"lat": "95"}, "lat: out of range"),
        ({"lat": "nan"}, "lat: not a number"),
        ({"lat": "5_4"}, "lat: not a number"),
        ({"lat": " "}, "lat: empty"),
        ({"lon": "-inf"}, "lon: not a number"),
        ({"lon": "180.01"}, "lon: out of range"),
        ({"lon": "true"}, "lon: not a number"),
        ({"icao24": " "}, "track: no icao24 or track_id"),
        ({"gs_kt": "fast"}, "gs_kt: not a number"),
        ({"gs_kt": "-1"}, "gs_kt: out of range"),
        ({"gs_kt": "1e999"}, "gs_kt: not a number"),
        ({"baro_alt_ft": "1e9"}, "baro_alt_ft: out of range"),
        ({"vrate_fpm": "NaN"}, "vrate_fpm: not a number"),
        ({"squawk": "7800"}, "squawk: not four octal digits"),
        ({"squawk": "12345"}, "squawk: not four octal digits"),
        ({"squawk": "?"}, "squawk: not four octal digits"),
        ({"on_ground": "2"}, "on_ground: out of range"),
        ({"on_ground": "yes"}, "on_ground: not a number"),
        ({"nac_p": "12"}, "nac_p: out of range"),
        ({"nac_p": "8.5"}, "nac_p: not a whole number"),
        ({"nac_p": "true"}, "nac_p: not a number"),
        ({"nic": "1e300"}, "nic: out of range"),
        ({"lat": "95", "lon": "east"}, "lat: out of range"),  # counted once
    ],
)
def test_a_row_that_cannot_be_read_is_counted_and_the_others_stay(cell: dict[str, str], reason: str) -> None:
    plots, rejected = read(ROW | {"track_id": "before"}, ROW | {"track_id": ""} | cell, ROW | {"track_id": "after"})
    assert rejected == {reason: 1}
    assert plots.track_id.tolist() == ["before", "after"]


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        ({"on_ground": "True"}, "on_ground", 1),
        ({"on_ground": "1.0"}, "on_ground", 1),
        ({"squawk": "21"}, "squawk", "0021"),
        ({"track_deg": "360"}, "track_deg", 0.0),
        ({"baro_alt_ft": "123100"}, "baro_alt_m", 37520.88),
        ({"lat": " 90 "}, "lat_deg", 90.0),
        ({"colour": "red"}, "lat_deg", 52.25),
    ],
)
def test_what_is_taken_nevertheless(cell: dict[str, str], column: str, value: object) -> None:
    plots, rejected = read(ROW | cell)
    assert not rejected
    assert getattr(plots, column)[0] == value


def test_columns_of_numbers() -> None:
    nan = np.nan
    columns = {
        "time": np.array([1.0, 2.0, nan]),
        "lat": np.array([50.0, np.inf, 50.0]),
        "lon": np.full(3, 20.0),
        "track_id": np.array([4980.0, 4981.0, 4982.0]),
        "gs_kt": np.full(3, nan),
        "squawk": np.array([21.0, nan, nan]),
    }
    plots, rejected = columns_to_plots(columns)
    assert rejected == {"time: empty": 1, "lat: not a number": 1}
    assert (plots.track_id.tolist(), plots.squawk.tolist()) == (["4980"], ["0021"])
    assert np.isnan(plots.gs_mps).all()


cells = st.one_of(st.sampled_from(["", "1", "50.5", "nan", "inf", "-181", "x", "7700", "1e400"]), st.text(max_size=6))
tables = st.lists(st.fixed_dictionaries(dict.fromkeys(ROW, cells)), max_size=6)


@given(tables)
def test_every_row_is_used_or_counted_and_a_bad_row_does_not_change_its_neighbours(rows: list[dict[str, str]]) -> None:
    rows = [ROW, *rows]
    plots, rejected = read(*rows)
    one_by_one = [read(row) for row in rows]
    assert len(plots) + rejected.total() == len(rows)
    assert plots.lat_deg.tolist() == [lat for some, _ in one_by_one for lat in some.lat_deg.tolist()]
    assert rejected == sum((counts for _, counts in one_by_one), Rejected())


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["time", "icao24", "lat"], "t.csv: header lacks lon; found time, icao24, lat"),
        (["time", "lat", "lon"], "t.csv: header lacks icao24 or track_id; found time, lat, lon"),
        (["time;lat;lon"], "t.csv: header lacks time, lat, lon, icao24 or track_id; found time;lat;lon"),
        (["time", "lat", "lon", "lat", "track_id"], "t.csv: header has lat more than once"),
    ],
)
def test_a_header_that_will_not_do(header: list[str], problem: str) -> None:
    with pytest.raises(InputError) as error:
        require_columns("t.csv", header)
    assert error.value.problems == [problem]


def test_a_header_that_will_do() -> None:
    require_columns("t.csv", ["lon", "lat", "time", "track_id", "colour", "colour"])
