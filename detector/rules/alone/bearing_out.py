"""Bearing out: whether places may show what velocities tell.

Tracks that were filled in between far reports have places on a straight line and courses that go round the wrong way,
or stand still and leap; a receiver may tell a speed of nought for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from detector.arrays import Floats, Mask
from detector.tracks.accuracy import SURELY_SIGMAS
from detector.tracks.history import Window
from detector.tracks.kinematics import Motion

FINE_M = 3.0  # places scatter by no less: steps of 5 m in messages (CPR of DO-260B)


def borne_out(window: Window, of: Callable[[Motion], Floats]) -> Mask:
    """Tell of which of R windows the places alone may show half of what the velocities alone show, (R,).

    `of` is how much of an acceleration a motion has, (W, R). Scatter says how well the places know. Without velocities,
    there is nothing to bear out.
    """
    fixes, every = window.fixes, np.ones_like(window.age_s)
    places = Motion.of(replace(window, fixes=replace(fixes, sigma_m=FINE_M * every, gs_mps=np.nan * every)))
    told = Motion.of(replace(window, fixes=replace(fixes, sigma_m=np.inf * every)))
    scatter = places.level.stretch[-1] / places.level.stretch  # of the longest window: three places have none
    at_most_mps2 = of(places) + SURELY_SIGMAS * scatter * places.level.acceleration_sigma_mps2
    borne: Mask = ~(at_most_mps2 < of(told) / 2).any(axis=0)
    return borne
