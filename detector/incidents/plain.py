"""Incidents as plain data (numbers, texts, lists, mappings), and incidents from that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import msgspec

from detector.airspace.zones import Zone
from detector.incidents.entry import UNKNOWN, Entry, Episode, Stay
from detector.incidents.incident import Incident
from detector.incidents.lifecycle import Phase
from detector.incidents.message import IncidentMessage
from detector.incidents.patience import Told

Plain = dict[str, Any]
ZoneOf = Callable[[str, str, str], Zone]
"""Returns the zone of an id, a name and a kind."""

_KINDS: dict[str, type[Entry]] = {"stay": Stay, "episode": Episode}
_PLACES = ("started_at", "deepest_at", "ended_at")
LAYOUT = {kind.__name__: [f.name for f in fields(kind)] for kind in (Incident, Stay, Episode)}
"""What plain data consists of: others cannot be read."""


def plain(incident: Incident) -> Plain:
    """Return an incident as plain data."""
    known = {name: getattr(incident, name) for name in LAYOUT["Incident"]}
    before = incident.before and msgspec.json.encode(incident.before)
    entries = [_plain(entry) for entry in incident.entries]
    return known | {"phase": incident.phase.value, "entries": entries, "before": before}


def incident_of(data: Plain, zone_of: ZoneOf) -> Incident:
    """Return the incident that plain data tells of."""
    entries = [_entry(entry, zone_of) for entry in data["entries"]]
    before = data["before"] and msgspec.json.decode(data["before"], type=IncidentMessage)
    known = {gist: Told(*told) for gist, told in data["known"].items()}
    return Incident(**data | {"phase": Phase(data["phase"]), "entries": entries, "known": known, "before": before})


def _plain(entry: Entry) -> Plain:
    kind = "stay" if isinstance(entry, Stay) else "episode"
    known = {name: getattr(entry, name) for name in LAYOUT[type(entry).__name__]}
    zone = None if entry.zone is None else (entry.zone.id, entry.zone.name, entry.zone.kind)
    places = {name: None if known[name] is UNKNOWN else known[name] for name in _PLACES if name in known}
    return known | places | {"type": kind, "zone": zone, "told": None}


def _entry(data: Plain, zone_of: ZoneOf) -> Entry:
    known: Plain = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    places = {name: known[name] or UNKNOWN for name in _PLACES if name in known}
    zone = known["zone"] and zone_of(*known["zone"])
    kind = _KINDS[data["type"]]
    return kind(**{name: (known | places | {"zone": zone})[name] for name in LAYOUT[kind.__name__]})
