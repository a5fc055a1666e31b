"""JSON reports to plots."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.objects import payload_to_plots

REPORT = {"time": 1600000000.5, "track_id": 4980, "lat": 52.25, "lon": "21.5", "gs_kt": 360, "on_ground": False}


def test_one_object_and_an_array() -> None:
    for payload, n in ((REPORT, 1), ([REPORT, REPORT | {"track_id": "4981"}], 2), ([], 0)):
        plots, rejected = payload_to_plots(json.dumps(payload).encode())
        assert (len(plots), rejected) == (n, {})
        assert plots.track_id.tolist() == ["4980", "4981"][:n]


def test_values() -> None:
    report = REPORT | {"squawk": 21, "callsign": None, "gs_kt": 0, "weather": {"wind": [1]}}
    plots, rejected = payload_to_plots(json.dumps(report).encode())
    assert not rejected
    assert (plots.time_s[0], plots.lat_deg[0], plots.lon_deg[0], plots.gs_mps[0]) == (1600000000.5, 52.25, 21.5, 0)
    assert (plots.squawk[0], plots.callsign[0], plots.on_ground[0]) == ("0021", None, 0)


@pytest.mark.parametrize(
    ("payload", "counts"),
    [
        ("", {"payload: not JSON": 1}),
        ("{", {"payload: not JSON": 1}),
        ("\udcff", {"payload: not JSON": 1}),
        ('{"lat": NaN}', {"payload: not JSON": 1}),
        ("[" * 100_000, {"payload: not JSON": 1}),
        ("7", {"payload: not an object": 1}),
        ('[1, "a", null]', {"payload: not an object": 3}),
        ("{}", {"time: empty": 1}),
        (json.dumps(REPORT | {"lat": [52]}), {"payload: an array or object for a value": 1}),
        (json.dumps(REPORT | {"lat": 95}), {"lat: out of range": 1}),
        (json.dumps(REPORT | {"lat": True}), {"lat: not a number": 1}),
        (json.dumps(REPORT | {"track_id": None}), {"track: no icao24 or track_id": 1}),
        ('{"time": 1, "lat": 1, "lon": 1, "track_id": "a", "gs_kt": ' + "9" * 5000 + "}", None),
    ],
)
def test_what_cannot_be_read_is_counted(payload: str, counts: dict[str, int] | None) -> None:
    plots, rejected = payload_to_plots(payload.encode("utf-8", "surrogateescape"))
    assert len(plots) == 0
    assert rejected.total() == 1 if counts is None else rejected == counts


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*REPORT, "x"]), inner, max_size=6),
)


@given(st.one_of(json_values.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40)))
def test_no_payload_does_harm(payload: bytes) -> None:
    plots, rejected = payload_to_plots(payload)
    assert len(plots) + rejected.total() >= (payload.strip() != b"[]")
