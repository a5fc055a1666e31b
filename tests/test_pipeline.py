"""The laws of the core."""

import functools
import itertools
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from detector.airspace.zones import Identity
from detector.incidents.stories import Stories
from detector.pipeline import DUPLICATE, FUTURE, LATE, USED
from detector.rules.alone import loitering, skirting
from detector.rules.tables import Rules
from detector.tracks.identity import Rule
from feeds.plots import concatenate
from tests import zoo

TABLES = Rules(skirting=skirting.Params(for_s=60.0), loitering=loitering.Params(for_s=120.0))
SEEDS = (17, 18)  # of two stories that tell of everything
SPAN_S = 220.0  # of reports
RULES = [Rule(Identity.FRIEND, callsigns=("PLF*",)), zoo.NEUTRAL]


def story(seed: int) -> zoo.Plots:
    """A dozen tracks around the square: noise, courses, gaps, repeats, disorder, late names, jumps, friends."""
    rng = np.random.default_rng(seed)
    flights = []
    for number in range(12):
        period = float(rng.choice([1.0, 5.0, 12.0]))
        times = np.sort(
            rng.uniform(0, 60)
            + np.arange(0, SPAN_S, period)
            + rng.normal(0, period * 0.05, len(np.arange(0, SPAN_S, period)))
        )
        if number % 3 == 0:
            times = times[(times < 80) | (times > 80 + rng.uniform(20, 120))]
        plots = zoo.flight(
            lon=20 + rng.uniform(-0.2, 0.2), lat=54 + rng.uniform(-0.1, 1.1), course=rng.uniform(0, 360), times=times,
            track_id=f"t{number}", source={1.0: "adsb", 5.0: "radar", 12.0: "enroute-radar"}[period],
            icao24=None if number % 2 else f"{number:06x}",
        )  # fmt: skip
        if number % 3 == 1:
            weave(plots, rng.uniform(60, 200))
        else:
            noise = rng.normal(0, 0.002, (2, len(plots)))
            plots.lon_deg[:] += noise[0]
            plots.lat_deg[:] += noise[1]
        if number == 5 and seed in SEEDS:
            probe(plots)
        if number == 11:
            orbit(plots)
        if number % 4 == 0:
            plots.callsign[len(plots) // 2 :] = "LOT123"
        if number % 5 == 2:
            plots.lon_deg[len(plots) // 2 : len(plots) // 2 + 20] += 1.5
        flights.append(plots)
        if number in (1, 3, 7):
            friend = plots.take(np.sort(rng.permutation(len(plots))[: len(plots) * 3 // 4]))
            friend.time_s[:] += rng.uniform(0, period)
            friend.track_id[:], friend.callsign[:], friend.icao24[:] = f"f{number}", "PLF1", None
            flights.append(friend)
    plots = concatenate(flights)
    order = np.argsort(plots.time_s + rng.choice([0, 0, 0, 3, 40], len(plots)), kind="stable")
    return plots.take(
        np.concatenate([order, order[:20]])[np.argsort(np.concatenate([np.arange(len(order)), np.arange(20) + 0.5]))]
    )


def weave(plots: zoo.Plots, period_s: float) -> None:
    """Let a flight swing 3 km to either side, and tell its courses."""
    plots.lat_deg[:] += 0.027 * np.sin(2 * np.pi * plots.time_s / period_s)
    east, north = np.gradient(plots.lon_deg) * np.cos(np.radians(54.5)), np.gradient(plots.lat_deg)
    plots.track_deg[:] = np.degrees(np.arctan2(east, north)) % 360


def orbit(plots: zoo.Plots) -> None:
    """Let a flight circle where it began."""
    angle = 2 * np.pi * plots.time_s / 90.0
    plots.lon_deg[:] = plots.lon_deg[0] + 0.03 * np.cos(angle)
    plots.lat_deg[:] = plots.lat_deg[0] + 0.02 * np.sin(angle)


def probe(plots: zoo.Plots) -> None:
    """Let a flight come within 2 km of the western edge for 50 s, turn back for 65 s, and again."""
    since_s = (plots.time_s - plots.time_s[0]) % 115.0
    short_m = 2000.0 + 20_000.0 * np.where(since_s < 50, 50 - since_s, (since_s - 50) * 50 / 65) / 50
    plots.lon_deg[:] = 20 - np.degrees(short_m / (6_371_000 * np.cos(np.radians(54.5))))
    plots.lat_deg[:] = 54.5


def run(plots: zoo.Plots, cuts: list[int], stories: Stories | None = None) -> tuple[bytes, list[int]]:
    """Return what is told, and the results; with stories the pipeline hears its own words, as from a broker."""
    pipe = zoo.pipeline(rules=RULES, tables=TABLES)
    pipe.book.writer.stories = stories
    messages, results = [], []
    newest = -np.inf
    for start, end in itertools.pairwise([0, *cuts, len(plots)]):
        piece = plots.take(slice(start, end))
        newest = max([newest, *piece.time_s.tolist()])
        step = pipe.step(piece, newest)
        messages += step.messages
        results += step.results.tolist()
        if stories:
            assert not pipe.hear([(message, True) for message in step.messages], [], newest)
    return msgspec.json.encode(messages), results


@functools.cache
def whole(seed: int) -> tuple[bytes, list[int]]:
    """What is told of a story in one step: every other way must come to the same."""
    return run(story(seed), [])


def cuts_at_random(seed: int, plots: zoo.Plots) -> list[int]:
    rng = np.random.default_rng(seed)
    return sorted(rng.integers(0, len(plots), rng.integers(1, 40)).tolist())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None, phases=[Phase.reuse, Phase.generate])  # a smaller seed is no simpler
def test_any_cut_gives_the_same_story(seed):
    plots = story(seed)
    assert run(plots, cuts_at_random(seed, plots)) == run(plots, [])


@pytest.mark.parametrize("seed", SEEDS)
def test_one_by_one_gives_the_same_story(seed):
    plots = story(seed)
    assert run(plots, list(range(1, len(plots)))) == whole(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_daemon_tells_what_a_replay_tells(seed):
    plots = story(seed)
    assert run(plots, list(range(10, len(plots), 10)), Stories()) == whole(seed)


def test_the_stories_tell_of_everything():
    """What they do not tell of, they prove nothing of."""
    told = {f["rule"] for seed in SEEDS for message in msgspec.json.decode(whole(seed)[0]) for f in message["findings"]}
    everything = {"incursion", "approach", "hard_turn", "jump", "dark", "interception"}
    everything |= {"speed_change", "too_fast", "skirting", "probing", "loitering"}
    assert told >= everything


def test_every_plot_has_a_result():
    plots = zoo.flight(lon=19.9, times=[0, 1, 2, 2, 1.5, 3])
    pipe = zoo.pipeline()
    assert pipe.step(plots, 3.0).results.tolist() == [USED, USED, USED, DUPLICATE, LATE, USED]
    ahead = zoo.flight(lon=19.9, times=[500.0])
    assert pipe.step(ahead, 4.0).results.tolist() == [FUTURE]
    behind = zoo.flight(lon=19.9, times=[-40.0], track_id="other")
    assert pipe.step(behind, 4.0).results.tolist() == [LATE]


def test_a_clock_that_is_ahead_harms_nobody_else():
    pipe = zoo.pipeline()
    pipe.step(zoo.flight(lon=19.9, times=[1e9], track_id="mad"), 0.0)
    messages = zoo.tell(pipe, zoo.flight(lon=19.99, times=range(20)))
    assert [message.event for message in messages] == ["opened", "escalated"]


@pytest.mark.parametrize("where", [(np.nan, 54.5), (20.5, np.nan), (np.inf, 54.5)])
def test_a_position_that_is_none_finds_nothing(where):
    plots = zoo.flight(lon=20.5, times=range(5))
    plots.lon_deg[:], plots.lat_deg[:] = where
    assert zoo.tell(zoo.pipeline(), plots) == []


def test_tracks_are_dropped_when_lost():
    pipe = zoo.pipeline()
    zoo.tell(pipe, zoo.flight(lon=10.0, times=range(5)), until=1000.0)
    assert len(pipe.tracks) == 0
    assert not pipe.tracks.alive.any()
    assert len(pipe.contacts.records) == 0


@pytest.mark.parametrize("broken", ["dark", "interception", "interference", "well_clear", "approach", "incursion"])
def test_a_rule_that_breaks_stops_neither_time_nor_the_others(broken):
    plots = story(3)
    pipe = zoo.pipeline(rules=RULES, tables=TABLES)
    asked = Counter()

    def execute(rule, detect):
        asked[rule] += 1
        return None if rule == broken else detect()

    pipe.execute = execute
    messages = pipe.step(plots, float(plots.time_s.max())).messages
    messages += pipe.step(plots.take(slice(0, 0)), float(plots.time_s.max()) + 600.0).messages
    assert asked[broken]
    assert asked["interference"] < len(plots), "not of all the time that has passed, at every step"
    assert asked["hard_turn"] < plots.time_s.max(), "the reports of a second are still taken together"
    assert messages[-1].event == "closed"
    assert not len(pipe.book.register)
