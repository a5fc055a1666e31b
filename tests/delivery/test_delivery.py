"""Delivery to real brokers, watched by an independent subscriber."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from prometheus_client import generate_latest

from detector.delivery.ledger import Ledger
from detector.delivery.messages import publications
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.errors import InputError
from detector.metrics import Metrics
from detector.mqtt.publication import Publication
from tests import zoo
from tests.conftest import Mosquitto, free_port


def until(condition, timeout_s: float = 10.0) -> bool:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class Room:
    """A subscriber with a session that outlives the broker's restarts."""

    def __init__(self, port: int, version=MQTTProtocolVersion.MQTTv5) -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, client_id="room", protocol=version)
        client.on_message = lambda _c, _d, m: self.got.append((m.topic, m.payload, m.retain))
        client.on_connect = lambda c, *_: c.subscribe("airspace/v1/#", qos=1)
        client.reconnect_delay_set(0.1, 0.5)
        subscribed = threading.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert subscribed.wait(5)

    def publish(self, publication: Publication) -> None:
        self._client.publish(publication.topic, publication.payload, 1, publication.retain).wait_for_publish(5)

    def on(self, part: str) -> list[tuple[str, bytes, bool]]:
        return [got for got in self.got if part in got[0]]

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def stories(count: int = 1, until_s: float = 200.0) -> list:
    flights = [
        zoo.flight(lon=20.02, lat=54.3 + i / 1000, course=270.0, times=range(20), track_id=f"t{i}")
        for i in range(count)
    ]
    return zoo.tell(zoo.pipeline(), zoo.in_order(*flights), until=until_s)


@pytest.fixture
def deliver():
    made = []

    def make(url: str, ledger: Ledger | None = None, site: str = "test", **settings) -> tuple[Delivery, Metrics]:
        known = {"url": url, "client_id": "incursiond-test", "username": None, "password_file": None, "ca_file": None}
        metrics = Metrics()
        delivery = Delivery(SimpleNamespace(**(known | settings)), Topics("airspace/v1", site), metrics, ledger)
        delivery.set_status("online")
        delivery.start()
        made.append(delivery)
        return delivery, metrics

    yield make
    for delivery in made:
        delivery.stop(0.1)


def value(metrics: Metrics, name: str) -> float:
    return metrics.registry.get_sample_value(f"incursiond_{name}")


def test_a_story_arrives_in_order_on_both_topics(mosquitto, deliver):
    room = Room(mosquitto.port)
    delivery, metrics = deliver(mosquitto.url)
    messages = stories()
    delivery.submit(messages, time.time())
    assert delivery.drain(5)
    assert until(lambda: len(room.on("/alert/")) == 3 and len(room.on("/incident/")) == 4)
    assert [json.loads(payload)["sequence"] for _, payload, _ in room.on("/alert/")] == [1, 2, 3]
    assert room.on("/alert/")[0][0] == "airspace/v1/test/alert/severe/incursion/square"
    assert [bool(payload) for _, payload, _ in room.on("/incident/")] == [True, True, True, False]
    assert (value(metrics, "incident_messages_confirmed_total"), value(metrics, "outbox_messages")) == (3, 0)
    assert value(metrics, "detection_latency_seconds_count") == 3
    room.leave()


def test_open_incidents_are_retained_and_closed_ones_cleared(mosquitto, deliver):
    delivery, _ = deliver(mosquitto.url)
    messages = stories()
    delivery.submit(messages[:2], time.time())
    assert delivery.drain(5)
    late = Room(mosquitto.port)
    assert until(lambda: len(late.on("/incident/")) == 1)
    assert json.loads(late.on("/incident/")[0][1])["sequence"] == 2
    late.leave()
    delivery.submit(messages[2:], time.time())
    assert delivery.drain(5)
    later = Room(mosquitto.port)
    assert until(lambda: later.on("/status"))
    assert later.on("/incident/") == []
    later.leave()


def test_a_broker_that_is_absent_at_start_gets_everything_later(tmp_path, deliver):
    broker = Mosquitto(tmp_path)
    delivery, metrics = deliver(broker.url)
    messages = stories(20, until_s=20.0)  # still open: retained for a room that comes late
    delivery.submit(messages, time.time())
    assert not delivery.drain(0.5)
    assert value(metrics, "outbox_messages") == len(messages)
    broker.start()
    room = Room(broker.port)
    assert delivery.drain(20)
    assert until(
        lambda: {m.incident_id for m in messages} == {topic.split("/")[-1] for topic, *_ in room.on("/incident/")}
    )
    room.leave()
    broker.kill()


