"""The daemon's signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector import daemon


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
