"""The configuration: a TOML file in, frozen structs out, or every problem at once, each with its key's path.

`load` walks the file along the structs' types, since msgspec itself stops at the first problem. Constraints stand in
the types; their `description` is what a message calls the expected value. `feeds[2]` in a path: the second [[feeds]].
"""

from __future__ import annotations

import difflib
import json
import math
import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import force_setattr

from detector.airspace.load import load_zones
from detector.errors import InputError
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


def host_port(text: str) -> tuple[str, int]:
    """Return host and port of "HOST:PORT" or of a broker's URL, whose port defaults to 1883, 8883 with TLS."""
    url = urlsplit(text if "://" in text else f"//{text}")
    return url.hostname or "", url.port if url.port is not None else {"mqtts": 8883}.get(url.scheme, 1883)


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
        document = _parse(path.read_bytes())
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}, expected a configuration file"]) from error
    except ValueError as error:
        raise InputError([f"{path}: {error}"]) from error
    base = path.absolute().parent
    reader = _Reader(base)
    settings: Settings = reader.read(Settings, document, "")
    problems = [f"{path}: {problem}" for problem in reader.problems + _twins(document) + _idle(document)]
    if problems:
        raise InputError(problems + _zone_problems(document, base))
    return settings


def _twins(document: dict[str, Any]) -> list[str]:
    """Return a problem for each feed named like one before it; topics and metrics tell feeds apart by name."""
    feeds = document.get("feeds")
    names = [feed.get("name") if isinstance(feed, dict) else None for feed in feeds] if isinstance(feeds, list) else []
    return [
        f"feeds[{n}].name: {_shown(name)} is the name of feeds[{names.index(name) + 1}], expected one of its own"
        for n, name in enumerate(names, 1)
        if name is not None and name in names[: n - 1]
    ]


def _idle(document: dict[str, Any]) -> list[str]:
    """Return a problem for each key that does nothing without another: who sets it believes that it does."""
    mqtt = document.get("mqtt")
    keys = mqtt if isinstance(mqtt, dict) else {}
    problems = []
    if "password_file" in keys and "username" not in keys:
        problems.append("mqtt.password_file: without a username, expected mqtt.username beside it")
    if "ca_file" in keys and not str(keys.get("url", "mqtt:")).startswith("mqtts:"):
        problems.append('mqtt.ca_file: without TLS, expected mqtt.url = "mqtts://..." beside it')
    return problems


def _zone_problems(document: dict[str, Any], base: Path) -> list[str]:
    """Return what is wrong in the zone files of a configuration that is itself wrong, for one report of everything."""
    airspace = document.get("airspace")
    zones = airspace.get("zones") if isinstance(airspace, dict) else None
    try:
        load_zones([base / zone for zone in zones if zone and isinstance(zone, str)] if isinstance(zones, list) else [])
    except InputError as error:
        return error.problems
    return []


