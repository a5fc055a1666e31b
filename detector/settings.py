"""The configuration: a TOML file in, frozen structs out, or every problem at once, each with its key's path.

Tables are structs, and their keys' constraints stand in the types; `reader.Reader` holds the file against them.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr

from detector.airspace.load import load_zones
from detector.errors import InputError
from detector.reader import Reader, parse, shown
from detector.rules.tables import Rules
from detector.tracks.accuracy import DEFAULT_PERIOD_S, DEFAULT_SIGMA_M
from detector.tracks.states import state_of

ADDRESS_FORM = 'six hex digits such as "48d800", or a range from low to high such as "48d800-48dfff"'
STATE_FORM = 'an ISO 3166 code that owns a block of ICAO addresses, such as "RU" or "GB"'
PLANNED_FEEDS = ("beast", "readsb-json", "opensky", "asterix")


def address_range(text: str) -> tuple[int, int]:
    """Return the first and the last ICAO 24-bit address of an item. Raises ValueError with the form that is right."""
    ends = text.split("-")
    if len(ends) > 2 or not all(re.fullmatch("[0-9A-Fa-f]{6}", end) for end in ends):
        raise ValueError(ADDRESS_FORM)
    low, high = int(ends[0], 16), int(ends[-1], 16)
    if low > high:
        raise ValueError(ADDRESS_FORM)
    return low, high


@lru_cache(maxsize=1)
def _states() -> frozenset[str | None]:
    return frozenset(state_of(f"{address:06x}") for address in range(0, 1 << 24, 1 << 11))


def _check_state(text: str) -> None:
    if text not in _states():
        raise ValueError(STATE_FORM)


def _check_readable(path: str) -> None:
    if not os.access(path, os.R_OK) or Path(path).is_dir():
        raise ValueError("the path of a file that can be read")


_HOST = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

Text = Annotated[str, Meta(min_length=1, description="a text")]
Label = Annotated[str, Meta(pattern="^[a-z0-9-]+$", description="lower-case letters, digits and hyphens")]
Name = Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]+$", description='letters, digits, "_", "." and "-"')]
IdentityWord = Literal["friend", "assumed-friend", "neutral", "unknown", "suspect", "hostile"]
Address = Annotated[str, Meta(description=ADDRESS_FORM, extra={"check": address_range})]
Callsign = Annotated[
    str, Meta(pattern=r"^[A-Z0-9*?!\[\]-]+$", description='a shell pattern in capitals such as "PLF*"')
]
Squawk = Annotated[str, Meta(pattern="^[0-7]{4}$", description='four octal digits such as "7500"')]
StateCode = Annotated[str, Meta(description=STATE_FORM, extra={"check": _check_state})]
Endpoint = Annotated[str, Meta(pattern=f"^{_HOST}:{_PORT}$", description='"HOST:PORT"')]
Listen = Annotated[str, Meta(pattern=f"^{_HOST}:(0|{_PORT})$", description='"HOST:PORT", port 0 for any free one')]
Url = Annotated[
    str, Meta(pattern=f"^mqtts?://{_HOST}(:{_PORT})?$", description='"mqtt://HOST[:PORT]" or "mqtts://..."')
]
Topic = Annotated[str, Meta(pattern="^[^+#$/][^+#/]*(/[^+#/]+)*$", description='a topic such as "airspace/v1"')]
Filter = Annotated[
    str, Meta(pattern=r"^(#|(\+|[^+#/]*)(/(\+|[^+#/]*))*(/#)?)$", min_length=1, description="an MQTT topic filter")
]
PathText = Annotated[str, Meta(min_length=1, description="a path", extra={"path": True})]
FilePath = Annotated[
    str, Meta(min_length=1, description="the path of a file", extra={"path": True, "check": _check_readable})
]
Positive = Annotated[float, Meta(gt=0, description="a number above 0")]
Qnh = Annotated[float, Meta(ge=850, le=1100, description="a pressure from 850 to 1100 hPa")]
SOME = Meta(min_length=1, description="a list with at least one entry")


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [site]."""

    id: Label
    instance: Label | None = None  # of several daemons on the same feeds
    status: Literal["actual", "exercise", "test"] = "actual"


