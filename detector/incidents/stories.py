"""What all daemons of a site have told, in this life or an earlier one: each goes on in the others' stories.

The same reports make the same messages, so this matters where two have not had the same: one was started later, or took
reports in another order. Nobody waits for the other; who opens a story that the other has open goes on with that, and
who has news that the other has not told numbers them above what the other told. A story that was left open by who may
be gone waits for ALIVE_S to be gone on with, and is closed then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from detector.incidents.lifecycle import Phase
from detector.incidents.message import Finding, IncidentMessage, stamp
from detector.incidents.severity import SEVERITIES

ALIVE_S = 300.0  # a story of which no daemon has given a sign for so long is nobody's: one that is clear closes then
SAME_S = 10.0  # news of one kind so close to each other are one: two daemons may decide a report of a radar apart
MOST_STORIES, MOST_NEWS = 10_000, 50

_DEEPEST = ("max_depth_m", "sigma_m", "deepest_at", "deepest_lat", "deepest_lon")
_COMPANY = ("phase", "joined_at")
_ENTRY = ("entry_lat", "entry_lon", "between")


class _News(NamedTuple):
    """What a message tells that those before it did not, roughly."""

    cause: str
    zone_id: str | None
    phase: str
    severity: str
    outcome: str | None
    time_s: float

    @classmethod
    def of(cls, message: IncidentMessage) -> _News:
        m = message
        return cls(m.cause, m.zone_id, m.phase, m.severity, m.outcome, seconds(m.time))

    def alike(self, other: _News) -> bool:
        if self.outcome is not None and other.outcome is not None:
            return True
        return self[:-1] == other[:-1] and abs(self.time_s - other.time_s) <= SAME_S


@dataclass(slots=True)
class _Story:
    last: IncidentMessage
    alive_s: float  # when a daemon gave the latest sign of following it, or it was found left open
    left: bool  # by who may be gone, and no daemon has said since that it has it open
    news: dict[int, _News] = field(default_factory=dict)  # of those who follow it, by sequence
    names: set[str] = field(default_factory=set)  # of its subjects and their wingmen, who may have changed


class Stories:
    """The latest of what was told of each incident, by whomever."""

    def __init__(self) -> None:
        self.differing = 0  # messages told twice, with other content
        self._stories: dict[str, _Story] = {}
        self._of_track: defaultdict[str, set[str]] = defaultdict(set)  # ids of incidents, by subject and formation

    def hear(self, message: IncidentMessage, found_s: float | None = None) -> bool:
        """Take a message that is told now, or was found at a Unix time: told before, by who may be gone.

        Return whether it is news: a broker returns our own words.
        """
        known = self._stories.get(message.incident_id)
        news = known is None or message.sequence > known.last.sequence
        live, time_s = found_s is None, seconds(message.time) if found_s is None else found_s
        story = self._stories.pop(message.incident_id, None) or _Story(message, time_s, left=not live)
        self._stories[message.incident_id] = story  # the latest last
        self.differing += live and message.sequence == story.last.sequence and not _is_same(message, story.last)
        if message.sequence > story.last.sequence:
            story.last = message
        if live:
            story.news.setdefault(message.sequence, _News.of(message))
            story.alive_s = max(story.alive_s, time_s)
        for name in (message.subject.track_id, *_wingmen(message)):
            story.names.add(name)
            self._of_track[name].add(message.incident_id)
        if len(story.news) > MOST_NEWS:
            del story.news[min(story.news)]
        if len(self._stories) > MOST_STORIES:
            self._forget(next(iter(self._stories)))
        return news

    def vouch(self, incident_ids: Iterable[str], time_s: float) -> None:
        """Take a daemon's word that it has these open."""
        for incident_id in incident_ids:
            if story := self._stories.get(incident_id):
                story.alive_s, story.left = max(story.alive_s, time_s), False

    def abandon(self) -> None:
        """Take that a daemon is gone: what it had open is left, unless another says that it has it too."""
        for story in self._stories.values():
            story.left = True

    def leave(self, now_s: float) -> None:
        """Count every story as found left open now: what was told of it came at wrong times."""
        for story in self._stories.values():
            story.alive_s, story.left = now_s, True

    def close_left(self, ours: Container[str], now_s: float) -> list[IncidentMessage]:
        """Close what was left open and nobody has gone on with in time; `ours` are the ids of what somebody has."""
        left = [s.last for s in self._stories.values() if s.left and now_s - s.alive_s > ALIVE_S]
        closed = [_lost(last, stamp(now_s)) for last in left if last.outcome is None and last.incident_id not in ours]
        for message in closed:
            self.hear(message)
        return closed

    def open_of(self, track_id: str, now_s: float) -> IncidentMessage | None:
        """Return the last message of the open incident with this subject; of the oldest, should there be several."""
        return self._oldest(track_id, now_s, lambda message: message.subject.track_id == track_id)

    def with_wingman(self, track_id: str, now_s: float) -> IncidentMessage | None:
        """Return the same of the open incident in whose formation a track flies."""
        return self._oldest(track_id, now_s, lambda message: track_id in _wingmen(message))

    def last(self, incident_id: str) -> IncidentMessage | None:
        """Return the message of an incident with the highest sequence."""
        story = self._stories.get(incident_id)
        return story.last if story else None

    def number(self, message: IncidentMessage) -> int:
        """Return the sequence under which a message is to be told, whose daemon has told those before its own.

        It is that of the message of another daemon that tells the same, or one that nobody has used.
        """
        story = self._stories.get(message.incident_id)
        if story is None:
            return message.sequence
        mine = _News.of(message)
        alike = [n for n, theirs in story.news.items() if n >= message.sequence and theirs.alike(mine)]
        return min(alike, default=max(message.sequence, story.last.sequence + 1))

    def _oldest(self, track_id: str, now_s: float, fits: Callable[[IncidentMessage], bool]) -> IncidentMessage | None:
        stories = [self._stories[incident_id] for incident_id in self._of_track.get(track_id, ())]
        alive = [story.last for story in stories if now_s - story.alive_s <= ALIVE_S]
        fitting = [message for message in alive if message.outcome is None and fits(message)]
        return min(fitting, key=lambda message: (message.opened_at, message.incident_id), default=None)

    def _forget(self, incident_id: str) -> None:
        for name in self._stories.pop(incident_id).names:
            self._of_track[name].discard(incident_id)
            if not self._of_track[name]:
                del self._of_track[name]


