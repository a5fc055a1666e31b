"""Every entry to and exit from Switzerland in seven hours of traffic, against shapely on the same plots.

Wherever the two differ, what speaks for shapely's side must be less than the rule asks for. No tolerance is needed: a
crossing dated a little off is a stay of next to no depth on the wrong side. shapely knows chords alone, so no
courses are given: how paths follow these is for `test_path`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain

import msgspec
import numpy as np
import pytest

from detector.incidents.message import Finding, IncidentMessage
from detector.rules.tables import Rules
from feeds.plots import Plots
from tests.real.compare import UNEXPLAINED, differences, reason, stays, unix
from tests.real.recordings import ALL, NAMED_IS_NEUTRAL, SWISS, countries, incidents, recordings, run, site
from tests.real.swept import Country, Path, paths

ON_THE_BORDER_M = 1.0  # times are rounded to 1 ms, the border's chords to 0.25 m, a step of 10 s bends by 0.1 m

NOTHING_ELSE = NAMED_IS_NEUTRAL + "".join(
    f"[rules.{name}]\nenabled = false\n" for name in Rules.__struct_fields__ if name != "incursion"
)  # what else they do is told elsewhere, and takes ten times as long

KNOWN = {  # (track, start of the difference) of stays that the rule does not tell and should: what it does not weigh
    ("392aed", 1533115141): "in and out again between two reports that are outside and decide the exit, 137 m",
    ("738053", 1533122034): "the same, 281 m",
}


@pytest.fixture(scope="module")
def switzerland() -> Country:
    return Country(countries()["CHE"])


@pytest.fixture(scope="module")
def tracks() -> dict[str, list[Path]]:
    found = defaultdict(list)
    for path in paths(recordings()[SWISS]):
        found[path.track_id].append(path)
    return found


@pytest.fixture(scope="module")
def plots() -> Plots:
    swiss = recordings()[SWISS]
    return replace(swiss, track_deg=np.full(len(swiss), np.nan))


@pytest.fixture(scope="module")
def alerts(tmp_path_factory, plots) -> list[IncidentMessage]:
    settings, airspace = site(tmp_path_factory.mktemp("alert"), ["CHE"], NOTHING_ELSE, watch=ALL)
    return incidents(run(settings, airspace, plots))


def test_we_differ_from_shapely_only_where_the_data_cannot_decide(switzerland, tracks, alerts):
    ours = stays(alerts)
    unexplained = {
        (path.track_id, int(start_s))
        for path in chain.from_iterable(tracks.values())
        for start_s, end_s, side in differences(switzerland, path, ours[path.track_id])
        if reason(switzerland, path, start_s, end_s, side) == UNEXPLAINED
    }
    assert sum(map(len, ours.values())) > 800
    assert unexplained <= set(KNOWN)


def test_entries_and_exits_lie_on_the_border(switzerland, tracks, alerts):
    for finding in (finding for message in alerts for finding in message.findings):
        for time_s in _crossed_s(finding):
            path = next(p for p in tracks[finding.track_ids[0]] if p.time_s[0] <= time_s <= p.time_s[-1])
            off_m = float(switzerland.depth_m(*path.at(np.array([time_s])))[0])
            assert abs(off_m) < ON_THE_BORDER_M, (finding.track_ids[0], time_s)


def _crossed_s(finding: Finding) -> list[float]:
    seen = msgspec.to_builtins(finding.evidence)
    dates = {"entry_lat": finding.started_at, "exit_lat": finding.ended_at}
    return [unix(stamp) for place, stamp in dates.items() if place in seen]


def test_zones_that_adopt_tell_the_same_but_of_stays_first_heard_inside(tmp_path, plots, alerts):
    heard_inside = {each for each in _told(alerts) if each not in _told(alerts, seen=True)}
    of_interest = {track_id for track_id, *_ in heard_inside} | {
        f.track_ids[0] for m in alerts[::4] for f in m.findings
    }
    some = plots.take(np.isin(plots.track_id, list(of_interest)))
    adopted = _told(incidents(run(*site(tmp_path, ["CHE"], NOTHING_ELSE, initial="adopt", watch=ALL), some)))
    expected = {each for each in _told(alerts, seen=True) if each[0] in of_interest}
    assert len(heard_inside) == 8
    assert adopted == expected


def _told(messages: list[IncidentMessage], *, seen: bool = False) -> set[tuple[str, str, str | None]]:
    """Return the stays told, all or those whose entry was seen."""
    return {
        (finding.track_ids[0], finding.started_at, finding.ended_at)
        for message in messages
        for finding in message.findings
        if finding.kind == "incursion" and (not seen or "entry_lat" in msgspec.to_builtins(finding.evidence))
    }
