"""Duty: what a daemon does between the inbox and the broker, in one thread and by the clocks that it is given."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np

from detector import assembly
from detector.airspace.activation import over
from detector.clock import Clock
from detector.delivery.journal import State
from detector.delivery.ledger import Ledger
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.delivery.twins import Heard, clocks_apart
from detector.incidents.message import IncidentMessage
from detector.metrics import Metrics
from detector.picture.airspace import Airspace
from detector.pipeline import DUPLICATE, FUTURE, LATE, RESULTS, SHED, USED
from detector.rules import visible
from detector.service.feedwatch import FeedWatch
from detector.service.keeper import Keeper
from detector.service.overload import Load, matter, relieve
from detector.service.passage import Passage, was_ahead
from detector.service.recovery import begin_anew, recover
from detector.service.status import Status, status_of
from detector.settings import Settings
from detector.snapshot import Snapshots
from feeds.plots import Plots, concatenate
from feeds.table import Rejected

log = logging.getLogger(__name__)

_NOT_TAKEN = {
    "late (older than another of their track, or by half a minute)": RESULTS[LATE],
    "of times ahead of the clock": RESULTS[FUTURE],
    "of the same time as another of their track": RESULTS[DUPLICATE],
}

RESTART_ONLY = ("site", "mqtt", "metrics", "console", "state")


class Duty:
    """The duty of one site's daemon. Goes on where the state directory says that an earlier one has ended."""

    def __init__(
        self,
        settings: Settings,
        airspace: Airspace,
        metrics: Metrics,
        time_s: Clock = time.time,
        monotonic_s: Clock = time.monotonic,
    ) -> None:
        self.settings, self._metrics, self._time_s, self._monotonic_s = settings, metrics, time_s, monotonic_s
        metrics.count_zones(airspace.zones)
        self.ledger = ledger = Ledger(Path(settings.state.directory), time_s)
        self.pipeline, self._recovered = recover(settings, airspace, ledger.states, time_s())
        self.pipeline.execute = self._execute
        mqtt, topics = settings.mqtt, Topics(settings.mqtt.topic_prefix, settings.site.id)
        self.delivery = Delivery(
            mqtt, topics, metrics, ledger, mqtt.rooms, settings.site.instance, time_s=time_s, monotonic_s=monotonic_s
        )
        self.status = Status(self.delivery.set_status)
        self._feed_watch = FeedWatch(self._say_feed, self._figures)
        for feed in settings.feeds:  # or what a broker has of them would pass for feeds that are no more
            self._say_feed(feed.name, "down", {"reason": "starting"})
        self._keeper = Keeper(Snapshots(self.pipeline), self._keep, monotonic_s)
        self._load = Load()
        self._passage = Passage(monotonic_s)
        self._batch: list[tuple[str, Plots, float]] = []
        self._failing: set[str] = set()  # rules
        self._reload_error: str | None = None
        self._notes: list[str] = []  # of what is not in force yet

    def resume(self) -> None:
        """Tell what has come of the incidents of before, and write all that is known."""
        self._warn_of_zones()
        self._tell(self._recovered, self._time_s(), self._keeper.everything())

    def add_feed(self, name: str, stale_s: float) -> None:
        """Watch one more feed."""
        self._metrics.watch_feed(name)
        self._feed_watch.add(name, stale_s, self._monotonic_s())

    def stop_feed(self, name: str) -> None:
        """Watch a feed no more that has been stopped."""
        self._feed_watch.remove(name)
        self._say_feed(name, "down", {"reason": "stopped"})

    def forget_feed(self, name: str) -> None:
        """Say no more of a feed that is not configured any more: it would pass for one that has failed."""
        self._metrics.forget_feed(name)
        self.delivery.clear_feed_status(name)

    def connection(self, name: str, *, connected: bool, reason: str) -> None:
        """Take that a feed has connected, or has lost its connection."""
        self._feed_watch.connection(name, connected=connected, reason=reason, now_s=self._monotonic_s())

    def take(self, name: str, plots: Plots, rejected: Rejected, received_s: float) -> None:
        """Take what a feed received at a Unix time, for the next step."""
        self._metrics.received.labels(name).inc(len(plots) + rejected.total())
        self._feed_watch.refused(name, rejected)
        for reason, count in rejected.items():
            self._metrics.plots.labels(name, f"rejected_{reason.partition(':')[0]}").inc(count)
        if len(plots):
            if self._feed_watch.watches(name):  # else it came when the feed was stopped already
                self._metrics.last_plot.labels(name).set(received_s)
            self._batch.append((name, plots, received_s))

    def step(self, *, full: bool = False) -> None:
        """Let the core look at what has come; `full`: feeds had to wait with more."""
        if heard := self.delivery.twins.take():
            self._hear(heard)
        batch, self._batch = self._batch, []
        plots, now_s = concatenate([plots for _, plots, _ in batch]), self._time_s()
        oldest_s = min((received_s for *_, received_s in batch), default=now_s)
        self._load.note(self._monotonic_s(), now_s - oldest_s, full=full)
        if was_ahead(self.pipeline, plots.time_s, now_s):
            self._begin_anew(now_s)
        until_s = self._passage.step(self.pipeline, plots.time_s, now_s)
        relieve(self.pipeline, self._load)
        looked_at = matter(plots, self.pipeline) if self._load.over else np.ones(len(plots), dtype=bool)
        step = self.pipeline.step(plots.take(looked_at), now_s, until_s)
        every = np.full(len(plots), SHED, dtype=np.int8)
        every[looked_at] = step.results
        self._count(batch, every)
        self._emit(step.messages, oldest_s)
        self._metrics.last_step.set(self._time_s())
        self._keeper.go_on()

    def look(self) -> None:
        """Look after everything that is no report, about once a second."""
        now_s = self._monotonic_s()
        self._hear(self.delivery.twins.take())
        self._feed_watch.look(now_s)
        self._metrics.tracks.set(len(self.pipeline.tracks))
        for severity, count in self.pipeline.book.register.by_severity().items():
            self._metrics.incidents_open.labels(severity).set(count)
        self._keeper.look()
        troubles, twins = self._troubles(), None
        if self.settings.site.instance:
            twins = self.delivery.twins.look()
            for name, twin in twins.items():
                self._metrics.twin_up.labels(name).set(twin.lives)
            troubles += clocks_apart(twins)
            self._count_differing()
        incidents = {incident.incident_id for incident in self.pipeline.book.register.incidents()}
        self.status.look(status_of(incidents, troubles, twins, self._notes), now_s)

    def adopt(self, settings: Settings, airspace: Airspace) -> None:
        """Go on by another configuration."""
        changed = [table for table in RESTART_ONLY if getattr(settings, table) != getattr(self.settings, table)]
        self._notes = [f"[{table}] has changed and takes effect at the next start" for table in changed]
        for note in self._notes:
            log.warning("reload: %s", note)
        messages = assembly.reconfigure(self.pipeline, settings, airspace, self._event_s())
        self._tell(messages, self._time_s(), self._keeper.everything())
        self._metrics.count_zones(airspace.zones)
        for rule in self.pipeline.rules.off():
            self._failing.discard(rule)
            self._metrics.forget_rule(rule)
        in_force = {table: getattr(self.settings, table) for table in RESTART_ONLY}
        self.settings = msgspec.structs.replace(settings, **in_force)
        self._metrics.reload_successful.set(1)
        self._reload_error = None
        log.info("reload: done, %d zones", len(airspace))
        self._warn_of_zones()

    def refuse(self, problems: str) -> None:
        """Say why another configuration was not taken."""
        for line in problems.splitlines():
            log.error("reload: %s", line)
        log.error("reload: the old configuration stays in force")
        self._metrics.reload_successful.set(0)
        self._reload_error = f"reload failed: {problems.splitlines()[0]}"

    def _hear(self, heard: Heard) -> None:
        """Take in what other daemons of the site have told, or this one in an earlier life."""
        over = self.pipeline.hear(heard.messages, heard.vouched, self._event_s(), abandoned=heard.abandoned)
        self._emit(over, self._time_s())

    def _event_s(self) -> float:
        """Return event time now, between two steps."""
        return self._passage.time_s(self.pipeline, self._time_s())

    def _begin_anew(self, now_s: float) -> None:
        """Let the core go on by a clock that was far ahead until now, with the incidents as they were told."""
        log.error("the clock was %.0f s ahead; tracks begin anew", self.pipeline.time_s - now_s)
        self.pipeline = begin_anew(self.settings, self.pipeline, now_s)
        self._keeper = Keeper(Snapshots(self.pipeline), self._keep, self._monotonic_s)
        self._keep(self._keeper.everything())

    def _keep(self, states: list[Any]) -> None:
        self.delivery.submit([], self._time_s(), *states)

    def _count(self, batch: list[tuple[str, Plots, float]], results: Any) -> None:
        """Count, feed by feed, what has become of its reports."""
        start = 0
        for name, part, received_s in batch:
            of_feed = results[start : start + len(part)]
            start += len(part)
            used = part.take((of_feed == USED) | (of_feed == SHED))
            self._feed_watch.heard(name, used, received_s, self._monotonic_s())
            counts = dict(zip(RESULTS, np.bincount(of_feed, minlength=len(RESULTS)).tolist(), strict=True))
            self._feed_watch.refused(name, {what: counts[result] for what, result in _NOT_TAKEN.items()})
            for result, count in counts.items():
                self._metrics.plots.labels(name, result).inc(count)

    def _emit(self, messages: list[IncidentMessage], received_s: float) -> None:
        if messages:
            self._tell(messages, received_s, [self._keeper.since()])

    def _tell(self, messages: list[IncidentMessage], received_s: float, states: list[State]) -> None:
        self.delivery.submit(messages, received_s, *states)
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

    def _troubles(self) -> list[str]:
        """Look after feeds, rooms and disk, and return in words what is wrong."""
        troubles = [f"feed {name} is not up" for name in self._feed_watch.silent()]
        troubles += [] if self.settings.feeds else ["no feed is configured"]
        troubles += [f"rule {rule} fails" for rule in sorted(self._failing)]
        troubles += ["overload: reports of aircraft far from all zones are thinned"] if self._load.over else []
        troubles += ["crowd: nobody looks at who comes too close to whom"] if self._load.crowded else []
        zones = self.pipeline.airspace.zones
        troubles += [
            f'zone "{zones[zone].id}" protects nothing: {name}, which it follows, is not heard'
            for zone, name in self.pipeline.assets.nowhere()
        ]
        troubles += self.delivery.late()
        troubles += [self._reload_error] if self._reload_error else []
        return troubles + self.delivery.tend()

    def _count_differing(self) -> None:
        if stories := self.pipeline.book.writer.stories:
            self._metrics.differing.inc(stories.differing)
            stories.differing = 0

    def _warn_of_zones(self) -> None:
        for line in over(self.pipeline.airspace.zones, self._time_s()):
            log.warning("%s", line)

    def _say_feed(self, name: str, state: str, facts: dict[str, object]) -> None:
        self._metrics.feed_up.labels(name).set(state == "up")
        self._metrics.distrusted.labels(name).set(cast("float", facts.get("distrusted", 0)))
        if "smallest_bank_deg" in facts:
            self._metrics.smallest_bank.labels(name).set(cast("float", facts["smallest_bank_deg"]))
            self._metrics.smallest_corner.labels(name).set(cast("float", facts["smallest_corner_m"]))
        self.delivery.set_feed_status(name, state, **facts)

    def _figures(self, plots: Plots, track_ids: Collection[str], heard_every_s: float) -> dict[str, float]:
        tracks = self.pipeline.tracks
        rows = tracks.known(np.array(list(track_ids)))
        distrusted = int(tracks.distrusted(rows[rows >= 0]).sum())
        limits = visible.limits(plots, heard_every_s, self.pipeline.sensors, self.pipeline.rules)
        return {"tracks": len(track_ids), "distrusted": distrusted, **limits}
