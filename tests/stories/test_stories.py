"""Published incidents, flown several times: what must be told of each, whatever the noise, and what must not.

Where a story does not name where its figures are from, they are as remembered from the press, and not checked against
it; what was not published is made up.
"""

from __future__ import annotations

from datetime import datetime
from itertools import product

import numpy as np
import pytest

from tests.stories import regenerate, story
from tests.stories.fr4978 import CODE_S
from tests.stories.sensors import SENSORS
from tests.stories.story import Message

SEEDS = (0, 1)
STORIES = regenerate.STORIES
BOTH = [(name, seed) for name in STORIES for seed in SEEDS]

SUBJECTS = {
    "petrobaltic": {"0919", "0920"},
    "hatay": {"7024"},
    "baltic": {"4024"},
    "donald_cook": {"0412"},
    "kybartai": {"1078", "1030"},
    "vaindloo": {"3131", "3132", "3133"},
    "fr4978": {"48c4a0"},
}
KINDS = {
    "petrobaltic": {"asset-pass"},
    "hatay": {"approach", "incursion", "manoeuvre"},
    "baltic": {"manoeuvre", "asset-pass", "interception"},
    "donald_cook": {"manoeuvre", "asset-pass"},
    "kybartai": {"approach", "incursion", "manoeuvre"},
    "vaindloo": {"approach", "incursion", "interception"},
    "fr4978": {"emergency"},
}
MAY = {
    "petrobaltic": {"manoeuvre"},
    "hatay": {"skirting"},
    "baltic": {"loitering", "proximity"},
    "donald_cook": {"loitering"},
    "kybartai": {"skirting"},
    "vaindloo": set(),
    "fr4978": set(),
}
OUTCOME = {
    "petrobaltic": "resolved",
    "hatay": "lost",
    "baltic": "deterred",
    "donald_cook": "resolved",
    "kybartai": "left",
    "vaindloo": "deterred",
    "fr4978": "left",
}
STAYS = {"hatay": ("7024", "turkey"), "kybartai": ("1078", "lithuania"), "vaindloo": ("3131", "estonia-12nm")}
HEADLINE = {
    "petrobaltic": " passed Petrobaltic at ",
    "hatay": "Unknown aircraft 7024 was in Turkey for 1",
    "baltic": "is intercepted by 48d8a1, 48d8a2",
    "donald_cook": "(11 passes, closest ",
    "kybartai": " was in Lithuania for ",
    "vaindloo": "and 2 others were in Estonia for up to 12 min ",
    "fr4978": " squawks 7700 off the course it held near Lithuania; now at ",
}


def told(name: str, seed: int) -> list[Message]:
    return story.told(STORIES[name], seed)


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def last_words(name: str, seed: int) -> list[Message]:
    """Return the last message of each incident."""
    return list({message["incident_id"]: message for message in told(name, seed)}.values())


def findings(name: str, seed: int) -> list[Message]:
    """Return all that was found, as last told."""
    return [finding for last in last_words(name, seed) for finding in last["findings"]]


@pytest.mark.parametrize(("name", "seed"), BOTH)
def test_one_incident_an_intruder_and_nobody_else(name, seed):
    messages = told(name, seed)
    assert {m["subject"]["track_id"] for m in messages} <= SUBJECTS[name]
    assert len({m["incident_id"] for m in messages}) == 1
    wingmen = {o["track_id"] for m in messages for o in m["others"] if o["role"] == "formation"}
    assert wingmen | {messages[0]["subject"]["track_id"]} == SUBJECTS[name]


@pytest.mark.parametrize(("name", "seed"), BOTH)
def test_what_happened_is_told_and_nothing_else(name, seed):
    assert {f["kind"] for f in findings(name, seed)} - MAY[name] == KINDS[name]
    assert {last["outcome"] for last in last_words(name, seed)} == {OUTCOME[name]}


@pytest.mark.parametrize(("name", "seed"), BOTH)
def test_a_headline_reads_like_the_event(name, seed):
    assert any(HEADLINE[name] in message["headline"] for message in told(name, seed))


