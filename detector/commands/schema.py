"""What other programs rely on, for machines: JSON Schema (2020-12) of configuration and incident message, AsyncAPI 3.0.

Only topics and keys that exist are described, nothing that is planned.
"""

from __future__ import annotations

from typing import Any

import msgspec

from detector import __version__
from detector.delivery.alarm import Alarm
from detector.delivery.receipts import Receipt
from detector.incidents.message import IncidentMessage
from detector.incidents.severity import SEVERITIES
from detector.settings import Mqtt, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CHANNELS = (  # name, topic below the prefix, payload, retained, what it says
    ("status", "{site}/status", "Status", True, "Whether the daemon works; `offline` is its last will."),
    ("feedStatus", "{site}/feed/{feed}/status", "FeedStatus", True, "Whether a feed's plots arrive."),
    ("alarm", "{site}/alarm/{severity}/{matter}", "Alarm", True, "Something is wrong with the daemon; cleared after."),
    ("incident", "{site}/incident/{id}", "IncidentMessage", True, "An incident as it stands; cleared after closing."),
    ("alert", "{site}/alert/{severity}/{kind}/{zone}", "IncidentMessage", False, "Every message, by what caused it."),
)
RECEIVED = (
    (
        "receipt",
        "{site}/receipt/{room}",
        "Receipt",
        False,
        "What a room confirms that it has had: one for each message that arrives, copies too, as receipts may be lost.",
    ),
)
STATUS_FACTS: dict[str, Any] = {
    "site": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "version": {"type": "string"},
    "reason": {"type": "string", "description": "what is wrong, in words; empty if nothing is"},
    "incidents_open": {"type": "integer", "minimum": 0},
    "instance": {"type": "string", "description": "who of several daemons on the same feeds says so"},
    "instance_state": {"enum": ["online", "degraded"], "description": "of that one alone"},
    "incidents": {"type": "array", "items": {"type": "string"}, "description": "ids of those that it has open"},
    "twins": {
        "type": "array",
        "description": "the other daemons that it has heard of",
        "items": {
            "type": "object",
            "properties": {
                "instance": {"type": "string"},
                "state": {"enum": ["online", "degraded", "offline", "silent"]},
                "since": {"type": "string", "format": "date-time"},
            },
        },
    },
    "again_s": {
        "type": "number",
        "description": "how often the daemon says so again; an older one is of one that hangs",
    },
}
FEED_FACTS: dict[str, Any] = {
    "feed": {"type": "string"},
    "instance": {"type": "string", "description": "who of several daemons on the same feeds says so"},
    "time": {"type": "string", "format": "date-time"},
    "reason": {"type": "string"},
    "lag_s": {"type": ["number", "null"], "description": "from a plot's time to its arrival"},
    "rate_hz": {"type": "number", "description": "plots a second"},
    "tracks": {"type": "integer", "description": "that it has told of lately"},
    "distrusted": {"type": "integer", "description": "of these, whose places are not believed, or worth little"},
    "smallest_bank_deg": {"type": ["number", "null"], "description": "that the feed can show, held for 30 s"},
    "smallest_corner_m": {"type": ["number", "null"], "description": "that is sure to be seen when cut, so deep ..."},
    "smallest_corner_s": {"type": ["number", "null"], "description": "... and at so long a flight across"},
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "site": {"description": "site.id of the configuration"},
    "feed": {"description": "name of a feed in the configuration"},
    "id": {"description": "incident_id of the message"},
    "severity": {"description": "severity of the incident", "enum": list(SEVERITIES)},
    "matter": {"description": "what the alarm is about: `journal`, or `journal-INSTANCE` of one of several daemons"},
    "kind": {"description": "kind of the finding that caused the message"},
    "room": {"description": "name of a room: lower-case letters, digits, hyphens"},
    "zone": {"description": "id of the zone, `none` without one"},
}


def schema(kind: str) -> dict[str, Any]:
    """Return the document of one of KINDS. Raises KeyError for another."""
    return _DOCUMENTS[kind]()


def _config() -> dict[str, Any]:
    return {"$schema": DIALECT, "title": "Configuration of incursiond", **msgspec.json.schema(Settings)}


def _incident() -> dict[str, Any]:
    return {"$schema": DIALECT, "title": "Incident message of incursiond", **msgspec.json.schema(IncidentMessage)}


def _asyncapi() -> dict[str, Any]:
    template = "#/components/schemas/{name}"
    _, structs = msgspec.json.schema_components([IncidentMessage, Alarm, Receipt], ref_template=template)
    states = {
        "Status": _state(("online", "degraded", "offline"), STATUS_FACTS),
        "FeedStatus": _state(("up", "stale", "down"), FEED_FACTS),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "incursiond",
            "version": __version__,
            "description": "Flags incursions and dangerous manoeuvres near borders in the air.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic, payload, text) for name, topic, payload, _, text in CHANNELS + RECEIVED},
        "operations": {f"{name}Sent": _operation("send", name, retained) for name, _, _, retained, _ in CHANNELS}
        | {f"{name}Received": _operation("receive", name, retained) for name, _, _, retained, _ in RECEIVED},
        "components": {"schemas": {**structs, **states}},
    }


def _channel(topic: str, payload: str, description: str) -> dict[str, Any]:
    return {
        "address": f"{Mqtt().topic_prefix}/{topic}",
        "description": description,
        "parameters": {name: PARAMETERS[name] for name in PARAMETERS if f"{{{name}}}" in topic},
        "messages": {payload: {"payload": {"$ref": f"#/components/schemas/{payload}"}}},
    }


def _operation(action: str, channel: str, retained: bool) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": 1, "retain": retained, "bindingVersion": "0.2.0"}},
    }


def _state(words: tuple[str, ...], facts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"state": {"enum": list(words)}, **facts}, "required": ["state"]}


_DOCUMENTS = {"config": _config, "incident": _incident, "asyncapi": _asyncapi}
KINDS = tuple(_DOCUMENTS)
