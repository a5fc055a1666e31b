"""Impossible identity: an aircraft flies under an address that no state can have given it."""

from __future__ import annotations

import msgspec
import numpy as np

from detector.rules.sight import Scene, Sight


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.impossible_identity]."""

    enabled: bool = True


def look(scene: Scene, params: Params) -> list[Sight]:  # noqa: ARG001 - rules are asked alike
    """Return what M steps show."""
    row = scene.segments.row
    return [Sight(scene.tracks.unallocated[row], np.ones(len(row)), lambda _: {})]