@pytest.mark.parametrize(("name", "seed"), [each for each in BOTH if each[0] in STAYS])
def test_stays_are_where_and_as_long_and_as_deep_as_they_were_flown(name, seed):
    track_id, zone_id = STAYS[name]
    (flight,) = (flight for flight in STORIES[name].fly() if flight.track_id == track_id)
    sensor, (truth,) = SENSORS[flight.sensor], STORIES[name].incursions(track_id, zone_id)
    (found,) = (f for f in findings(name, seed) if f["kind"] == "incursion" and f["track_ids"][0] == track_id)
    assert seconds(found["started_at"]) == pytest.approx(truth.entry_s, abs=4.0)
    assert seconds(found["ended_at"]) == pytest.approx(truth.exit_s, abs=4.0)
    assert found["evidence"]["max_depth_m"] == pytest.approx(truth.depth_m, abs=3 * found["evidence"]["sigma_m"])
    assert seconds(found["detected_at"]) - truth.entry_s <= 2 * sensor.period_s


def test_all_of_hatay_lasts_17_seconds():
    (truth,) = STORIES["hatay"].incursions("7024", "turkey")
    assert truth.exit_s - truth.entry_s == pytest.approx(17.0, abs=0.3)


def test_all_of_vaindloo_lasts_12_minutes_at_less_than_10_km():
    for track_id in SUBJECTS["vaindloo"]:
        (truth,) = STORIES["vaindloo"].incursions(track_id, "estonia-12nm")
        assert truth.exit_s - truth.entry_s == pytest.approx(720.0, abs=15.0)
        assert 5_000 < truth.depth_m < 10_000


@pytest.mark.parametrize("seed", SEEDS)
def test_both_fighters_see_all_three_of_vaindloo_out(seed):
    found = findings("vaindloo", seed)
    left_s = {f["track_ids"][0]: seconds(f["ended_at"]) for f in found if f["kind"] == "incursion"}
    escorts = {tuple(f["track_ids"]): seconds(f["ended_at"]) for f in found if f["kind"] == "interception"}
    assert escorts.keys() == set(product(SUBJECTS["vaindloo"], ("33ff35", "33ff36")))
    assert all(ended_s > left_s[intruder] for (intruder, _), ended_s in escorts.items())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_pass_of_the_destroyer_is_counted(seed):
    (passes,) = (f for f in findings("donald_cook", seed) if f["kind"] == "asset-pass")
    assert passes["evidence"]["passes"] == 11
    assert passes["severity"] == "extreme"
    assert passes["evidence"]["height_m"] < 300


@pytest.mark.parametrize("seed", SEEDS)
def test_who_manoeuvres_off_the_border_is_nowhere_inside(seed):
    (flight,) = (flight for flight in STORIES["baltic"].fly() if flight.track_id == "4024")
    assert STORIES["baltic"].depth_m(flight.path, "poland-12nm").max() < -5000
    assert not any(f["kind"] == "incursion" for m in told("baltic", seed) for f in m["findings"])


def test_the_fighter_of_fr4978_stays_50_km_away():
    *boeing, mig29 = STORIES["fr4978"].fly()
    path = {round(t, 1): xy for part in boeing for t, xy in zip(part.path.t, part.path.xy, strict=True)}
    both = [(path[t], xy) for t, xy in zip(mig29.path.t.round(1), mig29.path.xy, strict=True) if t in path]
    assert len(both) > 2500
    assert min(np.hypot(*(one - other)) for one, other in both) > 50e3


@pytest.mark.parametrize("seed", SEEDS)
def test_fr4978_is_told_of_with_its_code_and_soon_of_its_turn_by_a_zone_it_never_enters(seed):
    assert max(STORIES["fr4978"].depth_m(part.path, "lithuania").max() for part in STORIES["fr4978"].fly()) < -9000
    code_s = STORIES["fr4978"].start.timestamp() + CODE_S
    code, turn, *_ = told("fr4978", seed)
    assert seconds(code["time"]) - code_s <= 3.0
    assert seconds(turn["time"]) - code_s <= 15.0
    (finding,) = turn["findings"]
    assert finding["evidence"] == {"squawk": "7700", "criteria": "emergency code, deviation"}
