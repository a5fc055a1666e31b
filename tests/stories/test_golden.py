"""The recorded stories, message by message, and the SU-24 against what it really flew."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.stories import regenerate

TRUTH = json.loads(Path(__file__).with_name("su24.truth.json").read_text())
SIGMA_M = 150.0


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def of_kind(messages: list[dict], kind: str) -> list[dict]:
    return [finding for finding in messages[-1]["findings"] if finding["kind"] == kind]


@pytest.fixture(scope="module")
def su24() -> list[dict]:
    return [json.loads(line) for line in regenerate.tell("su24").splitlines()]


@pytest.mark.parametrize("name", [*regenerate.GOLDEN, *regenerate.STORIES])
def test_the_messages_are_the_golden_ones(name):
    assert regenerate.tell(name) == regenerate.path(name).read_bytes(), "make golden, and review the difference"


def test_one_incident_and_nobody_else(su24):
    assert {(m["incident_id"], m["subject"]["track_id"]) for m in su24} == {(su24[0]["incident_id"], "4980")}
    assert [m["sequence"] for m in su24] == list(range(1, len(su24) + 1))
    assert len(su24) <= 12


def test_every_incursion_is_where_and_when_it_was(su24):
    found, flown = of_kind(su24, "incursion"), TRUTH["incursions"]
    assert len(found) == len(flown)
    for finding, truth in zip(found, flown, strict=True):
        assert seconds(finding["started_at"]) == pytest.approx(truth["entry"], abs=3.0)
        assert seconds(finding["ended_at"]) == pytest.approx(truth["exit"], abs=3.0)
        assert finding["evidence"]["max_depth_m"] == pytest.approx(truth["max_depth_m"], abs=3 * SIGMA_M)
        assert seconds(finding["detected_at"]) - truth["entry"] <= 2 * 12.0


def test_the_cut_that_no_plot_saw_says_so(su24):
    cut = of_kind(su24, "incursion")[0]["evidence"]
    assert cut["probability"] >= 0.95
    assert cut["between"] == ["2026-11-23T01:03:33.750Z", "2026-11-23T01:03:57.750Z"]
    (told,) = [m for m in su24 if m["time"] == "2026-11-23T01:03:57.750Z"]
    assert (told["cause"], told["certainty"]) == ("incursion", "likely")


def test_its_turns_and_its_dive_are_told(su24):
    turns = [f for f in of_kind(su24, "manoeuvre") if f["rule"] == "hard_turn"]
    (dive,) = [f for f in of_kind(su24, "manoeuvre") if f["rule"] == "steep_descent"]
    assert len(turns) == 2, "to the left and to the right"
    assert max(f["evidence"]["load_factor_g"] for f in turns) > 2.5
    assert dive["evidence"]["vrate_fpm"] < -10_000


def test_both_fighters_that_met_it_are_named(su24):
    assert {finding["track_ids"][1] for finding in of_kind(su24, "interception")} == {"48d8a1", "48d8a2"}
    assert [other["role"] for other in su24[-1]["others"]] == ["interceptor", "interceptor"]
