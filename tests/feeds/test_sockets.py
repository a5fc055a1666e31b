"""A TCP feed against real servers on the loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from feeds import sockets
from feeds.plots import Plots, make
from feeds.reconnecting import Reconnecting
from feeds.sockets import TcpSession

PATIENCE_S = 8.0


class Letters:
    """A parser: every "+" is a plot, every "-" is refused, "!" is a fault."""

    def __init__(self) -> None:
        self.rejected: Counter[str] = Counter()

    def parse(self, data: bytes, received_s: float) -> Plots:
        if b"!" in data:
            raise ValueError("unlucky")
        self.rejected += Counter({"minus": data.count(b"-")})
        n = data.count(b"+")
        return make({"time_s": [received_s] * n, "track_id": ["a"] * n, "lat_deg": [0] * n, "lon_deg": [0] * n})


@contextmanager
def server(*scripts: list[bytes], family: int = socket.AF_INET) -> Iterator[tuple[str, int]]:
    """Serve one connection after another: each sends its script, then closes, but the last one stays open."""
    done = threading.Event()
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    listener = socket.create_server((host, 0), family=family)

    def serve() -> None:
        for script in scripts:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    for data in script:
                        connection.sendall(data)
                        time.sleep(0.01)
                    if script is scripts[-1]:
                        done.wait(PATIENCE_S)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield host, listener.getsockname()[1]
    done.set()
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(1)


@contextmanager
def feed(address: tuple[str, int], sink, **options: object) -> Iterator[Reconnecting]:
    jitter = options.pop("jitter", lambda _low, _high: 0.0)
    session = lambda: TcpSession("mast-3", address, Letters(), sink, **options)  # noqa: E731
    running = Reconnecting("mast-3", sink, session, jitter)
    yield running
    running.stop()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_bytes_become_plots_with_the_time_of_their_receipt(family: int, sink) -> None:
    if family == socket.AF_INET6 and not _has_ipv6():
        pytest.skip("no IPv6 loopback here")
    with server([b"+", b"-+-", b"..", b"+"], family=family) as address, feed(address, sink, clock=lambda: 7.0):
        sink.wait(lambda: len(sink.all()) == 3)
        assert sink.all().time_s.tolist() == [7.0] * 3
        assert sink.rejected == {"minus": 2}
        assert sink.states == [("up", "connected")]
    assert sink.states[-1] == ("down", "stopped")


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_server_that_drops_connections_is_connected_to_again(sink) -> None:
    with server([b"+"], [b"++"], [], [b"+"]) as address, feed(address, sink):
        sink.wait(lambda: len(sink.all()) == 4)
    drop = [("up", "connected"), ("down", "closed by the other side")]
    assert sink.states == [*drop * 3, ("up", "connected"), ("down", "stopped")]


def test_a_fault_in_the_parser_costs_the_connection_not_the_feed(sink) -> None:
    with server([b"!"], [b"+"]) as address, feed(address, sink):
        sink.wait(lambda: len(sink.all()) == 1)
    assert sink.states[1] == ("down", "ValueError: unlucky")


def test_the_waits_grow_and_one_reason_is_reported_once(sink) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: refused
        waits: list[tuple[float, float]] = []

        def jitter(low: float, high: float) -> float:
            waits.append((low, high))
            return 0.0 if len(waits) < 8 else 60.0

        with feed(unused.getsockname(), sink, jitter=jitter):
            wait_until(lambda: len(waits) == 8)
            started = time.monotonic()
        assert time.monotonic() - started < 1  # a wait of a minute ends at once
    assert waits == [(0.5, 1), (1, 2), (2, 4), *[(2.5, 5)] * 5]
    assert sink.states == [("down", "connection refused"), ("down", "stopped")]


def test_stopping_ends_a_blocked_read_at_once_and_nothing_follows(sink) -> None:
    with server([b"+"]) as address:
        running = Reconnecting("mast-3", sink, lambda: TcpSession("mast-3", address, Letters(), sink))
        sink.wait(lambda: len(sink.all()) == 1)
        started = time.monotonic()
        running.stop()
        assert time.monotonic() - started < 1
        assert not [thread for thread in threading.enumerate() if thread.name == "feed mast-3"]
        assert sink.states == [("up", "connected"), ("down", "stopped")]


def test_a_server_that_hangs_is_left(sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "READ_TIMEOUT_S", 0.2)
    with server([b"+"]) as address, feed(address, sink, jitter=lambda _low, _high: 60.0):
        assert sink.wait_state("down") == "nothing received for 0 s"


def test_the_kernel_is_told_to_probe_a_silent_peer() -> None:
    with server([]) as address, socket.create_connection(address) as connection:
        sockets._keep_alive(connection)
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


def test_a_name_that_does_not_resolve_is_a_reason(sink) -> None:
    with feed(("no-such-host.invalid", 30003), sink, jitter=lambda _low, _high: 60.0):
        assert sink.wait_state("down")
    assert sink.states[-1] == ("down", "stopped")


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
