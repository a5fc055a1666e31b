"""The register: which incident tells of which track, and who flies with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.incidents.incident import Incident
from detector.incidents.severity import SEVERITIES
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore


class Register:
    """Incidents by the rows of the tracks that they tell of."""

    def __init__(self) -> None:
        self.open: dict[int, Incident] = {}
        self.lost: dict[int, Incident] = {}  # of tracks that have been lost, and may be heard again
        self._beside: dict[int, list[int]] = {}  # with whom a track flies: rows of its formation, itself among them

    def __len__(self) -> int:
        return len(self.incidents())

    def restore(self, is_open: Mapping[int, Incident], lost: Mapping[int, Incident]) -> None:
        """Hold these incidents, by track row, and no others."""
        self.open, self.lost = dict(is_open), dict(lost)

    def incidents(self) -> set[Incident]:
        """Return the open incidents."""
        return set(self.open.values())

    def by_severity(self) -> dict[str, int]:
        """Return how many incidents are open, by severity."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for incident in self.incidents():
            counts[SEVERITIES[incident.severity]] += 1
        return counts

    def rows(self) -> Rows:
        """Return the rows of tracks that open incidents tell of, ascending."""
        return np.array(sorted(self.open), dtype=np.intp)

    def rows_of(self, incident: Incident) -> set[int]:
        """Return the rows of the tracks that an open incident tells of."""
        return {row for row, each in self.open.items() if each is incident}

    def fly(self, formations: Iterable[list[int]]) -> None:
        """Take in who flies together from now on."""
        self._beside = {row: formation for formation in formations for row in formation}

    def of_track(self, row: int) -> Incident | None:
        """Return the incident that tells of a track, or did until it was lost."""
        return self.open.get(row) or self.lost.get(row)

    def beside(self, row: int) -> list[int]:
        """Return the rows of all with whom a track flies, itself among them."""
        return self._beside.get(row, [row])

    def of_formation(self, row: int, tracks: TrackStore) -> Incident | None:
        """Return the oldest open incident of those with whom a track flies."""
        known = [self.open[other] for other in self.beside(row) if other in self.open]
        return min(known, key=lambda incident: (incident.opened_s, tracks.name(incident.row)), default=None)

    def in_formation(self, tracks: TrackStore) -> list[int]:
        """Return the rows of tracks that fly with others and that open incidents tell of, by name."""
        return sorted(self._beside.keys() & self.open.keys(), key=tracks.name)

    def kin(self, rows: Rows, capacity: int) -> Rows:
        """Return one number for each of N tracks, the same for those of whom one incident tells or may come to tell."""
        first: dict[Incident, int] = {}
        ties = [(row, formation[0]) for row, formation in self._beside.items()]
        ties += [(row, first.setdefault(i, row)) for part in (self.open, self.lost) for row, i in part.items()]
        ties = [(row, other) for row, other in ties if row != other]
        if not ties:
            return rows
        graph = coo_array((np.ones(len(ties)), tuple(np.transpose(ties))), shape=(capacity, capacity))
        labels = connected_components(graph, directed=False)[1]
        return np.asarray(labels[rows], dtype=np.intp)

    def let_go(self, row: int, tracks: TrackStore) -> None:
        """Tell of a track no more in an incident that tells of others; one of these, still at it, leads then."""
        incident = self.open.pop(row)
        if incident.row == row:
            busy = {entry.row for entry in incident.open_entries()}
            incident.row = min(self.rows_of(incident), key=lambda other: (other not in busy, tracks.name(other)))

    def close(self, incident: Incident) -> None:
        """Tell of nobody in an incident any more."""
        for row in self.rows_of(incident):
            del self.open[row]

    def forget(self, rows: Iterable[int]) -> None:
        """Let go of the incidents of tracks that will not be heard again."""
        for row in rows:
            self.lost.pop(row, None)
