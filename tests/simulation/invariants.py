"""What must hold whatever happens, seen from outside: on disks, on the wire, in the rooms' files.

A message is named by incident and sequence. While a daemon's disk takes nothing, what it numbers is forgotten if it is
killed then: incidents of which that is true are `tainted`, and only their order is looked at (decision 10).
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import msgspec

from detector.delivery.messages import Key, key_of
from detector.delivery.receipts import OVERDUE_S, receipt_of
from detector.mqtt.publication import Publication
from detector.room.order import GRACE_S
from tests.simulation.world import BrokenPromise, Process, World

SILENCE_S = OVERDUE_S + 2.0  # of the broker, and from its word on of a room
HOLD_S = GRACE_S + 2.0  # a room looks every second


def promise(holds: object, what: str) -> None:
    if not holds:
        raise BrokenPromise(what)


def _follows(one: Key, other: Key) -> bool:
    return one.incident_id == other.incident_id and one.sequence >= other.sequence


class Watch:
    """Everything that was seen."""

    def __init__(self, world: World, rooms: tuple[str, ...]) -> None:
        self._world, self.rooms = world, rooms
        self.payloads: dict[Key, bytes] = {}  # committed
        self.closed: set[str] = set()
        self.last: dict[str, int] = defaultdict(int)
        self.keys: dict[int, Key] = {}  # by the number of a letter
        self.undone: dict[int, float] = {}  # letters that wait, since when
        self.loose: dict[Key, bytes] = {}  # sent without being on a disk
        self.tainted: set[str] = set()
        self.lines: dict[str, dict[str, list[int]]] = {room: defaultdict(list) for room in rooms}
        self.seen: dict[str, set[Key]] = {room: set() for room in rooms}
        self.skipped: dict[str, dict[str, int]] = {room: defaultdict(int) for room in rooms}
        self.told: dict[tuple[str, str], int] = defaultdict(int)  # receipts that this life of the daemon has
        self.taken_s: dict[Key, float] = {}  # when this life was told that the broker has an alert
        self.came_s: dict[tuple[str, Key], float] = {}
        self.holds: dict[tuple[str, Key], float] = {}  # what rooms that live hold back, since when
        self.gaps = 0

    # --- disks --------------------------------------------------------------------------------------------------------

    def journal(self, sql: str, row: list[Any]) -> None:
        if sql.startswith("UPDATE letters"):
            self._done(row[0])
        elif sql.startswith("INSERT OR REPLACE INTO letters"):
            number, incident_id, sequence, event, _, blob, _ = row
            payload = msgspec.msgpack.decode(blob, type=tuple[Publication, ...])[0].payload
            self._committed(number, Key(incident_id, sequence), event, payload)

    def _committed(self, number: int, key: Key, event: str, payload: bytes) -> None:
        promise(self.keys.setdefault(number, key) == key, f"number {number} is used twice")
        self.undone.setdefault(number, self._world.now_s)
        if key.incident_id in self.tainted:
            return
        promise(self.payloads.setdefault(key, payload) == payload, f"{key} is committed with two contents")
        self._made(key, event)

    def _made(self, key: Key, event: str) -> None:
        promise(key.sequence <= self.last[key.incident_id] + 1, f"{key} leaves a gap")
        self.last[key.incident_id] = max(key.sequence, self.last[key.incident_id])
        if event == "closed":
            self.closed.add(key.incident_id)

    def _done(self, number: int) -> None:
        self.undone.pop(number, None)
        key = self.keys.get(number)
        if key is None or key.incident_id in self.tainted:
            return
        for room in self.rooms:
            promise(self._had(room, key), f"{key} counts as done, and room {room} has not had it")

    def memory(self, room: str, sql: str, row: list[Any]) -> None:
        if "INTO seen" in sql:
            incident_id, sequence, _, waiting, _ = row
            if waiting is not None:
                self.holds.setdefault((room, Key(incident_id, sequence)), self._world.now_s)
            else:
                self.holds.pop((room, Key(incident_id, sequence)), None)
                self.seen[room].add(Key(incident_id, sequence))
                written = self.lines[room][incident_id]
                promise(sequence <= max(written, default=0), f"room {room} remembers {row[:2]} and has not written it")
        elif "INTO skipped" in sql:
            self.skipped[room][row[0]] = max(row[1], self.skipped[room][row[0]])

    def room_dies(self, room: str) -> None:
        self.holds = {held: since_s for held, since_s in self.holds.items() if held[0] != room}

    def _had(self, room: str, key: Key) -> bool:
        return key in self.seen[room] or key.sequence <= self.skipped[room][key.incident_id]

    # --- the rooms' files and the wire --------------------------------------------------------------------------------

    def wrote(self, room: str, line: bytes) -> None:
        key = key_of(line)
        before = self.lines[room][key.incident_id]
        promise(key.sequence > max(before, default=0), f"room {room} writes {key} after {before}")
        if key.incident_id not in self.tainted:
            known = self.payloads.get(key) or self.loose.get(key)
            promise(known == line, f"room {room} writes {key} that nobody has made")
        if key.sequence > max(before, default=0) + 1:
            self.gaps += 1
            later = [s for (r, k), s in self.came_s.items() if r == room and _follows(k, key)]
            waited_s = self._world.now_s - min(later)  # one that came before it has waited for the same
            promise(waited_s >= GRACE_S - 0.01, f"room {room} waits only {waited_s:.2f} s before it passes on {key}")
        before.append(key.sequence)

    def sent(self, process: Process, topic: str, payload: bytes) -> None:
        if process.name == "daemon":
            if payload and ("/alert/" in topic or "/incident/" in topic):
                self._left(key_of(payload), payload)
            return
        receipt = receipt_of(topic, payload)
        for sequence in range(1, receipt.sequence + 1):
            key = Key(receipt.incident_id, sequence)
            promise(self._had(process.name, key), f"room {process.name} confirms {key} and has not had it")

    def _left(self, key: Key, payload: bytes) -> None:
        if self.payloads.get(key) != payload and key.incident_id not in self.tainted:
            message = json.loads(payload)
            promise(message.get("durable") is False, f"{key} leaves before it is on the disk")
            promise(key not in self.payloads, f"{key} is sent with other content than was committed")
            self.loose[key] = payload
            self._made(key, message["event"])

    def answered(self, process: Process, topic: str, payload: bytes) -> None:
        if process.name == "daemon" and "/alert/" in topic:
            self.taken_s.setdefault(key_of(payload), self._world.now_s)

    def arrived(self, process: Process, topic: str, payload: bytes) -> None:
        if process.name == "daemon" and "/receipt/" in topic:
            receipt = receipt_of(topic, payload)
            name = receipt.room, receipt.incident_id
            self.told[name] = max(self.told[name], receipt.sequence)
        elif payload and process.name != "daemon":
            self.came_s.setdefault((process.name, key_of(payload)), self._world.now_s)

    # --- the daemon's life --------------------------------------------------------------------------------------------

    def daemon_starts(self) -> None:
        self.told.clear()
        self.taken_s.clear()
        self.undone = dict.fromkeys(self.undone, self._world.now_s)

    def daemon_dies(self, *, forgetful: bool) -> None:
        """Note what it may forget: all that it has sent since its disk took the last."""
        if forgetful:
            self.tainted |= {key.incident_id for key in self.loose.keys() - self.payloads.keys()}

    def looked(self, late: list[str], outbox: Any, ledger: Any) -> None:
        """See what the daemon says of itself once a second, and what rooms hold back."""
        for (room, key), since_s in self.holds.items():
            promise(self._world.now_s - since_s < HOLD_S, f"room {room} holds {key} back since {since_s:.1f}")
        if ledger._journal is None:  # what was on the disk before is known once it can be read, and waits from then on
            self.undone |= dict.fromkeys(self.undone.keys() - ledger._waiting.keys(), self._world.now_s)
        for number, since_s in self.undone.items():
            key = self.keys[number]
            missing = [room for room in self.rooms if self.told[room, key.incident_id] < key.sequence]
            silent_s = self._world.now_s - self.taken_s.get(key, since_s)
            promise(not missing or silent_s < SILENCE_S or late, f"{key} is with {missing} late, and nobody is told")
        waits = len(ledger._waiting)
        promise(len(outbox._items) <= 3 * waits, f"{len(outbox._items)} publications are held for {waits} messages")

    def ends(self, retained: dict[str, bytes], late: list[str]) -> None:
        """See what is left when everything works again and had time."""
        promise(not late, f"there is an alarm in the end: {late}")
        promise(not self.undone, f"letters {sorted(self.undone)[:5]} are not done in the end")
        for key in self.payloads.keys() - {k for k in self.payloads if k.incident_id in self.tainted}:
            for room in self.rooms:
                promise(self._had(room, key), f"{key} has never come to room {room}")
                if key.sequence == self.last[key.incident_id]:
                    lines = self.lines[room][key.incident_id]
                    promise(lines[-1:] == [key.sequence], f"room {room} reads {lines} of {key}, the last")
        for incident_id, sequence in self.last.items():
            if incident_id not in self.tainted:
                shown = retained.get(f"airspace/v1/pl-east/incident/{incident_id}")
                key = Key(incident_id, sequence)
                wanted = None if incident_id in self.closed else self.payloads.get(key) or self.loose[key]
                is_shown = key_of(shown) if shown else None
                promise(
                    shown == wanted, f"in the end its topic shows {is_shown} of {key}, {self.closed & {incident_id}}"
                )
        status = json.loads(retained.get("airspace/v1/pl-east/status", b"{}")).get("state")
        promise(status == "online", f"the daemon's topic says {status}")
