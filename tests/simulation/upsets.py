"""What upsets the whole daemon beside what breaks its delivery: clocks that are set, reloads, crowds."""

from __future__ import annotations

import math

from detector.picture.airspace import Airspace
from detector.pipeline import LAG_S
from tests.simulation.invariants import promise
from tests.simulation.sky import OTHER
from tests.simulation.story import FAULTS, Fault, Story, fault, step_clock
from tests.simulation.whole import AIRSPACE, RIGHT_S, Whole

ELSEWHERE = Airspace([OTHER], 1013.25)
OFF_S = (0.5, 5.0, 40.0, 3600.0)
HEALED_S = 5.0  # after a clock is right again


def daemon_of(story: Story) -> Whole:
    assert isinstance(story.daemon, Whole)
    return story.daemon


@fault
def stay_away(story: Story, _: float) -> str:
    story.daemon.kill("killed", for_s := story.world.chance.choice((30.0, 60.0, 90.0)))
    return f"daemon is killed, and away for {for_s} s"


@fault
def forget(story: Story, _: float) -> str:
    """What is told in the meantime is only known to whoever has heard it."""
    story.daemon.disk.broken_until_s = math.inf
    _forget(story, story.world.now_s + 30.0)
    return "the disk of daemon is full until it has told something, and is killed"


def _forget(story: Story, until_s: float) -> None:
    told = story.watch.loose.keys() - story.watch.payloads.keys()
    if told or story.world.now_s >= until_s:
        story.daemon.disk.broken_until_s = 0.0
        story.daemon.kill()
    else:
        story.world.after(2.0, lambda: _forget(story, until_s))


@fault
def set_clock(story: Story, for_s: float) -> str:
    daemon, was_s = daemon_of(story), story.daemon.step_back_s
    daemon.step_back_s = back_s = story.world.chance.choice((-1.0, 1.0)) * story.world.chance.choice(OFF_S)
    _is_off(daemon, was_s, for_s)
    story.world.after(for_s, lambda: right_clock(daemon) if daemon.step_back_s == back_s else None)
    return f"the clock of daemon is {back_s} s behind for {for_s} s"


def right_clock(daemon: Whole) -> None:
    was_s, daemon.step_back_s = daemon.step_back_s, 0.0
    _is_off(daemon, was_s, 0.0)


def _is_off(daemon: Whole, was_s: float, for_s: float) -> None:
    """Note what becomes of a clock that is set: reports of the future are refused, and wrong times are told."""
    back_s = daemon.step_back_s
    if daemon.misled:
        daemon.blinded(for_s + LAG_S + HEALED_S)
    if daemon.stamps:
        daemon.upheavals += back_s != was_s
        daemon.blinded(for_s + max(HEALED_S, abs(was_s - back_s) if abs(was_s - back_s) <= 60.0 else 0.0))
    elif max(back_s, was_s) > RIGHT_S:
        daemon.blinded(for_s + HEALED_S)


@fault
def set_sensors(story: Story, for_s: float) -> str:
    daemon = daemon_of(story)
    by_s = story.world.chance.choice((-1.0, 1.0)) * story.world.chance.choice(OFF_S)
    daemon.sky.set_clock(by_s, story.world.now_s, story.world.now_s + for_s)
    daemon.blinded(for_s + HEALED_S + (abs(by_s) if abs(by_s) < RIGHT_S else 0.0))
    daemon.garbled = True
    return f"the clock of the sensors is {by_s} s ahead for {for_s} s"


@fault
def reload(story: Story, _: float) -> str:
    adopt(daemon_of(story), daemon_of(story).airspace)
    return "the daemon reads its configuration again"


@fault
def close_zone(story: Story, for_s: float) -> str:
    daemon = daemon_of(story)
    daemon.upheavals += 1
    daemon.blinded(for_s)
    adopt(daemon, ELSEWHERE)
    open_s = story.world.now_s + for_s
    story.world.after(for_s, lambda: adopt(daemon, AIRSPACE) if daemon.open_s == open_s else None)
    daemon.open_s = open_s
    return f"the zone is gone for {for_s} s"


def adopt(daemon: Whole, airspace: Airspace) -> None:
    daemon.airspace = airspace
    if daemon.alive:
        daemon.do(lambda: _adopt(daemon))


def _adopt(daemon: Whole) -> None:
    daemon.duty.adopt(daemon.duty.settings, daemon.airspace)
    still = daemon.duty.pipeline.book.register.incidents()
    promise(daemon.airspace is AIRSPACE or not [*still], f"no zone is left, and {[*still]} are open")


@fault
def break_configuration(story: Story, _: float) -> str:
    daemon = daemon_of(story)
    if daemon.alive:
        daemon.do(lambda: _refuse(daemon))
    return "the daemon refuses its configuration"


def _refuse(daemon: Whole) -> None:
    daemon.duty.refuse("strip.geojson: no ring")
    daemon.duty.look()
    said = daemon.duty.status.said
    promise(said["state"] == "degraded" and "reload failed" in said["reason"], f"a reload fails, and it is {said}")


@fault
def crowd(story: Story, for_s: float) -> str:
    daemon_of(story).sky.crowd_until_s = story.world.now_s + for_s
    return f"a crowd is heard for {for_s} s"


ALWAYS: tuple[Fault, ...] = (*(each for each in FAULTS if each is not step_clock), stay_away, stay_away)
SOME: tuple[Fault, ...] = (forget, set_clock, set_sensors, reload, close_zone, break_configuration, crowd)
"""Of which a story has a few: where everything goes wrong at once, too little is sure to be seen."""
