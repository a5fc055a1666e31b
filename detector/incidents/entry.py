"""Entries: findings as the incident book keeps them, from the first word of one to the last."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import UNSET, UnsetType, convert

from detector.airspace.zones import ENTRY, Identity, Zone
from detector.incidents import severity
from detector.incidents.message import Evidence, Finding, stamp
from detector.rules.catalogue import CATALOGUE
from detector.rules.findings import Certainty, Change, FindingRow
from detector.rules.signs import Sign

PROBABILITY_LIMIT = 0.9999  # more digits would claim more than the error model knows

Place = tuple[float, float] | tuple[UnsetType, UnsetType]
"""Latitude, longitude in degrees, to a metre, as messages have them."""

UNKNOWN: Place = (UNSET, UNSET)

_DIGITS = {  # of a number in the evidence; 1 for all others
    "probability": 4,
    "load_factor_g": 2,
    "load_factor_sigma_g": 2,
    "claimed_lat": 5,
    "claimed_lon": 5,
    "middle_lat": 5,
    "middle_lon": 5,
    "vrate_fpm": -1,
    "vrate_sigma_fpm": -1,
}


class Doer(NamedTuple):
    """The track that something is found of."""

    row: int
    track_id: str
    identity: Identity


@dataclass(slots=True, kw_only=True)
class Entry:
    """A finding: what all kinds have."""

    row: int  # of its track, as long as it has not ended
    track_id: str
    kind: str
    rule: str
    zone: Zone | None
    certainty: int
    started_s: float
    detected_s: float
    severity: int = 0
    ended_s: float | None = None
    others: tuple[str, ...] = ()  # names of other tracks that have a part in it
    told: Finding | None = None  # as last told, while nothing has changed
    waits: tuple[str, ...] = ()  # gists of it that are to be told
    known: bool = False  # rooms know of it
    cut: bool = False  # it was ended because its zone, or its rule, is no more: nothing goes on with it

    @property
    def zone_id(self) -> str | None:
        """Id of the zone that it is about, if any."""
        return None if self.zone is None else self.zone.id

    @property
    def gist(self) -> str:
        """What a room is told by it, in so far as the same again is no news to it."""
        return f"{self.rule} {self.zone_id} {'is' if self.ended_s is None else 'was'} {self._detail}"

    @property
    def lasted_s(self) -> float:
        """Until when it has lasted at least."""
        return self.started_s

    @property
    def amount(self) -> float:
        """How much of it, where that counts."""
        return 0.0

    @property
    def code(self) -> str:
        """The emergency code that it is about, if any."""
        return ""

    def grade(self, identity: Identity) -> None:
        """Grade it anew for who the subject turned out to be; it is never graded down."""
        self.severity, self.told = max(self.severity, self._severity(identity)), None

    def finding(self) -> Finding:
        """Return it as the message has it."""
        if self.told is None:
            self.told = Finding(
                kind=self.kind,
                rule=self.rule,
                zone_id=self.zone_id,
                severity=severity.SEVERITIES[self.severity],
                started_at=stamp(self.started_s),
                detected_at=stamp(self.detected_s),
                ended_at=None if self.ended_s is None else stamp(self.ended_s),
                track_ids=(self.track_id, *self.others),
                evidence=self._evidence(),
            )
        return self.told

    @property
    def _detail(self) -> str:
        return ""

    def _severity(self, identity: Identity) -> int:
        raise NotImplementedError

    def _evidence(self) -> Evidence:
        raise NotImplementedError


@dataclass(slots=True, kw_only=True)
class Stay(Entry):
    """One stay in one zone."""

    zone: Zone
    started_at: Place
    between_s: tuple[float, float] | None
    blind: bool  # to height: no altitude is known
    deep: bool = False
    depth_m: float = 0.0
    sigma_m: float = 0.0
    deepest_s: float = math.nan
    deepest_at: Place = UNKNOWN
    probability: float = 0.0
    ended_at: Place = UNKNOWN
    present_m: float = 0.0  # how deep it is now
    number: int = 1  # of this track in this zone

    @classmethod
    def of(cls, doer: Doer, row: FindingRow, zone: Zone, step_s: tuple[float, float]) -> Stay:
        """Return the stay that a change begins, decided by the step between two times."""
        kind, rule = ENTRY[zone.kind]
        return cls(
            row=doer.row,
            track_id=doer.track_id,
            kind=kind,
            rule=rule,
            zone=zone,
            certainty=row.certainty,
            started_s=row.started_s,
            detected_s=step_s[1],
            started_at=_place(row.started_lat_deg, row.started_lon_deg),
            between_s=None if row.certainty == Certainty.OBSERVED else step_s,
            blind=row.blind,
        )

    @property
    def lasted_s(self) -> float:
        """Until when it has lasted at least."""
        return self.started_s if math.isnan(self.deepest_s) else max(self.started_s, self.deepest_s)

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

    def _severity(self, identity: Identity) -> int:
        return severity.of_stay(self.zone.kind, identity, deep=self.deep)

    def _evidence(self) -> Evidence:
        (entry_lat, entry_lon), (exit_lat, exit_lon) = self.started_at, self.ended_at
        deepest_lat, deepest_lon = self.deepest_at
        return Evidence(
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
        )


@dataclass(slots=True, kw_only=True)
class Episode(Entry):
    """Something that an aircraft did, or that happened to it."""

    strand: int
    grave: bool = False
    times: int = 0  # that it began
    value: float = -math.inf  # how much of it
    evidence: dict[str, float | str] = field(default_factory=dict)  # of when it was most
    latest_value: float = -math.inf  # how much of it, and of when it was most, since it began last
    latest: dict[str, float | str] = field(default_factory=dict)
    joined_s: float | None = None  # when an interceptor joined
    away: bool = False  # it ended because nothing is near any more, and goes on

    @classmethod
    def of(cls, doer: Doer, sign: Sign, zone: Zone | None) -> Episode:
        """Return the episode that a sign begins."""
        return cls(
            row=doer.row,
            track_id=doer.track_id,
            kind=CATALOGUE[sign.rule].kind,
            rule=sign.rule,
            zone=zone,
            certainty=sign.certainty,
            started_s=sign.started_s,
            detected_s=sign.decided_s,
            strand=sign.strand,
        )

    def take(self, sign: Sign, others: tuple[str, ...]) -> None:
        """Take in one sign of it."""
        self.ended_s = None if math.isnan(sign.ended_s) else sign.ended_s
        self.grave |= sign.grave
        self.away = sign.away
        self.certainty = min(self.certainty, sign.certainty)
        self.others = tuple(dict.fromkeys((*self.others, *others)))
        self.times += sign.change == Change.OPENED
        if self.joined_s is None and not math.isnan(sign.joined_s):
            self.joined_s = sign.joined_s
        if sign.evidence and sign.value >= self.value:
            self.value, self.evidence = sign.value, sign.evidence
        if sign.evidence and (sign.change == Change.OPENED or sign.value >= self.latest_value):
            self.latest_value, self.latest = sign.value, sign.evidence
        self.told = None

    @property
    def _detail(self) -> str:
        return " ".join([str(self.strand), str(self.phase), *self.others])

    @property
    def amount(self) -> float:
        """How much of it."""
        return self.value

    @property
    def code(self) -> str:
        """The emergency code that it is about, if any."""
        return str(self.evidence.get("squawk", ""))

    @property
    def phase(self) -> str | None:
        """How far an interception has come; of all else None."""
        phase = self.evidence.get("phase")
        return phase if isinstance(phase, str) else None

    def _severity(self, identity: Identity) -> int:
        return severity.of_conduct(self.rule, identity, grave=self.grave)

    def _evidence(self) -> Evidence:
        told = _as_told(self.evidence)
        if self.rule == "asset_pass":
            several = _as_told(self.latest) if self.times > 1 else {}
            told |= {"passes": self.times} | {f"last_{name}": value for name, value in several.items()}
        told |= {} if self.joined_s is None else {"joined_at": stamp(self.joined_s)}
        return convert(told, Evidence)


def _as_told(evidence: dict[str, float | str]) -> dict[str, float | str]:
    told = {name: _rounded(name, value) for name, value in evidence.items() if name != "closest_s"}
    return told | ({"closest_at": stamp(float(evidence["closest_s"]))} if "closest_s" in evidence else {})


def _rounded(name: str, value: float | str) -> float | str:
    return value if isinstance(value, str) else round(value, _DIGITS.get(name, 1))


def _place(lat_deg: float, lon_deg: float) -> Place:
    return UNKNOWN if math.isnan(lat_deg) else (round(lat_deg, 5), round(lon_deg, 5))
