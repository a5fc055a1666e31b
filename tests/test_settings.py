import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from detector.airspace.load import load_zones
from detector.airspace.zones import Identity
from detector.errors import InputError
from detector.settings import (
    PLANNED_FEEDS,
    IdentityWord,
    Mqtt,
    MqttFeed,
    ReplayFeed,
    Rules,
    SbsFeed,
    Settings,
    Source,
    address_range,
    find,
    load,
)

EXAMPLE = Path(__file__).parents[1] / "config" / "incursiond.toml"
MINIMAL = '[site]\nid = "a"\n[airspace]\nzones = ["z.geojson"]\n'
FEED = '[[feeds]]\nname = "a"\n'
FRIEND = '[[identity]]\nis = "friend"\n'
RULE = "rules.incursion."
SBS = FEED + 'type = "sbs"\naddress = "h:1"\n'


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "c.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        (tmp_path / "z.geojson").touch()  # read by load_zones, and by load only to say everything at once
        return path

    return write


def problems(path: Path) -> list[str]:
    """Problems of the configuration itself, without the file's name."""
    with pytest.raises(InputError) as raised:
        load(path)
    assert all(len(line.splitlines()) == 1 for line in raised.value.problems)
    return [line.removeprefix(f"{path}: ") for line in raised.value.problems if line.startswith(f"{path}: ")]


def test_only_site_and_a_zone_file_are_needed(write: Any, tmp_path: Path) -> None:
    settings = load(write(MINIMAL))
    assert settings.airspace.zones == (str(tmp_path / "z.geojson"),)
    assert (settings.site.id, settings.site.status, settings.airspace.qnh_hpa) == ("a", "actual", 1013.25)
    assert (settings.identity, settings.sources, settings.feeds, settings.rules) == ((), {}, (), Rules())
    assert settings.mqtt == Mqtt(client_id="incursiond-a")
    assert (settings.metrics.listen, settings.console.listen) == ("127.0.0.1:9487", "127.0.0.1:8487")
    assert settings.state.directory == "/var/lib/incursiond"


