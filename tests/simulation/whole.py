"""The whole daemon on a simulated machine: its duty and its core as they are, under a sky that is made up."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from detector import settings
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.service.duty import Duty
from tests.simulation.daemon import Daemon
from tests.simulation.invariants import promise
from tests.simulation.net import Driver
from tests.simulation.sky import STRIP, Intruder, Sky
from tests.simulation.story import FAULTS, ROOMS, TROUBLE_S, Fault, Story, fault, step_clock
from tests.simulation.world import EPOCH_S

AIRSPACE = Airspace([STRIP], 1013.25)
SETTINGS = settings.Settings(
    site=settings.Site(id="pl-east"),
    airspace=settings.Airspace(zones=("strip.geojson",)),
    identity=(settings.IdentityRule(is_="neutral", callsign=("?*",)),),
    mqtt=settings.Mqtt(url="mqtt://broker", client_id="incursiond", rooms=ROOMS),
)
STEP_S, CATCH_UP_S = 0.5, 2.0
NOTICED_S = 30.0  # of an incursion are heard by one life of the daemon, for it to be sure to be told
DEAF_S, TIMED_S = 15.0, 1.0  # where nobody was deaf for longer, times are right to so much


class Whole(Daemon):
    """One site's daemon, of which nothing is made up but its clocks, threads and feeds."""

    sky: Sky

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self.lives: list[tuple[float, float]] = []  # from when to when it has listened
        self.forgot = False  # once

    def begin(self) -> None:
        self._watch.daemon_starts()
        self.ledger = self.delivery = None
        self._heard_s = self._began_s = self.world.now_s
        self._net.drivers.pop(SETTINGS.mqtt.client_id, None)
        state = settings.State(directory=str(self.disk.folder))
        mine = msgspec.structs.replace(SETTINGS, state=state)
        self.duty = duty = Duty(mine, AIRSPACE, Metrics(), self.time_s, self.monotonic_s)
        self.ledger, self.delivery = duty.ledger, duty.delivery
        self._driver = Driver(self, duty.delivery._link._reconnecting)
        self._net.drivers[SETTINGS.mqtt.client_id] = self._driver
        self.disk.meanwhile = self._driver.turn
        duty.resume()
        self._driver.poke()
        duty.add_feed("sky", 30.0)
        duty.connection("sky", connected=True, reason="")
        self.after(STEP_S, self._step)
        self.after(1.0, self._look)

    def end(self) -> None:
        self.lives.append((self._began_s, self._heard_s))
        self.forgot |= self.forgetful()
        super().end()

    def heard_for_s(self, intruder: Intruder) -> float:
        """Return for how long one life of it could hear an intruder inside."""
        lives = [*self.lives, (self._began_s, self._heard_s)]
        return max(min(end_s, intruder.leaves_s) - max(begin_s, intruder.enters_s) for begin_s, end_s in lives)

    def deaf_s(self, at_s: float) -> float:
        """Return for how long no life of it has listened around a time."""
        lives = [*self.lives, (self._began_s, self._heard_s)]
        before_s = max((min(end_s, at_s) for begin_s, end_s in lives if begin_s < at_s), default=-math.inf)
        after_s = min((max(begin_s, at_s) for begin_s, end_s in lives if end_s > at_s), default=math.inf)
        return after_s - before_s

    def look(self) -> list[str]:
        self.duty.look()
        promise(not self.duty._failing, f"rules break: {self.duty._failing}")
        late: list[str] = self.delivery.late() + self.delivery.tend()
        self._watch.looked(late, self.delivery._outbox, self.ledger)
        return late

    def _look(self) -> None:
        self.look()
        self.after(1.0, self._look)

    def _step(self) -> None:
        now_s = self.world.now_s
        if self.delivery.twins.caught_up.is_set() or now_s - self._began_s >= CATCH_UP_S:
            heard = self.sky.heard(self._heard_s, now_s)
            self.duty.take("sky", heard, Counter(), self.time_s())
            self._heard_s = now_s
            self.duty.step()
        self.after(STEP_S, self._step)


@fault
def stay_away(story: Story, _: float) -> str:
    story.daemon.kill("killed", for_s := story.world.chance.choice((30.0, 60.0, 90.0)))
    return f"daemon is killed, and away for {for_s} s"


class WholeStory(Story):
    """A story whose daemon detects what it tells."""

    quiet_s = 450.0  # until who has left is surely gone

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed, folder, Whole)
        self.daemon.sky = self.sky = Sky(self.world, TROUBLE_S, self.quiet_s)

    @property
    def faults(self) -> Sequence[Fault]:
        """No steps of the clock: reports that lie hours ahead or back are refused, and nothing is told."""
        return [fault for fault in FAULTS if fault is not step_clock] + [stay_away] * 2

    def _ends(self) -> None:
        super()._ends()
        told = self._told()
        promise(not told.keys() - {each.track_id for each in self.sky.intruders}, f"who may cross is told of: {told}")
        for intruder in self.sky.intruders:
            self._is_told(intruder, told[intruder.track_id])

    def _is_told(self, intruder: Intruder, incidents: dict[str, dict[str, Any]]) -> None:
        """See that an intruder is one incident, which is over, and has entered and left when it has."""
        daemon = self.daemon
        promise(incidents or daemon.heard_for_s(intruder) < NOTICED_S, f"{intruder} is not told")
        promise(incidents.keys() <= self.watch.closed, f"{intruder} is gone, and of {[*incidents]} not all are closed")
        if daemon.forgot or not incidents:
            return
        promise(len(incidents) == 1, f"{intruder} is told as {[*incidents]}")
        (message,) = incidents.values()
        kinds = {finding["kind"] for finding in message["findings"]}
        promise(not kinds & {"dark", "manoeuvre", "integrity"}, f"{intruder} is said to be {kinds}")
        stays = [finding for finding in message["findings"] if finding["kind"] == "incursion"]
        for name, truth_s, stay in (
            ("started_at", intruder.enters_s, stays[0]),
            ("ended_at", intruder.leaves_s, stays[-1]),
        ):
            if daemon.deaf_s(truth_s) < DEAF_S:
                said_s = math.inf if stay[name] is None else datetime.fromisoformat(stay[name]).timestamp() - EPOCH_S
                promise(abs(said_s - truth_s) < TIMED_S, f"{intruder} has {name} at {said_s}")

    def _told(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the last message of each incident, by its subject's track."""
        told = defaultdict(dict)
        for key in sorted(messages := self.watch.payloads | self.watch.loose, key=lambda key: key.sequence):
            message = json.loads(messages[key])
            told[message["subject"]["track_id"]][key.incident_id] = message
        return told
