"""The daemon on a simulated machine: a made-up core, and everything from the ledger to the session as it is."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from detector.delivery.journal import State
from detector.delivery.ledger import Ledger
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.incidents.message import IncidentMessage, stamp
from detector.incidents.stories import Stories
from detector.metrics import Metrics
from tests.commands.test_schema import MESSAGE
from tests.simulation.disk import Disk
from tests.simulation.invariants import Watch
from tests.simulation.net import Driver, Net
from tests.simulation.world import Process, World

TOPICS = Topics("airspace/v1", "pl-east")
SNAPSHOT_S = 5.0


class Core:
    """Incidents that come and go at random; its state is what a pipeline's snapshot is to the daemon."""

    def __init__(self, world: World, states: list[bytes]) -> None:
        self._world = world
        self.open: dict[str, int] = json.loads(states[-1]) if states else {}  # sequences

    def state(self, *, whole: bool) -> State:
        return State(whole=whole, blob=json.dumps(self.open).encode())

    def step(self, prefix: str, now_s: float) -> list[IncidentMessage]:
        return [self._one(prefix, now_s) for _ in range(self._world.chance.choice((1, 1, 1, 2, 5)))]

    def _one(self, prefix: str, now_s: float) -> IncidentMessage:
        chance = self._world.chance
        if not self.open or (len(self.open) < 6 and chance.random() < 0.25):
            incident_id, event = f"{prefix}-{chance.getrandbits(32):08x}", "opened"
        else:
            incident_id = chance.choice(sorted(self.open))
            event = chance.choice(("updated", "updated", "escalated", "closed"))
        sequence = self.open.get(incident_id, 0) + 1
        self.open[incident_id] = sequence
        if event == "closed":
            del self.open[incident_id]
        return replace(
            MESSAGE,
            incident_id=incident_id,
            sequence=sequence,
            event=event,
            time=stamp(now_s),
            cause=chance.choice(("incursion", "manoeuvre")),
            headline=f"{chance.getrandbits(32):x}",
        )


class Daemon(Process):
    """One site's daemon."""

    def __init__(self, world: World, net: Net, watch: Watch, rooms: tuple[str, ...]) -> None:
        super().__init__(world, "daemon")
        self._net, self._watch, self._rooms = net, watch, rooms
        self.disk: Disk
        self.busy_until_s, self.every_s = 0.0, 1.0  # until when messages are made, and how often
        self.delivery: Any = None
        self.ledger: Any = None

    def begin(self) -> None:
        self._watch.daemon_starts()
        self.ledger = self.delivery = None
        self.ledger = ledger = Ledger(self.disk.folder, self.time_s)
        self._core = Core(self.world, ledger.states)
        self._stories = Stories()
        settings = SimpleNamespace(
            url="mqtt://broker", client_id="incursiond", username=None, password_file=None, ca_file=None
        )
        self._net.drivers.pop(settings.client_id, None)
        self.delivery = Delivery(
            settings, TOPICS, Metrics(), ledger, self._rooms, time_s=self.time_s, monotonic_s=self.monotonic_s
        )
        self._driver = Driver(self, self.delivery._link._reconnecting)
        self._net.drivers[settings.client_id] = self._driver
        self.disk.meanwhile = self._driver.turn
        self._hear()
        self._snap()
        self._driver.poke()
        self.after(self.world.chance.uniform(0.1, 1.0), self._step)
        self.after(1.0, self._look)

    def end(self) -> None:
        self._watch.daemon_dies(forgetful=self.forgetful())
        self.disk.cut()
        if self.delivery is not None:
            self._driver.end()
        self._net.left(self)

    def forgetful(self) -> bool:
        """Tell whether what its disk has is not all that it knows."""
        return self.ledger is not None and bool(self.ledger.trouble or self.ledger._owed)

    def look(self) -> list[str]:
        """Do what the real one does once a second."""
        self._hear()
        late: list[str] = self.delivery.late()
        troubles = late + self.delivery.tend()
        self.delivery.set_status("degraded" if troubles else "online", reason="; ".join(troubles))
        self._watch.looked(troubles, self.delivery._outbox, self.ledger)
        return late

    def _hear(self) -> None:
        """Close what an earlier life has left open, as far as that is known; nobody goes on with it here."""
        for message, _ in self.delivery.twins.take().messages:
            self._stories.hear(message, -math.inf)
        self._emit(self._stories.close_left(self._core.open.keys(), self.time_s()))

    def _look(self) -> None:
        self.look()
        if self.world.now_s >= self._snap_s:
            self._snap()
        self.after(1.0, self._look)

    def _snap(self) -> None:
        self._snap_s = self.world.now_s + SNAPSHOT_S
        self.delivery.submit([], self.time_s(), self._core.state(whole=True))

    def _step(self) -> None:
        if self.world.now_s < self.busy_until_s:
            self._emit(self._core.step(f"i{self.life}", self.time_s()))
            self.after(self.world.chance.expovariate(1.0 / self.every_s), self._step)

    def _emit(self, messages: list[IncidentMessage]) -> None:
        if messages:
            for message in messages:
                self.world.say(self.name, f"makes {message.incident_id} {message.sequence} {message.event}")
                self._stories.hear(message)
            self.delivery.submit(messages, self.time_s(), self._core.state(whole=False))
