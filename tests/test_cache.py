"""What is compiled once is not compiled again, unless something is different."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from detector import assembly, cache

NAME = "0123"


def entry(folder: Path) -> Path:
    return folder / (NAME + cache.SUFFIX)


def test_what_is_remembered_is_recalled(tmp_path):
    cache.remember(tmp_path, NAME, {"a": np.arange(3)})
    assert cache.recall(tmp_path, NAME)["a"].tolist() == [0, 1, 2]
    assert entry(tmp_path).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [entry(tmp_path).name]


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "none", "others may write"])
def test_what_is_not_whole_or_not_ours_counts_as_absent(tmp_path, harm):
    cache.remember(tmp_path, NAME, list(range(1000)))
    path = entry(tmp_path)
    data = bytearray(path.read_bytes())
    match harm:
        case "cut":
            path.write_bytes(data[:-1])
        case "bit":
            data[-100] ^= 1
            path.write_bytes(data)
        case "empty":
            path.write_bytes(b"")
        case "none":
            path.unlink()
        case "others may write":
            path.chmod(0o622)
    assert cache.recall(tmp_path, NAME) is None


def test_whole_but_no_pickle_counts_as_absent(tmp_path):
    entry(tmp_path).write_bytes(cache._digest(b"rubbish") + b"rubbish")
    assert cache.recall(tmp_path, NAME) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_counts_as_absent(tmp_path):
    cache.remember(tmp_path, NAME, 1)
    os.chown(entry(tmp_path), 12345, 12345)
    assert cache.recall(tmp_path, NAME) is None


def test_the_oldest_make_room(tmp_path):
    for number in range(cache.KEPT + 2):
        cache.remember(tmp_path, str(number), number)
        os.utime(tmp_path / f"{number}{cache.SUFFIX}", (number, number))
    cache.recall(tmp_path, "2")  # used again
    cache.remember(tmp_path, "last", 0)
    assert {path.stem for path in tmp_path.iterdir()} == {"last", "2", "4", "5"}


def test_without_a_directory_nothing_is_kept_and_nothing_breaks(tmp_path):
    cache.remember(tmp_path / "absent", NAME, 1)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    cache.remember(tmp_path / "file", NAME, 1)
    assert cache.recall(tmp_path / "file", NAME) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory of somebody else's")
@pytest.mark.parametrize("inside", ["", "deeper"])
def test_a_directory_of_somebody_else_takes_nothing_and_nothing_breaks(inside):
    with tempfile.TemporaryDirectory() as directory:
        os.seteuid(65534)
        try:
            cache.remember(Path(directory) / inside, NAME, 1)
            assert cache.recall(Path(directory) / inside, NAME) is None
        finally:
            os.seteuid(0)
        assert list(Path(directory).iterdir()) == []


def test_keys_tell_names_contents_and_parameters_apart(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    two.write_text("x")
    keys = {cache.key([one], 1), cache.key([two], 1), cache.key([one], 2), cache.key([one, two], 1), cache.key([], 1)}
    one.write_text("y")
    keys.add(cache.key([one], 1))
    assert len(keys) == 6
    assert cache.key([one], 1) in keys


@pytest.fixture
def site(tmp_path) -> Path:
    (tmp_path / "state").mkdir()
    write_zone(tmp_path, east=21.0)
    config = tmp_path / "incursiond.toml"
    config.write_text('[site]\nid = "x"\n[airspace]\nzones = ["z.geojson"]\n[state]\ndirectory = "state"\n')
    return config


def write_zone(folder: Path, east: float) -> None:
    ring = [[20, 54], [east, 54], [east, 55], [20.5, 55], [20.5, 55.2], [20.5, 55], [20, 55], [20, 54]]  # with a spike
    zone = {"type": "Feature", "properties": {"id": "z"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "z.geojson").write_text(json.dumps(zone))


def test_zones_are_compiled_once_and_warned_of_every_time(site, monkeypatch, capsys):
    _, first = assembly.load(site)
    warned = capsys.readouterr().err
    assert "encloses nothing" in warned
    monkeypatch.setattr(assembly, "read_zones", None)
    _, again = assembly.load(site)
    assert capsys.readouterr().err == warned
    for airspace in (first, again):
        x_m, y_m = airspace.theatre.project(np.array([20.5, 22.0]), np.array([54.5, 54.5]))
        assert [part.tolist() for part in airspace.index.inside(x_m, y_m)] == [[0], [0]]
    monkeypatch.undo()
    write_zone(site.parent, east=23.0)
    _, wider = assembly.load(site)
    x_m, y_m = wider.theatre.project(np.array([22.0]), np.array([54.5]))
    assert len(wider.index.inside(x_m, y_m)[0]) == 1
