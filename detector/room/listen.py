"""`incursiond listen`: the reference subscriber of an operations room. One JSON object a line, troubles on stderr."""

from __future__ import annotations

import dataclasses
import logging
import signal
import sys
import time
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTProtocolVersion

from detector.backoff import Backoff
from detector.clock import Clock
from detector.delivery.receipts import Receipt
from detector.delivery.reconnecting import Reconnecting
from detector.delivery.topics import Topics
from detector.errors import InputError
from detector.incidents.message import stamp
from detector.mqtt.broker import broker_of
from detector.room.memory import InUseError, Memory
from detector.room.order import Order, Step, Verdict
from detector.room.output import Output, ReaderGoneError
from detector.room.owed import Owed
from detector.room.session import Session
from detector.settings import Settings, load

log = logging.getLogger(__name__)

SESSION_S = 7 * 86_400  # messages expire after a day; a room that was away for longer keeps its subscriptions
GOODBYE_S = 2.0  # for the last receipts
FORGETS_S = 3600.0  # so often it looks for incidents that are long over

_COPIES = (Verdict.REPEATED, Verdict.DIFFERS)  # of two daemons that took reports in another order, one differs
_SAID = {
    Verdict.DIFFERS: "incident {id}: message {n} came again with other content, left out",
    Verdict.LATE: "incident {id}: message {n} came after a later one was passed on, left out",
    Verdict.MISSING: "incident {id}: gap, {gap} not come; going on with what is there",
    Verdict.BEFORE: "incident {id}: was open before this room listened, {gap} not come",
    Verdict.LOST: "incident {id}: of messages {first} to {n} some have been missing for long, receipts go on",
    Verdict.UNREADABLE: "a message cannot be read, left out: {reason}",
}


def command(config: Path, room: str, output: Path | None) -> int:
    """Listen until SIGTERM or SIGINT. Raises InputError for what cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("paho").setLevel(logging.WARNING)
    settings = load(config)
    try:
        listener = Listener(settings, room, Output(output), _memory(settings, room, output))
        if room not in settings.mqtt.rooms:
            log.warning('room "%s" is not in [mqtt] rooms: nothing is kept for it while it is away', room)
        listener.run()
    except ReaderGoneError:
        raise BrokenPipeError from None
    return 0


def _memory(settings: Settings, room: str, output: Path | None) -> Memory:
    if output:
        return Memory(output.with_name(output.name + ".state"))
    path = Path(settings.state.directory) / f"room-{room}.state"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Memory(path)
    except InUseError:
        raise
    except (OSError, InputError) as error:
        print(f"warning: {error}; after a restart messages may be written again", file=sys.stderr)
        return Memory(":memory:")


class Listener:
    """One room."""

    def __init__(
        self,
        settings: Settings,
        room: str,
        output: Output,
        memory: Memory,
        time_s: Clock = time.time,
        monotonic_s: Clock = time.monotonic,
    ) -> None:
        self._room, self._output, self._memory = room, output, memory
        self._time_s, self._monotonic_s = time_s, monotonic_s
        self._order, self.receipts = Order(), Owed()
        self._carry_out(memory.recall(self._order, output, time_s(), monotonic_s()))
        site = settings.site.id
        self._topics = Topics(settings.mqtt.topic_prefix, site)
        broker = broker_of("mqtt", settings.mqtt, client_id=f"incursiond-{site}-room-{room}")
        self._broker = dataclasses.replace(broker, session_s=SESSION_S)
        self._forgot_s = monotonic_s()
        self._stopping = False
        self._reconnecting = Reconnecting(
            self._broker,
            Backoff(),
            self._open,
            lambda _connected: None,
            self.receipts.settled,
            lambda: self.take([]),
            monotonic_s,
        )

    def run(self) -> None:
        """Run until a signal."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        try:
            self._reconnecting.run()
        finally:
            self._memory.close()

    def take(self, messages: list[paho.MQTTMessage]) -> None:
        """Make messages safe here."""
        now_s = self._monotonic_s()
        steps = [
            step
            for message in messages
            if message.payload  # none: a closed incident is cleared
            for step in self._order.take(bytes(message.payload), now_s, retained=message.retain)
        ]
        self._carry_out(steps + self._order.tick(now_s))
        if now_s - self._forgot_s >= FORGETS_S:
            self._forgot_s = now_s
            for incident_id in self._memory.forget(self._time_s()):
                self._order.forget(incident_id)

    def next_s(self) -> float:
        """Return when something is to be done without a message."""
        return min(self._order.next_s(), self.receipts.next_s())

    def latest(self) -> str | None:
        """Return the incident of the latest message, if there was any."""
        return self._order.latest

    def owed(self) -> list[Receipt]:
        """Return the receipts to send now."""
        due = self.receipts.due(self._monotonic_s(), at_once=self._stopping)
        now = stamp(self._time_s())
        return [Receipt(self._room, incident_id, self._order.upto(incident_id), now) for incident_id in due]

    def _carry_out(self, steps: list[Step]) -> None:
        """Write what is to be read now and remember it, in this order."""
        self._output.write([step.payload for step in steps if step.verdict is Verdict.PASSED])
        self._memory.record(steps, self._output, self._time_s())
        for step in steps:
            _say(step)
            if step.incident_id:
                self.receipts.owe(step.incident_id, self._monotonic_s(), repeated=step.verdict in _COPIES)

    def _open(self, version: MQTTProtocolVersion) -> Session:
        return Session(self._broker, version, self._topics, self, self._monotonic_s)

    def _stop(self) -> None:
        self._stopping = True
        self._reconnecting.stop(GOODBYE_S)


def _say(step: Step) -> None:
    text = _SAID.get(step.verdict)
    if text:
        one = step.first == step.sequence
        gap = f"message {step.sequence} has" if one else f"messages {step.first} to {step.sequence} have"
        say = log.info if step.verdict is Verdict.BEFORE else log.warning
        line = text.format(id=step.incident_id, n=step.sequence, first=step.first, gap=gap, reason=step.reason)
        say("%s", line if line.isprintable() else ascii(line))