def _parse(data: bytes) -> dict[str, Any]:
    """Return the TOML document. Raises ValueError with the line at fault."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: byte {data[error.start]:#04x} is not UTF-8, expected TOML in UTF-8") from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply, expected a configuration") from error
    except ValueError as error:
        what, _, at = str(error).partition(" (at ")
        number = at.removeprefix("line ").partition(",")[0]  # or "end of document"
        number = number if number.isdecimal() else str(text.count("\n") + 1)
        raise ValueError(f"line {number}: {what}, expected TOML") from error


class _Reader:
    """Reads a document along types. What is wrong is added to `problems`; a value that has any is read as None."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.problems: list[str] = []

    def read(self, kind: Any, value: Any, where: str) -> Any:
        options = _options(kind)
        if len(options) > 1:
            return self._variant(options, value, where)
        plain = _plain(options[0])
        if _is_table(plain):
            return self._table(plain, value, where)
        if get_origin(plain) is dict:
            return self._tables(get_args(plain)[1], value, where)
        if get_origin(plain) is tuple:
            return self._list(options[0], value, where)
        return self._leaf(options[0], value, where)

    def _say(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def _table(self, kind: Any, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return self._say(where, f"got {_shown(value)}, expected a table [{where}]")
        before = len(self.problems)
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        tag = kind.__struct_config__.tag_field
        for key in [key for key in value if key not in fields and key != tag]:
            near = difflib.get_close_matches(key, [*fields, *filter(None, [tag])], n=1, cutoff=0)[0]
            self._say(_join(where, key), f'unknown key, expected a known one; the nearest is "{near}"')
        values = {}
        for key, each in fields.items():
            if key in value:
                values[each.name] = self.read(each.type, value[key], _join(where, key))
            elif each.required and _is_table(each.type):
                values[each.name] = self.read(each.type, {}, _join(where, key))
            elif each.required:
                self._say(_join(where, key), f"missing, expected {_expected(each.type)}")
        return kind(**values) if len(self.problems) == before else None

    def _variant(self, kinds: tuple[Any, ...], value: Any, where: str) -> Any:
        by_tag = {kind.__struct_config__.tag: kind for kind in kinds}
        tag = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or (isinstance(tag, str) and tag in by_tag):
            return self._table(by_tag.get(tag, kinds[0]), value, where)
        planned = " (not supported yet)" if tag in PLANNED_FEEDS else ""
        got = f"got {_shown(tag)}{planned}" if "type" in value else "missing"
        return self._say(_join(where, "type"), f"{got}, expected {' | '.join(by_tag)}")

    def _tables(self, kind: Any, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return self._say(where, f"got {_shown(value)}, expected tables [{where}.NAME]")
        return {name: self.read(kind, each, _join(where, name)) for name, each in value.items()}

    def _list(self, kind: Any, value: Any, where: str) -> Any:
        item = get_args(_plain(kind))[0]
        if not isinstance(value, list):
            expected = f"tables [[{where}]]" if _is_table(_options(item)[0]) else f"a list, each {_expected(item)}"
            return self._say(where, f"got {_shown(value)}, expected {expected}")
        if not value and kind is not _plain(kind):
            return self._say(where, f"empty, expected {_expected(kind)}")
        return tuple(self.read(item, each, f"{where}[{n}]") for n, each in enumerate(value, 1))

    def _leaf(self, kind: Any, value: Any, where: str) -> Any:
        extra = _meta(kind).extra or {}
        expected = _expected(kind)
        try:
            read = msgspec.convert(value, kind)
            if not _possible(read):
                raise ValueError(expected)
            read = str(self.base / read) if "path" in extra else read
            extra.get("check", str)(read)
        except msgspec.ValidationError:
            return self._say(where, f"got {_shown(value)}, expected {expected}")
        except ValueError as error:
            return self._say(where, f"got {_shown(value)}, expected {error}")
        return read


def _options(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union but None, which TOML has no word for; of any other type, itself."""
    options = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    return tuple(option for option in options if option is not NoneType)


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _meta(kind: Any) -> Meta:
    return next((note for note in getattr(kind, "__metadata__", ()) if isinstance(note, Meta)), Meta())


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _possible(value: Any) -> bool:
    """Tell whether a value can be right at all: a text on one line, a number from 0 up."""
    if isinstance(value, float):
        return 0 <= value < math.inf
    return not isinstance(value, str) or value.isprintable()


def _expected(kind: Any) -> str:
    """Return the words for the values of a type."""
    if described := _meta(kind).description:
        return described
    if get_origin(kind) is Literal:
        return " | ".join(get_args(kind))
    return {bool: "true or false", float: "a number, 0 or more"}.get(_plain(kind), "a text")


def _join(where: str, key: str) -> str:
    key = key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)
    return f"{where}.{key}" if where else key


def _shown(value: Any) -> str:
    """Return a value as TOML would write it, on one line and without a password in a URL."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    escape = not str(value).isprintable()
    text = str(value) if isinstance(value, float) else json.dumps(value, default=str, ensure_ascii=escape)
    return re.sub("//[^/@]*@", "//***@", text)
