"""Sights: what one rule sees in one report of each of M tracks, before several reports are held against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.airspace.activation import Activation
from detector.picture import Airspace
from detector.rules.assets import Assets
from detector.rules.conditions import M
from detector.rules.vicinity import Vicinity
from detector.tracks.fixes import Rows, Segments
from detector.tracks.kinematics import Motion
from detector.tracks.store import TrackStore
from feeds.plots import Floats

SURELY_SIGMAS = 2.5  # what is exceeded by so many is exceeded: 99.4 % of one look, and M of N looks must agree


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a rule may look at: M steps of tracks, all of them watched, where they are, and what they do."""

    segments: Segments
    airspace: Airspace
    activation: Activation
    tracks: TrackStore
    vicinity: Vicinity
    assets: Assets
    touched: tuple[Rows, Rows]  # (m, zone) pairs of steps and the zones they led into or through
    motion: Motion


@dataclass(frozen=True, slots=True)
class Sight:
    """What a rule sees in M reports; `evidence(m)` are the fields of the message for one of them."""

    shown: NDArray[np.bool_]  # (M,)
    value: Floats  # (M,) how much of it, where it is shown
    grave: NDArray[np.bool_]  # (M,) severe for its kind
    evidence: Callable[[int], dict[str, float | str]]
    zone: NDArray[np.intp] | None = None  # (M,) that it is about, if not the nearest
    reports: int = M  # of N that must show it
    asked: NDArray[np.bool_] | None = None  # (M,) which reports were looked at, if not all
