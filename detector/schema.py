"""What other programs rely on, for machines: JSON Schema (2020-12) of configuration and incident message, AsyncAPI 3.0.

Only topics and keys that exist are described, nothing that is planned.
"""

from __future__ import annotations

from typing import Any

import msgspec

from detector import __version__
from detector.delivery.alarm import Alarm
from detector.incidents.message import IncidentMessage
from detector.incidents.severity import SEVERITIES
from detector.settings import Mqtt, Settings

KINDS = ("config", "incident", "asyncapi")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
CHANNELS = (  # name, topic below the prefix, payload, retained, what it says
    ("status", "{site}/status", "Status", True, "Whether the daemon works; `offline` is its last will."),
    ("feedStatus", "{site}/feed/{feed}/status", "FeedStatus", True, "Whether a feed's plots arrive."),
    ("alarm", "{site}/alarm/{severity}/{matter}", "Alarm", True, "Something is wrong with the daemon; cleared after."),
    ("incident", "{site}/incident/{id}", "IncidentMessage", True, "An incident as it stands; cleared after closing."),
    ("alert", "{site}/alert/{severity}/{kind}/{zone}", "IncidentMessage", False, "Every message, by what caused it."),
)
PARAMETERS: dict[str, dict[str, Any]] = {
    "site": {"description": "site.id of the configuration"},
    "feed": {"description": "name of a feed in the configuration"},
    "id": {"description": "incident_id of the message"},
    "severity": {"description": "severity of the incident", "enum": list(SEVERITIES)},
    "matter": {"description": "what the alarm is about: `journal`"},
    "kind": {"description": "kind of the finding that caused the message"},
    "zone": {"description": "id of the zone, `none` without one"},
}


def schema(kind: str) -> dict[str, Any]:
    """Return the document of one of KINDS. Raises KeyError for another."""
    return dict(zip(KINDS, (_config, _incident, _asyncapi), strict=True))[kind]()


def _config() -> dict[str, Any]:
    return {"$schema": DIALECT, "title": "Configuration of incursiond", **msgspec.json.schema(Settings)}


def _incident() -> dict[str, Any]:
    return {"$schema": DIALECT, "title": "Incident message of incursiond", **msgspec.json.schema(IncidentMessage)}


def _asyncapi() -> dict[str, Any]:
    _, known = msgspec.json.schema_components([IncidentMessage, Alarm], ref_template="#/components/schemas/{name}")
    states = {"Status": _state("online", "degraded", "offline"), "FeedStatus": _state("up", "stale", "down")}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "incursiond",
            "version": __version__,
            "description": "Flags incursions and dangerous manoeuvres near borders in the air.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic, payload, text) for name, topic, payload, _, text in CHANNELS},
        "operations": {f"{name}Sent": _operation(name, retained) for name, _, _, retained, _ in CHANNELS},
        "components": {"schemas": {**known, **states}},
    }


def _channel(topic: str, payload: str, description: str) -> dict[str, Any]:
    return {
        "address": f"{Mqtt().topic_prefix}/{topic}",
        "description": description,
        "parameters": {name: PARAMETERS[name] for name in PARAMETERS if f"{{{name}}}" in topic},
        "messages": {payload: {"payload": {"$ref": f"#/components/schemas/{payload}"}}},
    }


def _operation(channel: str, retained: bool) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": 1, "retain": retained, "bindingVersion": "0.2.0"}},
    }


def _state(*words: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"state": {"enum": list(words)}}, "required": ["state"]}
