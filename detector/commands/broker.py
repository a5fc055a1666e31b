"""An MQTT broker within this process, for the demonstration (amqtt: MQTT 3.1.1, no durability)."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from detector.errors import IncursiondError

START_S = 10.0


@contextmanager
def broker() -> Iterator[int]:
    """Run a broker on a free port of the loopback interface, and yield the port."""
    try:
        from amqtt.broker import Broker
    except ImportError:
        raise IncursiondError(
            "the broker of the demo is not installed, expected: pip install 'incursiond[demo]'"
        ) from None
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()

    async def start() -> Broker:
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        made = Broker({"listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}, "plugins": plugins})
        await made.start()
        return made

    running = asyncio.run_coroutine_threadsafe(start(), loop).result(START_S)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(running.shutdown(), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_S)
