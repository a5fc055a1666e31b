"""The incident book: folds findings into one story per intruder and says when something is worth a message.

One incident a track. It opens with its first finding, stays open through every further one, and closes when it has been
clear for CLOSE_AFTER_S, when the track is lost or has landed, or when nobody has a reason to watch it any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable
from heapq import heappop, heappush
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from detector.airspace.zones import Identity, Zone
from detector.incidents.headline import headline
from detector.incidents.incident import Depths, Incident, identify, refresh
from detector.incidents.lifecycle import RANK, Standing, advance
from detector.incidents.message import IncidentMessage, Subject, stamp
from detector.incidents.severity import CERTAINTIES, SEVERITIES, URGENCY
from detector.incidents.subject import subjects
from detector.rules.findings import Change, Findings
from detector.tracks.fixes import Segments
from detector.tracks.store import TrackStore

CLOSE_AFTER_S = 300.0  # who left and comes back within this is the same story

_CLOSES_AT_ONCE = {Change.LANDED: "landed", Change.RESOLVED: "resolved"}


_Changed = tuple[int, Incident, float, bool, str | None, list[str]]
"""Segment, incident, time, whether it corrects, outcome if it is over, zones it is about."""


class _Draft(NamedTuple):
    """A message to be."""

    incident: Incident
    event: str
    now_s: float
    about: Container[str] = ()
    revision: bool = False
    outcome: str | None = None


class Book:
    """The open incidents of a site, by track row."""

    def __init__(self, site: str, status: str) -> None:
        self.site, self.status = site, status
        self._open: dict[int, Incident] = {}
        self._lost: dict[int, Incident] = {}  # closed with their tracks, which may be heard again
        self._closing: list[tuple[float, str, Incident]] = []  # a heap of those that are clear; some are so no more

    def __len__(self) -> int:
        return len(self._open)

    def due_s(self) -> float:
        """Return a time before which no incident closes by itself."""
        return self._closing[0][0] if self._closing else math.inf

    def by_severity(self) -> dict[str, int]:
        """Return how many incidents are open, by severity."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for incident in self._open.values():
            counts[SEVERITIES[incident.severity]] += 1
        return counts

    def take(
        self, findings: Findings, segments: Segments, tracks: TrackStore, zones: tuple[Zone, ...], depths: Depths
    ) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) for every step whose findings are worth one, in the order of segments."""
        changed: list[_Changed] = []
        turned_out = set(np.flatnonzero(tracks.turned_out[segments.row]).tolist())
        for segment, changes in groupby(findings.rows(), attrgetter("segment")):
            row = int(segments.row[segment])
            step_s = float(segments.before.time_s[segment]), float(segments.now.time_s[segment])
            revision = row in self._lost
            incident = self._open.get(row) or self._recall(row) or self._new(tracks, row, step_s[1])
            identity, outcome, about = Identity(tracks.identity[row]), None, []
            for change in changes:
                revision |= incident.apply(change, zones[change.zone], identity, step_s)
                outcome = _CLOSES_AT_ONCE.get(Change(change.change)) or outcome
                about.append(zones[change.zone].id)
            changed.append((segment, incident, step_s[1], revision, outcome, about))
            turned_out.discard(segment)
        changed += self._turned_out(sorted(turned_out), segments, tracks)
        changed.sort(key=itemgetter(0))
        refresh([incident for _, incident, *_ in changed], depths)
        drafts = []
        for _, incident, now_s, revision, outcome, about in changed:
            if outcome is not None and incident.standing() is Standing.CLEAR:
                drafts.append(self._close(incident, now_s, outcome))
            else:
                drafts.append(self._tell(incident, now_s, about, revision=revision))
        return list(zip((segment for segment, *_ in changed), self._messages(drafts, tracks), strict=True))

    def _turned_out(self, at: list[int], segments: Segments, tracks: TrackStore) -> list[_Changed]:
        """Return the open incidents whose subjects turned out to be somebody else; operators act on that too."""
        changed: list[_Changed] = []
        for segment in at:
            row = int(segments.row[segment])
            incident = self._open.get(row)
            if incident is not None:
                incident.grade(Identity(tracks.identity[row]))
                changed.append((segment, incident, float(segments.now.time_s[segment]), False, None, []))
        return changed

    def close_due(self, now_s: float, tracks: TrackStore) -> list[IncidentMessage]:
        """Close every incident that has been clear for long enough, in the order of their tracks' names."""
        due = []
        while self._closing and self._closing[0][0] <= now_s:
            close_s, _, incident = heappop(self._closing)
            if incident.close_s == close_s and self._open.get(incident.row) is incident:
                due.append(incident)
        return self._messages([self._close(i, now_s, i.farewell()) for i in _by_name(due, tracks)], tracks)

    def lose(self, rows: Iterable[int], now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Close the incidents of lost tracks; who was clear of everything when last heard has left."""
        drafts = []
        lost = _by_name([self._open[row] for row in rows if row in self._open], tracks)
        refresh(lost, depths)
        for incident in lost:
            outcome = incident.farewell() if incident.standing() is Standing.CLEAR else "lost"
            incident.break_off(float(tracks.fix.time_s[incident.row]))
            drafts.append(self._close(incident, now_s, outcome))
            if outcome == "lost":
                self._lost[incident.row] = incident
        return self._messages(drafts, tracks)

    def forget(self, rows: Iterable[int]) -> None:
        """Let go of the incidents of tracks that will not be heard again."""
        for row in rows:
            self._lost.pop(row, None)

    def close_zones(
        self, is_over: Callable[[int, str], bool], now_s: float, tracks: TrackStore, depths: Depths
    ) -> list[IncidentMessage]:
        """End the stays, by track row and zone id, whose zones have closed, are no more, or lie elsewhere now.

        An incident left with nothing closes.
        """
        over = {row: {e.zone.id for e in i.open_entries() if is_over(row, e.zone.id)} for row, i in self._open.items()}
        touched = [self._open[row] for row, zone_ids in over.items() if zone_ids]
        refresh(touched, depths)
        drafts = []
        for incident in _by_name(touched, tracks):
            zone_ids = over[incident.row]
            incident.break_off(now_s, zone_ids)
            clear = incident.standing() is Standing.CLEAR
            drafts.append(
                self._close(incident, now_s, "zone-closed") if clear else self._tell(incident, now_s, zone_ids)
            )
        return self._messages(drafts, tracks)

    def _recall(self, row: int) -> Incident | None:
        """Open the incident of a track again that is heard again; what that tells is a revision."""
        if row in self._lost:
            self._open[row] = self._lost.pop(row)
        return self._open.get(row)

    def _new(self, tracks: TrackStore, row: int, now_s: float) -> Incident:
        incident = self._open[row] = Incident(row, identify(self.site, tracks.name(row), now_s), now_s)
        return incident

    def _tell(self, incident: Incident, now_s: float, about: Container[str] = (), *, revision: bool = False) -> _Draft:
        """Advance the incident to what its findings amount to now, and return the message."""
        first, rank, severity = incident.sequence == 0, RANK[incident.phase], incident.severity
        standing = incident.standing()
        incident.phase = advance(incident.phase, standing)
        incident.severity = max(severity, *(e.severity for e in incident.entries))
        rises = RANK[incident.phase] > rank or incident.severity > severity
        incident.close_s = now_s + CLOSE_AFTER_S if standing is Standing.CLEAR else math.inf
        if standing is Standing.CLEAR:
            heappush(self._closing, (incident.close_s, incident.incident_id, incident))
        event = "opened" if first else "escalated" if rises and not revision else "updated"
        return _Draft(incident, event, now_s, about, revision)

    def _close(self, incident: Incident, now_s: float, outcome: str) -> _Draft:
        incident.phase = advance(incident.phase, Standing.OVER)
        del self._open[incident.row]
        return _Draft(incident, "closed", now_s, outcome=outcome)

    def _messages(self, drafts: list[_Draft], tracks: TrackStore) -> list[IncidentMessage]:
        """Return messages, of different incidents, as these stand now."""
        return list(map(self._message, drafts, subjects(tracks, [draft.incident.row for draft in drafts])))

    def _message(self, draft: _Draft, subject: Subject) -> IncidentMessage:
        incident, event, now_s, about, revision, outcome = draft
        incident.sequence += 1
        leading = incident.leading(about)
        return IncidentMessage(
            site=self.site,
            status=self.status,
            incident_id=incident.incident_id,
            sequence=incident.sequence,
            event=event,
            cause=leading.kind,
            revision=revision,
            phase=incident.phase.value,
            severity=SEVERITIES[incident.severity],
            urgency=URGENCY[incident.phase],
            certainty=CERTAINTIES[min(e.certainty for e in incident.entries)],
            headline=headline(subject, leading, incident.open_entries(), outcome),
            time=stamp(now_s),
            opened_at=stamp(incident.opened_s),
            closed_at=None if outcome is None else stamp(now_s),
            outcome=outcome,
            subject=subject,
            findings=tuple(e.finding(subject.track_id) for e in incident.entries),
            zone_id=leading.zone.id,
        )


def _by_name(incidents: Iterable[Incident], tracks: TrackStore) -> list[Incident]:
    return sorted(incidents, key=lambda incident: tracks.name(incident.row))
