"""The example configuration of mosquitto: the daemon gets in, a room sees what it may, others nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.metrics import Metrics
from tests.commands.test_schema import MESSAGE
from tests.conftest import Mosquitto
from tests.room.listener import Listener, until

EXAMPLE = Path(__file__).parents[2] / "config" / "mosquitto"
USERS = ("incursiond", "room-warsaw", "room-suwalki")


@pytest.fixture
def broker(tmp_path: Path):
    passwd = shutil.which("mosquitto_passwd")
    if passwd is None:
        pytest.fail("mosquitto_passwd is missing: apt install mosquitto (make test does so)")
    for user in USERS:
        create = ["-c"] if user == USERS[0] else []
        subprocess.run([passwd, "-b", *create, str(tmp_path / "passwd"), user, f"secret of {user}"], check=True)
    shutil.copy(EXAMPLE / "incursiond.acl", tmp_path / "acl")
    broker = Mosquitto(tmp_path)
    text = (EXAMPLE / "incursiond.conf").read_text()
    for pattern, here in (
        (r"^listener 1883 127.0.0.1$", f"listener {broker.port} 127.0.0.1"),
        (r"/etc/mosquitto/incursiond\.passwd$", str(tmp_path / "passwd")),
        (r"/etc/mosquitto/incursiond\.acl$", str(tmp_path / "acl")),
        (r"/var/lib/mosquitto/$", f"{tmp_path}/"),
    ):
        text, times = re.subn(pattern, here, text, flags=re.MULTILINE)
        assert times == 1, pattern
    (tmp_path / "mosquitto.conf").write_text(f"user root\n{text}")
    broker.start()
    yield broker
    broker.kill()


def listen(port: int, user: str, password: str, seen: list[str]) -> paho.Client:
    client, subscribed = paho.Client(CallbackAPIVersion.VERSION2, client_id=user), threading.Event()
    client.username_pw_set(user, password)
    client.on_message = lambda _client, _data, message: seen.append(message.topic)
    client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert subscribed.wait(5 if user in USERS else 0.3) == (user in USERS)
    return client


def test_access(broker: Mosquitto, tmp_path: Path) -> None:
    seen: dict[str, list[str]] = {user: [] for user in (*USERS[1:], "stranger")}
    rooms = [listen(broker.port, user, f"secret of {user}", seen[user]) for user in seen]
    (tmp_path / "password").write_text("secret of incursiond\n")
    settings = SimpleNamespace(
        url=broker.url,
        client_id="incursiond-pl-east",
        username="incursiond",
        password_file=str(tmp_path / "password"),
        ca_file=None,
    )
    delivery = Delivery(settings, Topics("airspace/v1", "pl-east"), Metrics())
    delivery.set_status("online")
    delivery.start()
    delivery.submit([MESSAGE], time.time())
    drained = delivery.drain(10)
    delivery.stop()
    time.sleep(0.3)
    for room in rooms:
        room.disconnect()
        room.loop_stop()
    alert = "airspace/v1/pl-east/alert/extreme/incursion/none"
    assert drained
    assert {alert, "airspace/v1/pl-east/incident/7d0c", "airspace/v1/pl-east/status"} <= set(seen["room-warsaw"])
    assert set(seen["room-suwalki"]) == {"airspace/v1/pl-east/status"}
    assert seen["stranger"] == []


def test_a_room_may_confirm_for_itself(broker: Mosquitto, tmp_path: Path) -> None:
    for user in USERS[:2]:
        (tmp_path / user).write_text(f"secret of {user}\n")
    settings = {"url": broker.url, "username": "incursiond", "password_file": str(tmp_path / "incursiond")}
    delivery = Delivery(
        SimpleNamespace(**settings, client_id="incursiond-pl-east", ca_file=None),
        Topics("airspace/v1", "pl-east"),
        Metrics(),
        rooms=["warsaw", "suwalki"],
    )
    delivery.start()
    login = f'username = "room-warsaw"\npassword_file = "{tmp_path / "room-warsaw"}"'
    rooms = [Listener(tmp_path, broker.url, name, mqtt=login) for name in ("warsaw", "suwalki")]
    try:
        delivery.submit([MESSAGE], time.time())
        until(lambda: all(room.sequences(MESSAGE.incident_id) == [MESSAGE.sequence] for room in rooms))
        waiting = delivery._rooms._receipts._waiting
        until(lambda: [set(each.rooms) for each in waiting.values()] == [{"suwalki"}])
        time.sleep(0.5)
        assert [set(each.rooms) for each in waiting.values()] == [{"suwalki"}]
    finally:
        for room in rooms:
            room.process.kill()
            room.process.wait()
        delivery.stop(0.1)
