"""Vicinity: whose conduct matters, since they are in a zone that watches them, or within `near_nm` of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Mask, Small
from detector.picture.airspace import Airspace, Surrounding
from detector.tracks.fixes import Rows

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Vicinity:
    """The nearest zone that watches each of M places; NOWHERE where none is near."""

    zone: Rows
    distance_m: Floats  # to the nearest boundary, on whichever side; inf where none is near

    @property
    def near(self) -> Mask:
        """Tell which places are near a zone or in one, (M,)."""
        return self.zone != NOWHERE

    def take(self, index: Rows) -> Vicinity:
        """Return the places that `index` names, in its order."""
        return Vicinity(self.zone[index], self.distance_m[index])


def around(earth_m: Floats, identity: Small, inside: tuple[Rows, Rows], airspace: Airspace) -> Vicinity:
    """Return the vicinity of earth-centred places (M, 3); `inside` are (place, zone) pairs of those that are in zones.

    Zones whose windows are closed count as well: who prepares to enter one does so before it opens.
    """
    return within(nearest(earth_m, identity, airspace.surroundings), identity, inside, airspace)


def within(outside: Vicinity, identity: Small, inside: tuple[Rows, Rows], airspace: Airspace) -> Vicinity:
    """Return the vicinity of places with the zones that they are in, however near others are."""
    place, zone = inside
    cared = airspace.cares[identity[place], zone]
    outside.zone[place[cared]] = zone[cared]
    return outside


def nearest(earth_m: Floats, identity: Small, surroundings: Iterable[Surrounding]) -> Vicinity:
    """Return the nearest of these boundaries to each of M places, on whichever side."""
    found = Vicinity(np.full(len(earth_m), NOWHERE), np.full(len(earth_m), np.inf))
    for each in surroundings:
        asked = np.flatnonzero(each.watch[identity])
        far_m, zone = each.boundaries.nearest(earth_m[asked], each.near_m)
        nearer = np.flatnonzero(far_m < found.distance_m[asked])
        at = asked[nearer]
        found.distance_m[at], found.zone[at] = far_m[nearer], each.members[zone[nearer]]
    return found
