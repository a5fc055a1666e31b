"""The daemon's signals, and what it says of a reload that nobody foresaw."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector import daemon
from detector.service.inbox import Inbox


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    numbers = signal.SIGHUP, signal.SIGTERM, signal.SIGINT
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


class Starting:
    """A daemon that gets a signal while it starts."""

    number = signal.SIGHUP
    did: list[str]

    def __init__(self, _config: Path) -> None:
        type(self).did = ["started"]
        os.kill(os.getpid(), self.number)

    def reload(self) -> None:
        self.did.append("reloads")

    def run(self) -> None:
        self.did.append("runs")


def test_a_reload_asked_for_while_it_starts_is_done_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "Daemon", Starting)
    assert daemon.run(Path("c.toml")) == 0
    assert Starting.did == ["started", "reloads", "runs"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_stopped_while_it_starts_ends_well(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    monkeypatch.setattr(daemon, "Daemon", Starting)
    monkeypatch.setattr(Starting, "number", number)
    with pytest.raises(SystemExit) as ended:
        daemon.run(Path("c.toml"))
    assert (ended.value.code, Starting.did) == (0, ["started"])


class Refusing(daemon.Daemon):
    """A daemon that has nothing but a configuration to read anew."""

    def __init__(self, config: Path) -> None:
        self._config, self._inbox = config, Inbox()
        self.refused: list[str] = []

    def _refuse(self, problems: str) -> None:
        self.refused.append(problems)


@pytest.mark.parametrize(
    ("function", "said"),
    [("detector.outlines.selfcheck._judge", ' zone "a" (feature 1):'), ("detector.airspace.load._read", "")],
)
def test_a_reload_that_fails_as_nobody_foresaw_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, said: str
) -> None:
    ring = [[20, 50], [21, 50], [21, 51], [20, 50]]
    feature = {"properties": {"id": "a"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "Feature", **feature}))
    (tmp_path / "c.toml").write_text('[site]\nid = "x"\n[airspace]\nzones = ["a.geojson"]\n')
    one = Refusing(tmp_path / "c.toml")
    monkeypatch.setattr(function, lambda *_: {}["key"])
    one._read_anew()
    for task in one._inbox.take(0)[0]:
        task()
    assert one.refused == [f"{tmp_path / 'a.geojson'}:{said} 'key'"]
