"""One incident: an intruder's findings from the first to the last, and what they amount to."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from detector.airspace.zones import Zone
from detector.incidents.entry import UNKNOWN, Doer, Entry, Episode, Stay
from detector.incidents.lifecycle import Phase, Standing, advance
from detector.incidents.message import IncidentMessage, stamp
from detector.incidents.patience import INSIDE_S, LONGEST_S, Told
from detector.incidents.severity import SEVERITIES
from detector.incidents.stories import as_told, seconds
from detector.rules.catalogue import CATALOGUE
from detector.rules.findings import Change, FindingRow
from detector.rules.signs import AGAIN_S, Sign
from detector.tracks.store import FORGOTTEN_AFTER_S

Depths = Callable[[list[int], list[str]], Iterable[tuple[float, ...]]]
"""Of track rows in zones (by id): depth now m (0: not known), whether it was deep, probability, and of the greatest
depth so far how much m (-inf: not known), its sigma m, when s, and where, latitude and longitude in degrees."""

GLIMPSE_S = 20.0  # who was silent, or inside, and is silent after so short a while has shown nothing by that
_OUTSIDE = {"approach", "skirting"}
_DETERRED = {"incursion", "approach", "skirting", "loitering", "manoeuvre", "asset-pass"}  # from doing more of it
_ENDS_LOST = _DETERRED | {"dark", "emergency"}  # findings of which nobody knows the end when reports cease
_ROLES = ("", "affected", "conflict", "formation", "interceptor")  # who has had one keeps it, or rises


@dataclass(slots=True, eq=False)
class Incident:
    """The story of one track, or of several that fly together, open or closed."""

    row: int  # of its subject
    incident_id: str
    opened_s: float
    sequence: int = 0
    phase: Phase = Phase.NEW
    severity: int = -1
    entries: list[Entry] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)  # of tracks, by name; its subject's goes unsaid
    close_s: float = math.inf  # when it closes by itself
    tell_s: float = math.inf  # when it tells what waits
    known: dict[str, Told] = field(default_factory=dict)  # what it has told, by gist
    missing: list[str] = field(default_factory=list)  # tracks that were lost where nobody knows what became of them
    before: IncidentMessage | None = None  # what another daemon had told, when this one went on from there

    @classmethod
    def after(cls, row: int, before: IncidentMessage) -> Incident:
        """Return the incident that goes on from what another daemon has told."""
        incident = cls(row, "", 0.0)
        incident.follow(before)
        return incident

    def follow(self, before: IncidentMessage) -> None:
        """Go on from what another daemon has told."""
        self.incident_id, self.opened_s, self.sequence = before.incident_id, seconds(before.opened_at), before.sequence
        self.phase, self.severity = Phase(before.phase), SEVERITIES.index(before.severity)
        self.before = before

    def adds(self) -> bool:
        """Tell whether it amounts to more than was told before it went on from there."""
        severity = max((entry.severity for entry in self.entries), default=-1)
        rises = severity > self.severity or advance(self.phase, self.standing()) is not self.phase
        return self.before is None or rises or not as_told((e.finding() for e in self.entries), self.before)

    def stays(self) -> list[Stay]:
        """Return the entries that are stays in zones."""
        return [entry for entry in self.entries if isinstance(entry, Stay)]

    def open_stays(self) -> list[Stay]:
        """Return the stays that have not ended."""
        return [stay for stay in self.stays() if stay.ended_s is None]

    def open_entries(self, row: int | None = None) -> list[Entry]:
        """Return the entries that have not ended, of all tracks or of one."""
        return [entry for entry in self.entries if entry.ended_s is None and row in (None, entry.row)]

    def wait(self, entry: Entry, now_s: float, clock_s: float) -> None:
        """Let an entry that has changed be told in its time."""
        entry.waits = tuple(dict.fromkeys((*entry.waits, entry.gist)))
        told = self.known.get(entry.gist, Told())
        inside_again = isinstance(entry, Stay) and entry.ended_s is None and not entry.known
        longest_s = INSIDE_S if inside_again else LONGEST_S
        self.tell_s = min(self.tell_s, told.due_s(now_s, clock_s, entry.severity, entry.amount, longest_s))

    def waiting(self) -> list[Entry]:
        """Return the entries that wait to be told."""
        return [entry for entry in self.entries if entry.waits]

    def tell(self, now_s: float) -> None:
        """Note that all has been told."""
        most: dict[str, tuple[int, float]] = {}
        for entry in self.waiting():
            for gist in entry.waits:
                severity, amount = most.get(gist, (entry.severity, entry.amount))
                most[gist] = max(severity, entry.severity), max(amount, entry.amount)
            entry.waits, entry.known = (), True
        self.known |= {gist: self.known.get(gist, Told()).again(now_s, *news) for gist, news in most.items()}
        self.tell_s = math.inf

    def standing(self) -> Standing:
        """Return what its findings amount to."""
        kinds = {entry.kind for entry in self.open_entries()}
        return Standing.INSIDE if "incursion" in kinds else Standing.NEAR if kinds else Standing.CLEAR

    def certainty(self) -> int:
        """Return how sure its incursions are; without one, its findings."""
        counts = [entry for entry in self.entries if entry.kind == "incursion"] or self.entries
        return min(entry.certainty for entry in counts)

    def leading(self, about: Sequence[Entry] = ()) -> Entry:
        """Return the gravest entry of those that changed, else open ones, else all; of who is inside first."""
        return max(
            reversed(about or self.open_entries() or self.entries),
            key=lambda e: (e.kind == "incursion", e.kind == "incursion" and e.ended_s is None, e.severity),
        )

    def alike(self, entry: Entry) -> int:
        """Return how many of its tracks do, or did last, what one of them does or did."""
        said = entry.rule, entry.zone_id, entry.code
        latest = {e.track_id: e for e in self.entries if (e.rule, e.zone_id, e.code) == said}
        return sum((e.ended_s is None) == (entry.ended_s is None) for e in latest.values())

    def grade(self, doer: Doer) -> None:
        """Grade what is open of a track anew for who it turned out to be."""
        for entry in self.open_entries(doer.row):
            entry.grade(doer.identity)

    def farewell(self) -> str:
        """Return the outcome of an incident that is clear."""
        kinds = {entry.kind for entry in self.entries}
        kinds |= {finding.kind for finding in self.before.findings} if self.before else set()
        if self.missing:
            return "lost"
        if self._was_joined() and kinds & _DETERRED:
            return "deterred"
        if "incursion" in kinds:
            return "left"
        if "approach" in kinds:
            return "turned-away"
        last = {e.track_id: e for e in self.entries if isinstance(e, Episode) and e.rule == "emergency_code"}
        return "left" if any(e.away for e in last.values()) else "resolved"  # what it took along is not resolved

    def _was_joined(self) -> bool:
        """Tell whether an interceptor has been beside any of its tracks; who only headed for one has not."""
        before = self.before.findings if self.before else ()
        told = (f.evidence.joined_at is not UNSET for f in before if f.kind == "interception")
        return any(told) or any(isinstance(e, Episode) and e.joined_s is not None for e in self.entries)

    def lose(self, row: int, track_id: str, last_s: float, now_s: float, *, landed: bool = False) -> list[Entry]:
        """End what is open of a track heard last at a time; who was outside, doing nothing or escorted, has left.

        Its silence ends when it is given up: so long it surely lasted.
        """
        ended = self.open_entries(row)
        kinds = {entry.kind for entry in ended}
        escorted = any(isinstance(entry, Episode) and entry.joined_s is not None for entry in ended)
        unseen = kinds & _ENDS_LOST and ("incursion" in kinds or not escorted)
        if not landed and (unseen or self._was_glimpsed(track_id, last_s)):
            self.missing.append(track_id)
        break_off(ended, last_s)
        break_off((entry for entry in ended if entry.rule == "dark"), now_s)
        return ended

    def _was_glimpsed(self, track_id: str, last_s: float) -> bool:
        """Tell whether a track was silent, or inside and not driven out, until shortly before it was heard last."""
        own = ((e, e.ended_s) for e in self.entries if e.track_id == track_id and not e.cut and e.ended_s is not None)
        return any(
            last_s - over_s < GLIMPSE_S
            for e, over_s in own
            if e.rule == "dark" or (isinstance(e, Stay) and not self._escorted(over_s))
        )

    def _escorted(self, at_s: float) -> bool:
        """Tell whether an interceptor was beside any of its tracks shortly before."""
        joined = (e for e in self.entries if isinstance(e, Episode) and e.joined_s is not None and e.joined_s <= at_s)
        return any(e.ended_s is None or e.ended_s >= at_s - GLIMPSE_S for e in joined)

    def awaits_word(self, track_id: str) -> bool:
        """Tell whether another word comes when a lost track is heard again: it was inside, or told to be silent."""
        own = (e for e in self.entries if e.track_id == track_id)
        return any(e.rule == "dark" or (isinstance(e, Stay) and e.ended_at is UNKNOWN) for e in own)

    def last_s(self, track_id: str) -> float:
        """Return when the last was over of what a track did; infinity where nothing is."""
        over_s = [e.ended_s for e in self.entries if e.track_id == track_id and e.ended_s is not None]
        return max(over_s, default=math.inf)

    def cast(self, names: Iterable[str], role: str) -> bool:
        """Give others a part in the story, unless they have a greater one; return whether anybody has got one."""
        rank = _ROLES.index
        new = {name: role for name in names if rank(self.roles.get(name, "")) < rank(role)}
        self.roles |= new
        return bool(new)

    def wingmen(self, leader: str) -> int:
        """Return how many have flown with its subject, of this name."""
        return sum(role == "formation" and name != leader for name, role in self.roles.items())

    def apply(self, doer: Doer, row: FindingRow, zone: Zone, step_s: tuple[float, float]) -> tuple[Entry, bool]:
        """Take one change of a stay; return the stay, and whether the change corrects what was said before."""
        alike = [stay for stay in self.stays() if stay.track_id == doer.track_id and stay.zone.id == zone.id]
        stay = alike[-1] if alike else None
        rejoins = row.change == Change.REJOINED and stay is not None and stay.ended_s is not None
        if stay is None or (row.change in (Change.OPENED, Change.REJOINED) and not rejoins):
            stay = Stay.of(doer, row, zone, step_s)
            stay.number += len(alike)
            self._arrive(stay)
            self.entries.append(stay)
        corrects = rejoins and not stay.waits  # that it had left has been said
        if rejoins and row.certainty < stay.certainty:
            stay.certainty, stay.between_s = row.certainty, None  # a guess that has been confirmed
        stay.blind &= row.blind
        stay.deepen(row.probability, row.depth_m, row.sigma_m, row.deepest_s, row.deepest_lat_deg, row.deepest_lon_deg)
        stay.deep |= row.deep
        stay.row = doer.row
        stay.grade(doer.identity)
        if row.change != Change.ESCALATED:
            stay.end(row)
        return stay, corrects

    def _arrive(self, stay: Stay) -> None:
        """End what was done outside a zone that has been entered."""
        for entry in self.open_entries(stay.row):
            if entry.rule in _OUTSIDE and entry.zone_id == stay.zone_id:
                entry.ended_s, entry.told = max(entry.started_s, stay.started_s), None

    def awaits(self, track_id: str, sign: Sign, others: tuple[str, ...]) -> bool:
        """Tell whether a sign that begins no episode goes on with one: an open one, or the silence of who was lost."""
        last = self._last_episode(track_id, sign, None, others)
        if last is None or last.ended_s is None:
            return last is not None
        given_up = sign.rule == "dark" and track_id in self.missing
        in_this_silence = sign.started_s <= last.ended_s and sign.decided_s - last.ended_s <= 2 * FORGOTTEN_AFTER_S
        return given_up and in_this_silence

    def _last_episode(self, track_id: str, sign: Sign, zone: Zone | None, others: tuple[str, ...]) -> Episode | None:
        """Return the latest episode that a sign may go on with.

        Passes of two assets are two findings, and so is heading for one zone, then for another.
        """
        episodes = (e for e in reversed(self.entries) if isinstance(e, Episode) and e.track_id == track_id)
        alike = (e for e in episodes if (e.rule, e.strand) == (sign.rule, sign.strand) and not e.cut)
        alike = (e for e in alike if not CATALOGUE[e.rule].counts or zone is None or e.zone_id == zone.id)
        if sign.rule in _OUTSIDE and zone is not None:
            alike = (e for e in alike if e.ended_s is None or e.zone_id == zone.id)
        if sign.rule == "interference":  # which spreads to others
            return next(alike, None)
        return next((e for e in alike if set(others) <= set(e.others)), None)

    def note(self, doer: Doer, sign: Sign, zone: Zone | None, others: tuple[str, ...]) -> tuple[Entry, bool]:
        """Take one sign of conduct; return its entry, and whether that is worth a message by itself."""
        last = self._last_episode(doer.track_id, sign, zone, others)
        goes_on = last is not None and (
            last.ended_s is None or CATALOGUE[last.rule].counts or sign.started_s - last.ended_s <= AGAIN_S
        )
        entry = last if goes_on and last is not None else Episode.of(doer, sign, zone)
        news = entry is not last or sign.tells
        if entry is not last:
            self.entries.append(entry)
        before, phase = entry.severity, entry.phase
        entry.take(sign, others)
        if sign.rule == "interception":
            news = (entry.phase != phase or entry.ended_s is not None) and self._acts_on(entry)
        entry.row = doer.row
        entry.grade(doer.identity)
        changes = self.phase is Phase.NEW or advance(self.phase, self.standing()) is not self.phase
        return entry, news or (entry is last and entry.severity > before) or changes

    def _acts_on(self, entry: Episode) -> bool:
        """Tell whether operators act on the phase of an interception: the first to close, all who join, the last to go.

        Who is not seen any more is as good as gone.
        That an escort has lasted is no news, nor that who has joined one of a formation has joined another.
        """
        others = [e for e in self.open_entries() if isinstance(e, Episode) and e.rule == entry.rule and e is not entry]
        joined = [e for e in others if e.phase != "closing"]
        if entry.ended_s is not None:
            return entry.phase != "closing" and not joined and bool(self.open_entries())
        if entry.phase == "closing":
            return not others
        return entry.phase == "joined" and all(e.others != entry.others for e in joined)


def refresh(incidents: Iterable[Incident], depths: Depths) -> None:
    """Take in how deep the open stays of incidents have become since they were last spoken of."""
    stays = [stay for incident in incidents for stay in incident.open_stays()]
    known = depths([stay.row for stay in stays], [stay.zone.id for stay in stays])
    for stay, (present_m, deep, *deepest) in zip(stays, known, strict=True):
        stay.present_m = present_m
        stay.deep |= bool(deep)
        stay.deepen(*deepest)


def break_off(entries: Iterable[Entry], last_s: float, *, cut: bool = False) -> None:
    """End entries of which no end was seen; nothing goes on with those that are cut."""
    for entry in entries:
        entry.cut |= cut
        entry.ended_s, entry.told = max(entry.lasted_s, last_s), None


def identify(site: str, track_id: str, opened_s: float) -> str:
    """Return the incident's id: two daemons that see the same opening agree on it."""
    return hashlib.blake2s(f"{site}|{track_id}|{stamp(opened_s)}".encode(), digest_size=8).hexdigest()
