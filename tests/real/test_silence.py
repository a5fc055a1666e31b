"""Silence for ordinary traffic: what all rules together, with their defaults, say of recorded airliners."""

from __future__ import annotations

from collections import Counter

import pytest

from detector.incidents.message import IncidentMessage
from tests.real.recordings import PARIS, SWISS, UK, hours, incidents, run, site, thinned
from tests.shared import REPO

STATES = {UK: ("GBR", "FRA", "IRL", "BEL"), SWISS: ("CHE", "FRA", "DEU", "ITA", "AUT"), PARIS: ("FRA", "BEL", "LUX")}
SHARE = {UK: 1, SWISS: 1, PARIS: 12}  # one aircraft in so many
TOLD = {
    UK: {"403321", "404090"},  # first heard inside, without a callsign for 50 s and 440 s
    SWISS: {"1506ab"},  # of Russian registry, which the example calls suspect
    PARIS: set(),
}
AEROBATIC = "4009cc"  # banks by more than 50 deg four times in ten minutes, and dives between
OF_CROSSING = {"approach", "incursion", "skirting", "dark"}  # what is said of whom the room asked to hear of
HOURS_A_SKIRTING = HOURS_A_DARK = 5.0  # airways along a border; the edge of what is recorded
MESSAGES_A_CROSSING, MESSAGES_AN_INCIDENT = 4, 1  # approach, inside, deep inside, out; and one that closes it


@pytest.mark.parametrize("source", STATES)
def test_identities_of_the_example_leave_hardly_an_incident(tmp_path, source):
    text = (REPO / "config/incursiond.toml").read_text()
    rules = text[text.index("\n[[identity]]") : text.index("# How well a sensor sees")]
    found = incidents(run(*site(tmp_path, STATES[source], rules), thinned(source, SHARE[source])))
    assert {message.subject.track_id for message in found} == TOLD[source]
    assert {f.rule for message in found for f in message.findings} <= {"incursion", "approach"}


@pytest.fixture(scope="module", params=[UK, SWISS])
def everybody(request, tmp_path_factory) -> tuple[float, list[IncidentMessage]]:
    """Hours flown, and incidents where nobody's identity is known, all are watched, and many cross one border."""
    share, first = {UK: (1, None), SWISS: (3, 6000)}[request.param]
    plots = thinned(request.param, share).take(slice(first))
    zones = site(tmp_path_factory.mktemp("all"), STATES[request.param][:1], "", initial="adopt")
    return hours(plots), incidents(run(*zones, plots))


def test_of_everybody_nothing_is_told_but_that_they_cross(everybody):
    hours_flown, found = everybody
    rules = Counter(f.rule for message in found if message.subject.track_id != AEROBATIC for f in message.findings)
    assert hours_flown > 15
    assert set(rules) <= OF_CROSSING
    assert rules["skirting"] <= hours_flown / HOURS_A_SKIRTING
    assert rules["dark"] <= hours_flown / HOURS_A_DARK


def test_an_incident_takes_few_messages(everybody):
    _, found = everybody
    crossings = sum(f.rule in ("incursion", "approach") for message in found for f in message.findings)
    assert sum(m.sequence for m in found) <= MESSAGES_A_CROSSING * crossings + MESSAGES_AN_INCIDENT * len(found)
