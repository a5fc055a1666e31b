"""Emergency code: 7500 unlawful interference, 7600 radio failure, 7700 emergency (ICAO Annex 10 IV, 2.1.4).

Whoever leaves its course meanwhile, as who is made to land elsewhere, is told once more.
"""

from __future__ import annotations

import msgspec
import numpy as np

from detector.arrays import Mask
from detector.rules.criteria import CODE, CRITERIA, DEVIATION, LATELY_S
from detector.rules.sight import Scene, Sight
from detector.tracks.identity import EMERGENCY_CODES

GRAVE = "7500"
BOTH = f"{CRITERIA[CODE]}, {CRITERIA[DEVIATION]}"


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.emergency_code]."""

    enabled: bool = True


def look(scene: Scene, params: Params) -> list[Sight]:  # noqa: ARG001 - rules are asked alike
    """Return what M steps show."""
    row, now_s = scene.segments.row, scene.segments.now.time_s
    strayed = scene.criteria.lately(row, now_s, LATELY_S)[:, DEVIATION]
    return [_code(scene.tracks.last.squawk[row], code, strayed) for code in EMERGENCY_CODES]


def _code(squawk: np.ndarray, code: str, strayed: Mask) -> Sight:
    shown = (squawk == code).astype(bool)

    def evidence(m: int) -> dict[str, float | str]:
        return {"squawk": code, "criteria": BOTH} if strayed[m] else {"squawk": code}

    # One report is enough: a code that changes holds only once it has been told twice.
    return Sight(shown, strayed.astype(np.float64), evidence, grave=shown & (code == GRAVE), reports=1, behind=strayed)
