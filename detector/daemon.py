"""The daemon: feeds, duty and metrics wired together, with the threads and signals there are.

Feeds deliver from threads of their own into one inbox. The main thread empties it, has a step done, hands the messages
to delivery, and only then tells the watchdog that it lives.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from detector import __version__, assembly
from detector.delivery.lock import lock
from detector.endpoints import host_port
from detector.errors import unforeseen
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.service.duty import Duty
from detector.service.inbox import Inbox
from detector.service.notify import notify
from detector.settings import Settings
from feeds import registry
from feeds.plots import Plots
from feeds.sink import Feed, FeedSettings
from feeds.table import Rejected

log = logging.getLogger(__name__)

PATIENCE_S = 0.1  # for the inbox, so that time passes without plots too
LOOK_S = 1.0  # between looks at the feeds
CATCH_UP_S = 2.0  # at most, to read what was told before; a broker may be away


def run(config: Path) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reloads. Raises IncursiondError for what cannot be started."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("paho").setLevel(logging.WARNING)
    anew: list[int] = []
    signal.signal(signal.SIGHUP, lambda number, _: anew.append(number))  # until there is something to reload
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    daemon = Daemon(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    signal.signal(signal.SIGHUP, lambda *_: daemon.reload())
    if anew:
        daemon.reload()
    daemon.run()
    return 0


class Daemon:
    """One site's daemon."""

    def __init__(self, config: Path) -> None:
        self._config = config
        settings, airspace = assembly.load(config)
        self._metrics = Metrics()
        self._alone = lock(Path(settings.state.directory))
        self._duty = Duty(settings, airspace, self._metrics)
        self._feeds: dict[str, tuple[Any, Feed]] = {}
        self._inbox = Inbox()
        self._stopping = self._reload_wanted = False
        self._reader: threading.Thread | None = None

    def run(self) -> None:
        """Run until told to stop."""
        duty, settings = self._duty, self._duty.settings
        server = self._metrics.serve(*host_port(settings.metrics.listen))
        log.info("incursiond %s, site %s, %d zones", __version__, settings.site.id, len(duty.pipeline.airspace))
        duty.resume()
        duty.delivery.start()
        self._set_feeds(settings)
        duty.delivery.twins.caught_up.wait(CATCH_UP_S)  # reports wait in the inbox
        duty.look()
        notify("READY=1")
        looked_s = time.monotonic()
        try:
            while not self._stopping:
                duty.step(full=self._empty_inbox())
                if self._reload_wanted:
                    self._start_reload()
                if time.monotonic() - looked_s >= LOOK_S:  # the clock on the wall may be set back
                    looked_s = time.monotonic()
                    notify("WATCHDOG=1", wait_s=0.0)  # by a step that is done
                    duty.look()
            log.info("stopping")
        finally:  # what has been said already must leave, whatever has happened
            notify("STOPPING=1")
            self._inbox.close()
            self._stop_feeds(list(self._feeds))
            if not duty.delivery.stop():
                kept = "not all are durable" if duty.ledger.trouble else "the journal keeps them for the next start"
                log.warning("stopped before the broker had all messages; %s", kept)
            server.shutdown()

    def stop(self) -> None:
        """Stop after the step under way; safe in a signal handler."""
        self._stopping = True

    def reload(self) -> None:
        """Read the configuration anew, beside the detection that goes on; safe in a signal handler."""
        self._reload_wanted = True

    # --- called from the feeds' threads -------------------------------------------------------------------------------

    def plots(self, name: str, plots: Plots, rejected: Rejected) -> None:
        """Take what a feed received."""
        received_s = time.time()
        self._inbox.put(lambda: self._duty.take(name, plots, rejected, received_s), reports=len(plots))

    def state(self, name: str, state: str, reason: str) -> None:
        """Take a change of a feed's connection."""
        self._inbox.put(lambda: self._duty.connection(name, connected=state == "up", reason=reason))

    # --- the main thread ----------------------------------------------------------------------------------------------

    def _empty_inbox(self) -> bool:
        """Do what the feeds ask for, and tell whether they had to wait with more."""
        tasks, full = self._inbox.take(PATIENCE_S)
        for task in tasks:
            task()
        return full

    def _set_feeds(self, settings: Settings) -> None:
        """Stop the feeds that are gone or changed, and start those that are new."""
        wanted = {feed.name: feed for feed in settings.feeds}
        self._stop_feeds([name for name, (was, _) in self._feeds.items() if wanted.get(name) != was])
        for name, feed_settings in wanted.items():
            if name not in self._feeds:
                self._duty.add_feed(name, feed_settings.stale_s)
                self._feeds[name] = feed_settings, registry.start(cast("FeedSettings", feed_settings), self)

    def _stop_feeds(self, names: Collection[str]) -> None:
        """Stop feeds at the same time, for each may take a while."""
        if not names:
            return
        stopped = [self._feeds.pop(name) for name in names]
        with ThreadPoolExecutor(len(stopped)) as pool:
            list(pool.map(lambda feed: feed[1].stop(), stopped))
        for name in names:
            self._duty.stop_feed(name)

    def _start_reload(self) -> None:
        if self._reader is not None and self._reader.is_alive():
            return  # the newest file is read last
        self._reload_wanted = False
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        self._reader = threading.Thread(target=self._read_anew, name="reload", daemon=True)
        self._reader.start()

    def _read_anew(self) -> None:
        try:
            settings, airspace = assembly.load(self._config)
        except Exception as error:  # whatever it is, the old configuration stays and the reader does not die unheard
            problems = unforeseen(error)
            self._inbox.put(lambda: self._refuse(problems))
        else:
            self._inbox.put(lambda: self._adopt(settings, airspace))

    def _refuse(self, problems: str) -> None:
        self._duty.refuse(problems)
        notify("READY=1")

    def _adopt(self, settings: Settings, airspace: Airspace) -> None:
        gone = {feed.name for feed in self._duty.settings.feeds} - {feed.name for feed in settings.feeds}
        self._set_feeds(settings)
        for name in gone:
            self._duty.forget_feed(name)
        self._duty.adopt(settings, airspace)
        notify("READY=1")