class Airspace(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [airspace]."""

    zones: Annotated[tuple[PathText, ...], SOME]  # load_zones says which do not exist
    qnh_hpa: Qnh = 1013.25


class IdentityRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One [[identity]]: every condition that is given must hold."""

    is_: IdentityWord = field(name="is")
    icao24: Annotated[tuple[Address, ...], SOME] | None = None
    callsign: Annotated[tuple[Callsign, ...], SOME] | None = None
    squawk: Annotated[tuple[Squawk, ...], SOME] | None = None
    squawk_not: Annotated[tuple[Squawk, ...], SOME] | None = None
    state: Annotated[tuple[StateCode, ...], SOME] | None = None  # of registry, from the ICAO address


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [sources.NAME]: what is known of a sensor beforehand."""

    sigma_m: Positive = DEFAULT_SIGMA_M
    period_s: Positive = DEFAULT_PERIOD_S


class BaseFeed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What every [[feeds]] has."""

    name: Name
    source: Name = ""  # of the plots; the feed's name where not given
    stale_s: Positive = 30.0  # without a plot for so long

    def __post_init__(self) -> None:
        if not self.source:
            force_setattr(self, "source", self.name)


class SbsFeed(BaseFeed, tag="sbs", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """BaseStation lines over TCP (dump1090, readsb: port 30003)."""

    type: ClassVar[Literal["sbs"]] = "sbs"
    address: Endpoint


class MqttFeed(BaseFeed, tag="mqtt", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plots from a broker's topic."""

    type: ClassVar[Literal["mqtt"]] = "mqtt"
    url: Url
    topic: Filter
    username: Text | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None


class ReplayFeed(BaseFeed, tag="replay", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorded tracks table."""

    type: ClassVar[Literal["replay"]] = "replay"
    path: FilePath


Feed = SbsFeed | MqttFeed | ReplayFeed


class Mqtt(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [mqtt]: the broker incidents are sent to."""

    url: Url = "mqtt://127.0.0.1:1883"
    topic_prefix: Topic = "airspace/v1"
    rooms: tuple[Label, ...] = ()  # that must confirm
    client_id: Text = ""  # incursiond-SITE[-INSTANCE] where not given
    username: Text | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [metrics]: where Prometheus reads."""

    listen: Listen = "127.0.0.1:9487"


class Console(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [console]: where the operator's page is."""

    listen: Listen = "127.0.0.1:8487"


class State(Struct, frozen=True, forbid_unknown_fields=True):
    """Table [state]: what outlives a restart."""

    directory: PathText = "/var/lib/incursiond"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; paths are absolute."""

    site: Site
    airspace: Airspace
    identity: tuple[IdentityRule, ...] = ()  # the first that matches wins
    sources: dict[str, Source] = {}
    feeds: tuple[Feed, ...] = ()
    rules: Rules = Rules()
    mqtt: Mqtt = Mqtt()
    metrics: Metrics = Metrics()
    console: Console = Console()
    state: State = State()

    def __post_init__(self) -> None:
        if not self.mqtt.client_id:
            client_id = "-".join(filter(None, ("incursiond", self.site.id, self.site.instance)))
            force_setattr(self, "mqtt", msgspec.structs.replace(self.mqtt, client_id=client_id))


def find(path: Path | None) -> Path:
    """Return the configuration to read: the one given, $INCURSIOND_CONFIG, or the one in /etc."""
    return path or Path(os.environ.get("INCURSIOND_CONFIG") or "/etc/incursiond/incursiond.toml")


def load(path: Path) -> Settings:
    """Return the settings of a file. Raises InputError with every problem of it and of the zone files it names."""
    try:
        document = parse(path.read_bytes())
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}, expected a configuration file"]) from error
    except ValueError as error:
        raise InputError([f"{path}: {error}"]) from error
    base = path.absolute().parent
    reader = Reader(base, PLANNED_FEEDS)
    settings: Settings = reader.read(Settings, document)
    crossed = _named_alike(document) + _idle(document) + _shadowed(document)
    problems = [f"{path}: {problem}" for problem in reader.problems + crossed]
    if problems:
        raise InputError(problems + _zone_problems(document, base))
    return settings


def _named_alike(document: dict[str, Any]) -> list[str]:
    """Return a problem for each feed named like one before it; topics and metrics tell feeds apart by name."""
    feeds = document.get("feeds")
    names = [feed.get("name") if isinstance(feed, dict) else None for feed in feeds] if isinstance(feeds, list) else []
    return [
        f"feeds[{n}].name: {shown(name)} is the name of feeds[{names.index(name) + 1}], expected one of its own"
        for n, name in enumerate(names, 1)
        if name is not None and name in names[: n - 1]
    ]


def _idle(document: dict[str, Any]) -> list[str]:
    """Return a problem for each key that does nothing without another: who sets it believes that it does."""
    feeds = document.get("feeds")
    tables = [("mqtt", document.get("mqtt"))]
    tables += [(f"feeds[{n}]", feed) for n, feed in enumerate(feeds if isinstance(feeds, list) else [], 1)]
    problems = []
    for name, table in tables:
        keys = table if isinstance(table, dict) else {}
        if "password_file" in keys and "username" not in keys:
            problems.append(f"{name}.password_file: without a username, expected {name}.username beside it")
        if "ca_file" in keys and not str(keys.get("url", "mqtt:")).startswith("mqtts:"):
            problems.append(f'{name}.ca_file: without TLS, expected {name}.url = "mqtts://..." beside it')
    return problems


def _shadowed(document: dict[str, Any]) -> list[str]:
    """Return a problem for an [[identity]] that matches everybody before others do; these would never be asked."""
    rules = document.get("identity")
    rules = rules if isinstance(rules, list) else []
    return [
        f"identity[{n}]: matches everybody, so that those after it never count, expected a condition, or the last place"
        for n, rule in enumerate(rules[:-1], 1)
        if isinstance(rule, dict) and rule.keys() == {"is"}
    ]


def _zone_problems(document: dict[str, Any], base: Path) -> list[str]:
    """Return what is wrong in the zone files of a configuration that is itself wrong, for one report of everything."""
    airspace = document.get("airspace")
    zones = airspace.get("zones") if isinstance(airspace, dict) else None
    try:
        load_zones([base / zone for zone in zones if zone and isinstance(zone, str)] if isinstance(zones, list) else [])
    except InputError as error:
        return error.problems
    return []
