import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from detector.commands.schema import CHANNELS, schema
from detector.delivery.alarm import journal_alarm
from detector.delivery.topics import Topics
from detector.incidents.message import Evidence, Finding, IncidentMessage, Other, Subject
from tests.shared import REPO

EXAMPLE = tomllib.loads((REPO / "config" / "incursiond.toml").read_text())

MESSAGE = IncidentMessage(
    site="pl-east",
    status="actual",
    incident_id="7d0c",
    sequence=4,
    event="escalated",
    cause="incursion",
    phase="incursion",
    severity="extreme",
    urgency="immediate",
    certainty="observed",
    headline="Unknown jet 3.2 km inside Poland",
    time="2026-11-23T01:14:06.660Z",
    opened_at="2026-11-23T01:12:40.100Z",
    closed_at=None,
    outcome=None,
    subject=Subject(
        track_id="4980",
        icao24=None,
        callsign=None,
        squawk=None,
        identity="unknown",
        state=None,
        sources=("enroute-radar",),
        time="2026-11-23T01:14:06.660Z",
        lat=54.1234,
        lon=22.9876,
        alt_ft=15700,
        gs_kt=345,
        track_deg=343.2,
        vrate_fpm=None,
        sigma_m=120.0,
    ),
    others=(Other(track_id="48d8e1", role="interceptor"),),
    findings=(
        Finding(
            kind="incursion",
            rule="incursion",
            zone_id="poland",
            severity="extreme",
            started_at="2026-11-23T01:13:52.100Z",
            detected_at="2026-11-23T01:14:06.660Z",
            ended_at=None,
            track_ids=("4980",),
            evidence=Evidence(max_depth_m=3210.0, between=("2026-11-23T01:13:52.100Z", "2026-11-23T01:14:06.660Z")),
        ),
    ),
)
SENT: dict[str, Any] = json.loads(msgspec.json.encode(MESSAGE))


def errors(document: dict[str, Any], value: Any, definition: str = "") -> list[str]:
    whole = {**document, "$ref": definition} if definition else document
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


@pytest.mark.parametrize("kind", ["config", "incident"])
def test_json_schema(kind: str) -> None:
    document = json.loads(json.dumps(schema(kind)))
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "incursiond" in document["title"]
    Draft202012Validator.check_schema(document)


def test_unknown_kind() -> None:
    with pytest.raises(KeyError):
        schema("cap")


def test_the_shipped_configuration_is_valid() -> None:
    assert errors(schema("config"), EXAMPLE) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"site": {}}, "'id' is a required property"),
        ({"site": {"id": "A b"}}, "does not match"),
        ({"junk": 1}, "Additional properties are not allowed"),
        ({"airspace": {"zones": []}}, "non-empty"),
        ({"mqtt": {"url": "http://h"}}, "does not match"),
        ({"feeds": [{"name": "a", "type": "sbs"}]}, "is not valid under any"),
        ({"sources": {"radar": {"sigma_m": 0}}}, "minimum"),
    ],
)
def test_wrong_configurations(change: dict[str, Any], expected: str) -> None:
    (error,) = errors(schema("config"), {**EXAMPLE, **change})
    assert expected in error


def test_messages_are_valid() -> None:
    assert errors(schema("incident"), SENT) == []


@pytest.mark.parametrize("key", ["incident_id", "sequence", "findings", "closed_at", "subject"])
def test_messages_without_a_key_are_not(key: str) -> None:
    (error,) = errors(schema("incident"), {name: value for name, value in SENT.items() if name != key})
    assert key in error


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for key, each in value.items() if key == "$ref")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from refs(each)


def test_asyncapi_holds_together() -> None:
    document = schema("asyncapi")
    assert document["asyncapi"] == "3.0.0"
    assert document["info"].keys() >= {"title", "version"}
    for ref in refs(document):
        target = document
        for part in ref.removeprefix("#/").split("/"):
            target = target[part]
    for channel in document["channels"].values():
        assert re.findall(r"{(\w+)}", channel["address"]) == list(channel["parameters"])
    assert {each["channel"]["$ref"] for each in document["operations"].values()} == {
        f"#/channels/{name}" for name in document["channels"]
    }


def test_asyncapi_topics() -> None:
    channels = schema("asyncapi")["channels"]
    assert [channel["address"] for channel in channels.values()] == [
        "airspace/v1/{site}/status",
        "airspace/v1/{site}/feed/{feed}/status",
        "airspace/v1/{site}/alarm/{severity}/{matter}",
        "airspace/v1/{site}/incident/{id}",
        "airspace/v1/{site}/alert/{severity}/{kind}/{zone}",
        "airspace/v1/{site}/receipt/{room}",
    ]


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("status", {"state": "degraded"}),
        ("feedStatus", {"state": "stale", "lag_s": 3.0}),
        (
            "alarm",
            json.loads(journal_alarm("it was damaged", "2026-11-23T01:14:06.660Z", Topics("a", "b"), None).payload),
        ),
        ("incident", SENT),
        ("alert", SENT),
        ("receipt", {"room": "warsaw", "incident_id": "7d0c", "sequence": 4, "time": "2026-11-23T01:14:07.000Z"}),
    ],
)
def test_asyncapi_payloads(channel: str, payload: Any) -> None:
    document = schema("asyncapi")
    (message,) = document["channels"][channel]["messages"].values()
    components = {"components": document["components"]}
    assert errors(components, payload, message["payload"]["$ref"]) == []
    assert errors(components, {"state": "unwell"}, message["payload"]["$ref"]) != []


def test_asyncapi_retains_states_and_not_alerts() -> None:
    operations = schema("asyncapi")["operations"]
    retained = {name: operations[f"{name}Sent"]["bindings"]["mqtt"]["retain"] for name, *_ in CHANNELS}
    assert retained == {"status": True, "feedStatus": True, "alarm": True, "incident": True, "alert": False}
