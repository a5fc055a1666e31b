"""What a daemon does in one thread, without the threads around it."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from detector import assembly
from detector.airspace.zones import Zone
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.rules.alone import hard_turn
from detector.service.duty import Duty
from detector.settings import Settings
from tests import zoo
from tests.test_end_to_end import box


@pytest.fixture
def duty(tmp_path: Path) -> Duty:
    box(tmp_path / "box.geojson")
    config = tmp_path / "c.toml"
    feed = '[[feeds]]\nname = "north"\ntype = "sbs"\naddress = "127.0.0.1:30003"\n'
    config.write_text('site.id = "a"\nairspace.zones = ["box.geojson"]\nstate.directory = "state"\n' + feed)
    return Duty(*assembly.load(config), Metrics())


def drawn(zone_id: str, west: float, south: float, east: float, north: float) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"id": zone_id}, "geometry": geometry}


def value(duty: Duty, name: str, **labels: str) -> float | None:
    return duty._metrics.registry.get_sample_value(name, labels)


def test_a_rule_that_fails_is_in_the_status_and_once_in_the_log(duty: Duty, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        assert duty._execute("hard_turn", lambda: 1 / 0) is None
    duty.look()
    none = {"incidents_open": 0, "incidents": []}
    assert duty.status.said == {"state": "degraded", "reason": "rule hard_turn fails"} | none
    assert caplog.text.count("rule hard_turn failed") == 1
    duty._execute("hard_turn", lambda: SimpleNamespace(opened=lambda: 0))
    duty.look()
    assert duty.status.said == {"state": "online", "reason": ""} | none


def test_that_there_is_no_feed_is_in_the_status(duty: Duty) -> None:
    duty.adopt(msgspec.structs.replace(duty.settings, feeds=()), duty.pipeline.airspace)
    duty.look()
    assert (duty.status.said["state"], duty.status.said["reason"]) == ("degraded", "no feed is configured")


def test_an_asset_that_nobody_hears_is_in_the_status(duty: Duty) -> None:
    ship = Zone(id="ship", name="Ship", kind="asset", polygons=(), follows="219000123", radius_m=2000.0)
    duty.adopt(duty.settings, Airspace([*duty.pipeline.airspace.zones, ship], 1013.25))
    duty.look()
    reason = 'zone "ship" protects nothing: 219000123, which it follows, is not heard'
    assert (duty.status.said["state"], duty.status.said["reason"]) == ("degraded", reason)


def test_a_rule_that_fails_and_is_switched_off_is_in_the_status_no_more(duty: Duty) -> None:
    duty._execute("hard_turn", lambda: 1 / 0)
    off = msgspec.structs.replace(duty.settings.rules, hard_turn=hard_turn.Params(enabled=False))
    duty.adopt(msgspec.structs.replace(duty.settings, rules=off), duty.pipeline.airspace)
    duty.look()
    assert duty.status.said["state"] == "online"
    assert value(duty, "incursiond_rule_success", rule="hard_turn") is None


@pytest.mark.parametrize("killed", [False, True])
def test_who_is_killed_in_a_reload_goes_on_among_the_zones_of_afterwards(tmp_path: Path, killed: bool) -> None:
    now_s = 1000.0

    def configured(**west_deg: float) -> tuple[Settings, Airspace]:
        boxes = [drawn(zone_id, west, 54.0, west + 1.0, 55.0) for zone_id, west in west_deg.items()]
        (tmp_path / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": boxes}))
        config = tmp_path / "c.toml"
        config.write_text('site.id = "a"\nairspace.zones = ["zones.geojson"]\nstate.directory = "state"\n')
        return assembly.load(config)

    def started(settings: Settings, airspace: Airspace) -> Duty:
        return Duty(settings, airspace, Metrics(), time_s=lambda: now_s, monotonic_s=lambda: now_s)

    duty = started(*configured(a=20.0, b=10.0))
    duty.resume()
    duty.add_feed("radar", 30.0)
    plots = zoo.in_order(*(zoo.flight(lon=lon, times=range(20), track_id=f"in {lon}") for lon in (19.99, 9.99)))
    duty.take("radar", replace(plots, time_s=plots.time_s + 980.0), Counter(), now_s)
    duty.step()
    duty._keep(duty._keeper.everything())
    after = configured(c=0.0, d=5.0, a=20.0)
    if killed:
        submit = duty.delivery.submit
        duty.delivery.submit = lambda *what: (submit(*what), 1 / 0)  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError) if killed else nullcontext():
        duty.adopt(*after)
    duty.ledger.close()
    again = started(*after).pipeline
    inside = again.contacts.records["inside"]
    rows, zones = again.contacts.row[inside].tolist(), again.contacts.zone[inside].tolist()
    assert [(again.tracks.name(row), after[1].zones[zone].id) for row, zone in zip(rows, zones, strict=True)] == [
        ("in 19.99", "a")
    ]
    assert [incident.entries[0].zone_id for incident in again.book.register.incidents()] == ["a"]


def test_nothing_is_said_of_a_feed_that_is_not_configured_any_more(duty: Duty) -> None:
    duty.add_feed("old", 30.0)
    duty.connection("old", connected=True, reason="connected")
    duty.look()
    assert value(duty, "incursiond_feed_up", feed="old") == 1
    duty.stop_feed("old")
    assert value(duty, "incursiond_feed_up", feed="old") == 0
    duty.forget_feed("old")
    assert value(duty, "incursiond_feed_up", feed="old") is None
    (status,) = [each for each in duty.delivery._states.unsent() if each.topic.endswith("/feed/old/status")]
    assert (status.payload, status.retain) == (b"", True)


def test_what_a_feed_had_sent_before_it_was_stopped_makes_no_series_of_it_again(duty: Duty) -> None:
    duty.add_feed("old", 30.0)
    duty.stop_feed("old")
    duty.forget_feed("old")
    duty.take("old", zoo.flight(lon=20.5, times=[0.0]), Counter(), 0.0)
    duty.step()
    assert value(duty, "incursiond_feed_last_plot_timestamp_seconds", feed="old") is None


def test_what_takes_effect_at_the_next_start_does_not_before(duty: Duty, caplog: pytest.LogCaptureFixture) -> None:
    site = msgspec.structs.replace(duty.settings.site, instance="b")
    changed = msgspec.structs.replace(duty.settings, site=site)
    for times in (1, 2):
        duty.adopt(changed, duty.pipeline.airspace)
        assert caplog.text.count("[site] has changed and takes effect at the next start") == times
    duty.look()
    assert duty.settings.site.instance != "b"
    assert "twins" not in duty.status.said
    assert duty.status.said["reason"] == "[site] has changed and takes effect at the next start"
    assert duty.status.said["state"] == "online"
    duty.adopt(duty.settings, duty.pipeline.airspace)
    duty.look()
    assert duty.status.said["reason"] == ""


def test_a_configuration_that_is_refused_is_in_the_status_until_one_is_taken(duty: Duty) -> None:
    duty.refuse("c.toml: no such zone\nc.toml: nor that")
    duty.look()
    assert duty.status.said["reason"] == "reload failed: c.toml: no such zone"
    duty.adopt(duty.settings, duty.pipeline.airspace)
    duty.look()
    assert duty.status.said["state"] == "online"


def test_of_whom_positions_go_wrong_is_in_the_status_of_the_feed_whoever_they_are(tmp_path: Path) -> None:
    box(tmp_path / "box.geojson")
    config, now_s = tmp_path / "c.toml", 0.0
    config.write_text('site.id = "a"\nairspace.zones = ["box.geojson"]\nstate.directory = "state"\n')
    duty = Duty(*assembly.load(config), Metrics(), time_s=lambda: now_s, monotonic_s=lambda: now_s)
    duty.add_feed("mast", 30.0)
    duty.connection("mast", connected=True, reason="connected")
    duty.look()
    airliners = {"callsign": "LOT1", "squawk": "1000"}
    plots = [zoo.flight(lon=lon, times=range(31), track_id=f"{lon}", **airliners) for lon in (10.0, 30.0, 50.0)]
    plots[0].lat_deg[25:] += 1.0
    now_s = 31.0
    duty.take("mast", zoo.in_order(*plots), Counter(), now_s)
    duty.step()
    duty.look()
    (status,) = [each for each in duty.delivery._states.unsent() if each.topic.endswith("/feed/mast/status")]
    told = json.loads(status.payload)
    assert (told["tracks"], told["distrusted"], duty.pipeline.book.register.by_severity()["moderate"]) == (3, 1, 0)
    assert value(duty, "incursiond_feed_distrusted_tracks", feed="mast") == 1
    now_s = 100.0
    duty.look()
    assert value(duty, "incursiond_feed_distrusted_tracks", feed="mast") == 0
