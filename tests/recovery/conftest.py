"""The sky, the daemon and the room of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Mosquitto
from tests.recovery.world import Restarted, Room, Sky
from tests.test_end_to_end import until


@pytest.fixture
def sky() -> Iterator[Sky]:
    made = Sky()
    yield made
    made.close()


@pytest.fixture
def daemon(tmp_path: Path, mosquitto: Mosquitto, sky: Sky, room: Room) -> Iterator[Restarted]:
    made = Restarted(tmp_path, mosquitto.port, sky.port)
    until(lambda: made.metric("incursiond_feed_up") == 1)
    yield made
    made.kill()


@pytest.fixture
def room(mosquitto: Mosquitto) -> Iterator[Room]:
    made = Room(mosquitto.port)
    yield made
    made.leave()
