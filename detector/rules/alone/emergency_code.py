"""Emergency code: 7500 unlawful interference, 7600 radio failure, 7700 emergency (ICAO Annex 10 IV, 2.1.4)."""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.sight import Scene, Sight
from detector.tracks.identity import EMERGENCY_CODES

GRAVE = "7500"


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.emergency_code]."""

    enabled: bool = True


def look(scene: Scene, params: Params) -> list[Sight]:  # noqa: ARG001 - rules are asked alike
    """Return what M steps show."""
    squawk = scene.tracks.last.squawk[scene.segments.row]
    return [_code(squawk, code) for code in EMERGENCY_CODES]


def _code(squawk: np.ndarray, code: str) -> Sight:
    shown = (squawk == code).astype(bool)
    # One report is enough: a code that changes holds only once it has been told twice.
    return Sight(shown, np.ones(len(shown)), lambda _: {"squawk": code}, grave=shown & (code == GRAVE), reports=1)
