"""Stories of the whole daemon by their seeds: who crosses a border is one incident, come what may.

INCURSIOND_SEED=N pytest tests/simulation/test_whole.py       one story again, with its trace
INCURSIOND_WHOLE=1000 pytest tests/simulation/test_whole.py   more of them
"""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from detector import assembly
from detector.pipeline import Pipeline
from detector.service import duty, recovery
from detector.service.duty import Duty
from detector.service.keeper import Keeper, State
from feeds.plots import Plots
from tests.simulation import whole
from tests.simulation.crossings import WholeStory
from tests.simulation.telling import ONE, holds, seeds, tell


def _adopt_and_forget(self: Any, *facts: Any, was: Any = Duty.adopt) -> None:
    self.pipeline = assembly.pipeline_of(*facts)
    was(self, *facts)


def _watched(plots: Plots, core: Pipeline) -> Any:
    return core.airspace.watched[core.tracks.identity[core.tracks.known(plots.track_id)]]


SEEDS = int(os.environ.get("INCURSIOND_WHOLE", "24"))
MOST_SEEDS_OF_A_BUG = 24
BUGS: dict[str, tuple[Any, str, Any, int]] = {  # what is planted where, and the seed that shows it, to begin with
    "what was known is not read after a kill": (recovery, "thaw", lambda *_: None, 42),
    "what was known is written once": (Keeper, "look", lambda _: None, 42),
    "who was not listened to was silent": (Pipeline, "resume", lambda *_: None, 42),
    "nobody knows who may cross": (whole, "SETTINGS", msgspec.structs.replace(whole.SETTINGS, identity=()), 0),
    "what was told before is not taken in": (Duty, "_hear", lambda *_: None, 27),
    "a reload forgets open incidents": (Duty, "adopt", _adopt_and_forget, 0),
    "whoever is watched is shed": (duty, "matter", lambda plots, core: ~_watched(plots, core), 10),
    "a message goes without what it was made of": (Keeper, "since", lambda _: State(whole=False, blob=b""), 42),
}


@pytest.mark.parametrize("seed", seeds(SEEDS))
def test_who_crosses_is_one_incident_with_the_right_times(seed: int) -> None:
    tell(WholeStory, seed, __file__)


@pytest.mark.skipif(ONE is not None, reason="one story is told")
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_caught(bug: str) -> None:
    *plant, soonest = BUGS[bug]
    with patch.object(*plant):
        assert not all(holds(WholeStory, seed) for seed in (soonest, *range(MOST_SEEDS_OF_A_BUG)))
