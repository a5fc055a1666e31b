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
from itertools import groupby
from operator import attrgetter

import numpy as np

from detector.airspace.zones import Identity, Zone
from detector.incidents.agenda import Agenda
from detector.incidents.draft import Draft, Writer
from detector.incidents.entry import Doer, Entry, Episode
from detector.incidents.incident import Depths, Incident, break_off, identify, refresh
from detector.incidents.lifecycle import RANK, Standing, advance
from detector.incidents.message import IncidentMessage, stamp
from detector.incidents.register import Register
from detector.rules.catalogue import CATALOGUE
from detector.rules.findings import Change, FindingRow, Findings
from detector.rules.signs import Sign
from detector.tracks.fixes import Rows, Segments
from detector.tracks.store import FORGOTTEN_AFTER_S, TrackStore

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


class Book:
    """The open incidents of a site, by the rows of all tracks that they tell of."""

    def __init__(self, site: str, status: str) -> None:
        self.register, self.agenda = Register(), Agenda()
        self.writer = Writer(site, status)

    def restore(self, is_open: Mapping[int, Incident], lost: Mapping[int, Incident]) -> None:
        """Hold these incidents, by track row, and no others."""
        self.register.restore(is_open, lost)
        self.agenda = Agenda(self.register.incidents())

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
            stays = (change for change in changes[segment] if isinstance(change, FindingRow))
            goes_on = any(change.change != Change.OPENED for change in stays)
            news = self._news(segment, row, now_s, tracks, goes_on=goes_on)
            step_s = float(segments.before.time_s[segment]), now_s
            for change in changes[segment]:
                self._fold(news, change, zones, step_s, tracks)
            told.append(news)
        told += self._turned_out({news.segment for news in told}, segments, tracks)
        told += self._found({news.segment for news in told}, segments, tracks)
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
        for row in self.register.in_formation(tracks):
            incident = self.register.open[row]
            if incident.cast(_names(self.register.beside(row), tracks), "formation"):
                told.setdefault(incident, _News(-1, incident, _doer(row, tracks), now_s, at_once=True))
        return [message for _, message in self._say(list(told.values()), tracks, depths)] if told else []

    def _timely(self, signs: Iterable[Sign], tracks: TrackStore) -> Iterator[Sign]:
        """Yield the signs but those of what an incident that has been closed since was told."""
        begun = set()
        for sign in signs:
            incident, others = self.register.of_track(sign.row), _names(sign.others, tracks)
            episode = sign.row, sign.rule, sign.strand, sign.others
            if sign.change is Change.OPENED:
                begun.add(episode)
            if episode in begun or (incident is not None and incident.awaits(tracks.name(sign.row), sign, others)):
                yield sign

    def _news(self, segment: int, row: int, now_s: float, tracks: TrackStore, *, goes_on: bool = False) -> _News:
        """Return that there is something to tell of a track, in its incident; a revision where it had been lost.

        `goes_on`: a stay does, which keeps its story however long nobody believed where the track was.
        """
        doer, lost = _doer(row, tracks), self.register.lost.pop(row, None)
        if lost is not None and not goes_on and now_s - lost.last_s(doer.track_id) > 2 * FORGOTTEN_AFTER_S:
            lost.missing = [name for name in lost.missing if name != doer.track_id]
            lost = None  # it has been heard for long since, and this is another story
        incident = lost or self.register.open.get(row) or self.register.of_formation(row, tracks)
        if incident is None:
            incident_id = identify(self.writer.site, doer.track_id, now_s)
            incident = self._told_of(doer, now_s) or Incident(row, incident_id, now_s)
        known = incident.before is not None and not incident.entries
        if self.register.open.get(incident.row) is not incident:  # it is new, or its subject has been let go of
            incident.row = row
        if doer.track_id in incident.missing:
            incident.missing.remove(doer.track_id)
        self.register.open[row] = incident
        incident.cast(_names(self.register.beside(row), tracks), "formation")
        return _News(segment, incident, doer, now_s, revision=lost is not None, known=known)

    def _told_of(self, doer: Doer, now_s: float) -> Incident | None:
        """Return the incident that another daemon has open of a track, to go on with."""
        if self.writer.stories is None:
            return None
        name = doer.track_id
        told = self.writer.stories.open_of(name, now_s) or self.writer.stories.with_wingman(name, now_s)
        if told is None:
            return None
        mine = (incident for incident in self.register.open.values() if incident.incident_id == told.incident_id)
        if (ours := next(mine, None)) is not None and ours.before is None:
            return None  # told by ourselves alone: who flies with whom is for the register to say
        return ours or Incident.after(doer.row, told)

    def follow(self, now_s: float, tracks: TrackStore) -> list[IncidentMessage]:
        """Go on in the older of two stories that two daemons have begun of one subject; the younger is closed."""
        messages = []
        ours = {incident.incident_id: incident for incident in self.register.open.values()}
        for incident in _by_name(ours.values(), tracks):
            told = self.writer.stories and self.writer.stories.open_of(tracks.name(incident.row), now_s)
            older = told and (told.opened_at, told.incident_id) < (stamp(incident.opened_s), incident.incident_id)
            if told and older and told.incident_id not in ours:
                messages.append(self.writer.hand_over(incident, told, now_s, tracks))
                if incident.adds():
                    messages += self.writer.write([self._tell(incident, now_s, ())], tracks)
        return messages

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
            incident.cast(names, CATALOGUE[change.rule].role)
        if worth_telling or incident.sequence == 0:
            incident.wait(entry, news.now_s, max(news.now_s, float(tracks.taken_s[news.doer.row])))
        news.about.append(entry)

    def reveal(self, rows: Rows, now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Tell who tracks are by other rules, of those in open incidents, in the order of names."""
        subjects = sorted(set(rows.tolist()) & self.register.open.keys(), key=tracks.name)
        told = [self._revealed(-1, row, now_s, tracks) for row in subjects]
        last = {news.incident: news for news in told}
        return [message for _, message in self._say(list(last.values()), tracks, depths)] if last else []

    def _turned_out(self, but: set[int], segments: Segments, tracks: TrackStore) -> list[_News]:
        """Return the open incidents whose tracks turned out to be somebody else; operators act on that too."""
        others = set(np.flatnonzero(tracks.turned_out[segments.row]).tolist()) - but
        return [
            self._revealed(segment, int(segments.row[segment]), float(segments.now.time_s[segment]), tracks)
            for segment in others
            if int(segments.row[segment]) in self.register.open
        ]

    def _found(self, but: set[int], segments: Segments, tracks: TrackStore) -> list[_News]:
        """Return the incidents of tracks that are heard again, of whose silence no rule says that it is over."""
        lost = self.register.lost
        again = np.flatnonzero(np.isin(segments.row, [*lost])).tolist() if lost else []
        rows = {segment: int(segments.row[segment]) for segment in again if segment not in but}
        return [
            self._news(segment, row, float(segments.now.time_s[segment]), tracks)
            for segment, row in rows.items()
            if not lost[row].awaits_word(tracks.name(row))
        ]

    def _revealed(self, segment: int, row: int, now_s: float, tracks: TrackStore) -> _News:
        doer, incident = _doer(row, tracks), self.register.open[row]
        incident.grade(doer)
        return _News(segment, incident, doer, now_s, at_once=True)

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
                    self.register.let_go(news.doer.row, tracks)
                drafts.append(self._tell(news.incident, news.now_s, news.about, revision=news.revision))
        return list(zip((news.segment for news in told), self.writer.write(drafts, tracks), strict=True))

    def wake(self, now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """Close incidents that have been clear for long enough; let others tell what waits. In the order of names."""
        awake = _by_name((i for i in self.agenda.take(now_s) if self.register.open.get(i.row) is i), tracks)
        closing = [i for i in awake if i.close_s <= now_s]
        telling = [i for i in awake if i.tell_s <= now_s < i.close_s]
        refresh(telling, depths)
        drafts = [self._close(i, now_s, i.farewell()) for i in closing]
        return self.writer.write(drafts + [self._tell(i, now_s, i.waiting()) for i in telling], tracks)

    def lose(self, rows: Iterable[int], now_s: float, tracks: TrackStore, depths: Depths) -> list[IncidentMessage]:
        """End what lost tracks did; close the incidents that tell of nobody else."""
        lost: defaultdict[Incident, list[int]] = defaultdict(list)
        for row in sorted(set(rows) & self.register.open.keys(), key=tracks.name):
            lost[self.register.open[row]].append(row)
        refresh(lost, depths)
        drafts = []
        for incident, gone in lost.items():
            landed, ended = tracks.landed(np.array(gone)), list[Entry]()
            for row, has_landed in zip(gone, landed.tolist(), strict=True):
                doer, last_s = _doer(row, tracks), float(tracks.fix.time_s[row])
                incident.grade(doer)  # the way that it is taken to have gone on may be deep inside
                ended += incident.lose(row, doer.track_id, last_s, now_s, landed=has_landed)
            self.register.lost |= {row: incident for row in gone if tracks.name(row) in incident.missing}
            if self.register.rows_of(incident) == set(gone):
                outcome = "landed" if ended and landed.all() and not incident.missing else incident.farewell()
                drafts.append(self._close(incident, now_s, outcome))
                continue
            for row in gone:
                self.register.let_go(row, tracks)
            if ended:
                drafts.append(self._tell(incident, now_s, ended))
        return self.writer.write(drafts, tracks)

    def episodes(self, which: Callable[[Entry], bool]) -> list[tuple[int, str, int, tuple[str, ...]]]:
        """Return (track row, rule, strand, others) of what goes on of the conduct of tracks."""
        still = (entry for incident in self.register.incidents() for entry in incident.open_entries())
        return [(e.row, e.rule, e.strand, e.others) for e in still if isinstance(e, Episode) and which(e)]

    def close(
        self, is_over: Callable[[Entry], bool], outcome: str, now_s: float, tracks: TrackStore, depths: Depths
    ) -> list[IncidentMessage]:
        """End what is open but counts no more; an incident left with nothing closes with this outcome."""
        over = {each: [*filter(is_over, each.open_entries())] for each in self.register.open.values()}
        touched = [incident for incident, entries in over.items() if entries]
        refresh(touched, depths)
        for entry in (e for each in self.register.lost.values() for e in each.entries if is_over(e)):
            entry.cut = True  # nor does it go on with what was given up
        drafts = []
        for incident in _by_name(touched, tracks):
            break_off(over[incident], now_s, cut=True)
            clear = incident.standing() is Standing.CLEAR
            ended = over[incident]
            drafts.append(self._close(incident, now_s, outcome) if clear else self._tell(incident, now_s, ended))
        return self.writer.write(drafts, tracks)

    def _tell(self, incident: Incident, now_s: float, about: Sequence[Entry], *, revision: bool = False) -> Draft:
        """Advance the incident to what its findings amount to now, and return the message."""
        first, rank, severity = incident.sequence == 0, RANK[incident.phase], incident.severity
        standing = incident.standing()
        incident.phase = advance(incident.phase, standing)
        incident.severity = max(severity, *(e.severity for e in incident.entries))
        rises = RANK[incident.phase] > rank or incident.severity > severity
        incident.tell(now_s)
        self._await(incident, now_s)
        event = "opened" if first else "escalated" if rises and not revision else "updated"
        return Draft(incident, event, now_s, about, revision)

    def _await(self, incident: Incident, now_s: float) -> None:
        """Let an incident that is clear close by itself, and no other; let it tell what waits."""
        clear = incident.standing() is Standing.CLEAR
        incident.close_s = now_s + CLOSE_AFTER_S if clear else math.inf
        self.agenda.put(incident)

    def _close(self, incident: Incident, now_s: float, outcome: str) -> Draft:
        incident.phase = advance(incident.phase, Standing.OVER)
        incident.severity = max([incident.severity, *(e.severity for e in incident.entries)])
        incident.tell(now_s)
        self.register.close(incident)
        return Draft(incident, "closed", now_s, outcome=outcome)


def _doer(row: int, tracks: TrackStore) -> Doer:
    return Doer(row, tracks.name(row), Identity(tracks.identity[row]))


def _names(rows: Iterable[int], tracks: TrackStore) -> tuple[str, ...]:
    return tuple(tracks.name(row) for row in rows)


def _by_name(incidents: Iterable[Incident], tracks: TrackStore) -> list[Incident]:
    return sorted(incidents, key=lambda incident: tracks.name(incident.row))
