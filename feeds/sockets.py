"""Feeds from a TCP server: bytes from a socket, through a parser, to the sink."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from detector.endpoints import host_port
from feeds.plots import Plots
from feeds.reconnecting import Reconnecting
from feeds.sink import Feed, FeedSettings, Sink
from feeds.table import Rejected

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 120.0  # a server that hangs; a quiet sky makes a reconnection every two minutes, which does no harm
_KEEPALIVE = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3}  # a dead peer within 60 s
_RECEIVE_BYTES = 64 << 10
_WAITING_BYTES = 128 << 10  # some 1,300 reports that the kernel keeps of each feed: more of them would be old when read


class Parser(Protocol):
    """Bytes of one connection to plots; whatever it refused is in `rejected` until the caller takes it away."""

    rejected: Rejected

    def parse(self, data: bytes, received_s: float) -> Plots:
        """Return the plots that `data` completes."""


class TcpSettings(FeedSettings, Protocol):
    """Table [[feeds]] of a feed from a TCP server."""

    @property
    def address(self) -> str:
        """Of the server, "HOST:PORT"."""


class TcpSession:
    """One connection to a TCP server, with a parser of its own."""

    def __init__(
        self, name: str, address: tuple[str, int], parser: Parser, sink: Sink, clock: Callable[[], float] = time.time
    ) -> None:
        self._name = name
        self._address = address
        self._parser = parser
        self._sink = sink
        self._clock = clock
        self._socket: socket.socket | None = None
        self._closed = False

    def run(self, up: Callable[[str], None]) -> str:
        """Connect and deliver until the connection ends; return why it did."""
        with socket.create_connection(self._address, CONNECT_TIMEOUT_S) as connection:
            self._socket = connection
            _keep_alive(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WAITING_BYTES)
            connection.settimeout(READ_TIMEOUT_S)
            up("connected")
            try:
                while not self._closed and (data := connection.recv(_RECEIVE_BYTES)):
                    self._deliver(data)
            except TimeoutError:
                return f"nothing received for {READ_TIMEOUT_S:.0f} s"
        return "closed by the other side"

    def close(self) -> None:
        """End the connection; a blocked read returns at once."""
        self._closed = True
        if self._socket is not None:
            with suppress(OSError):  # not connected any more
                self._socket.shutdown(socket.SHUT_RDWR)

    def _deliver(self, data: bytes) -> None:
        plots = self._parser.parse(data, self._clock())
        rejected, self._parser.rejected = self._parser.rejected, Counter()
        if not self._closed and (len(plots) or rejected):
            self._sink.plots(self._name, plots, rejected)


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE.items():
        connection.setsockopt(socket.IPPROTO_TCP, option, value)


def tcp(parser: Callable[[], Parser]) -> Callable[[TcpSettings, Sink], Feed]:
    """Return what starts a feed that reads `settings.address` with a new parser for each connection."""

    def start(settings: TcpSettings, sink: Sink) -> Feed:
        name, address = settings.name, host_port(settings.address)
        return Reconnecting(name, sink, lambda: TcpSession(name, address, parser(), sink))

    return start
