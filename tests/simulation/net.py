"""Connections as TCP gives them: in order and late, held while the way is cut, and lost with whatever was under way.

`Client` stands in for `paho.Client`, as far as production uses that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from tests.simulation.world import Process, World

NOTICED_BY_BROKER_S, NOTICED_BY_CLIENT_S = 15.0, 20.0  # one and a half, and two keepalives
Packet = tuple[Any, ...]


@lru_cache
def reason(kind: int, code: int) -> ReasonCode:
    return ReasonCode(kind, identifier=code)


class Net:
    """The ways between processes and the broker, by process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slow_s: dict[str, float] = {}
        self.cut_until_s: dict[str, float] = {}
        self.drivers: dict[str, Driver] = {}  # by client id
        self.wires: list[Wire] = []
        self.broker: Any = None
        self.sent: Callable[[Process, str, bytes], None] = lambda *_: None
        self.arrived: Callable[[Process, str, bytes], None] = lambda *_: None
        self.answered: Callable[[Process, str, bytes], None] = lambda *_: None

    def cut(self, name: str, until_s: float) -> None:
        self.cut_until_s[name] = max(until_s, self.cut_until_s.get(name, 0.0))
        for wire in [w for w in self.wires if w.process.name == name]:
            self.world.after(NOTICED_BY_BROKER_S, lambda wire=wire: wire.silent(wire.broker_gone))
            self.world.after(NOTICED_BY_CLIENT_S, lambda wire=wire: wire.silent(wire.client_gone))

    def is_cut(self, name: str) -> bool:
        return self.world.now_s < self.cut_until_s.get(name, 0.0)

    def left(self, process: Process) -> None:
        """Note that a process is no more: the broker learns it at once, unless the way is cut."""
        for wire in [w for w in self.wires if w.process is process]:
            wire.close()
            self.world.after(NOTICED_BY_BROKER_S if self.is_cut(process.name) else 0.01, wire.broker_gone)

    def reset(self, name: str) -> None:
        for wire in [w for w in self.wires if w.process.name == name]:
            wire.lose()


class Wire:
    """One connection."""

    def __init__(self, net: Net, process: Process, client: Client) -> None:
        self.net, self.process, self.client = net, process, client
        self.open = True
        self._last_s = [0.0, 0.0]
        net.wires.append(self)

    def up(self, packet: Packet) -> None:
        self._carry(0, lambda: self.net.broker.take(self, packet))

    def down(self, packet: Packet) -> None:
        self._carry(1, lambda: self.client.receive(packet))

    def _carry(self, way: int, arrive: Callable[[], None]) -> None:
        world = self.net.world
        late_s = world.chance.uniform(0.0005, 0.02) + self.net.slow_s.get(self.process.name, 0.0)
        self._last_s[way] = max(self._last_s[way], world.now_s + late_s)
        world.at(self._last_s[way], lambda: self._arrive(way, arrive))

    def _arrive(self, way: int, arrive: Callable[[], None]) -> None:
        if not self.open:
            return
        if self.net.is_cut(self.process.name):  # sent again and again by TCP
            self._last_s[way] = max(self._last_s[way], self.net.cut_until_s[self.process.name] + 0.01)
            self.net.world.at(self._last_s[way], lambda: self._arrive(way, arrive))
        else:
            arrive()

    def silent(self, gone: Callable[[], None]) -> None:
        if self.open and self.net.is_cut(self.process.name):
            gone()

    def broker_gone(self) -> None:
        self.net.broker.lost(self, will=True)
        healed_s = self.net.cut_until_s.get(self.process.name, 0.0)
        self.net.world.at(healed_s + 0.05, lambda: self.client_gone() if self.open else None)

    def client_gone(self) -> None:
        self.close()
        self.client.lose()

    def lose(self) -> None:
        """Break: both ends notice, what is under way is lost."""
        self.client_gone()
        self.broker_gone()

    def close(self) -> None:
        self.open = False
        if self in self.net.wires:
            self.net.wires.remove(self)


