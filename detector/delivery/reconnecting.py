"""Holds a connection to the broker, and opens it again whenever it ends.

What is to be done comes in turns, which wait for nothing themselves but say for what; only `run` waits.
"""

from __future__ import annotations

import contextlib
import logging
import math
import select
import socket
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from detector.backoff import Backoff
from detector.clock import Clock
from detector.delivery.connection import TURN_S, Connection, Turn, Wait
from detector.errors import IncursiondError
from detector.mqtt.broker import Broker
from detector.mqtt.dialect import V5, Dialect

log = logging.getLogger(__name__)

STEADY_S = 10.0  # a connection that lasted so long was a good one: the next failure is a first one again
BRIEF = 3  # in a row that did not: of two clients of one name each ends the other's, and not all brokers say so
BRIEF_WAIT_S = 1.0  # at least, after so many: a broker that dies again and again is not to be waited for any longer


class Session(Protocol):
    """What is done over one connection."""

    @property
    def connection(self) -> Connection:
        """The connection."""

    def turn(self) -> Turn:
        """Do what there is to do until something happens; tell whether the connection stands."""


class Reconnecting:
    """One session after another until it is stopped.

    `open_session` raises OSError or ValueError where there is nobody; `changed` is told whether a broker is connected;
    `idle` is called about every second while none is; once stopping, a session goes on until `settled` or the time is
    over. An IncursiondError of a session ends `run`; any other fault costs the connection.
    """

    def __init__(
        self,
        broker: Broker,
        backoff: Backoff,
        open_session: Callable[[MQTTProtocolVersion], Session],
        changed: Callable[[bool], None],
        settled: Callable[[], bool],
        idle: Callable[[], None],
        monotonic_s: Clock,
    ) -> None:
        self._url, self._client_id = broker.url, broker.client_id
        self._backoff, self._monotonic_s = backoff, monotonic_s
        self._brief, self._accepted_s = 0, math.nan
        self._open, self._changed, self._settled, self._idle = open_session, changed, settled, idle
        self._dialect = Dialect()
        self._last_failure = ""
        self._stopping = False  # no threading.Event: a signal handler could wait for its lock for ever
        self._stop_by_s = math.inf
        self._awake, self._wake = socket.socketpair()
        self._awake.setblocking(False)
        self._wake.setblocking(False)

    def wake(self) -> None:
        """Make the session take a turn; from any thread or signal handler."""
        with contextlib.suppress(BlockingIOError):  # full: it will wake up
            self._wake.send(b"!")

    def stop(self, timeout_s: float) -> None:
        """Make `run` end soon; from any thread or signal handler."""
        self._stop_by_s = self._monotonic_s() + timeout_s
        self._stopping = True
        self.wake()

    def run(self) -> None:
        """Run until stopped."""
        for client, until_s in self.turns():
            self._wait(client, until_s)

    def turns(self) -> Iterator[Wait]:
        """Do what there is to do until stopped; yield what to wait for in between."""
        while not self._stopping:
            self._accepted_s = math.nan
            reason = yield from self._attempt()
            if self._stopping:
                return
            held_s = self._monotonic_s() - self._accepted_s  # NaN: nobody has accepted
            self._brief = self._brief + 1 if held_s < STEADY_S else 0
            wait_s = self._backoff.wait_s()
            if self._brief >= BRIEF:
                reason += f", {self._brief} times soon after connecting: is another client named {self._client_id}?"
                wait_s = max(wait_s, BRIEF_WAIT_S)
            if reason != self._last_failure:
                log.warning("broker %s: %s; trying again", self._url, reason)
            self._last_failure = reason
            yield from self._pause(self._monotonic_s() + wait_s)

    def _wait(self, client: paho.Client | None, until_s: float) -> None:
        sock: Any = client.socket() if client else None
        buffered = hasattr(sock, "pending") and sock.pending() > 0  # TLS may hold what poll cannot see
        timeout_s = 0.0 if buffered else max(0.0, until_s - self._monotonic_s())
        poll = select.poll()  # not select: it knows no descriptor from 1024 on
        poll.register(self._awake, select.POLLIN)
        if sock is not None:
            poll.register(sock, select.POLLIN | (select.POLLOUT if client and client.want_write() else 0))
        if any(fd == self._awake.fileno() for fd, _ in poll.poll(timeout_s * 1000.0)):
            self._awake.recv(4096)

    def _pause(self, until_s: float) -> Iterator[Wait]:
        while (now_s := self._monotonic_s()) < until_s and not self._stopping:
            yield None, min(until_s, now_s + TURN_S)
            self._idle()

    def _attempt(self) -> Generator[Wait, None, str]:
        """Hold one connection as long as it lasts, and return why it ended."""
        try:
            session = self._open(self._dialect.version)
        except (OSError, ValueError) as error:  # nobody there, no such name, no trust: that says nothing of versions
            return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
        connection = session.connection
        try:
            yield from self._hold(session)
        except IncursiondError:  # the owner's own: it cannot go on
            raise
        except Exception as error:  # a fault costs the connection, never the thread
            log.exception("broker %s: fault in a connection", self._url)
            return f"{type(error).__name__}: {error}"
        finally:
            self._changed(False)
            connection.close()
        self._dialect.ended() if connection.accepted else self._dialect.refused(connection.refused)
        return connection.reason or "connection lost"

    def _hold(self, session: Session) -> Iterator[Wait]:
        known = False
        while (yield from session.turn()) and not self._finished():
            if session.connection.accepted and not known:
                known = True
                self._connected()

    def _connected(self) -> None:
        self._last_failure, self._accepted_s = "", self._monotonic_s()
        self._backoff.reset()
        self._changed(True)
        five = self._dialect.version == V5
        log.info("broker %s: connected with MQTT %s", self._url, "5" if five else "3.1.1, which hides refusals")

    def _finished(self) -> bool:
        return self._stopping and (self._settled() or self._monotonic_s() > self._stop_by_s)
