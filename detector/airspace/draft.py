"""A draft: a zone on its way out of a file, and what every format checks, repairs and says alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.airspace.altitude import Limit, grounded, without_terrain
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring


class Draft:
    """One zone to be; `place` is how messages call it."""

    def __init__(self, reading: Reading, place: str) -> None:
        self.reading = reading
        self.place = place

    def refuse(self, what: str) -> None:
        """Add a problem: there will be no zone."""
        self.reading.problems.append(f"{self.place}: {what}")

    def warn(self, what: str) -> None:
        """Add a warning: the zone is repaired, or read in a larger sense."""
        self.reading.warnings.append(f"{self.place}: {what}")
        self.reading.warned.add(self.place)

    def limits(self, floor: Limit, ceiling: Limit, floor_text: str, ceiling_text: str) -> tuple[Limit, Limit]:
        """Return both limits with none above ground but it; refuse a ceiling that is not above the floor."""
        low, high = without_terrain(floor, ceiling)
        if low != floor:
            read = f"{low.height_m:.0f} m AMSL" if grounded(low) == low else "GND"
            self.warn(f"floor: {floor_text} is taken as {read}, as over the lowest land; terrain is unknown")
        if high != ceiling:
            read = f"{high.height_m:.0f} m AMSL, as over the highest land"
            self.warn(f"ceiling: {ceiling_text} is taken as {read}; terrain is unknown")
        if low.height_m >= high.height_m:
            what = f"{ceiling_text} is not above the floor, {floor_text}"
            self.refuse(f"ceiling: {what}, expected a floor below the ceiling")
        return grounded(low), high

    def ring(self, vertices: Ring, where: str) -> Ring:
        """Return the ring closed and without repeated vertices; empty, (0, 2), if it encloses nothing."""
        ring = vertices
        if (ring[0] != ring[-1]).any():
            self.warn(f"{where}: not closed; an edge from {at(ring[-1])} to {at(ring[0])} is added")
            ring = np.concatenate([ring, ring[:1]])
        ring = ring[np.append(True, (np.diff(ring, axis=0) != 0).any(axis=1))]
        if len(ring) < 4:
            self.warn(f"{where}: encloses nothing at {at(ring[0])} and is left out")
            return np.empty((0, 2))
        return ring


def at(position: Sequence[float] | Ring) -> str:
    """Return a position, longitude and latitude in degrees, as messages write it."""
    return f"{position[0]:.6g} {position[1]:.6g}"


def shown(value: Any) -> str:
    """Return a value as JSON would write it, cut when long."""
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