class Client:
    """`paho.Client` over a wire. Callbacks come from `loop_read`, one a call."""

    def __init__(self, net: Net, _api: Any, *, client_id: str, protocol: MQTTProtocolVersion, **keys: Any) -> None:
        self._net, self.id, self.five = net, client_id, protocol == MQTTProtocolVersion.MQTTv5
        self._driver = net.drivers[client_id]
        self._manual_ack, self._keep = keys["manual_ack"], keys["clean_session"] is False
        self._wire: Wire | None = None
        self._inbox: deque[Callable[[], None]] = deque()
        self._mid = 0
        self._unanswered: dict[int, tuple[str, bytes]] = {}
        self._will: tuple[str, bytes] | None = None
        self.on_connect = self.on_disconnect = self.on_publish = self.on_message = self.on_subscribe = None  # type: Any

    def max_inflight_messages_set(self, most: int) -> None:
        assert most == 0

    def will_set(self, topic: str, payload: bytes, qos: int, retain: bool, properties: Any = None) -> None:
        self._will = topic, payload

    def connect(self, *_address: Any, clean_start: bool = True, properties: Any = None) -> None:
        process = self._driver.process
        if not self._net.broker.alive or self._net.is_cut(process.name):
            raise ConnectionRefusedError(111, "Connection refused")
        self._keep |= getattr(properties, "SessionExpiryInterval", 0) > 0 and not clean_start
        self._wire = Wire(self._net, process, self)
        self._wire.up(("connect", self.id, self._keep, self._will, self.five))

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool, _properties: Any) -> SimpleNamespace:
        assert qos == 1
        self._mid = self._mid % 65_535 + 1
        self._net.sent(self._driver.process, topic, payload)
        self._unanswered[self._mid] = topic, payload
        self._send(("publish", self._mid, topic, payload, retain))
        return SimpleNamespace(mid=self._mid)

    def subscribe(self, topics: Any, qos: int = 0) -> None:
        wanted = [(topics, False)] if isinstance(topics, str) else [(topic, how.noLocal) for topic, how in topics]
        self._send(("subscribe", wanted))

    def ack(self, mid: int, _qos: int) -> None:
        self._send(("puback", mid))

    def disconnect(self) -> None:
        self._send(("disconnect",))
        self._wire = None

    def socket(self) -> Wire | None:
        return self._wire

    def want_write(self) -> bool:
        return False

    def readable(self) -> bool:
        return bool(self._inbox)

    def loop_read(self) -> None:
        if self._inbox:
            self._inbox.popleft()()

    def loop_misc(self) -> None:
        pass

    def receive(self, packet: Packet) -> None:
        self._inbox.append(lambda: self._handle(*packet))
        self._driver.poke()

    def lose(self) -> None:
        self._inbox.append(lambda: self._lost(0x80))
        self._driver.poke()

    def _send(self, packet: Packet) -> None:
        if self._wire and self._driver.alive():
            self._wire.up(packet)

    def _lost(self, code: int) -> None:
        self._wire = None
        self.on_disconnect(self, None, None, reason(PacketTypes.DISCONNECT, code), None)

    def _handle(self, kind: str, *facts: Any) -> None:
        if kind == "connack":
            code, limits = facts
            self.on_connect(self, None, None, reason(PacketTypes.CONNACK, code), SimpleNamespace(**limits))
            if code:
                self._lost(0x80)
        elif kind == "puback":
            mid, code = facts
            what = self._unanswered.pop(mid)
            if code < 0x80:
                self._net.answered(self._driver.process, *what)
            self.on_publish(self, None, mid, reason(PacketTypes.PUBACK, code), None)
        elif kind == "suback":
            self.on_subscribe(self, None, 0, [reason(PacketTypes.SUBACK, 1)] * facts[0], None)
        else:
            mid, topic, payload, retain = facts
            self._net.arrived(self._driver.process, topic, payload)
            self.on_message(self, None, SimpleNamespace(mid=mid, qos=1, topic=topic, payload=payload, retain=retain))
            if not self._manual_ack:
                self._send(("puback", mid))


class Driver:
    """Runs the turns of a process's `Reconnecting`, as its `run` does, in simulated time."""

    def __init__(self, process: Process, reconnecting: Any) -> None:
        self.process, self.reconnecting = process, reconnecting
        reconnecting.wake = self.poke
        self._turns: Any = reconnecting.turns()
        self._life = process.life
        self._ticket = 0
        self._poked_for_s = float("inf")
        self._running = False

    def alive(self) -> bool:
        return self.process.alive and not self.process.dying and self.process.life == self._life

    def poke(self) -> None:
        """Let it take a turn very soon."""
        at_s = self.process.world.now_s + self.process.world.chance.uniform(0.0, 0.002)
        if self.alive() and not self._running and self._poked_for_s > at_s:
            self._schedule(at_s)

    def turn(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            client, until_s = next(self._turns)
        finally:
            self._running = False
        now_s = self.process.monotonic_s()
        wait_s = 0.0005 if client is not None and client.readable() else max(0.0005, until_s - now_s)
        self._schedule(self.process.world.now_s + wait_s)

    def end(self) -> None:
        if not self._running:
            self._turns.close()
        for end in (self.reconnecting._awake, self.reconnecting._wake):
            end.close()

    def _schedule(self, at_s: float) -> None:
        self._ticket += 1
        self._poked_for_s = at_s
        ticket = self._ticket
        wait_s = at_s - self.process.world.now_s
        self.process.after(wait_s, lambda: self.turn() if ticket == self._ticket else None)