def test_feeds(write: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    text = """
        [[feeds]]
        name = "mast-3"
        type = "sbs"
        address = "[::1]:30003"
        [[feeds]]
        name = "region"
        type = "mqtt"
        url = "mqtts://broker.example:8884"
        topic = "plots/+/x/#"
        source = "radar"
        [[feeds]]
        name = "old"
        type = "replay"
        path = "t.csv"
        stale_s = 5
        """
    assert load(write(MINIMAL + text)).feeds == (
        SbsFeed(name="mast-3", source="mast-3", address="[::1]:30003", stale_s=30.0),
        MqttFeed(name="region", source="radar", url="mqtts://broker.example:8884", topic="plots/+/x/#"),
        ReplayFeed(name="old", source="old", path=str(tmp_path / "t.csv"), stale_s=5.0),
    )


def test_identity_and_sources(write: Any) -> None:
    text = '[[identity]]\nis = "suspect"\nstate = ["RU"]\n[sources.radar]\nsigma_m = 80\n'
    settings = load(write(MINIMAL + text))
    (rule,) = settings.identity
    assert (rule.is_, rule.state, rule.icao24) == ("suspect", ("RU",), None)
    assert settings.sources == {"radar": Source(sigma_m=80.0, period_s=5.0)}


@pytest.mark.parametrize("text", ["\ufeff" + MINIMAL, MINIMAL.replace("\n", "\r\n")])
def test_files_from_windows(write: Any, text: str) -> None:
    assert load(write(text)).site.id == "a"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("junk = 1", 'junk: unknown key, expected a known one; the nearest is "'),
        ("[mqt]", 'mqt: unknown key, expected a known one; the nearest is "mqtt"'),
        ('"a\\nb" = 1', '"a\\nb": unknown key, expected a known one'),
        ("[rules.incursion]\nsettle = 1", RULE + 'settle: unknown key, expected a known one; the nearest is "settle_s'),
        ("[rules.incurson]", 'rules.incurson: unknown key, expected a known one; the nearest is "incursion"'),
        ("[sources.x]\nsigma = 1", 'sources.x.sigma: unknown key, expected a known one; the nearest is "sigma_m"'),
        (SBS + "adress = 1", 'feeds[1].adress: unknown key, expected a known one; the nearest is "address"'),
        (SBS + 'topic = "a"', "feeds[1].topic: unknown key, expected a known one"),
        ("mqtt = 3", "mqtt: got 3, expected a table [mqtt]"),
        ("feeds = 3", "feeds: got 3, expected tables [[feeds]]"),
        ("[feeds]", "feeds: got a table, expected tables [[feeds]]"),
        ("feeds = [3]", "feeds[1]: got 3, expected a table"),
        ("sources = []", "sources: got a list, expected tables [sources.NAME]"),
        ("sources.x = true", "sources.x: got true, expected a table [sources.x]"),
        ("[[mqtt]]", "mqtt: got a list, expected a table [mqtt]"),
        ('[[identity]]\nis = "foe"', 'identity[1].is: got "foe", expected friend | assumed-friend'),
        ("[[identity]]", "identity[1].is: missing, expected friend | assumed-friend"),
        ('[[identity]]\nis = "friend"\nstate = ["PL"]\n[[identity]]\nis = 1', "identity[2].is: got 1, expected friend"),
        *[
            (FRIEND + f'{key} = ["{good}", "{bad}"]', f'identity[1].{key}[2]: got "{bad}", expected {what}')
            for key, good, bad, what in [
                ("icao24", "48d800", "zzz", "six hex digits"),
                ("icao24", "48d800", "48D80", "six hex digits"),
                ("icao24", "48d800-48D800", "48dfff-48d800", 'six hex digits such as "48d800", or a range from low'),
                ("icao24", "48d800", "48d800-48d900-48da00", "six hex digits"),
                ("callsign", "PLF*", "plf*", "a shell pattern in capitals"),
                ("squawk", "7500", "7800", "four octal digits"),
                ("squawk_not", "0000", "750", "four octal digits"),
                ("state", "GB", "UK", "an ISO 3166 code that owns a block"),
                ("state", "RU", "ru", "an ISO 3166 code"),
            ]
        ],
        (FRIEND + 'state = "RU"', 'identity[1].state: got "RU", expected a list, each an ISO 3166 code'),
        (FRIEND + 'state = []', "identity[1].state: empty, expected a list with at least one entry"),
        ("[sources.x]\nsigma_m = 0", "sources.x.sigma_m: got 0, expected a number above 0"),
        ("[sources.x]\nsigma_m = -5", "sources.x.sigma_m: got -5, expected a number above 0"),
        ("[sources.x]\nsigma_m = nan", "sources.x.sigma_m: got nan, expected a number above 0"),
        ("[sources.x]\nsigma_m = inf", "sources.x.sigma_m: got inf, expected a number above 0"),
        ("[sources.x]\nsigma_m = true", "sources.x.sigma_m: got true, expected a number above 0"),
        (f"[sources.x]\nsigma_m = 0x{'f' * 5000}", "sources.x.sigma_m: got a huge number, expected a number above 0"),
        ('[sources.x]\nperiod_s = "5"', 'sources.x.period_s: got "5", expected a number above 0'),
        ("[sources.x]\nperiod_s = 2026-01-01", 'sources.x.period_s: got "2026-01-01", expected a number above 0'),
        (FEED, "feeds[1].type: missing, expected sbs | mqtt | replay"),
        (FEED + 'type = "foo"', 'feeds[1].type: got "foo", expected sbs | mqtt | replay'),
        (FEED + "type = []", "feeds[1].type: got a list, expected sbs"),
        *[(FEED + f'type = "{t}"', f'feeds[1].type: got "{t}" (not supported yet), expected') for t in PLANNED_FEEDS],
        (FEED + 'type = "sbs"', 'feeds[1].address: missing, expected "HOST:PORT"'),
        (SBS.replace("h:1", "127.0.0.1"), 'feeds[1].address: got "127.0.0.1", expected "HOST:PORT"'),
        (SBS.replace("h:1", "h:0"), 'feeds[1].address: got "h:0", expected "HOST:PORT"'),
        (SBS.replace("h:1", "h:65536"), 'feeds[1].address: got "h:65536", expected "HOST:PORT"'),
        (SBS.replace("h:1", "tcp://h:1"), 'feeds[1].address: got "tcp://h:1", expected "HOST:PORT"'),
        (SBS.replace("h:1", r"h:1\n"), r'feeds[1].address: got "h:1\n", expected "HOST:PORT"'),
        (SBS.replace('"a"', '"a b"'), 'feeds[1].name: got "a b", expected letters, digits'),
        (SBS.replace('name = "a"', ""), "feeds[1].name: missing, expected letters, digits"),
        (SBS + SBS, 'feeds[2].name: "a" is the name of feeds[1], expected one of its own'),
        (SBS + "stale_s = 0", "feeds[1].stale_s: got 0, expected a number above 0"),
        (FEED + 'type = "mqtt"\ntopic = "a"', 'feeds[1].url: missing, expected "mqtt://HOST[:PORT]"'),
        (FEED + 'type = "mqtt"\nurl = "mqtt://h"', "feeds[1].topic: missing, expected an MQTT topic filter"),
        (FEED + 'type = "mqtt"\nurl = "mqtt://h"\ntopic = "a/#/b"', 'feeds[1].topic: got "a/#/b", expected an MQTT'),
        (FEED + 'type = "replay"', "feeds[1].path: missing, expected the path of a file"),
        (FEED + 'type = "replay"\npath = "gone"', 'feeds[1].path: got "gone", expected the path of a file that can'),
        *[
            (f"[rules.incursion]\nprobability = {p}", RULE + f"probability: got {p}, expected a probability above 0.5")
            for p in ("0.0", "1.0", "-0.1", "95.0", "nan")
        ],
        ("[rules.incursion]\nsettle_s = -1", "rules.incursion.settle_s: got -1, expected a number, 0 or more"),
        ("[rules.incursion]\nenabled = 1", "rules.incursion.enabled: got 1, expected true or false"),
        ('[mqtt]\nrooms = ["warsaw", "Warsaw East"]', 'mqtt.rooms[2]: got "Warsaw East", expected lower-case'),
        ('[mqtt]\nrooms = "warsaw"', 'mqtt.rooms: got "warsaw", expected a list, each lower-case letters, digits'),
        ('[mqtt]\nurl = "http://h"', 'mqtt.url: got "http://h", expected "mqtt://HOST[:PORT]" or "mqtts://..."'),
        ('[mqtt]\nurl = "h:1883"', 'mqtt.url: got "h:1883", expected "mqtt://HOST'),
        ('[mqtt]\nurl = "mqtt://user:secret@h"', 'mqtt.url: got "mqtt://***@h", expected "mqtt://HOST'),
        *[
            (f'[mqtt]\ntopic_prefix = "{t}"', f'mqtt.topic_prefix: got "{t}", expected a topic')
            for t in ("", "/a", "a/", "a/#", "+", "$SYS/a")
        ],
        ('[mqtt]\nusername = ""', 'mqtt.username: got "", expected a text'),
        ('[mqtt]\nusername = "u"\npassword_file = "gone"', 'mqtt.password_file: got "gone", expected the path of'),
        ('[mqtt]\nusername = "u"\npassword_file = "/"', 'mqtt.password_file: got "/", expected the path of a file'),
        ('[mqtt]\npassword_file = "/dev/null"', "mqtt.password_file: without a username, expected mqtt.username"),
        (
            '[[feeds]]\nname = "a"\ntype = "mqtt"\nurl = "mqtt://b"\ntopic = "t"\npassword_file = "/dev/null"',
            "feeds[1].password_file: without a username, expected feeds[1].username",
        ),
        (
            '[[identity]]\nis = "friend"\n[[identity]]\nis = "suspect"\nsquawk = ["7500"]',
            "identity[1]: matches everybody, so that those after it never count, expected a condition",
        ),
        ('[mqtt]\nca_file = "/dev/null"', 'mqtt.ca_file: without TLS, expected mqtt.url = "mqtts://..." beside it'),
        ('[metrics]\nlisten = ":9487"', 'metrics.listen: got ":9487", expected "HOST:PORT"'),
        ("[console]\nlisten = 8487", 'console.listen: got 8487, expected "HOST:PORT"'),
        ('[state]\ndirectory = ""', 'state.directory: got "", expected a path'),
        (r'[state]' + '\n' + r'directory = "a\u0000b"', r'state.directory: got "a\u0000b", expected a path'),
    ],
)  # fmt: skip
def test_problem(write: Any, text: str, problem: str) -> None:
    assignment = "=" in text.partition("[")[0] and not text.startswith("[")  # before the tables of MINIMAL
    (line,) = problems(write(f"{text}\n{MINIMAL}" if assignment else MINIMAL + text))
    assert line.startswith(problem)
    assert ", expected " in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["site.id: missing, expected lower-case", "airspace.zones: missing, expected a list with at least one"]),
        ('site = 3\nairspace.zones = ["z.geojson"]', ["site: got 3, expected a table [site]"]),
        (
            'site.id = "A b"\nairspace.zones = []',
            ['site.id: got "A b", expected lower', "airspace.zones: empty, expected"],
        ),
        (MINIMAL.replace('"a"', '"a"\nstatus = "war"'), ['site.status: got "war", expected actual | exercise | test']),
        (MINIMAL + "qnh_hpa = 29.92", ["airspace.qnh_hpa: got 29.92, expected a pressure from 850 to 1100 hPa"]),
        (MINIMAL.replace('["z.geojson"]', '"z.geojson"'), ['airspace.zones: got "z.geojson", expected a list']),
    ],
)
def test_site_and_airspace(write: Any, text: str, expected: list[str]) -> None:
    lines = problems(write(text))
    assert len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True))


