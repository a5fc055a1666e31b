"""One incident: an intruder's findings from the first to the last, and the message that tells them as they stand."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from detector.airspace.zones import ENTRY, Identity, Zone
from detector.incidents.lifecycle import Phase, Standing
from detector.incidents.message import Evidence, Finding, stamp
from detector.incidents.severity import SEVERITIES, severity
from detector.rules.findings import Certainty, Change, FindingRow

PROBABILITY_LIMIT = 0.9999  # more digits would claim more than the error model knows

Place = tuple[float, float] | tuple[UnsetType, UnsetType]
"""Latitude, longitude in degrees, to a metre, as messages have them."""

UNKNOWN: Place = (UNSET, UNSET)

Depths = Callable[[list[int], list[str]], Iterable[tuple[float, ...]]]
"""Of track rows in zones (by id): depth now m (0: not known), probability, and the greatest depth so far m (-inf: not
known), its sigma m, when it was s, and its latitude and longitude in degrees."""


@dataclass(slots=True)
class Entry:
    """A finding as the book keeps it: one stay in one zone."""

    zone: Zone
    certainty: int
    started_s: float
    detected_s: float
    started_at: Place
    between_s: tuple[float, float] | None
    blind: bool  # to height: no altitude is known
    severity: int = 0
    depth_m: float = 0.0
    sigma_m: float = 0.0
    deepest_s: float = math.nan
    deepest_at: Place = UNKNOWN
    probability: float = 0.0
    ended_s: float | None = None
    ended_at: Place = UNKNOWN
    present_m: float = 0.0  # how deep it is now
    told: Finding | None = None  # as last told, while nothing has changed

    @property
    def kind(self) -> str:
        """Kind of the finding that this stay is."""
        return ENTRY[self.zone.kind][0]

    def deepen(
        self, probability: float, depth_m: float, sigma_m: float, time_s: float, lat_deg: float, lon_deg: float
    ) -> None:
        """Take in what has been learnt of the stay so far."""
        if depth_m > self.depth_m:
            self.depth_m, self.sigma_m, self.told = depth_m, sigma_m, None
            self.deepest_s, self.deepest_at = time_s, _place(lat_deg, lon_deg)
        if probability > self.probability:
            self.probability, self.told = probability, None

    def end(self, row: FindingRow) -> None:
        """Note when and where it ended; NaN: it has not."""
        self.ended_s = None if math.isnan(row.ended_s) else row.ended_s
        self.ended_at = _place(row.ended_lat_deg, row.ended_lon_deg)
        self.told = None

    def finding(self, track_id: str) -> Finding:
        """Return it as the message has it."""
        if self.told is None:
            self.told = self._finding(track_id)
        return self.told

    def _finding(self, track_id: str) -> Finding:
        kind, rule = ENTRY[self.zone.kind]
        (entry_lat, entry_lon), (exit_lat, exit_lon) = self.started_at, self.ended_at
        deepest_lat, deepest_lon = self.deepest_at
        return Finding(
            kind=kind,
            rule=rule,
            zone_id=self.zone.id,
            severity=SEVERITIES[self.severity],
            started_at=stamp(self.started_s),
            detected_at=stamp(self.detected_s),
            ended_at=None if self.ended_s is None else stamp(self.ended_s),
            track_ids=(track_id,),
            evidence=Evidence(
                probability=round(min(self.probability, PROBABILITY_LIMIT), 4),
                max_depth_m=round(self.depth_m, 1),
                sigma_m=round(self.sigma_m, 1),
                deepest_at=UNSET if self.deepest_at is UNKNOWN else stamp(self.deepest_s),
                deepest_lat=deepest_lat,
                deepest_lon=deepest_lon,
                entry_lat=entry_lat,
                entry_lon=entry_lon,
                exit_lat=exit_lat,
                exit_lon=exit_lon,
                between=UNSET if self.between_s is None else (stamp(self.between_s[0]), stamp(self.between_s[1])),
                altitude_known=False if self.blind else UNSET,
            ),
        )


@dataclass(slots=True)
class Incident:
    """The story of one track, open or closed."""

    row: int
    incident_id: str
    opened_s: float
    sequence: int = 0
    phase: Phase = Phase.NEW
    severity: int = -1
    entries: list[Entry] = field(default_factory=list)
    close_s: float = math.inf  # when it closes by itself

    def last_stay(self, zone_id: str) -> Entry | None:
        """Return the latest entry of a zone."""
        return next((e for e in reversed(self.entries) if e.zone.id == zone_id), None)

    def open_entries(self) -> list[Entry]:
        """Return the entries that have not ended."""
        return [e for e in self.entries if e.ended_s is None]

    def standing(self) -> Standing:
        """Return what its findings amount to."""
        kinds = {e.kind for e in self.open_entries()}
        return Standing.INSIDE if "incursion" in kinds else Standing.NEAR if kinds else Standing.CLEAR

    def leading(self, changed: Container[str] = ()) -> Entry:
        """Return the entry that a message is about: the gravest in the zones that changed, else open, else of all."""
        about = [e for e in self.entries if e.zone.id in changed] or self.open_entries() or self.entries
        return max(reversed(about), key=lambda e: (e.kind == "incursion", e.severity))

    def grade(self, identity: Identity) -> None:
        """Grade what is open anew for who the subject turned out to be."""
        for entry in self.open_entries():
            deep = entry.severity > severity(entry.zone.kind, Identity.UNKNOWN, deep=False)
            entry.severity = max(entry.severity, severity(entry.zone.kind, identity, deep=deep))
            entry.told = None

    def farewell(self) -> str:
        """Return the outcome of an incident that is clear: it has left, or it never entered."""
        return "left" if any(e.kind == "incursion" for e in self.entries) else "turned-away"

    def break_off(self, last_s: float, zone_ids: Container[str] | None = None) -> None:
        """End what is open, in these zones or in all."""
        for entry in self.open_entries():
            if zone_ids is None or entry.zone.id in zone_ids:
                entry.ended_s, entry.told = last_s, None

    def apply(self, row: FindingRow, zone: Zone, identity: Identity, step_s: tuple[float, float]) -> bool:
        """Take one change, decided by the step between two times; tell whether it corrects what was said before."""
        entry = self.last_stay(zone.id)
        rejoins = row.change == Change.REJOINED and entry is not None and entry.ended_s is not None
        if entry is None or (row.change in (Change.OPENED, Change.REJOINED) and not rejoins):
            entry = Entry(
                zone=zone,
                certainty=row.certainty,
                started_s=row.started_s,
                detected_s=step_s[1],
                started_at=_place(row.started_lat_deg, row.started_lon_deg),
                between_s=None if row.certainty == Certainty.OBSERVED else step_s,
                blind=row.blind,
            )
            self.entries.append(entry)
        if rejoins and row.certainty < entry.certainty:
            entry.certainty, entry.between_s = row.certainty, None  # a guess that has been confirmed
        entry.blind &= row.blind
        deepest = row.depth_m, row.sigma_m, row.deepest_s, row.deepest_lat_deg, row.deepest_lon_deg
        entry.deepen(row.probability, *deepest)
        entry.severity = max(entry.severity, severity(zone.kind, identity, deep=row.deep))
        entry.told = None
        if row.change != Change.ESCALATED:
            entry.end(row)
        return rejoins


def refresh(incidents: Iterable[Incident], depths: Depths) -> None:
    """Take in how deep the open stays of incidents have become since they were last spoken of."""
    stays = [(incident.row, entry) for incident in incidents for entry in incident.open_entries()]
    known = depths([row for row, _ in stays], [entry.zone.id for _, entry in stays])
    for (_, entry), (present_m, *deepest) in zip(stays, known, strict=True):
        entry.present_m = present_m
        entry.deepen(*deepest)


def identify(site: str, track_id: str, opened_s: float) -> str:
    """Return the incident's id: two daemons that see the same opening agree on it."""
    return hashlib.blake2s(f"{site}|{track_id}|{stamp(opened_s)}".encode(), digest_size=8).hexdigest()


def _place(lat_deg: float, lon_deg: float) -> Place:
    return UNKNOWN if math.isnan(lat_deg) else (round(lat_deg, 5), round(lon_deg, 5))
