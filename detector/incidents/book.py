"""The incident book: folds findings into one story per intruder and says when something is worth a message.

One incident a track. It opens with its first finding, stays open through every further one, and closes when it has been
clear for CLOSE_AFTER_S, when the track is lost or has landed, or when nobody has a reason to watch it any more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from detector.airspace.zones import Identity, Zone
from detector.incidents.entry import Entry
from detector.incidents.headline import headline
from detector.incidents.incident import Depths, Incident, identify, refresh
from detector.incidents.lifecycle import RANK, Standing, advance
from detector.incidents.message import IncidentMessage, Other, Subject, stamp
from detector.incidents.severity import CERTAINTIES, SEVERITIES, URGENCY
from detector.incidents.subject import subjects
from detector.rules.findings import Change, FindingRow, Findings
from detector.rules.signs import ROLE, Sign
from detector.tracks.fixes import Rows, Segments
from detector.tracks.store import TrackStore

CLOSE_AFTER_S = 300.0  # who left and comes back within this is the same story

_CLOSES_AT_ONCE = {Change.LANDED: "landed", Change.RESOLVED: "resolved"}


@dataclass(slots=True)
class _News:
    """What one step, or one tick of the clock, tells of one incident."""

    segment: int
    incident: Incident
    now_s: float
    revision: bool = False  # it corrects what was said before
    worth_telling: bool = False
    outcome: str | None = None  # if it is over
    about: list[Entry] = field(default_factory=list)


class _Draft(NamedTuple):
    """A message to be."""

    incident: Incident
    event: str
    now_s: float
    about: Sequence[Entry] = ()
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

    def rows(self) -> Rows:
        """Return the rows of tracks that are subjects of open incidents, ascending."""
        return np.array(sorted(self._open), dtype=np.intp)

    def incidents(self) -> tuple[list[Incident], list[Incident]]:
        """Return the open incidents, and those closed with their tracks, which may be heard again."""
        return list(self._open.values()), list(self._lost.values())

    def restore(self, is_open: Iterable[Incident], lost: Iterable[Incident]) -> None:
        """Hold these incidents, and no others."""
        self._open = {incident.row: incident for incident in is_open}
        self._lost = {incident.row: incident for incident in lost}
        self._closing = [(i.close_s, i.incident_id, i) for i in self._open.values() if i.close_s < math.inf]
        heapify(self._closing)

    def subjects(self) -> set[int]:
        """Return the same rows as a set."""
        return set(self._open)

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
        self,
        findings: Findings | None,
        signs: Iterable[Sign],
        segments: Segments,
        tracks: TrackStore,
        zones: tuple[Zone, ...],
        depths: Depths,
    ) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) for every step that is worth one, in the order of segments."""
        changes: defaultdict[int, list[FindingRow | Sign]] = defaultdict(list)
        for change in (*(findings.rows() if findings else ()), *self._timely(signs, tracks)):
            changes[change.segment].append(change)
        told: list[_News] = []
        for segment in sorted(changes):
            row, now_s = int(segments.row[segment]), float(segments.now.time_s[segment])
            news = _News(segment, *self._of(row, now_s, tracks))
            step_s = float(segments.before.time_s[segment]), now_s
            for change in changes[segment]:
                self._fold(news, change, zones, step_s, tracks)
            told.append(news)
        told += self._turned_out({news.segment for news in told}, segments, tracks)
        return self._say(sorted(told, key=attrgetter("segment")), tracks, depths) if told else []

    def note(
        self,
        signs: Iterable[Sign],
        tracks: TrackStore,
        zones: tuple[Zone, ...],
        depths: Depths,
        clock_s: float | None = None,
    ) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) for what is worth one of what no step brought to light, in the order of signs.

        There is one sign a track, or several in succession. `clock_s`: the clock brought them to light.
        """
        told = []
        for row, of_one in groupby(self._timely(signs, tracks), attrgetter("row")):
            changes = list(of_one)
            now_s = changes[-1].decided_s if clock_s is None else clock_s
            news = _News(changes[-1].segment, *self._of(row, now_s, tracks))
            for sign in changes:
                self._fold(news, sign, zones, (now_s, now_s), tracks)
            told.append(news)
        return self._say(told, tracks, depths) if told else []

    def _timely(self, signs: Iterable[Sign], tracks: TrackStore) -> Iterator[Sign]:
        """Yield the signs but those of what an incident that has been closed since was told."""
        begun = set()
        for sign in signs:
            incident, others = self._open.get(sign.row), _names(sign.others, tracks)
            episode = sign.row, sign.rule, sign.strand, sign.others
            if sign.change is Change.OPENED:
                begun.add(episode)
            if episode in begun or (incident is not None and incident.awaits(sign, others)):
                yield sign

    def _of(self, row: int, now_s: float, tracks: TrackStore) -> tuple[Incident, float, bool]:
        """Return a track's incident, opened now if need be, the time, and whether it had been closed."""
        revision = row in self._lost
        if revision:
            self._open[row] = self._lost.pop(row)
        incident = self._open.get(row)
        if incident is None:
            incident = self._open[row] = Incident(row, identify(self.site, tracks.name(row), now_s), now_s)
        return incident, now_s, revision

    def _fold(
        self,
        news: _News,
        change: FindingRow | Sign,
        zones: tuple[Zone, ...],
        step_s: tuple[float, float],
        tracks: TrackStore,
    ) -> None:
        """Take one change into its incident."""
        incident = news.incident
        identity = Identity(tracks.identity[incident.row])
        if isinstance(change, FindingRow):
            entry, corrects = incident.apply(change, zones[change.zone], identity, step_s)
            news.revision |= corrects
            news.worth_telling = True
            news.outcome = _CLOSES_AT_ONCE.get(Change(change.change)) or news.outcome
        else:
            names = _names(change.others, tracks)
            zone = None if change.zone < 0 else zones[change.zone]
            entry, worth_telling = incident.note(change, zone, identity, names)
            incident.cast(names, ROLE.get(change.rule, ""))
            news.worth_telling |= worth_telling or incident.sequence == 0
        news.about.append(entry)

    def _turned_out(self, but: set[int], segments: Segments, tracks: TrackStore) -> list[_News]:
        """Return the open incidents whose subjects turned out to be somebody else; operators act on that too."""
        told = []
        for segment in set(np.flatnonzero(tracks.turned_out[segments.row]).tolist()) - but:
            row = int(segments.row[segment])
            if (incident := self._open.get(row)) is not None:
                incident.grade(Identity(tracks.identity[row]))
                told.append(_News(segment, incident, float(segments.now.time_s[segment]), worth_telling=True))
        return told

    def _say(self, every: list[_News], tracks: TrackStore, depths: Depths) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) for all news that are worth one."""
        told = [news for news in every if news.worth_telling]
        for news in every:
            if not news.worth_telling:
                self._await_end(news.incident, news.now_s)
        refresh([news.incident for news in told], depths)
        drafts = []
        for news in told:
            if news.outcome is not None and news.incident.standing() is Standing.CLEAR:
                drafts.append(self._close(news.incident, news.now_s, news.outcome))
            else:
                drafts.append(self._tell(news.incident, news.now_s, news.about, revision=news.revision))
        return list(zip((news.segment for news in told), self._messages(drafts, tracks), strict=True))

    def close_due(self, now_s: float, tracks: TrackStore) -> list[IncidentMessage]:
        """Close every incident that has been clear for long enough, in the order of their tracks' names."""
        due = []
        while self._closing and self._closing[0][0] <= now_s:
            close_s, _, incident = heappop(self._closing)
            if incident.close_s == close_s and self._open.get(incident.row) is incident:
                due.append(incident)
        return self._messages([self._close(i, now_s, i.farewell()) for i in _by_name(due, tracks)], tracks)

    def lose(self, rows: Iterable[int], now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Close the incidents of lost tracks."""
        drafts = []
        lost = _by_name([self._open[row] for row in rows if row in self._open], tracks)
        refresh(lost, depths)
        for incident in lost:
            outcome = incident.outcome_if_lost()
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
        """End what is open, by track row and zone id, in zones that have closed, are no more, or lie elsewhere now.

        An incident left with nothing closes.
        """
        over = {row: {e.zone_id for e in i.open_entries() if e.zone_id is not None} for row, i in self._open.items()}
        over = {row: {zone_id for zone_id in ids if is_over(row, zone_id)} for row, ids in over.items()}
        touched = [self._open[row] for row, zone_ids in over.items() if zone_ids]
        refresh(touched, depths)
        drafts = []
        for incident in _by_name(touched, tracks):
            ended = incident.break_off(now_s, over[incident.row])
            clear = incident.standing() is Standing.CLEAR
            drafts.append(self._close(incident, now_s, "zone-closed") if clear else self._tell(incident, now_s, ended))
        return self._messages(drafts, tracks)

    def _tell(self, incident: Incident, now_s: float, about: Sequence[Entry], *, revision: bool = False) -> _Draft:
        """Advance the incident to what its findings amount to now, and return the message."""
        first, rank, severity = incident.sequence == 0, RANK[incident.phase], incident.severity
        standing = incident.standing()
        incident.phase = advance(incident.phase, standing)
        incident.severity = max(severity, *(e.severity for e in incident.entries))
        rises = RANK[incident.phase] > rank or incident.severity > severity
        self._await_end(incident, now_s)
        event = "opened" if first else "escalated" if rises and not revision else "updated"
        return _Draft(incident, event, now_s, about, revision)

    def _await_end(self, incident: Incident, now_s: float) -> None:
        """Let an incident that is clear close by itself, and no other."""
        clear = incident.standing() is Standing.CLEAR
        incident.close_s = now_s + CLOSE_AFTER_S if clear else math.inf
        if clear:
            heappush(self._closing, (incident.close_s, incident.incident_id, incident))

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
            certainty=CERTAINTIES[incident.certainty()],
            headline=headline(subject, leading, incident.open_entries(), outcome),
            time=stamp(now_s),
            opened_at=stamp(incident.opened_s),
            closed_at=None if outcome is None else stamp(now_s),
            outcome=outcome,
            subject=subject,
            others=tuple(Other(track_id=name, role=role) for name, role in incident.roles.items()),
            findings=tuple(e.finding(subject.track_id) for e in incident.entries),
            zone_id=leading.zone_id,
        )


def _names(rows: Iterable[int], tracks: TrackStore) -> tuple[str, ...]:
    return tuple(tracks.name(row) for row in rows)


def _by_name(incidents: Iterable[Incident], tracks: TrackStore) -> list[Incident]:
    return sorted(incidents, key=lambda incident: tracks.name(incident.row))