def test_every_problem_at_once_and_of_the_zone_files_too(write: Any, tmp_path: Path) -> None:
    text = (
        MINIMAL
        + SBS
        + SBS.replace("sbs", "beast")
        + "[rules.incursion]\nprobability = 2\nprobabilty = 2\n[mqtt]\nurl = 1"
    )
    with pytest.raises(InputError) as raised:
        load(write(text))
    assert [line.split(": ")[:2] for line in raised.value.problems] == [
        [str(tmp_path / "c.toml"), "feeds[2].type"],
        [str(tmp_path / "c.toml"), "rules.incursion.probabilty"],
        [str(tmp_path / "c.toml"), "rules.incursion.probability"],
        [str(tmp_path / "c.toml"), "mqtt.url"],
        [str(tmp_path / "c.toml"), "feeds[2].name"],
        [str(tmp_path / "z.geojson"), "Expecting value"],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (MINIMAL + "x =", "line 5: Invalid value, expected TOML"),
        ("[site\nid = 1", "line 1: Expected ']'"),
        ("a = 1\na = 2", "line 2: Cannot overwrite a value, expected TOML"),
        ("a = 1\n\nb = [1,", "line 3: "),
        ('a = """\n\n', "line 3: "),
        (b"a = 1\nb = '\xff'", "line 2: byte 0xff is not UTF-8, expected TOML in UTF-8"),
        ("a = " + "[" * 50_000, "nested too deeply, expected"),
        ("a = 1\nb = 2026-02-31", "line 2: Invalid date or datetime"),
    ],
)
def test_syntax(write: Any, text: str | bytes, problem: str) -> None:
    (line,) = problems(write(text))
    assert line.startswith(problem)


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert problems(tmp_path / "gone.toml") == ["No such file or directory, expected a configuration file"]
    assert problems(tmp_path) == ["Is a directory, expected a configuration file"]


