"""One story: a daemon, two rooms and a broker; a minute in which everything breaks, then time to mend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest.mock import patch

import paho.mqtt.client as paho

from tests.simulation.broker import Broker
from tests.simulation.daemon import Daemon
from tests.simulation.disk import Disk, connect
from tests.simulation.invariants import Watch
from tests.simulation.net import Client, Net
from tests.simulation.room import Room
from tests.simulation.world import World

ROOMS = ("warsaw", "vilnius")
TROUBLE_S, QUIET_S = 60.0, 150.0
Fault = Callable[["Story"], None]


class Story:
    """What a seed tells; `tell` raises BrokenPromise."""

    quiet_s = QUIET_S

    def __init__(self, seed: int, folder: Path, daemon: type[Daemon] = Daemon) -> None:
        self.world = world = World(seed)
        self.net = net = Net(world)
        self.watch = watch = Watch(world, ROOMS)
        self.broker = Broker(world, net)
        self.daemon = daemon(world, net, watch, ROOMS)
        self.rooms = [Room(world, net, watch, name) for name in ROOMS]
        net.sent, net.arrived, net.answered = watch.sent, watch.arrived, watch.answered
        self.daemon.disk = Disk(self.daemon, folder / "daemon", watch.journal)
        for room in self.rooms:
            room.disk = Disk(room, folder / room.name, partial(watch.memory, room.name))
        self._machines = [self.daemon, *self.rooms]

    def tell(self, trouble_s: float = TROUBLE_S, most_faults: int = 12, every_s: float = 1.0) -> Story:
        world, chance = self.world, self.world.chance
        disks = {str(each.disk.folder): each.disk for each in self._machines}
        self.daemon.busy_until_s, self.daemon.every_s = trouble_s, every_s
        for process in (self.broker, *self._machines):
            world.after(chance.uniform(0.0, 3.0), process.start)
        for _ in range(chance.randint(0, most_faults)):
            fault = chance.choice(self.faults)
            world.at(chance.uniform(3.0, trouble_s), partial(fault, self))
        with ExitStack() as stack:
            stack.enter_context(patch.object(paho, "Client", partial(Client, self.net)))
            stack.enter_context(patch.object(sqlite3, "connect", partial(connect, disks)))
            try:
                world.run(trouble_s)
                self._mend()
                world.run(trouble_s + self.quiet_s)
                self._ends()
            finally:
                for each in self._machines:
                    each.disk.cut()
        return self

    @property
    def faults(self) -> Sequence[Fault]:
        """What may go wrong."""
        return FAULTS

    def _ends(self) -> None:
        self.watch.ends(self.broker.retained, self.daemon.look())

    def _mend(self) -> None:
        """Stop what would go wrong later; what is under way goes on."""
        self.daemon.disk.die = ""
        for room in self.rooms:
            room.disk.die = room.dies = ""


def fault(do: Callable[[Story, float], str]) -> Fault:
    """Make a fault of what is told for how long it lasts, and returns what it is."""

    def happen(story: Story) -> None:
        for_s = story.world.chance.choice((0.5, 3.0, 12.0, 30.0))
        story.world.say("fault", do(story, for_s))

    return happen


@fault
def cut(story: Story, for_s: float) -> str:
    name = story.world.chance.choice(story._machines).name
    story.net.cut(name, story.world.now_s + for_s)
    return f"{name} is cut off for {for_s} s"


@fault
def reset(story: Story, _: float) -> str:
    name = story.world.chance.choice(story._machines).name
    story.net.reset(name)
    return f"the connection of {name} breaks"


@fault
def slow(story: Story, for_s: float) -> str:
    name = story.world.chance.choice(story._machines).name
    story.net.slow_s[name] = story.world.chance.uniform(0.1, 3.0)
    story.world.after(for_s, lambda: story.net.slow_s.pop(name, None))
    return f"the way to {name} is slow for {for_s} s"


@fault
def kill(story: Story, _: float) -> str:
    victim = story.world.chance.choice([story.broker, *story._machines])
    victim.kill()
    return f"{victim.name} is killed"


@fault
def kill_at_work(story: Story, _: float) -> str:
    victim = story.world.chance.choice(story._machines)
    if isinstance(victim, Room) and story.world.chance.random() < 0.5:
        victim.dies = how = story.world.chance.choice(("torn", "written"))
    else:
        victim.disk.die = how = story.world.chance.choice(("before", "after"))
    return f"{victim.name} will die at its next write, {how}"


@fault
def break_disk(story: Story, for_s: float) -> str:
    victim = story.world.chance.choice(story._machines)
    victim.disk.broken_until_s = story.world.now_s + for_s
    return f"the disk of {victim.name} is full for {for_s} s"


@fault
def step_clock(story: Story, _: float) -> str:
    victim = story.world.chance.choice(story._machines)
    victim.step_back_s += (by_s := story.world.chance.choice((-7200.0, -5.0, 5.0, 7200.0)))
    return f"the clock of {victim.name} is set back by {by_s} s"


@fault
def mute(story: Story, for_s: float) -> str:
    story.broker.mute_until_s = max(story.broker.mute_until_s, story.world.now_s + for_s)  # answers keep their order
    return f"the broker answers no publication for {for_s} s"


@fault
def close(story: Story, for_s: float) -> str:
    story.broker.closed_until_s = story.world.now_s + for_s
    return f"the broker accepts nobody for {for_s} s"


@fault
def fill(story: Story, for_s: float) -> str:
    story.broker.full_until_s = story.world.now_s + for_s
    return f"the broker's queues are full for {for_s} s"


@fault
def deny(story: Story, for_s: float) -> str:
    story.broker.denied = what = story.world.chance.choice(("/alert/", "/incident/", "/alert/extreme/manoeuvre"))
    story.broker.deny_until_s = story.world.now_s + for_s
    return f"the broker refuses {what} for {for_s} s"


FAULTS = (
    cut,
    reset,
    slow,
    kill,
    kill,
    kill_at_work,
    kill_at_work,
    break_disk,
    step_clock,
    step_clock,
    mute,
    close,
    fill,
    deny,
)
