"""The incident book: folds findings into one story per intruder and says when something is worth a message.

One incident a track, or for several that fly together: whoever of them gives cause for it is its subject, and what the
others do from then on is told there until it closes. It opens with its first finding, stays open through every further
one, and closes when it has been clear for CLOSE_AFTER_S, when its tracks are lost or have landed, or when nobody has a
reason to watch them any more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.airspace.zones import Identity, Zone
from detector.incidents.entry import Doer, Entry
from detector.incidents.headline import headline
from detector.incidents.incident import Depths, Incident, break_off, identify, refresh
from detector.incidents.lifecycle import RANK, Standing, advance
from detector.incidents.message import IncidentMessage, Other, Subject, stamp
from detector.incidents.severity import CERTAINTIES, SEVERITIES, URGENCY
from detector.incidents.stories import Stories, after
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
    doer: Doer
    now_s: float
    revision: bool = False  # it corrects what was said before
    at_once: bool = False  # it is told whatever the room knows
    outcome: str | None = None  # if it is over
    known: bool = False  # another daemon has told of the incident, and this one not yet
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
    """The open incidents of a site, by the rows of all tracks that they tell of."""

    def __init__(self, site: str, status: str) -> None:
        self.site, self.status = site, status
        self.stories: Stories | None = None  # of all daemons of the site, where there are several
        self._open: dict[int, Incident] = {}
        self._lost: dict[int, Incident] = {}  # of tracks that have been lost, and may be heard again
        self._beside: dict[int, list[int]] = {}  # with whom a track flies: rows of its formation, itself among them
        self._due: list[tuple[float, str, Incident]] = []  # a heap of when to close or tell; some do so no more

    def __len__(self) -> int:
        return len(set(self._open.values()))

    def rows(self) -> Rows:
        """Return the rows of tracks that open incidents tell of, ascending."""
        return np.array(sorted(self._open), dtype=np.intp)

    def incidents(self) -> tuple[dict[int, Incident], dict[int, Incident]]:
        """Return the open incidents, and those of tracks that have been lost and may be heard again, by track row."""
        return self._open, self._lost

    def restore(self, is_open: Mapping[int, Incident], lost: Mapping[int, Incident]) -> None:
        """Hold these incidents, by track row, and no others."""
        self._open, self._lost = dict(is_open), dict(lost)
        times_s = ((time_s, i) for i in set(self._open.values()) for time_s in (i.close_s, i.tell_s))
        self._due = [(time_s, i.incident_id, i) for time_s, i in times_s if time_s < math.inf]
        heapify(self._due)

    def fly(self, formations: Iterable[list[int]]) -> None:
        """Take in who flies together from now on."""
        self._beside = {row: formation for formation in formations for row in formation}

    def kin(self, rows: Rows, capacity: int) -> Rows:
        """Return one number for each of N tracks, the same for those of whom one incident tells or may come to tell."""
        first: dict[Incident, int] = {}
        ties = [(row, formation[0]) for row, formation in self._beside.items()]
        ties += [(row, first.setdefault(i, row)) for part in (self._open, self._lost) for row, i in part.items()]
        ties = [(row, other) for row, other in ties if row != other]
        if not ties:
            return rows
        graph = coo_array((np.ones(len(ties)), tuple(np.transpose(ties))), shape=(capacity, capacity))
        labels = connected_components(graph, directed=False)[1]
        return np.asarray(labels[rows], dtype=np.intp)

    def subjects(self) -> set[int]:
        """Return the same rows as a set."""
        return set(self._open)

    def due_s(self) -> float:
        """Return a time before which no incident closes, or tells anything, by itself."""
        return self._due[0][0] if self._due else math.inf

    def by_severity(self) -> dict[str, int]:
        """Return how many incidents are open, by severity."""
        counts = dict.fromkeys(SEVERITIES, 0)
        for incident in set(self._open.values()):
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
            news = self._news(segment, row, now_s, tracks)
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
        told: dict[Incident, _News] = {}
        for row, of_one in groupby(self._timely(signs, tracks), attrgetter("row")):
            changes = list(of_one)
            now_s = changes[-1].decided_s if clock_s is None else clock_s
            of_one_track = self._news(changes[-1].segment, row, now_s, tracks)
            news = told.setdefault(of_one_track.incident, of_one_track)
            news.doer, news.revision = of_one_track.doer, news.revision | of_one_track.revision
            for sign in changes:
                self._fold(news, sign, zones, (now_s, now_s), tracks)
        return self._say(list(told.values()), tracks, depths) if told else []

    def gather(self, now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Return messages of the incidents that have turned out to be about more aircraft than was said."""
        told: dict[Incident, _News] = {}
        for row in sorted(self._beside.keys() & self._open.keys(), key=tracks.name):
            incident = self._open[row]
            if incident.cast(_names(self._beside[row], tracks), "formation"):
                told.setdefault(incident, _News(-1, incident, _doer(row, tracks), now_s, at_once=True))
        return [message for _, message in self._say(list(told.values()), tracks, depths)] if told else []

    def _timely(self, signs: Iterable[Sign], tracks: TrackStore) -> Iterator[Sign]:
        """Yield the signs but those of what an incident that has been closed since was told."""
        begun = set()
        for sign in signs:
            incident, others = self._open.get(sign.row), _names(sign.others, tracks)
            episode = sign.row, sign.rule, sign.strand, sign.others
            if sign.change is Change.OPENED:
                begun.add(episode)
            if episode in begun or (incident is not None and incident.awaits(tracks.name(sign.row), sign, others)):
                yield sign

    def _news(self, segment: int, row: int, now_s: float, tracks: TrackStore) -> _News:
        """Return that there is something to tell of a track, in its incident; a revision where it had been lost."""
        doer, lost = _doer(row, tracks), self._lost.pop(row, None)
        incident = lost or self._open.get(row) or self._of_formation(row, tracks)
        if incident is None:
            incident = self._told_of(doer, now_s) or Incident(row, identify(self.site, doer.track_id, now_s), now_s)
        known = incident.before is not None and not incident.entries
        if self._open.get(incident.row) is not incident:  # it is new, or its subject has been let go of
            incident.row = row
        if doer.track_id in incident.missing:
            incident.missing.remove(doer.track_id)
        self._open[row] = incident
        incident.cast(_names(self._beside.get(row, [row]), tracks), "formation")
        return _News(segment, incident, doer, now_s, revision=lost is not None, known=known)

    def _told_of(self, doer: Doer, now_s: float) -> Incident | None:
        """Return the incident that another daemon has open of a track, to go on with."""
        if self.stories is None:
            return None
        name = doer.track_id
        told = self.stories.open_of(name, now_s) or self.stories.with_wingman(name, now_s)
        if told is None:
            return None
        ours = (incident for incident in self._open.values() if incident.incident_id == told.incident_id)
        return next(ours, None) or Incident.after(doer.row, told)

    def follow(self, now_s: float, tracks: TrackStore) -> list[IncidentMessage]:
        """Go on in the older of two stories that two daemons have begun of one subject; the younger is closed."""
        messages = []
        ours = {incident.incident_id: incident for incident in self._open.values()}
        for incident in _by_name(ours.values(), tracks):
            told = self.stories and self.stories.open_of(tracks.name(incident.row), now_s)
            older = told and (told.opened_at, told.incident_id) < (stamp(incident.opened_s), incident.incident_id)
            if told and older and told.incident_id not in ours:
                incident.phase = advance(incident.phase, Standing.OVER)
                (closed,) = self._messages([_Draft(incident, "closed", now_s, outcome="resolved")], tracks)
                findings = tuple(replace(f, ended_at=f.ended_at or closed.subject.time) for f in closed.findings)
                words = f"Goes on as incident {told.incident_id}: {told.headline}"
                messages.append(replace(closed, headline=words, findings=findings))
                incident.follow(told)
                if incident.adds():
                    messages += self._messages([self._tell(incident, now_s, ())], tracks)
        return messages

    def _of_formation(self, row: int, tracks: TrackStore) -> Incident | None:
        """Return the oldest open incident of those with whom a track flies."""
        known = [self._open[other] for other in self._beside.get(row, ()) if other in self._open]
        return min(known, key=lambda incident: (incident.opened_s, tracks.name(incident.row)), default=None)

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
        if isinstance(change, FindingRow):
            entry, corrects = incident.apply(news.doer, change, zones[change.zone], step_s)
            news.revision |= corrects
            worth_telling = True
            news.outcome = _CLOSES_AT_ONCE.get(Change(change.change)) or news.outcome
        else:
            names = _names(change.others, tracks)
            zone = None if change.zone < 0 else zones[change.zone]
            entry, worth_telling = incident.note(news.doer, change, zone, names)
            incident.cast(names, ROLE.get(change.rule, ""))
        if worth_telling or incident.sequence == 0:
            incident.wait(entry, news.now_s, max(news.now_s, float(tracks.taken_s[news.doer.row])))
        news.about.append(entry)

    def _turned_out(self, but: set[int], segments: Segments, tracks: TrackStore) -> list[_News]:
        """Return the open incidents whose tracks turned out to be somebody else; operators act on that too."""
        told = []
        for segment in set(np.flatnonzero(tracks.turned_out[segments.row]).tolist()) - but:
            doer = _doer(int(segments.row[segment]), tracks)
            if (incident := self._open.get(doer.row)) is not None:
                incident.grade(doer)
                told.append(_News(segment, incident, doer, float(segments.now.time_s[segment]), at_once=True))
        return told

    def _say(self, every: list[_News], tracks: TrackStore, depths: Depths) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) for all news that are worth one."""
        told = []
        for news in every:
            incident, urgent = news.incident, news.at_once or news.revision or news.outcome is not None
            if news.known and news.outcome is None and not incident.adds():
                incident.tell(news.now_s)  # the other daemon has
            elif urgent or incident.tell_s <= news.now_s:
                told.append(news)
                continue
            self._await(incident, news.now_s)
        refresh([news.incident for news in told], depths)
        drafts = []
        for news in told:
            if news.outcome is not None and news.incident.standing() is Standing.CLEAR:
                drafts.append(self._close(news.incident, news.now_s, news.outcome))
            else:
                if news.outcome is not None and not news.incident.open_entries(news.doer.row):
                    self._let_go(news.doer.row, tracks)
                drafts.append(self._tell(news.incident, news.now_s, news.about, revision=news.revision))
        return list(zip((news.segment for news in told), self._messages(drafts, tracks), strict=True))

    def wake(self, now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Close incidents that have been clear for long enough; let others tell what waits. In the order of names."""
        due = set()
        while self._due and self._due[0][0] <= now_s:
            due.add(heappop(self._due)[2])
        awake = _by_name((i for i in due if self._open.get(i.row) is i), tracks)
        closing = [i for i in awake if i.close_s <= now_s]
        telling = [i for i in awake if i.tell_s <= now_s < i.close_s]
        refresh(telling, depths)
        drafts = [self._close(i, now_s, i.farewell()) for i in closing]
        return self._messages(drafts + [self._tell(i, now_s, i.waiting()) for i in telling], tracks)

    def lose(self, rows: Iterable[int], now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """End what lost tracks did; close the incidents that tell of nobody else."""
        lost: defaultdict[Incident, list[int]] = defaultdict(list)
        for row in sorted(set(rows) & self._open.keys(), key=tracks.name):
            lost[self._open[row]].append(row)
        refresh(lost, depths)
        drafts = []
        for incident, gone in lost.items():
            ended = [e for row in gone for e in incident.lose(row, tracks.name(row), float(tracks.fix.time_s[row]))]
            self._lost |= {row: incident for row in gone if tracks.name(row) in incident.missing}
            if self._rows(incident) == set(gone):
                drafts.append(self._close(incident, now_s, incident.farewell()))
                continue
            for row in gone:
                self._let_go(row, tracks)
            if ended:
                drafts.append(self._tell(incident, now_s, ended))
        return self._messages(drafts, tracks)

    def _rows(self, incident: Incident) -> set[int]:
        """Return the rows of the tracks that an open incident tells of."""
        return {row for row, each in self._open.items() if each is incident}

    def _let_go(self, row: int, tracks: TrackStore) -> None:
        """Tell of a track no more in an incident that tells of others; one of these, still at it, leads then."""
        incident = self._open.pop(row)
        if incident.row == row:
            busy = {entry.row for entry in incident.open_entries()}
            incident.row = min(self._rows(incident), key=lambda other: (other not in busy, tracks.name(other)))

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
        over: dict[Incident, list[Entry]] = {incident: [] for incident in self._open.values()}
        for incident, entries in over.items():
            entries += [e for e in incident.open_entries() if e.zone_id is not None and is_over(e.row, e.zone_id)]
        touched = [incident for incident, entries in over.items() if entries]
        refresh(touched, depths)
        drafts = []
        for incident in _by_name(touched, tracks):
            break_off(over[incident], now_s)
            clear = incident.standing() is Standing.CLEAR
            ended = over[incident]
            drafts.append(self._close(incident, now_s, "zone-closed") if clear else self._tell(incident, now_s, ended))
        return self._messages(drafts, tracks)

    def _tell(self, incident: Incident, now_s: float, about: Sequence[Entry], *, revision: bool = False) -> _Draft:
        """Advance the incident to what its findings amount to now, and return the message."""
        first, rank, severity = incident.sequence == 0, RANK[incident.phase], incident.severity
        standing = incident.standing()
        incident.phase = advance(incident.phase, standing)
        incident.severity = max(severity, *(e.severity for e in incident.entries))
        rises = RANK[incident.phase] > rank or incident.severity > severity
        incident.tell(now_s)
        self._await(incident, now_s)
        event = "opened" if first else "escalated" if rises and not revision else "updated"
        return _Draft(incident, event, now_s, about, revision)

    def _await(self, incident: Incident, now_s: float) -> None:
        """Let an incident that is clear close by itself, and no other; let it tell what waits."""
        clear = incident.standing() is Standing.CLEAR
        incident.close_s = now_s + CLOSE_AFTER_S if clear else math.inf
        for time_s in (incident.close_s, incident.tell_s):
            if time_s < math.inf:
                heappush(self._due, (time_s, incident.incident_id, incident))

    def _close(self, incident: Incident, now_s: float, outcome: str) -> _Draft:
        incident.phase = advance(incident.phase, Standing.OVER)
        incident.tell(now_s)
        for row in self._rows(incident):
            del self._open[row]
        return _Draft(incident, "closed", now_s, outcome=outcome)

    def _messages(self, drafts: list[_Draft], tracks: TrackStore) -> list[IncidentMessage]:
        """Return messages, of different incidents, as these stand now."""
        if not drafts:
            return []
        return list(map(self._message, drafts, subjects(tracks, [draft.incident.row for draft in drafts])))

    def _message(self, draft: _Draft, subject: Subject) -> IncidentMessage:
        incident, event, now_s, about, revision, outcome = draft
        leading = incident.leading(about)
        message = IncidentMessage(
            site=self.site,
            status=self.status,
            incident_id=incident.incident_id,
            sequence=incident.sequence + 1,
            event=event,
            cause=leading.kind,
            revision=revision,
            phase=incident.phase.value,
            severity=SEVERITIES[incident.severity],
            urgency=URGENCY[incident.phase],
            certainty=CERTAINTIES[incident.certainty()],
            headline=headline(
                subject,
                incident.wingmen(subject.track_id),
                leading,
                incident.alike(leading),
                incident.open_entries(),
                outcome,
            ),
            time=stamp(now_s),
            opened_at=stamp(incident.opened_s),
            closed_at=None if outcome is None else stamp(now_s),
            outcome=outcome,
            subject=subject,
            others=tuple(Other(track_id=n, role=role) for n, role in incident.roles.items() if n != subject.track_id),
            findings=tuple(e.finding() for e in incident.entries),
            zone_id=leading.zone_id,
        )
        if self.stories is not None:
            message = self._in_turn(incident, message, self.stories)
        incident.sequence = message.sequence
        return message

    @staticmethod
    def _in_turn(incident: Incident, message: IncidentMessage, stories: Stories) -> IncidentMessage:
        """Return a message as it follows on what all daemons have told."""
        number, last = stories.number(message), stories.last(incident.incident_id)
        if number > message.sequence:
            incident.before = last
        if last is not None and number > max(last.sequence, 1):
            reopens = last.outcome is not None and message.outcome is None
            event = "updated" if reopens or message.event == "opened" else message.event
            message = replace(message, sequence=number, event=event, revision=message.revision or reopens)
        message = replace(message, sequence=number)
        message = after(message, incident.before) if incident.before else message
        stories.hear(message, live=True)
        return message


def _doer(row: int, tracks: TrackStore) -> Doer:
    return Doer(row, tracks.name(row), Identity(tracks.identity[row]))


def _names(rows: Iterable[int], tracks: TrackStore) -> tuple[str, ...]:
    return tuple(tracks.name(row) for row in rows)


def _by_name(incidents: Iterable[Incident], tracks: TrackStore) -> list[Incident]:
    return sorted(incidents, key=lambda incident: tracks.name(incident.row))
