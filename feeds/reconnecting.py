"""A feed over a connection that is opened again whenever it ends.

Nobody is blind for long after a receiver is back: attempts wait for 5 s at most. A connection that held longer than
that was a good one: after it the waits start from 1 s again.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from detector.backoff import Backoff
from feeds.sink import Sink, State

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 5.0  # an incursion may take 17
_JOIN_S = 2.0


class Session(Protocol):
    """One connection, from the attempt to open it to its end."""

    def run(self, up: Callable[[str], None]) -> str:
        """Receive until the connection ends and return the reason, or raise it as an OSError; `up` once it stands."""

    def close(self) -> None:
        """Make `run` return soon; called from another thread, at any time."""


class Reconnecting:
    """A feed that runs one session after another in a thread of its own until it is stopped."""

    def __init__(
        self,
        name: str,
        sink: Sink,
        open_session: Callable[[], Session],
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._name = name
        self._sink = sink
        self._open_session = open_session
        self._backoff = Backoff(min(FIRST_WAIT_S, LONGEST_WAIT_S), jitter, LONGEST_WAIT_S)
        self._session: Session | None = None
        self._stopping = threading.Event()
        self._reported: tuple[State, str] | None = None
        self._up_since_s = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"feed {name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the session and the thread; at most 2 s, after which an attempt under way ends by itself, unheard."""
        self._stopping.set()
        if self._session is not None:
            self._session.close()
        self._thread.join(_JOIN_S)
        self._report("down", "stopped")

    def _run(self) -> None:
        while not self._stopping.is_set():
            reason = self._attempt()
            if self._stopping.is_set():
                return
            self._report("down", reason)
            if time.monotonic() - self._up_since_s > LONGEST_WAIT_S:
                self._backoff.reset()
            self._stopping.wait(self._backoff.wait_s())

    def _attempt(self) -> str:
        self._up_since_s = float("inf")
        try:
            self._session = self._open_session()
            return "stopped" if self._stopping.is_set() else self._session.run(self._up)
        except OSError as error:
            return (error.strerror or str(error) or type(error).__name__).lower()
        except Exception as error:  # a fault in a parser or a sink costs the connection, not the feed
            return f"{type(error).__name__}: {error}"

    def _up(self, reason: str) -> None:
        self._up_since_s = time.monotonic()
        if not self._stopping.is_set():
            self._report("up", reason)

    def _report(self, state: State, reason: str) -> None:
        if self._reported != (state, reason):
            self._reported = (state, reason)
            self._sink.state(self._name, state, reason)
