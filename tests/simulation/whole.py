"""The whole daemon on a simulated machine: its duty, inbox and core as they are, under a sky that is made up."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from detector import settings
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.service.duty import Duty
from detector.service.inbox import Inbox
from feeds.plots import Plots
from tests.simulation.daemon import Daemon
from tests.simulation.invariants import promise
from tests.simulation.net import Driver
from tests.simulation.sky import STRIP, Intruder, Sky
from tests.simulation.story import ROOMS
from tests.simulation.world import EPOCH_S

AIRSPACE = Airspace([STRIP], 1013.25)
SETTINGS = settings.Settings(
    site=settings.Site(id="pl-east"),
    airspace=settings.Airspace(zones=("strip.geojson",)),
    identity=(settings.IdentityRule(is_="neutral", callsign=("?*",)),),
    feeds=(settings.SbsFeed(name="north", address="127.0.0.1:30003"),),  # some are configured; they are made up
    mqtt=settings.Mqtt(url="mqtt://broker", client_id="incursiond", rooms=ROOMS),
)
STEP_S, CATCH_UP_S = 0.5, 2.0
FULL = 40  # reports, of the inbox
RIGHT_S = 8.0  # a clock that is off by less refuses nothing
STARTED_WRONG_S = 60.0  # longer than a clock is off


class Whole(Daemon):
    """One site's daemon, of which nothing is made up but its clocks, threads and feeds."""

    sky: Sky

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self.airspace = AIRSPACE  # of its files
        self.stamps = False  # the feeds' lines have no times: the machine's clock stamps them when they come
        self.lives: list[tuple[float, float]] = []  # from when to when it has listened, with right times
        self.blind: list[tuple[float, float]] = []  # from when to when it could not, though it lived
        self.upheavals = 0  # by each of which the story of one intruder may become two
        self.forgot = False  # once
        self.garbled = False  # reports had times a little wrong
        self.misled = False  # this life of it has begun with a wrong clock
        self.open_s = 0.0  # when its zone comes back
        self._began_s = self._heard_s = 0.0

    def begin(self) -> None:
        self._watch.daemon_starts()
        self.ledger = self.delivery = None
        now_s = self.world.now_s
        self.misled = abs(self.step_back_s) > RIGHT_S
        if self.misled:  # it cannot know
            self.upheavals, self.garbled = self.upheavals + 1, True
            self.blinded(STARTED_WRONG_S)
        self._heard_s = self._started_s = now_s
        self._began_s = max([now_s, *(until_s for _, until_s in self.blind)])
        self._net.drivers.pop(SETTINGS.mqtt.client_id, None)
        state = settings.State(directory=str(self.disk.folder))
        mine = msgspec.structs.replace(SETTINGS, state=state)
        self._metrics, self._inbox = Metrics(), Inbox(FULL)
        self._lines: dict[str, deque[Plots]] = {"sky": deque(), "crowd": deque()}  # that wait in their connections
        self.duty = duty = Duty(mine, self.airspace, self._metrics, self.time_s, self.monotonic_s)
        self.ledger, self.delivery = duty.ledger, duty.delivery
        self._driver = Driver(self, duty.delivery._link._reconnecting)
        self._net.drivers[SETTINGS.mqtt.client_id] = self._driver
        self.disk.meanwhile = self._driver.turn
        duty.resume()
        self._driver.poke()
        for name, stale_s in (("sky", 30.0), ("crowd", math.inf)):
            duty.add_feed(name, stale_s)
            duty.connection(name, connected=True, reason="")
        self.after(STEP_S, self._step)
        self.after(1.0, self._look)

    def end(self) -> None:
        self.lives = [*self._stretches()]
        self.forgot |= self.forgetful()
        super().end()

    def blinded(self, for_s: float) -> None:
        """Note that it cannot listen for a while from now on, or hears wrong times."""
        self.lives = [*self._stretches()]
        self.blind.append((self.world.now_s, until_s := self.world.now_s + for_s))
        self._began_s = max(self._began_s, until_s)

    def _stretches(self) -> Iterator[tuple[float, float]]:
        yield from self.lives
        if self.alive and self._began_s < self._heard_s:
            yield self._began_s, self._heard_s

    def hears(self, intruder: Intruder) -> float:
        """Return for how long one stretch of listening could hear an intruder inside."""
        enters_s, leaves_s = intruder.enters_s, intruder.leaves_s
        return max((min(end_s, leaves_s) - max(begin_s, enters_s) for begin_s, end_s in self._stretches()), default=0.0)

    def listens(self, from_s: float, to_s: float) -> bool:
        """Tell whether it has listened all the time between two."""
        return any(begin_s <= from_s and to_s <= end_s for begin_s, end_s in self._stretches())

    def deaf_s(self, at_s: float) -> float:
        """Return for how long it has not listened around a time; inf if it could not."""
        if any(from_s <= at_s <= to_s for from_s, to_s in self.blind):
            return math.inf
        before_s = max((min(end_s, at_s) for begin_s, end_s in self._stretches() if begin_s < at_s), default=-math.inf)
        after_s = min((max(begin_s, at_s) for begin_s, end_s in self._stretches() if end_s > at_s), default=math.inf)
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
        off_s = self.time_s() - EPOCH_S - now_s if self.stamps else 0.0
        for name, plots in (("sky", self.sky.heard(self._heard_s, now_s)), ("crowd", self.sky.crowd(now_s))):
            if len(plots):
                self._lines[name].append(replace(plots, time_s=plots.time_s + off_s))
        self._heard_s = now_s
        if self.delivery.twins.caught_up.is_set() or now_s - self._started_s >= CATCH_UP_S:
            self._read()
            tasks, full = self._inbox.take(0.0)
            for task in tasks:
                task()
            self.duty.step(full=full)
            self._balances()
        self.after(STEP_S, self._step)

    def _read(self) -> None:
        """Let feeds hand over what they have, in any order, while there is room."""
        for name in self.world.chance.sample(sorted(self._lines), len(self._lines)):
            lines = self._lines[name]
            while lines and self._inbox._reports < FULL:
                plots = lines.popleft()
                task = partial(self.duty.take, name, plots, Counter(), self.time_s())
                self._inbox.put(task, reports=len(plots))

    def _balances(self) -> None:
        """See that every report is counted once."""
        received, became = (
            sum(sample.value for sample in each.collect()[0].samples if sample.name.endswith("_total"))
            for each in (self._metrics.received, self._metrics.plots)
        )
        promise(received == became, f"of {received} reports {became} are accounted for")
