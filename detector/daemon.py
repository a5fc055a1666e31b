"""The daemon: feeds, pipeline, delivery and metrics wired together, with the only clock, threads and signals there are.

Feeds deliver from threads of their own into one inbox. The main thread empties it, takes one step of the pipeline,
hands the messages to delivery, and only then tells the watchdog that it lives.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from detector import __version__, assembly
from detector.airspace.activation import over
from detector.delivery.ledger import Ledger
from detector.delivery.lock import lock
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.delivery.twins import Heard
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.pipeline import RESULTS, SHED, USED
from detector.rules import visible
from detector.service.feedwatch import FeedWatch
from detector.service.inbox import Inbox
from detector.service.keeper import Keeper
from detector.service.notify import notify
from detector.service.overload import Load, matter, relieve
from detector.service.recovery import recover
from detector.service.status import Status, status_of
from detector.settings import Settings, host_port
from detector.snapshot import Snapshots
from feeds import registry
from feeds.plots import Plots, concatenate
from feeds.sink import Feed, FeedSettings
from feeds.table import Rejected

log = logging.getLogger(__name__)

PATIENCE_S = 0.1  # for the inbox, so that time passes without plots too
LOOK_S = 1.0  # between looks at the feeds
CATCH_UP_S = 2.0  # at most, to read what was told before; a broker may be away
RESTART_ONLY = ("site", "mqtt", "metrics", "console", "state")


def run(config: Path) -> int:
    """Run until SIGTERM or SIGINT; SIGHUP reloads. Raises IncursiondError for what cannot be started."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    logging.getLogger("paho").setLevel(logging.WARNING)
    daemon = Daemon(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    signal.signal(signal.SIGHUP, lambda *_: daemon.reload())
    daemon.run()
    return 0


class Daemon:
    """One site's daemon."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._settings, airspace = assembly.load(config)
        self._metrics = Metrics()
        self._metrics.count_zones(airspace.zones)
        self._alone = lock(Path(self._settings.state.directory))
        ledger = Ledger(Path(self._settings.state.directory))
        self._pipeline, self._recovered = recover(self._settings, airspace, ledger.states, time.time())
        self._pipeline.execute = self._execute
        instance = self._settings.site.instance
        topics = Topics(self._settings.mqtt.topic_prefix, self._settings.site.id)
        rooms = self._settings.mqtt.rooms
        self._delivery = Delivery(self._settings.mqtt, topics, self._metrics, ledger, rooms, instance)
        self._status = Status(self._delivery.set_status)
        self._keeper = Keeper(Snapshots(self._pipeline), lambda states: self._delivery.submit([], time.time(), *states))
        self._feeds: dict[str, tuple[Any, Feed]] = {}
        self._watch = FeedWatch(self._say_feed, self._limits)
        self._inbox = Inbox()
        self._load = Load()
        self._batch: list[tuple[str, Plots, float]] = []
        self._stopping = self._reload_wanted = False
        self._failing: set[str] = set()  # rules
        self._reload_error: str | None = None
        self._reader: threading.Thread | None = None

    def run(self) -> None:
        """Run until told to stop."""
        server = self._metrics.serve(*host_port(self._settings.metrics.listen))
        log.info("incursiond %s, site %s, %d zones", __version__, self._settings.site.id, len(self._pipeline.airspace))
        self._warn_of_zones()
        self._emit(self._recovered, time.time())
        self._keeper.all_now()
        self._delivery.start()
        self._set_feeds(self._settings)
        self._delivery.twins.caught_up.wait(CATCH_UP_S)  # reports wait in the inbox
        self._look(time.monotonic())
        notify("READY=1")
        looked_s = time.monotonic()
        try:
            while not self._stopping:
                self._step(full=self._empty_inbox())
                self._keeper.go_on()
                if self._reload_wanted:
                    self._start_reload()
                if time.monotonic() - looked_s >= LOOK_S:  # the clock on the wall may be set back
                    looked_s = time.monotonic()
                    self._look(looked_s)
            log.info("stopping")
        finally:  # what has been said already must leave, whatever has happened
            notify("STOPPING=1")
            self._inbox.close()
            self._set_feeds(msgspec.structs.replace(self._settings, feeds=()))
            self._delivery.stop()
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
        self._inbox.put(lambda: self._take(name, plots, rejected, received_s), reports=len(plots))

    def state(self, name: str, state: str, reason: str) -> None:
        """Take a change of a feed's connection."""
        now_s = time.monotonic()
        self._inbox.put(lambda: self._watch.connection(name, connected=state == "up", reason=reason, now_s=now_s))

    # --- the main thread ----------------------------------------------------------------------------------------------

    def _empty_inbox(self) -> bool:
        """Do what the feeds ask for, and tell whether they had to wait with more."""
        tasks, full = self._inbox.take(PATIENCE_S)
        for task in tasks:
            task()
        return full

    def _take(self, name: str, plots: Plots, rejected: Rejected, received_s: float) -> None:
        self._metrics.received.labels(name).inc(len(plots) + rejected.total())
        for reason, count in rejected.items():
            self._metrics.plots.labels(name, f"rejected_{reason.partition(':')[0]}").inc(count)
        if len(plots):
            self._metrics.last_plot.labels(name).set(received_s)
            self._batch.append((name, plots, received_s))

    def _step(self, *, full: bool) -> None:
        if heard := self._delivery.twins.take():
            self._hear(heard)
        batch, self._batch = self._batch, []
        plots, now_s = concatenate([plots for _, plots, _ in batch]), time.time()
        oldest_s = min((received_s for *_, received_s in batch), default=now_s)
        self._load.note(time.monotonic(), now_s - oldest_s, full=full)
        relieve(self._pipeline, self._load)
        looked_at = matter(plots, self._pipeline) if self._load.over else np.ones(len(plots), dtype=bool)
        step = self._pipeline.step(plots.take(looked_at), now_s)
        every = np.full(len(plots), SHED, dtype=np.int8)
        every[looked_at] = step.results
        start = 0
        for name, part, received_s in batch:
            results = every[start : start + len(part)]
            self._watch.heard(name, part.take((results == USED) | (results == SHED)), received_s, time.monotonic())
            start += len(part)
            for result, count in zip(RESULTS, np.bincount(results, minlength=len(RESULTS)).tolist(), strict=True):
                self._metrics.plots.labels(name, result).inc(count)
        self._emit(step.messages, oldest_s)
        self._metrics.last_step.set_to_current_time()
        notify("WATCHDOG=1")

    def _hear(self, heard: Heard) -> None:
        """Take in what other daemons of the site have told, or this one in an earlier life."""
        now_s = time.time()
        self._emit(self._pipeline.hear(heard.messages, heard.vouched, now_s), now_s)

    def _emit(self, messages: list[Any], received_s: float) -> None:
        if not messages:
            return
        self._delivery.submit(messages, received_s, self._keeper.since())
        for event, count in Counter(message.event for message in messages).items():
            self._metrics.messages.labels(event).inc(count)
        for message in messages:
            log.info("%s %s: %s", message.incident_id, message.event, message.headline)

    def _execute(self, rule: str, detect: Callable[[], Any]) -> Any:
        """Run a rule, timed; one that breaks is named and counted, and stops nothing else."""
        with self._metrics.rule_duration.labels(rule).time():
            try:
                found = detect()
            except Exception:
                if rule not in self._failing:  # once: it may fail ten times a second
                    log.exception("rule %s failed", rule)
                self._failing.add(rule)
                self._metrics.rule_success.labels(rule).set(0)
                return None
        self._failing.discard(rule)
        self._metrics.rule_success.labels(rule).set(1)
        self._metrics.findings.labels(rule).inc(found.opened())
        return found

    def _look(self, now_s: float) -> None:
        self._hear(self._delivery.twins.take())
        self._watch.look(now_s)
        self._metrics.tracks.set(len(self._pipeline.tracks))
        for severity, count in self._pipeline.book.register.by_severity().items():
            self._metrics.incidents_open.labels(severity).set(count)
        self._keeper.look()
        troubles, twins = self._troubles(), None
        if self._settings.site.instance:
            twins = self._delivery.twins.look()
            for name, twin in twins.items():
                self._metrics.twin_up.labels(name).set(twin.state in {"online", "degraded"})
            self._count_differing()
        incidents = {incident.incident_id for incident in self._pipeline.book.register.incidents()}
        self._status.look(status_of(incidents, troubles, twins), now_s)

    def _troubles(self) -> list[str]:
        """Look after what is to be looked after, and return in words what is wrong."""
        troubles = [f"feed {name} is not up" for name in self._watch.silent()]
        troubles += [f"rule {rule} fails" for rule in sorted(self._failing)]
        troubles += ["overload: reports of aircraft far from all zones are thinned"] if self._load.over else []
        troubles += ["crowd: nobody looks at who comes too close to whom"] if self._load.crowded else []
        troubles += self._delivery.late()
        troubles += [self._reload_error] if self._reload_error else []
        return troubles + self._delivery.tend()

    def _count_differing(self) -> None:
        if stories := self._pipeline.book.writer.stories:
            self._metrics.differing.inc(stories.differing)
            stories.differing = 0

    def _warn_of_zones(self) -> None:
        for zone_id in over(self._pipeline.airspace.zones, time.time()):
            log.warning('zone "%s": its last window of activation is over, it does not count any more', zone_id)

    def _say_feed(self, name: str, state: str, facts: dict[str, object]) -> None:
        self._metrics.feed_up.labels(name).set(state == "up")
        if "smallest_bank_deg" in facts:
            self._metrics.smallest_bank.labels(name).set(cast("float", facts["smallest_bank_deg"]))
            self._metrics.smallest_corner.labels(name).set(cast("float", facts["smallest_corner_m"]))
        self._delivery.set_feed_status(name, state, **facts)

    def _limits(self, plots: Plots, heard_every_s: float) -> dict[str, float]:
        return visible.limits(plots, heard_every_s, self._pipeline.sensors, self._pipeline.rules)

    def _set_feeds(self, settings: Settings) -> None:
        """Stop the feeds that are gone or changed, and start those that are new."""
        wanted = {feed.name: feed for feed in settings.feeds}
        for name, (was, feed) in list(self._feeds.items()):
            if wanted.get(name) != was:
                feed.stop()
                del self._feeds[name]
                self._watch.remove(name)
                self._say_feed(name, "down", {"reason": "stopped"})
        for name, feed_settings in wanted.items():
            if name not in self._feeds:
                self._metrics.watch_feed(name)
                self._watch.add(name, feed_settings.stale_s, time.monotonic())
                self._feeds[name] = feed_settings, registry.start(cast("FeedSettings", feed_settings), self)

    # --- reload -------------------------------------------------------------------------------------------------------

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
            problems = str(error) or type(error).__name__
            self._inbox.put(lambda: self._refuse(problems))
        else:
            self._inbox.put(lambda: self._adopt(settings, airspace))

    def _refuse(self, problems: str) -> None:
        for problem in problems.splitlines():
            log.error("reload: %s", problem)
        log.error("reload: the old configuration stays in force")
        self._metrics.reload_successful.set(0)
        self._reload_error = f"reload failed: {problems.splitlines()[0]}"
        notify("READY=1")

    def _adopt(self, settings: Settings, airspace: Airspace) -> None:
        for table in RESTART_ONLY:
            if getattr(settings, table) != getattr(self._settings, table):
                log.warning("reload: [%s] has changed and takes effect at the next start", table)
        now_s = time.time()
        messages = assembly.reconfigure(self._pipeline, settings, airspace, now_s)
        self._emit(messages, now_s)
        self._keeper.all_now()
        self._metrics.count_zones(airspace.zones)
        self._set_feeds(settings)
        self._settings = settings
        self._metrics.reload_successful.set(1)
        self._reload_error = None
        log.info("reload: done, %d zones", len(airspace))
        self._warn_of_zones()
        notify("READY=1")
