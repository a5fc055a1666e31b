"""Stories of who crosses a border: each is one incident, over when it is, and has entered and left when it has."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.simulation.invariants import promise
from tests.simulation.sky import Intruder, Sky
from tests.simulation.story import TROUBLE_S, Fault, Story
from tests.simulation.upsets import ALWAYS, SOME, adopt, right_clock
from tests.simulation.whole import AIRSPACE, Whole
from tests.simulation.world import EPOCH_S

NOTICED_S = 30.0  # of an incursion are heard in one stretch, for it to be sure to be told
DEAF_S, TIMED_S = 15.0, 1.0  # where nobody was deaf for longer, times are right to so much
Told = dict[str, dict[str, Any]]  # the last message of each incident, the first incident first


class WholeStory(Story):
    """A story whose daemon detects what it tells."""

    daemon: Whole
    quiet_s = 450.0  # until who has left is surely gone

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed, folder, Whole)
        self.daemon.sky = self.sky = Sky(self.world, TROUBLE_S, self.quiet_s)
        self._faults = [*ALWAYS, *self.world.chance.sample(SOME, 3) * 2]
        self.daemon.stamps = self.world.chance.random() < 0.3

    @property
    def faults(self) -> Sequence[Fault]:
        return self._faults

    def tell(self, trouble_s: float = TROUBLE_S, most_faults: int = 16, every_s: float = 1.0) -> Story:
        return super().tell(trouble_s, most_faults, every_s)

    def _mend(self) -> None:
        super()._mend()
        right_clock(self.daemon)
        adopt(self.daemon, AIRSPACE)

    def _ends(self) -> None:
        super()._ends()
        told = self._told()
        promise(not told.keys() - {each.track_id for each in self.sky.intruders}, f"who may cross is told of: {told}")
        for intruder in self.sky.intruders:
            self._is_told(intruder, told[intruder.track_id])

    def _is_told(self, intruder: Intruder, incidents: Told) -> None:
        daemon = self.daemon
        promise(incidents or daemon.hears(intruder) < NOTICED_S, f"{intruder} is not told")
        still = [each for each in incidents if self._is_open(each)]
        promise(not still, f"{intruder} is gone, and of {[*incidents]} {still} are not closed")
        if daemon.forgot or not incidents:
            return
        promise(len(incidents) <= 1 + daemon.upheavals, f"{intruder} is told as {[*incidents]}")
        findings = [finding for message in incidents.values() for finding in message["findings"]]
        if self._is_garbled:
            return
        kinds = {finding["kind"] for finding in findings}
        promise(not kinds & {"dark", "manoeuvre", "integrity"}, f"{intruder} is said to be {kinds}")
        stays = [finding for finding in findings if finding["kind"] == "incursion"]
        entered_s, left_s = intruder.enters_s, intruder.leaves_s
        if not daemon.upheavals or daemon.listens(entered_s - 1.0, entered_s + NOTICED_S):
            promise(stays, f"{intruder} is not said to have entered")
            self._is_right(f"{intruder} has entered", entered_s, stays[0]["started_at"])
        if not daemon.upheavals or daemon.listens(left_s - NOTICED_S, left_s + 5.0):
            promise(stays, f"{intruder} is not said to have left")
            self._is_right(f"{intruder} has left", left_s, stays[-1]["ended_at"])

    def _is_open(self, incident_id: str) -> bool:
        """Tell whether rooms believe an incident open; one that was forgotten may never have come to the broker."""
        shown = f"airspace/v1/pl-east/incident/{incident_id}" in self.broker.retained
        return shown or incident_id not in self.watch.closed | self.watch.tainted

    @property
    def _is_garbled(self) -> bool:
        """Tell whether reports had wrong times that were not wrong enough to be refused."""
        return self.daemon.garbled or bool(self.daemon.stamps and self.daemon.upheavals)

    def _is_right(self, what: str, truth_s: float, told: str | None) -> None:
        if self.daemon.deaf_s(truth_s) < DEAF_S:
            said_s = math.inf if told is None else datetime.fromisoformat(told).timestamp() - EPOCH_S
            promise(abs(said_s - truth_s) < TIMED_S, f"{what} at {said_s}")

    def _told(self) -> dict[str, Told]:
        """Return what was told at last, by the subject's track."""
        told = defaultdict(dict)
        for key in sorted(messages := self.watch.payloads | self.watch.loose, key=lambda key: key.sequence):
            message = json.loads(messages[key])
            told[message["subject"]["track_id"]][key.incident_id] = message
        return defaultdict(
            dict,
            {
                name: dict(sorted(of_one.items(), key=lambda each: each[1]["opened_at"]))
                for name, of_one in told.items()
            },
        )
