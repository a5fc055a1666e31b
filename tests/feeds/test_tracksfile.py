"""Recorded tracks tables from disk."""

from __future__ import annotations

import gzip
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from detector.errors import InputError
from feeds.plots import Plots, concatenate
from feeds.table import Rejected
from feeds.tracksfile import in_order, read

HEADER = "time,icao24,callsign,lat,lon,gs_kt\n"


def line(second: int) -> str:
    return f"{1_600_000_000 + second},48d80a,PLF{second},52.{second % 100:02d},21.5,360\n"


def everything(path: Path) -> tuple[Plots, Rejected]:
    chunks = list(read(path))
    return concatenate([chunk.plots for chunk in chunks]), sum((chunk.rejected for chunk in chunks), Rejected())


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


TABLE = HEADER + "".join(map(line, range(10)))


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.rstrip("\n").encode(),
        TABLE.replace("PLF3", '"PLF3"').encode(),
        TABLE.replace("\n", "\n\n").encode(),
        gzip.compress(TABLE.encode(), mtime=0),
        gzip.compress(TABLE[:200].encode(), mtime=0) + gzip.compress(TABLE[200:].encode(), mtime=0),
        gzip.compress(TABLE.encode(), mtime=0) + b"\0" * 512,
    ],
    ids=["plain", "bom", "crlf", "no last line break", "quotes", "blank lines", "gzip", "two members", "padding"],
)
def test_ways_to_write_the_same_table(tmp_path: Path, data: bytes) -> None:
    plots, rejected = everything(write(tmp_path / "any.name", data))
    assert not rejected
    assert plots.time_s.tolist() == [1_600_000_000 + s for s in range(10)]
    assert plots.callsign.tolist() == [f"PLF{s}" for s in range(10)]
    np.testing.assert_allclose(plots.gs_mps, 185.2)


@pytest.mark.parametrize("data", [TABLE.encode(), gzip.compress(TABLE.encode(), mtime=0)], ids=["plain", "gzip"])
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, data: bytes) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=write, args=(tmp_path / "pipe", data))
    writer.start()
    plots, rejected = everything(tmp_path / "pipe")
    writer.join()
    assert (len(plots), rejected) == (10, Rejected())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("1600000000,48d80a\n", "row: 2 cells, header has 6"),
        ("1600000000,48d80a,A,52,21,360,9\n", "row: 7 cells, header has 6"),
        ('1600000000,48d80a,"A,52,21,360\n', "row: 3 cells, header has 6"),  # an open quote costs its own row
        ("1600000000,48d80a,A,fifty,21,360\n", "lat: not a number"),
        ("1600000000,48d80a,A,52\udcff,21,360\n", "lat: not a number"),  # not UTF-8
    ],
)
def test_a_bad_row_is_counted_and_the_run_goes_on(tmp_path: Path, bad: str, reason: str) -> None:
    data = (HEADER + line(1) + bad + line(2)).encode("utf-8", "surrogateescape")
    plots, rejected = everything(write(tmp_path / "t.csv", data))
    assert rejected == {reason: 1}
    assert plots.callsign.tolist() == ["PLF1", "PLF2"]


def test_a_quoted_cell_may_hold_a_comma(tmp_path: Path) -> None:
    plots, rejected = everything(write(tmp_path / "t.csv", HEADER + '1,48d80a,"A, ""B""",52,21,\n'))
    assert not rejected
    assert plots.callsign.tolist() == ['A, "B"']


