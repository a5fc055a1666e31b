"""What the tests of feeds share: a sink that remembers, a real broker, a builder of plots, the shared data."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from feeds.plots import Plots, concatenate
from feeds.table import Rejected
from tests.conftest import find, free_port
from tests.shared import data_file


@dataclass
class Recorder:
    """A sink that keeps everything and can wait for it."""

    batches: list[Plots] = field(default_factory=list)
    rejected: Rejected = field(default_factory=Counter)
    states: list[tuple[str, str]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def plots(self, name: str, plots: Plots, rejected: Rejected) -> None:
        with self.news:
            self.batches.append(plots)
            self.rejected += rejected
            self.news.notify_all()

    def state(self, name: str, state: str, reason: str) -> None:
        with self.news:
            self.states.append((state, reason))
            self.news.notify_all()

    def all(self) -> Plots:
        return concatenate(self.batches)

    def wait(self, condition: Callable[[], bool], seconds: float = 8.0) -> None:
        with self.news:
            assert self.news.wait_for(condition, seconds), (self.states, len(self.all()), self.rejected)

    def wait_state(self, state: str) -> str:
        self.wait(lambda: any(s == state for s, _ in self.states))
        return next(reason for s, reason in self.states if s == state)


@pytest.fixture
def sink() -> Recorder:
    return Recorder()


@pytest.fixture
def settings() -> Callable[..., SimpleNamespace]:
    """Build a table [[feeds]] with the keys given."""

    def build(**keys: object) -> SimpleNamespace:
        optional = dict.fromkeys(("username", "password_file", "ca_file"))
        return SimpleNamespace(**{"name": "mast-3", "source": "mast-3"} | optional | keys)

    return build


@pytest.fixture
def same_plots() -> Callable[[Plots, Plots], None]:
    """Assert that two sets of plots are equal in every column, NaN being equal to NaN."""

    def check(a: Plots, b: Plots) -> None:
        for column in fields(Plots):
            np.testing.assert_array_equal(getattr(a, column.name), getattr(b, column.name), column.name)

    return check


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Find a file of the shared real data, or skip."""
    return data_file


@pytest.fixture
def broker_that_can_die(tmp_path: Path) -> Iterator[tuple[int, Callable[[str], None]]]:
    """Give a port, and what kills a real mosquitto there and, given lines of configuration, starts it again."""
    port = free_port()
    running: list[subprocess.Popen[bytes]] = []

    def turn(options: str) -> None:
        while running:
            process = running.pop()
            process.kill()
            process.wait()
        if options:
            (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\n{options}\n")
            command = [find("mosquitto", "mosquitto"), "-c", str(tmp_path / "mosquitto.conf")]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_for_port(port)

    yield port, turn
    turn("")


@pytest.fixture
def broker_port(broker_that_can_die: tuple[int, Callable[[str], None]]) -> int:
    """Give the port of a real mosquitto that lets everybody in."""
    port, turn = broker_that_can_die
    turn("allow_anonymous true")
    return port


def wait_for_port(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"nothing listens on port {port}")
