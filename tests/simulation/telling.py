"""Telling stories: one by its seed, with its trace where it fails, and whether any of some breaks a promise."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.simulation.story import Story
from tests.simulation.world import BrokenPromise

ONE = os.environ.get("INCURSIOND_SEED")
MEMORY = Path("/dev/shm")  # what a power cut leaves is not asked here, so no disk has to be waited for


def seeds(count: int) -> Iterable[int]:
    """Return the seeds to tell: so many, or the one that is asked for."""
    return [int(ONE)] if ONE is not None else range(count)


def folder_in_memory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)


def tell(kind: type[Story], seed: int, test: str) -> None:
    with folder_in_memory() as folder:
        story = kind(seed, Path(folder))
        try:
            story.tell()
        except BaseException as error:
            if ONE is not None:
                print("\n".join(story.world.said))
            if isinstance(error, (BrokenPromise, Exception)):
                pytest.fail(f"seed {seed}: {error!r}; again, with its trace: INCURSIOND_SEED={seed} pytest {test}")
            raise


def holds(kind: type[Story], seed: int) -> bool:
    """Tell whether promises are kept; a bug that crashes instead is no catch, it may be the plant that is wrong."""
    with suppress(BrokenPromise), folder_in_memory() as folder:
        kind(seed, Path(folder)).tell()
        return True
    return False
