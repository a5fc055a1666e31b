"""Word to systemd, over a real socket."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from detector.service.notify import notify


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.bind(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return reader


def test_assignments_are_one_datagram(systemd: socket.socket) -> None:
    with systemd:
        notify("RELOADING=1", "MONOTONIC_USEC=1")
        assert systemd.recv(100) == b"RELOADING=1\nMONOTONIC_USEC=1"


def test_nobody_is_told_where_there_is_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")


def test_a_socket_that_nobody_reads_stops_nothing(systemd: socket.socket) -> None:
    with systemd:
        began_s = time.monotonic()
        for _ in range(2000):
            notify("WATCHDOG=1", wait_s=0.0)
        assert time.monotonic() - began_s < 5.0
        assert systemd.recv(100) == b"WATCHDOG=1"
