"""Stories by their seeds: what must hold does, a seed tells the same story twice, and planted bugs are caught.

INCURSIOND_SEED=N pytest tests/simulation       one story again, with its trace
INCURSIOND_SEEDS=9000 pytest tests/simulation   more of them (make simulation SEEDS=9000)
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from detector.delivery import journal
from tests.shared import REPO
from tests.simulation.bugs import BUGS
from tests.simulation.story import Story
from tests.simulation.telling import ONE, folder_in_memory, holds, seeds, tell

SEEDS = int(os.environ.get("INCURSIOND_SEEDS", "1000"))
MOST_SEEDS_OF_A_BUG = 120
DAY_S = 86_400.0


@pytest.mark.parametrize("seed", seeds(SEEDS))
def test_promises_hold(seed: int) -> None:
    tell(Story, seed, __file__)


@pytest.mark.skipif(ONE is not None, reason="one story is told")
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug: str) -> None:
    with BUGS[bug]():
        caught = next((seed for seed in range(MOST_SEEDS_OF_A_BUG) if not holds(Story, seed)), None)
    assert caught is not None, f"{bug}: not caught in {MOST_SEEDS_OF_A_BUG} seeds"


@pytest.mark.skipif("INCURSIOND_DAY" not in os.environ, reason="takes minutes: INCURSIOND_DAY=1")
def test_a_day_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 200)  # reached early, so that the rest of the day shows whether it holds
    with folder_in_memory() as folder:
        story = Story(0, Path(folder))
        file, sizes = story.daemon.disk.folder / "journal.db", []
        for hour in range(1, 25):
            story.world.at(hour * 3600.0, lambda: sizes.append(file.stat().st_size))
        story.tell(trouble_s=DAY_S, most_faults=400, every_s=20.0)
        delivery, ledger = story.daemon.delivery, story.daemon.ledger
        held = [
            delivery._outbox._items,
            delivery._outbox._missing,
            delivery._outbox._told,
            delivery._outbox._resting,
            delivery._rooms._receipts._waiting,
            delivery._link._flight._under_way,
            delivery._link._flight._holds,
            ledger._waiting,
            ledger._ahead,
            ledger._owed,
            ledger._marks,
        ]
        print(f"{len(story.watch.keys)} messages; journal by the hour, bytes: {sizes}")
    assert [len(each) for each in held] == [0] * len(held)
    assert len(story.watch.keys) > 2000
    assert max(sizes[12:]) <= 1.2 * max(sizes[:12])


TRACE = """
import logging, sys, tempfile
from pathlib import Path
from tests.simulation.story import Story
logging.disable(logging.CRITICAL)
for seed in (3, 5, 8):
    with tempfile.TemporaryDirectory() as folder:
        print(Story(seed, Path(folder)).tell().world.digest())
"""


@pytest.mark.skipif(ONE is not None, reason="one story is told")
def test_a_seed_tells_the_same_story_in_every_process() -> None:
    traces = {
        subprocess.run(
            [sys.executable, "-c", TRACE],
            cwd=REPO,
            env=os.environ | {"PYTHONHASHSEED": salt},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(traces) == 1
    assert len(set(traces.pop().split())) == 3