def test_big_files_come_in_chunks_with_progress(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", HEADER + "".join(map(line, range(120_000))))
    chunks = list(read(path))
    assert len(chunks) >= 2
    assert [c.done_bytes for c in chunks] == sorted({c.done_bytes for c in chunks})
    assert chunks[-1].done_bytes == chunks[-1].total_bytes == path.stat().st_size
    assert concatenate([c.plots for c in chunks]).time_s.tolist() == [1_600_000_000 + s for s in range(120_000)]


def test_compressed_data_that_ends_early(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table = HEADER + "".join(f"{s},48d80a,A{rng.integers(1e9)},52,21,\n" for s in range(20_000))
    data = gzip.compress(table.encode())
    path = write(tmp_path / "t.csv.gz", data[: len(data) // 2])
    seen: list[Plots] = []
    with pytest.raises(InputError) as error:
        seen.extend(chunk.plots for chunk in read(path))
    plots = concatenate(seen)
    assert 8_000 < len(plots) < 12_000
    assert plots.time_s.tolist() == list(range(len(plots)))
    assert all(name in table for name in plots.callsign[-1:])
    assert error.value.problems == [
        f"{path}: compressed data ends early after row {len(plots)}; the rows before it were used"
    ]
    in_their_order: list[Plots] = []
    with pytest.raises(InputError, match="ends early"):
        in_their_order.extend(chunk.plots for chunk in in_order(read(path)))
    assert len(concatenate(in_their_order)) == len(plots)  # nothing is held back when the error comes


def test_damaged_compressed_data(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(TABLE.encode(), mtime=0))
    data[-6] ^= 0xFF  # the checksum
    with pytest.raises(InputError, match=r"compressed data is damaged"):
        everything(write(tmp_path / "t.csv.gz", bytes(data)))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no header row, expected a tracks table (CSV, CSV.gz or Parquet)"),
        (b"\n\n", "no header row, expected a tracks table (CSV, CSV.gz or Parquet)"),
        (bytes(range(256)) * 9, "binary data, expected a tracks table (CSV, CSV.gz or Parquet)"),
        (
            b"\x1f\x8bjunk",
            "compressed data is damaged before any row, expected a tracks table (CSV, CSV.gz or Parquet)",
        ),
        (
            gzip.compress(TABLE.encode(), mtime=0)[:15],
            "compressed data ends early before any row, expected a tracks table ",
        ),
        (TABLE.encode("utf-16"), "binary data, expected a tracks table (CSV, CSV.gz or Parquet)"),
        (b"a,b\n1,2\n", "header lacks time, lat, lon, icao24 or track_id; found a, b"),
        (b"PAR1 not really", "Parquet cannot be read ("),
        (b"x" * 200_000, "binary data, expected a tracks table (CSV, CSV.gz or Parquet)"),
    ],
)
def test_what_is_no_tracks_table_is_an_error_of_one_line(tmp_path: Path, data: bytes, problem: str) -> None:
    path = write(tmp_path / "t.csv", data)
    with pytest.raises(InputError) as error:
        everything(path)
    (message,) = error.value.problems
    assert message.startswith(f"{path}: {problem}")
    assert "\n" not in message


def test_no_file_and_no_ordinary_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.csv: no such file or directory, expected a tracks table"):
        everything(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="is a directory, expected a tracks table"):
        everything(tmp_path)


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    plots, rejected = everything(write(tmp_path / "t.csv", HEADER))
    assert (len(plots), rejected) == (0, {})


class TestParquet:
    def table(self, tmp_path: Path, columns: dict[str, object]) -> Path:
        pa = pytest.importorskip("pyarrow")
        pq = pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=2)
        return tmp_path / "t.parquet"

    def test_types_as_tools_write_them(self, tmp_path: Path) -> None:
        pa = pytest.importorskip("pyarrow")
        path = self.table(
            tmp_path,
            {
                "time": [datetime(2020, 9, 13, 12, 26, 40, 500_000, tzinfo=UTC)] * 3,
                "icao24": pa.array(["48D80A", None, "48d80b"]).dictionary_encode(),
                "track_id": pa.array([None, 4980, None]),
                "lat": [52.5, 52.5, 95.0],
                "lon": ["21.5", "21.5", "21.5"],
                "on_ground": [True, None, False],
                "squawk": [21, None, None],
                "gs_kt": pa.array([360, None, 1], pa.int16()),
                "colour": [{"red": 1}] * 3,
            },
        )
        plots, rejected = everything(path)
        assert rejected == {"lat: out of range": 1}
        assert plots.time_s.tolist() == [1_600_000_000.5] * 2
        assert plots.track_id.tolist() == ["48d80a", "4980"]
        assert plots.on_ground.tolist() == [1, -1]
        assert plots.squawk.tolist() == ["0021", None]
        np.testing.assert_allclose(plots.gs_mps, [185.2, np.nan])

    def test_it_is_read_like_the_csv(self, tmp_path: Path, same_plots: Callable[[Plots, Plots], None]) -> None:
        csv = pytest.importorskip("pyarrow.csv")
        text = write(tmp_path / "t.csv", TABLE)
        path = self.table(tmp_path, dict(zip(csv.read_csv(text).column_names, csv.read_csv(text).columns, strict=True)))
        same_plots(everything(path)[0], everything(text)[0])

    def test_texts_that_are_no_utf8_are_read_as_in_a_csv(self, tmp_path: Path) -> None:
        pa = pytest.importorskip("pyarrow")
        odd = pa.array([b"LOT\xff1"], pa.binary())
        path = self.table(
            tmp_path,
            {
                "time": [1.0],
                "lat": [1.0],
                "lon": [1.0],
                "track_id": ["a"],
                "callsign": pa.Array.from_buffers(pa.string(), 1, odd.buffers()),
            },
        )
        text = tmp_path / "t.csv"
        text.write_bytes(b"time,lat,lon,track_id,callsign\n1.0,1.0,1.0,a,LOT\xff1\n")
        assert everything(path)[0].callsign.tolist() == everything(text)[0].callsign.tolist()

    def test_header_and_progress(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="header lacks lat, lon; found time, icao24"):
            everything(self.table(tmp_path, {"time": [1.0], "icao24": ["a"]}))
        path = self.table(tmp_path, {"time": [1.0], "icao24": ["a"], "lat": [1.0], "lon": [1.0]})
        (chunk,) = read(path)
        assert chunk.done_bytes == chunk.total_bytes == path.stat().st_size

    def test_without_pyarrow(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = self.table(tmp_path, {"time": [1.0]})
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(InputError, match=r"Parquet needs pyarrow: pip install incursiond\[replay\]"):
            everything(path)


def test_several_files_in_order(tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv", HEADER + line(1) + line(30) + line(30) + "x,,,,,\n")
    second = write(tmp_path / "2.csv", HEADER + line(20) + line(200) + line(5))
    chunks = list(in_order(chunk for path in (first, second) for chunk in read(path)))
    times = concatenate([chunk.plots for chunk in chunks]).time_s - 1_600_000_000
    assert times.tolist() == [1, 20, 30, 200]
    assert sum((chunk.rejected for chunk in chunks), Rejected()) == {"time: not a number": 1, "repeat": 1, "late": 1}


def test_real_tracks(shared: Callable[[str], Path]) -> None:
    plots, rejected = everything(shared("tracks.csv.gz"))
    assert (len(plots), rejected) == (486_193, {})
    assert len(set(plots.source)) == 43
    assert np.nanmax(plots.baro_alt_m) == pytest.approx(123_100 * 0.3048)
    assert (np.nanmin(plots.track_deg), np.nanmax(plots.track_deg) < 360) == (0, True)
