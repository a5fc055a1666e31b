"""Ordinary traffic over all of Europe's states: who flies under a callsign is never an incident."""

import pytest

from tests.real.recordings import PARIS, SWISS, UK, countries, incidents, recordings, run, site

HEARD_INSIDE = {  # UK light aircraft first heard over Britain, whose callsign comes late: s after the first report
    "40216d": 10,
    "407b02": 10,
    "43c925": 10,
    "403321": 50,
    "404090": 440,
}
SETTLE_S = 15  # the rule waits so long for a callsign


@pytest.fixture(scope="module")
def europe(tmp_path_factory):
    return site(tmp_path_factory.mktemp("europe"), list(countries()))


@pytest.mark.parametrize("source", [PARIS, SWISS])
def test_airliners_are_no_incident(europe, source):
    summary = run(*europe, recordings()[source])
    assert summary.results["used"] == len(recordings()[source])
    assert incidents(summary) == []


def test_callsigns_of_britain_come_as_late_as_listed():
    plots, late = recordings()[UK], {}
    for track_id in set(plots.track_id):
        track = plots.take(plots.track_id == track_id)
        named = track.callsign.astype(bool)
        if not named[0]:
            late[track_id] = int(track.time_s[named][0] - track.time_s[0])
    assert late == HEARD_INSIDE


def test_alerts_of_britain_are_those_heard_inside_without_a_callsign(europe):
    found = incidents(run(*europe, recordings()[UK]))
    assert {m.subject.track_id for m in found} == {i for i, after_s in HEARD_INSIDE.items() if after_s > SETTLE_S}
    assert {f.zone_id for m in found for f in m.findings} == {"gbr"}
    # 404090 is lost after 70 s of silence, and comes back with its callsign
    assert {m.subject.track_id: m.outcome for m in found} == {"403321": "resolved", "404090": "resolved"}


def test_a_zone_that_adopts_has_no_alerts(tmp_path):
    assert incidents(run(*site(tmp_path, ["GBR"], initial="adopt"), recordings()[UK])) == []
