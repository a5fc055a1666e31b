"""When there is an overload, and whose reports are looked at all the same."""

from __future__ import annotations

import numpy as np
import pytest

from detector.rules.company import EVERY_S
from detector.rules.tables import Rules
from detector.rules.together import proximity
from detector.service.overload import CALM_S, HELD_S, LATE_S, MARGIN_M, PAIRS_S, SPARSE_S, Load, matter, relieve
from detector.tracks.identity import Rule
from detector.units import NAUTICAL_MILE_M
from feeds.plots import concatenate
from tests import zoo

IN_TIME, WAITED, LONG, FULL = (0.1, False), (LATE_S + 0.1, False), (PAIRS_S + 0.1, False), (0.1, True)


@pytest.mark.parametrize(
    ("steps", "over", "crowded"),
    [
        ([(0.0, IN_TIME)], False, False),
        ([(0.0, WAITED)], False, False),
        ([(0.0, LONG)], False, False),
        ([(0.0, WAITED), (HELD_S, IN_TIME)], False, False),
        ([(0.0, WAITED), (1.0, IN_TIME), (HELD_S, WAITED)], False, False),
        ([(0.0, WAITED), (HELD_S, WAITED)], True, False),
        ([(0.0, WAITED), (HELD_S, LONG)], True, True),
        ([(0.0, FULL), (HELD_S, FULL)], True, False),
        ([(0.0, FULL), (HELD_S, WAITED), (HELD_S + CALM_S - 1.0, IN_TIME)], True, False),
        ([(0.0, FULL), (HELD_S, LONG), (HELD_S + CALM_S - 1.0, IN_TIME)], True, True),
        ([(0.0, FULL), (HELD_S, FULL), (HELD_S + CALM_S, IN_TIME)], False, False),
        ([(0.0, FULL), (HELD_S, LONG), (HELD_S + CALM_S, IN_TIME)], False, False),
        ([(0.0, FULL), (HELD_S, FULL), (10.0, FULL), (HELD_S + CALM_S, IN_TIME)], True, False),
    ],
)
def test_an_overload_is_what_lasts(steps: list, over: bool, crowded: bool) -> None:
    load = Load()
    for now_s, (waited_s, full) in steps:
        load.note(now_s, waited_s, full=full)
    assert (load.over, load.crowded) == (over, crowded)


FAR, NEAR, IN = 10.0, 19.8, 20.5  # degrees east, of a zone from 20 to 21
FRIEND = Rule(zoo.Identity.FRIEND, callsigns=("PLF*",))


def report(track_id: str, lon: float, time_s: float, **columns: object) -> zoo.Plots:
    return zoo.flight(lon=lon, times=[time_s], speed=0.1, track_id=track_id, **columns)


KNOWN = {
    "far": report("far", FAR, 99.0, squawk="1000"),
    "airliner": report("airliner", IN, 99.0, callsign="LOT1", lat=54.7),
    "near": report("near", NEAR, 99.0),
    "inside": report("inside", IN, 99.0),
    "friend": report("friend", FAR, 99.0, callsign="PLF1", lat=50.0),
}


def known(tables: Rules | None, **zone: object):
    core = zoo.pipeline([zoo.zone(zoo.box(20, 54, 21, 55), **zone)], [FRIEND, zoo.NEUTRAL], tables)
    core.step(concatenate(list(KNOWN.values())), 100.0)
    return core


@pytest.mark.parametrize(
    ("plot", "looked_at"),
    [
        (report("far", FAR, 100.0), False),
        (report("far", FAR, 99.0 + SPARSE_S), True),
        (report("far", FAR, 100.0, squawk="1000"), False),
        (report("far", FAR, 100.0, squawk="7700"), True),
        (report("airliner", IN, 100.0), False),
        (report("near", NEAR, 100.0), True),
        (report("inside", IN, 100.0), True),
        (report("friend", FAR, 100.0), True),
        (report("new", FAR, 100.0), True),
    ],
)
def test_who_matters(plot: zoo.Plots, looked_at: bool) -> None:
    assert matter(plot, known(Rules())).tolist() == [looked_at]


def test_who_is_new_matters_though_every_row_is_taken():
    core = known(Rules())
    more = range(core.tracks.capacity - len(KNOWN))
    core.step(concatenate([report(f"more-{n}", FAR, 100.0) for n in more]), 100.0)
    assert core.tracks.alive.all()
    assert matter(report("new", FAR, 100.0), core).all()


def test_a_lost_track_matters():
    core = known(Rules())
    core.tick(300.0)
    assert core.tracks.lost.any()
    assert matter(report("far", FAR, 100.0), core).all()


@pytest.mark.parametrize(
    ("tables", "zone"),
    [(None, {}), (Rules(), {"near_nm": 0.9 * MARGIN_M / NAUTICAL_MILE_M})],
    ids=["nobody asks who is near", "near is too narrow"],
)
def test_all_who_are_watched_matter_where_far_is_not_far_enough(tables: Rules | None, zone: dict) -> None:
    plots = concatenate([report(name, FAR, 100.0) for name in ("far", "airliner")])
    assert matter(plots, known(tables, **zone)).tolist() == [True, False]


def test_who_is_near_whom_is_looked_at_less_often():
    core, load = known(Rules()), Load()
    load.over = True
    relieve(core, load)
    looked = [core.conduct.company.next_s]
    for now_s in np.arange(101.0, 120.0):
        core.tick(float(now_s))
        looked.append(core.conduct.company.next_s)
    assert set(np.diff(sorted(set(looked[1:])))) == {PAIRS_S}
    relieve(core, Load())
    assert core.conduct.company.every_s == EVERY_S


@pytest.mark.parametrize("crowded", [False, True])
def test_in_a_crowd_nobody_looks_at_who_comes_too_close(crowded: bool) -> None:
    core, load = known(Rules()), Load()
    load.crowded = crowded
    relieve(core, load)
    company = core.conduct.company
    looks = company.looks(101.0, core.book.register.rows(), core.airspace.watched, core.tracks, core.rules)
    assert [rule for rule, _ in looks] == ["formation", "interception", *([] if crowded else proximity.RULES)]
