"""The command line as a user meets it: good input, and every bad input that the contract names."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from detector.commands.schema import KINDS
from tests import zoo

REPO = Path(__file__).parents[1]
HEADER = "time,track_id,lat,lon,baro_alt_ft,source"


def incursiond(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "detector", *map(str, arguments)]
    return subprocess.run(command, cwd=REPO, text=True, capture_output=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path) -> Path:
    ring = zoo.box(20, 54, 21, 55).tolist()
    properties = {"id": "box", "name": "Box", "kind": "national"}
    geometry = {"type": "Polygon", "coordinates": [ring]}
    zone = {"type": "Feature", "properties": properties, "geometry": geometry}
    (tmp_path / "box.geojson").write_text(json.dumps(zone))
    path = tmp_path / "incursiond.toml"
    path.write_text('[site]\nid = "cli"\n[airspace]\nzones = ["box.geojson"]\n')
    return path


def rows() -> list[str]:
    """A flight into the box and out of it, 12 s between reports."""
    inward = zoo.flight(lon=19.8, times=range(0, 120, 12))
    outward = zoo.flight(lon=20.6, course=270.0, times=range(120, 600, 12))
    return [
        f"{p.time_s[i]:.0f},4980,{p.lat_deg[i]:.6f},{p.lon_deg[i]:.6f},20000,radar"
        for p in (inward, outward)
        for i in range(len(p))
    ]


def tracks(folder: Path, lines: list[str], name: str = "tracks.csv") -> Path:
    path = folder / name
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_a_good_recording(config, tmp_path):
    done = incursiond("replay", "--config", config, tracks(tmp_path, [HEADER, *rows()]))
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert messages[0]["event"] == "opened"
    assert [m["sequence"] for m in messages] == list(range(1, len(messages) + 1))
    assert "incidents" in done.stderr
    assert "a plain geofence" in done.stderr
    again = incursiond("replay", "--config", config, tmp_path / "tracks.csv", "--output", tmp_path / "out")
    assert (again.stdout, (tmp_path / "out").read_text()) == ("", done.stdout)


HARMLESS = {  # rows that cost themselves and nothing else, and the words of the summary that count them
    "text for a number": ("55,4980,54.5,abc,20000,radar", "lon: not a number"),
    "latitude 95": ("55,4980,95,20.1,20000,radar", "lat: out of range"),
    "NaN position": ("55,4980,nan,20.1,20000,radar", "lat: not a number"),
    "too few cells": ("55,4980", "row: 2 cells, header has 6"),
    "no name": ("55,,54.5,20.1,20000,radar", "track"),
}


@pytest.mark.parametrize(("row", "words"), HARMLESS.values(), ids=HARMLESS.keys())
def test_a_bad_row_is_counted_and_harms_nothing(config, tmp_path, row, words):
    good = incursiond("replay", "--config", config, tracks(tmp_path, [HEADER, *rows()]))
    lines = rows()
    bad = incursiond("replay", "--config", config, tracks(tmp_path, [HEADER, *lines[:5], row, *lines[5:]], "bad.csv"))
    assert (bad.returncode, bad.stdout) == (0, good.stdout)
    assert words in bad.stderr


def test_disorder_within_a_minute_changes_nothing(config, tmp_path):
    good = incursiond("replay", "--config", config, tracks(tmp_path, [HEADER, *rows()]))
    lines = rows()
    swapped = [line for pair in zip(lines[1::2], lines[::2], strict=True) for line in pair]
    mixed = incursiond("replay", "--config", config, tracks(tmp_path, [HEADER, *swapped, lines[-1]], "mixed.csv"))
    assert (mixed.returncode, mixed.stdout) == (0, good.stdout)
    assert "repeat" in mixed.stderr


def test_one_of_several_recordings_that_is_damaged_harms_no_other(config, tmp_path):
    whole, damaged = tracks(tmp_path, [HEADER, *rows()]), tracks(tmp_path, [HEADER, *rows()], "damaged.csv.gz")
    damaged.write_bytes(damaged.read_bytes()[:-20])
    alone = incursiond("replay", "--config", config, whole)
    for order in ([whole, damaged], [damaged, whole]):
        done = incursiond("replay", "--config", config, *order)
        assert done.returncode == 2
        assert "damaged.csv.gz" in done.stderr
        assert done.stdout == alone.stdout


def test_truncated_gzip_tells_what_it_had(config, tmp_path):
    whole = tracks(tmp_path, [HEADER, *rows()], "whole.csv.gz")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole.read_bytes()[:-60])
    done = incursiond("replay", "--config", config, cut)
    assert done.returncode == 2
    assert json.loads(done.stdout.splitlines()[0])["event"] == "opened"
    assert "ends early" in done.stderr.splitlines()[-1]


BAD_INPUT = {
    "missing": (None, "no such file"),
    "empty": ([], "expected a tracks table"),
    "wrong columns": (["when,where", "1,2"], "lat"),
}


@pytest.mark.parametrize(("lines", "words"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_what_is_no_recording_is_one_line(config, tmp_path, lines, words):
    path = tmp_path / "missing.csv" if lines is None else tracks(tmp_path, lines)
    if lines == []:
        path.write_bytes(b"")
    done = incursiond("replay", "--config", config, path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(str(path))
    assert words in line.lower()


BAD_CONFIGURATION = {
    "unknown key": ('[site]\nid = "x"\nnmae = 1\n[airspace]\nzones = ["box.geojson"]\n', "site.nmae"),
    "missing zone file": ('[site]\nid = "x"\n[airspace]\nzones = ["gone.geojson"]\n', "gone.geojson"),
    "crossing ring": ('[site]\nid = "x"\n[airspace]\nzones = ["bow.geojson"]\n', "crosses itself at"),
}


@pytest.mark.parametrize(("text", "words"), BAD_CONFIGURATION.values(), ids=BAD_CONFIGURATION.keys())
def test_a_bad_configuration_is_named(config, tmp_path, text, words):
    ring = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    bow = {"type": "Feature", "properties": {"id": "bow"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "bow.geojson").write_text(json.dumps(bow))
    config.write_text(text)
    done = incursiond("check", "--config", config)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line


def test_publish_to_a_broker(config, tmp_path, mosquitto):
    config.write_text(config.read_text() + f'[mqtt]\nurl = "{mosquitto.url}"\n')
    done = incursiond("replay", "--config", config, "--publish", tracks(tmp_path, [HEADER, *rows()]))
    assert done.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_schemas_are_json(kind):
    assert json.loads(incursiond("schema", kind).stdout)


@pytest.mark.parametrize(
    ("table", "name"),
    [("[mqtt]\n", "mqtt"), ('[[feeds]]\nname = "region"\ntype = "mqtt"\ntopic = "t"\n', "feeds.region")],
)
def test_check_reads_what_is_needed_for_brokers(table, name, config):
    config.write_text(f'{config.read_text()}\n{table}url = "mqtts://h"\nca_file = "{config}"\n')
    done = incursiond("check", "--config", str(config))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert done.stderr.startswith(f"{config}: {name}.ca_file: {config}: ")
    assert done.stderr.endswith("expected certificates in PEM form\n")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--version"], 0), (["--help"], 0), (["run", "--version"], 0), (["replay", "--help"], 0), (["fly"], 2), ([], 2)],
)
def test_usage(arguments, code):
    done = incursiond(*arguments)
    assert done.returncode == code
    if code:
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "fast"])
def test_a_speed_that_is_none(config, tmp_path, speed):
    done = incursiond("replay", "--config", config, "--speed", speed, tracks(tmp_path, [HEADER, *rows()]))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert f"--speed: expected a number above 0, got {speed}; try" in done.stderr


def test_a_reader_that_has_seen_enough(config, tmp_path):
    path = tracks(tmp_path, [HEADER, *rows()])
    command = f"{sys.executable} -m detector replay --config {config} {path} | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=REPO, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
