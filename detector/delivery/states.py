"""Retained states (of the daemon, of each feed): of each topic only the latest is worth sending."""

from __future__ import annotations

import threading

from detector.mqtt.publication import Publication


class States:
    """The latest state of each topic, and which of them the broker has yet to get; usable from any thread."""

    def __init__(self) -> None:
        self._latest: dict[str, Publication] = {}
        self._unsent: dict[str, Publication] = {}
        self._clears: dict[str, Publication] = {}  # that still stand: nobody has told of their topics since
        self._lock = threading.Lock()

    def put(self, state: Publication) -> None:
        """Replace the state of a topic."""
        with self._lock:
            self._latest[state.topic] = self._unsent[state.topic] = state

    def keep(self, state: Publication) -> None:
        """Take over a state that is delivered otherwise, to send it again on every new connection."""
        with self._lock:
            self._latest[state.topic] = state
            self._unsent.pop(state.topic, None)  # an older view, refused before, would come after it

    def drop(self, topic: str) -> None:
        """Forget a topic that has no state any more."""
        with self._lock:
            for each in (self._latest, self._unsent, self._clears):
                each.pop(topic, None)

    def clear(self, topic: str) -> None:
        """Let the broker forget a topic, once, that has no state."""
        with self._lock:
            self._latest.pop(topic, None)
            self._unsent[topic] = self._clears[topic] = Publication(topic, b"", retain=True)

    def unsent(self) -> list[Publication]:
        """Return the states to send, in the order in which their topics first appeared among them."""
        with self._lock:
            return list(self._unsent.values())

    def sent(self, state: Publication) -> None:
        """Note that a state is on its way."""
        with self._lock:
            if self._unsent.get(state.topic) is state:
                del self._unsent[state.topic]

    def latest(self, topic: str) -> Publication | None:
        """Return the state of a topic; None without one."""
        with self._lock:
            return self._latest.get(topic)

    def again(self, state: Publication) -> None:
        """Note that a state, or a clear, did not arrive; it is sent again unless there is a later state."""
        with self._lock:
            latest = self._latest.get(state.topic)
            if latest is state or (latest is None and self._clears.get(state.topic) is state):
                self._unsent[state.topic] = state

    def restart(self) -> None:
        """Send every state again: a new connection may be to a broker that has forgotten them."""
        with self._lock:
            self._unsent, self._clears = dict(self._latest), {}
