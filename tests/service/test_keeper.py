"""State that is written part by part, and a daemon that dies in between."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import pytest

from detector.delivery.journal import Journal
from detector.service import keeper as module
from detector.service.keeper import Keeper
from detector.snapshot import Snapshots
from tests.test_pipeline import story
from tests.test_snapshot import pieces, pipeline, revived


@pytest.mark.parametrize("seed", range(8))
def test_who_is_killed_at_any_time_goes_on_with_every_incident(seed, tmp_path, monkeypatch):
    """All of the state is written all the time, in parts; a death comes between any two of them."""
    monkeypatch.setattr(module, "EVERY_S", 0.0)
    monkeypatch.setattr(module, "SHARE", float("inf"))
    plots, chance = story(seed), random.Random(seed)
    pipe, messages, journal, deaths, most = pipeline(), [], Journal(tmp_path / "journal.db"), 0, 0
    monkeypatch.setattr(module, "PART_BYTES", len(Snapshots(pipe).whole()) // 2)

    def write(states):
        nonlocal most
        most = max([most, *(state.parts for state in states)])
        journal.write([], states=states)

    keeper = Keeper(Snapshots(pipe), write)
    write(keeper.everything())
    for piece, now_s in pieces(plots, list(range(5, len(plots), 5))):
        said = pipe.step(piece, now_s).messages
        messages += said
        if said:
            journal.write([], states=[keeper.since()])
        keeper.go_on()
        keeper.look()
        if chance.random() < 0.2:
            deaths += 1
            pipe = revived(*journal.states())
            keeper = Keeper(Snapshots(pipe), write)
            write(keeper.everything())
    messages += pipe.step(plots.take(slice(0, 0)), float(plots.time_s.max()) + 600.0).messages
    assert deaths, "nobody was killed"
    assert most > 2, "nothing was written in parts"
    told = defaultdict(list)
    for message in messages:
        told[message.subject.track_id].append(message)
    for of_one in told.values():
        for _, group in itertools.groupby(of_one, lambda message: message.incident_id):
            of_incident = list(group)
            assert [message.sequence for message in of_incident] == list(range(1, len(of_incident) + 1))
            assert of_incident[0].event == "opened"
            assert of_incident[-1].event == "closed"