def test_a_broker_killed_in_flight_loses_nothing_that_it_had_not_confirmed(mosquitto, deliver):
    delivery, metrics = deliver(mosquitto.url)
    messages = stories(400)
    made = len(messages)
    killer = threading.Timer(0.03, mosquitto.kill)
    killer.start()
    delivery.submit(messages, time.time())
    killer.join()
    confirmed_before = value(metrics, "incident_messages_confirmed_total")
    assert until(lambda: value(metrics, "mqtt_connected") == 0)
    assert value(metrics, "incident_messages_confirmed_total") + value(metrics, "outbox_messages") == made
    mosquitto.start()
    room = Room(mosquitto.port)
    assert delivery.drain(20)
    got = [json.loads(payload) for _, payload, _ in room.on("/alert/")]
    by_incident: dict[str, list[int]] = {}
    for message in got:
        by_incident.setdefault(message["incident_id"], []).append(message["sequence"])
    assert confirmed_before < made, "the broker died too late for this test to say anything"
    assert all(sequences == sorted(sequences) for sequences in by_incident.values())
    assert value(metrics, "incident_messages_confirmed_total") == made
    room.leave()


def test_a_broker_that_forgot_gets_open_incidents_again(mosquitto, deliver):
    delivery, metrics = deliver(mosquitto.url)
    delivery.submit(stories()[:2], time.time())
    assert delivery.drain(5)
    mosquitto.kill()
    assert until(lambda: value(metrics, "mqtt_connected") == 0)
    mosquitto.start()
    late = Room(mosquitto.port)
    assert until(lambda: late.on("/incident/"), 20.0)
    assert json.loads(late.on("/incident/")[-1][1])["sequence"] == 2
    late.leave()


def test_a_broker_that_was_brought_back_to_an_earlier_time_forgets_what_has_been_closed(mosquitto, deliver, tmp_path):
    """As after a kill before its next autosave: there the incident is open, and so it is for whoever joins."""
    messages = stories()
    topics = Topics("airspace/v1", "test")
    before = publications(messages[0], topics)[1]
    first, _ = deliver(mosquitto.url, ledger=Ledger(tmp_path / "state"))
    first.submit(messages, time.time())
    assert first.drain(5)
    first.stop()
    helper = Room(mosquitto.port)
    helper.publish(before)
    second, _ = deliver(mosquitto.url, ledger=Ledger(tmp_path / "state"))
    assert until(lambda: helper.on(topics.incident(messages[0].incident_id))[-1][1] == b"")
    assert not second.twins.take().messages
    helper.leave()


def test_the_state_of_another_site_is_refused(deliver, tmp_path):
    settings = {"url": "mqtt://127.0.0.1:1", "ledger": Ledger(tmp_path / "state")}
    deliver(**settings)[0].submit(stories()[:1], time.time())
    settings["ledger"].close()
    settings["ledger"] = Ledger(tmp_path / "state")
    with pytest.raises(InputError, match=r"has airspace/v1/test/incident/.*expected airspace/v1/other/"):
        deliver(**settings, site="other")


def test_last_will_and_goodbye(mosquitto, deliver):
    room = Room(mosquitto.port)
    delivery, _ = deliver(mosquitto.url)
    assert until(lambda: room.on("test/status"))
    assert json.loads(room.on("test/status")[-1][1])["state"] == "online"
    delivery.stop()
    assert until(lambda: json.loads(room.on("test/status")[-1][1])["state"] == "offline")
    assert json.loads(room.on("test/status")[-1][1])["reason"] == "stopped"
    room.leave()


def test_a_feed_status_is_retained_with_its_latest(mosquitto, deliver):
    delivery, _ = deliver(mosquitto.url)
    for state in ("down", "up", "stale"):
        delivery.set_feed_status("mast-3", state, lag_s=0.5)
    time.sleep(0.5)
    room = Room(mosquitto.port)
    assert until(lambda: room.on("feed/mast-3/status"))
    assert json.loads(room.on("feed/mast-3/status")[-1][1])["state"] == "stale"
    room.leave()


def test_a_refused_publication_is_counted_and_kept(tmp_path, deliver):
    (tmp_path / "acl").write_text("topic readwrite airspace/v1/test/status\n")
    broker = Mosquitto(tmp_path, extra=f"acl_file {tmp_path / 'acl'}")
    broker.start()
    delivery, metrics = deliver(broker.url)
    delivery.submit(stories()[:1], time.time())
    assert until(lambda: value(metrics, "publications_refused_total") >= 1)
    assert value(metrics, "outbox_messages") == 1
    broker.kill()


def test_a_broker_that_speaks_3_1_1_only(deliver):
    amqtt = pytest.importorskip("amqtt.broker", reason="extra demo is not installed")
    port, loop = free_port(), asyncio.new_event_loop()
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = None

    async def start():
        nonlocal broker
        broker = amqtt.Broker(config)
        await broker.start()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    delivery, _ = deliver(f"mqtt://127.0.0.1:{port}")
    delivery.submit(stories(), time.time())
    assert delivery.drain(20)
    delivery.stop()
    asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)


def test_metrics_are_clean_and_balance(promtool):
    metrics = Metrics()
    metrics.watch_feed("mast-3")
    metrics.count_zones([])
    text = generate_latest(metrics.registry)
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