@given(at=st.integers(0, 3000), cut=st.integers(0, 40), put=st.text("[]{}\"'=.#\n\\ a1-", max_size=6))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_file_is_read_or_refused(write: Any, at: int, cut: int, put: str) -> None:
    text = re.sub("zones = .*", 'zones = ["z.geojson"]', EXAMPLE.read_text())
    lines: list[str] | None = None
    try:
        load(write(text[:at] + put + text[at + cut :]))
    except InputError as error:
        lines = error.problems
    assert lines is None or {len(line.splitlines()) for line in lines} == {1}


def test_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCURSIOND_CONFIG", "b.toml")
    assert find(Path("a.toml")) == Path("a.toml")
    assert find(None) == Path("b.toml")
    monkeypatch.setenv("INCURSIOND_CONFIG", "")
    assert find(None) == Path("/etc/incursiond/incursiond.toml")


@given(st.integers(0, 0xFFFFFF), st.integers(0, 0xFFFFFF))
def test_address_range(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert address_range(f"{low:06x}-{high:06X}") == (low, high)
    assert address_range(f"{a:06x}") == (a, a)


@pytest.mark.parametrize("text", ["", "-", "48d800-", "48d80g", " 48d800", "0x48d8", "48d8_0", "48d800 - 48dfff"])
def test_wrong_address_range(text: str) -> None:
    with pytest.raises(ValueError, match="six hex digits"):
        address_range(text)


def test_identity_words_are_those_of_the_airspace() -> None:
    assert list(get_args(IdentityWord)) == [identity.word for identity in Identity]


# The shipped example: each key is explained in it, and whatever stands in it is right.


def uncommented() -> str:
    return re.sub(r"(?m)^# (?=\[\[|[a-z0-9_]+ = )", "", EXAMPLE.read_text())


def test_the_example_loads_with_its_zones() -> None:
    settings = load(EXAMPLE)
    zones, warnings = load_zones(settings.airspace.zones)
    assert [zone.id for zone in zones] == ["poland", "lithuania"]
    assert warnings == []


def test_the_example_shows_the_defaults() -> None:
    settings = load(EXAMPLE)
    plain = Settings(site=settings.site, airspace=settings.airspace)
    for table in ("rules", "mqtt", "metrics", "console", "state"):
        assert getattr(settings, table) == getattr(plain, table)
    assert settings.airspace.qnh_hpa == type(settings.airspace)(zones=()).qnh_hpa


def test_what_is_commented_out_in_the_example_is_right_too(write: Any, tmp_path: Path) -> None:
    for name in ("mqtt.password", "ca.pem", "yesterday.csv.gz"):
        (tmp_path / name).touch()
    settings = load(write(uncommented().replace('[mqtt]\nurl = "mqtt:', '[mqtt]\nurl = "mqtts:')))
    assert [feed.type for feed in settings.feeds] == ["sbs", "mqtt", "replay"]
    assert settings.mqtt.client_id == load(EXAMPLE).mqtt.client_id
    assert (settings.feeds[0].source, settings.feeds[0].stale_s) == ("mast-3", 30.0)


def keys_of(kind: Any) -> set[str]:
    """Return the dotted keys of a settings type; a sensor's name reads NAME."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag_field
        keys = {tag} if tag else set()
        for each in msgspec.structs.fields(kind):
            keys |= {f"{each.encode_name}.{key}" for key in keys_of(each.type)} or {each.encode_name}
        return keys
    if getattr(kind, "__origin__", None) is dict:
        return {f"NAME.{key}" for key in keys_of(get_args(kind)[1])}
    return {key for each in get_args(kind) for key in keys_of(each)}


def keys_in(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(keys_in, value))
    if not isinstance(value, dict):
        return set()
    return set().union(*({f"{key}.{below}" for below in keys_in(each)} or {key} for key, each in value.items()))


def test_every_key_is_in_the_example_and_no_other() -> None:
    document = tomllib.loads(uncommented())
    (document["sources"]["NAME"],) = [document["sources"].pop(name) for name in list(document["sources"])]
    assert {"identity.is", "sources.NAME.sigma_m", "feeds.type", "rules.incursion.probability"} <= keys_of(Settings)
    assert keys_in(document) == keys_of(Settings)


def test_every_key_of_the_example_is_explained() -> None:
    explained = {
        match[1] for match in re.finditer(r"(?m)^(?:# )?([a-z0-9_]+) = .*?(?: {2,}# .+)$", EXAMPLE.read_text())
    }
    above = {"zones"}
    assert {key.rpartition(".")[2] for key in keys_of(Settings)} - above - explained == set()


@pytest.mark.parametrize("status", ["actual", "exercise", "test"])
@pytest.mark.parametrize("identity", get_args(IdentityWord))
def test_words(write: Any, status: str, identity: str) -> None:
    text = MINIMAL.replace("[airspace]", f'status = "{status}"\n[airspace]') + f'[[identity]]\nis = "{identity}"\n'
    settings = load(write(text))
    assert (settings.site.status, settings.identity[0].is_) == (status, identity)