def check(message: IncidentMessage) -> None:
    """Raise ValueError of a message with words or times that no daemon of this version has."""
    Phase(message.phase)
    times = {message.time, message.opened_at, message.subject.time}
    for finding in message.findings:
        times |= {finding.started_at, finding.detected_at, finding.ended_at or finding.started_at}
    for severity in {message.severity, *(finding.severity for finding in message.findings)}:
        SEVERITIES.index(severity)
    for time in times:
        try:
            stamp(seconds(time))
        except OverflowError as error:
            raise ValueError(str(error)) from error


def as_told(findings: Iterable[Finding], before: IncidentMessage) -> bool:
    """Tell whether a message has told all of these findings."""
    return all(any(_is_one(told, each) and _tells(told, each) for told in before.findings) for each in findings)


def after(message: IncidentMessage, before: IncidentMessage) -> IncidentMessage:
    """Return a message that leaves out nothing that another daemon has told before."""
    earlier, mine = [], list(message.findings)
    for finding in before.findings:
        n = next((n for n, each in enumerate(mine) if _is_one(finding, each)), None)
        if n is None:  # nobody has seen it go on since
            earlier.append(replace(finding, ended_at=finding.ended_at or before.subject.time))
        else:
            mine[n] = _joined(finding, mine[n])
    known = {message.subject.track_id, *(other.track_id for other in message.others)}
    others = [other for other in before.others if other.track_id not in known]
    return replace(message, findings=(*earlier, *mine), others=(*message.others, *others))


def _lost(message: IncidentMessage, now: str) -> IncidentMessage:
    """Return the end of an incident of which no more is known than was last told."""
    return replace(
        message,
        sequence=message.sequence + 1,
        event="closed",
        revision=False,
        phase="closed",
        urgency="past",
        headline=f"Not followed any more: {message.headline}",
        time=now,
        closed_at=now,
        outcome="lost",
        findings=tuple(replace(f, ended_at=f.ended_at or message.subject.time) for f in message.findings),
        durable=UNSET,
    )


def _is_same(message: IncidentMessage, other: IncidentMessage) -> bool:
    """Tell whether two are one message; whether a journal took it is no part of it."""
    return message == other or replace(message, durable=UNSET) == replace(other, durable=UNSET)


def seconds(stamp: str) -> float:
    """Return the Unix seconds of a message's time."""
    return datetime.fromisoformat(stamp).timestamp()


def _wingmen(message: IncidentMessage) -> list[str]:
    return [other.track_id for other in message.others if other.role == "formation"]


def _is_one(finding: Finding, other: Finding) -> bool:
    """Tell whether two findings of two daemons are the same: a daemon has no two of a kind at a time."""
    alike = (finding.rule, finding.zone_id, _whose(finding)) == (other.rule, other.zone_id, _whose(other))
    ends, other_ends = finding.ended_at or "9", other.ended_at or "9"
    return alike and finding.started_at <= other_ends and other.started_at <= ends


def _whose(finding: Finding) -> tuple[str, ...]:
    """Return of whom there is no other finding of a kind at a time: two may intercept one."""
    return finding.track_ids if finding.rule == "interception" else finding.track_ids[:1]


def _tells(told: Finding, finding: Finding) -> bool:
    """Tell whether it has been told, too, that an interceptor has joined, if he has."""
    return finding.evidence.joined_at is UNSET or told.evidence.joined_at is not UNSET


def _joined(earlier: Finding, finding: Finding) -> Finding:
    """Return a finding as both daemons together have seen it."""
    evidence = finding.evidence
    taken = [*_DEEPEST] if _depth_m(earlier) > _depth_m(finding) else []
    taken += _ENTRY if earlier.started_at < finding.started_at else ()
    taken += () if _tells(finding, earlier) else _COMPANY
    return replace(
        finding,
        started_at=min(earlier.started_at, finding.started_at),
        detected_at=min(earlier.detected_at, finding.detected_at),
        severity=max(earlier.severity, finding.severity, key=SEVERITIES.index),
        evidence=replace(evidence, **{name: getattr(earlier.evidence, name) for name in taken}),
    )


def _depth_m(finding: Finding) -> float:
    depth_m = finding.evidence.max_depth_m
    return depth_m if isinstance(depth_m, float) else 0.0
