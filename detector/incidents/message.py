"""The incident message: one incident as it stands, in the form that leaves the core (schema `incursiond.incident.v1`).

Times are ISO 8601 in UTC with milliseconds; numbers are rounded here, so that equal stories are equal bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from msgspec import UNSET, Struct, UnsetType

SCHEMA = "incursiond.incident.v1"


class Evidence(Struct, frozen=True, kw_only=True):
    """What a finding rests on. A field that does not apply is left out."""

    probability: float | UnsetType = UNSET
    max_depth_m: float | UnsetType = UNSET  # the greatest distance inside the boundary so far
    sigma_m: float | UnsetType = UNSET  # one standard deviation of that depth
    deepest_at: str | UnsetType = UNSET  # when and where that was
    deepest_lat: float | UnsetType = UNSET
    deepest_lon: float | UnsetType = UNSET
    entry_lat: float | UnsetType = UNSET
    entry_lon: float | UnsetType = UNSET
    exit_lat: float | UnsetType = UNSET
    exit_lon: float | UnsetType = UNSET
    between: tuple[str, str] | UnsetType = UNSET  # no report lies between these times
    altitude_known: bool | UnsetType = UNSET  # False: the zone has a floor or a ceiling, which could exclude nothing
    load_factor_g: float | UnsetType = UNSET  # the greatest so far, as all that follows
    load_factor_sigma_g: float | UnsetType = UNSET
    bank_deg: float | UnsetType = UNSET
    turn_rate_deg_s: float | UnsetType = UNSET
    vrate_fpm: float | UnsetType = UNSET
    vrate_sigma_fpm: float | UnsetType = UNSET
    acceleration_kt_s: float | UnsetType = UNSET  # along the way; negative: it slows down
    acceleration_sigma_kt_s: float | UnsetType = UNSET
    time_to_boundary_s: float | UnsetType = UNSET  # when first told
    distance_m: float | UnsetType = UNSET  # to the boundary, from outside
    depth_m: float | UnsetType = UNSET  # inside it, of who fell silent there
    along_m: float | UnsetType = UNSET  # way along a boundary up to where it came closest
    approaches: int | UnsetType = UNSET  # that ended with a turn away
    radius_m: float | UnsetType = UNSET  # of the circle that it stayed in, and where that is
    middle_lat: float | UnsetType = UNSET
    middle_lon: float | UnsetType = UNSET
    way_m: float | UnsetType = UNSET  # flown meanwhile
    squawk: str | UnsetType = UNSET
    criteria: str | UnsetType = UNSET  # that are met, by name
    jump_m: float | UnsetType = UNSET  # from where it was to where it claims to be
    claimed_lat: float | UnsetType = UNSET
    claimed_lon: float | UnsetType = UNSET
    frozen_s: float | UnsetType = UNSET  # on one spot so far, when last told
    unflown_m: float | UnsetType = UNSET  # the way that it told a speed for meanwhile
    accuracy_category: float | UnsetType = UNSET  # NACp, or NIC where that is not told
    apart_m: float | UnsetType = UNSET  # two places of one address
    aircraft: int | UnsetType = UNSET  # whose positions go wrong together, so far
    closest_m: float | UnsetType = UNSET  # slant range between two aircraft, or to an asset
    closest_at: str | UnsetType = UNSET  # when that was, of an asset
    phase: str | UnsetType = UNSET  # of an interception: closing, joined, escort, break-away
    range_m: float | UnsetType = UNSET  # slant range to who closes, when that was told
    joined_at: str | UnsetType = UNSET  # since when an interceptor has been beside it; without: he never was
    time_to_cpa_s: float | UnsetType = UNSET  # from then until they will be closest over ground ...
    miss_distance_m: float | UnsetType = UNSET  # ... and how close, if both fly on
    time_to_crossing_s: float | UnsetType = UNSET  # from then until one is in line with the other's nose ...
    ahead_m: float | UnsetType = UNSET  # ... and how far ahead of it
    height_m: float | UnsetType = UNSET  # above the sea, at the closest or the lowest
    height_sigma_m: float | UnsetType = UNSET
    speed_kt: float | UnsetType = UNSET  # over ground: the greatest so far, or at the lowest
    speed_sigma_kt: float | UnsetType = UNSET
    passes: int | UnsetType = UNSET
    last_closest_m: float | UnsetType = UNSET  # of the last of several passes
    last_closest_at: str | UnsetType = UNSET
    last_height_m: float | UnsetType = UNSET


class Finding(Struct, frozen=True, kw_only=True):
    """One thing a rule saw: when it began and ended in the air, and when a report decided it."""

    kind: str
    rule: str
    zone_id: str | None
    severity: str
    started_at: str
    detected_at: str
    ended_at: str | None
    track_ids: tuple[str, ...]
    evidence: Evidence


class Subject(Struct, frozen=True, kw_only=True):
    """The intruder at the time of the message."""

    track_id: str
    icao24: str | None
    callsign: str | None
    squawk: str | None
    identity: str
    state: str | None  # of registry, ISO 3166 alpha-2, from the ICAO 24-bit address
    sources: tuple[str, ...]
    time: str
    lat: float
    lon: float
    alt_ft: int | None
    gs_kt: int | None
    track_deg: float | None
    vrate_fpm: int | None
    sigma_m: float


class Other(Struct, frozen=True, kw_only=True):
    """Another aircraft of the story and its part in it."""

    track_id: str
    role: str


class IncidentMessage(Struct, frozen=True, kw_only=True):
    """The whole incident as it stands; `sequence` counts its messages from 1 without gaps."""

    schema: str = SCHEMA
    site: str
    status: str
    incident_id: str
    sequence: int
    event: str
    cause: str
    revision: bool = False
    phase: str
    severity: str
    urgency: str
    certainty: str
    headline: str
    time: str
    opened_at: str
    closed_at: str | None
    outcome: str | None
    acknowledged_by: str | None = None
    subject: Subject
    others: tuple[Other, ...] = ()
    findings: tuple[Finding, ...]
    zone_id: str | None = None  # of the finding that caused this message; names its alert topic
    durable: bool | UnsetType = UNSET  # False: it was sent without being on a disk first


@lru_cache(maxsize=4096)  # messages of one step share their times
def stamp(time_s: float) -> str:
    """Return Unix seconds as `2026-11-23T01:14:06.660Z`."""
    whole_s, ms = divmod(round(time_s * 1000), 1000)
    return f"{_second(whole_s)}.{ms:03d}Z"


@lru_cache(maxsize=4096)
def _second(whole_s: int) -> str:
    return datetime.fromtimestamp(whole_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
