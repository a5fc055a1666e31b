"""A room on a simulated machine: the real listener, its output on a file, its memory in SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from detector.errors import IncursiondError
from detector.room.listen import Listener
from detector.room.memory import Memory
from detector.room.output import Output
from tests.simulation.disk import Disk
from tests.simulation.invariants import Watch
from tests.simulation.net import Driver, Net
from tests.simulation.world import Process, World


class Room(Process):
    """One room that must confirm."""

    def __init__(self, world: World, net: Net, watch: Watch, name: str) -> None:
        super().__init__(world, name)
        self._net, self._watch = net, watch
        self.disk: Disk
        self.dies = ""  # at the next line: "torn" in its middle or "written" before it is remembered
        self._driver: Driver | None = None

    def begin(self) -> None:
        settings: Any = SimpleNamespace(
            site=SimpleNamespace(id="pl-east"),
            mqtt=SimpleNamespace(
                url="mqtt://broker",
                client_id="unused",
                username=None,
                password_file=None,
                ca_file=None,
                topic_prefix="airspace/v1",
            ),
        )
        self._driver = None
        try:
            output = _File(self)
            memory = Memory(self.disk.folder / "room.ndjson.state")
            self.listener = Listener(settings, self.name, output, memory, self.time_s, self.monotonic_s)
        except IncursiondError:
            self.kill("gives up at its start")
            return
        self._driver = Driver(self, self.listener._reconnecting)
        self._net.drivers[f"incursiond-pl-east-room-{self.name}"] = self._driver
        self._driver.poke()

    def do(self, what: Any) -> None:
        try:
            super().do(what)
        except IncursiondError:  # ends `incursiond listen`; whoever started it does so again
            self.kill("gives up")

    def end(self) -> None:
        self._watch.room_dies(self.name)
        self.disk.cut()
        if self._driver:
            self._driver.end()
        self._net.left(self)


class _File(Output):
    """The output, which a process may die in the middle of."""

    def __init__(self, room: Room) -> None:
        self._room = room
        super().__init__(room.disk.folder / "room.ndjson")

    def write(self, lines: Sequence[bytes]) -> None:
        room = self._room
        if lines and room.dies == "torn":
            room.dies = ""
            self._file.write(lines[0][: len(lines[0]) // 2])
            self._file.flush()
            room.die()
        super().write(lines)
        for line in lines:
            room._watch.wrote(room.name, line)
        if lines and room.dies == "written":
            room.dies = ""
            room.die()
