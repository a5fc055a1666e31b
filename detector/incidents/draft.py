"""Drafts: what is to be said of incidents, and the messages that say it, numbered as all daemons of a site count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from detector.incidents.entry import Entry
from detector.incidents.headline import headline
from detector.incidents.incident import Incident
from detector.incidents.lifecycle import Standing, advance
from detector.incidents.message import IncidentMessage, Other, Subject, stamp
from detector.incidents.severity import CERTAINTIES, SEVERITIES, URGENCY
from detector.incidents.stories import Stories, after
from detector.incidents.subject import on_levels, subjects
from detector.tracks.store import TrackStore


class Draft(NamedTuple):
    """A message to be."""

    incident: Incident
    event: str
    now_s: float
    about: Sequence[Entry] = ()
    revision: bool = False
    outcome: str | None = None
    into: IncidentMessage | None = None  # the last of the incident as which it goes on


class Writer:
    """Writes the messages of a site."""

    def __init__(self, site: str, status: str) -> None:
        self.site, self._status = site, status
        self.stories: Stories | None = None  # of all daemons of the site, where there are several

    def write(self, drafts: list[Draft], tracks: TrackStore) -> list[IncidentMessage]:
        """Return messages, of different incidents, as these stand now."""
        if not drafts:
            return []
        rows = [draft.incident.row for draft in drafts]
        return list(map(self._message, drafts, subjects(tracks, rows), on_levels(tracks, rows)))

    def hand_over(self, incident: Incident, told: IncidentMessage, now_s: float, tracks: TrackStore) -> IncidentMessage:
        """Let an incident go on as what another daemon has told; return the message that closes what it was."""
        incident.phase = advance(incident.phase, Standing.OVER)
        (closed,) = self.write([Draft(incident, "closed", now_s, outcome="resolved", into=told)], tracks)
        incident.follow(told)
        return closed

    def _message(self, draft: Draft, subject: Subject, on_level: bool) -> IncidentMessage:
        incident, event, now_s, about, revision, outcome, into = draft
        leading = incident.leading(about)
        message = IncidentMessage(
            site=self.site,
            status=self._status,
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
                incident.entries,
                outcome,
                on_level=on_level,
                missing=incident.missing,
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
        if into is not None:
            message = _handed_over(message, into)
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
        stories.hear(message)
        return message


def _handed_over(message: IncidentMessage, into: IncidentMessage) -> IncidentMessage:
    findings = tuple(replace(f, ended_at=f.ended_at or message.subject.time) for f in message.findings)
    return replace(message, headline=f"Goes on as incident {into.incident_id}: {into.headline}", findings=findings)
