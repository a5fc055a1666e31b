"""Every metric that Prometheus reads, in one place. Labels never name an aircraft."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from detector import __version__
from detector.airspace.zones import State, Zone
from detector.errors import IncursiondError, reason_of
from detector.incidents.severity import SEVERITIES
from detector.pipeline import RESULTS
from detector.rules.tables import Rules

LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
EVENTS = ("opened", "escalated", "updated", "acknowledged", "closed")

RECEIPTS = ("taken", "not_required", "malformed")

IDLE_S = 10.0  # a connection that asks nothing


class Metrics:
    """The metrics of one daemon, each an attribute."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, of use to nobody here
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"incursiond_{name}", text, labels, registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"incursiond_{name}", text, labels, registry=registry)

        self.received = counter("plots_received_total", "Plots received, good or bad.", "feed")
        self.plots = counter("plots_total", "Plots by what became of them.", "feed", "result")
        self.last_plot = gauge("feed_last_plot_timestamp_seconds", "When the last plot was received.", "feed")
        self.feed_up = gauge("feed_up", "Whether a feed is connected.", "feed")
        self.smallest_bank = gauge(
            "feed_smallest_bank_degrees", "Smallest bank, held for 30 s, that a feed can show for sure.", "feed"
        )
        self.smallest_corner = gauge(
            "feed_smallest_corner_meters", "Smallest depth of a corner cut between two plots that it can show.", "feed"
        )
        self.distrusted = gauge(
            "feed_distrusted_tracks", "Tracks of a feed whose places are not believed, or worth little.", "feed"
        )
        self.tracks = gauge("tracks", "Tracks that are followed.")
        self.zones = gauge("zones", "Zones in force, by how the self-check found them at load.", "state")
        self.findings = counter("findings_total", "Findings opened.", "rule")
        self.incidents_open = gauge("incidents_open", "Open incidents.", "severity")
        self.messages = counter("incident_messages_total", "Incident messages made.", "event")
        self.confirmed = counter(
            "incident_messages_confirmed_total", "Incident messages that the broker has confirmed."
        )
        self.refused = counter(
            "publications_refused_total", "Publications that the broker refused; they are tried again."
        )
        self.rule_duration = Histogram(
            "incursiond_rule_duration_seconds", "Time that a rule took.", ("rule",), registry=registry
        )
        self.rule_success = gauge("rule_success", "Whether a rule's last run succeeded.", "rule")
        self.latency = Histogram(
            "incursiond_detection_latency_seconds",
            "From the oldest report of a step received to a message of it confirmed by the broker.",
            buckets=LATENCY_S,
            registry=registry,
        )
        self.outbox = gauge("outbox_messages", "Incident messages that the broker has not confirmed.")
        self.outbox_age = gauge("outbox_oldest_age_seconds", "Age of the oldest of them.")
        self.room_unconfirmed = gauge(
            "room_unconfirmed_messages",
            "Incident messages that a room has not confirmed 10 s after the broker did.",
            "room",
        )
        self.room_unconfirmed_age = gauge(
            "room_unconfirmed_oldest_age_seconds", "How long ago the broker confirmed the oldest of them.", "room"
        )
        self.room_expired = counter(
            "room_expired_messages_total", "Incident messages given up that a room did not confirm within a day."
        )
        self.receipts = counter("receipts_total", "Receipts of rooms by what became of them.", "result")
        self.durable = gauge("journal_durable", "Whether messages are on the disk before they are sent.")
        self.not_durable = counter(
            "incident_messages_not_durable_total", "Incident messages sent that the disk did not take."
        )
        self.set_aside = counter("journals_set_aside_total", "Journals found damaged.")
        self.connected = gauge("mqtt_connected", "Whether the broker is connected.")
        self.differing = counter(
            "twin_messages_differing_total", "Incident messages that another daemon of the site told otherwise."
        )
        self.twin_up = gauge("twin_up", "Whether another daemon of the site, once heard, still is.", "twin")
        self.reload_successful = gauge("config_reload_successful", "Whether the last reload was good.")
        self.last_step = gauge("last_step_timestamp_seconds", "When the last detection step completed.")
        gauge("build_info", "The program.", "version", "python").labels(__version__, platform.python_version()).set(1)

        for rule in Rules.__struct_fields__:  # Prometheus sees no increase of a series that begins at 1
            self.findings.labels(rule)
            self.rule_duration.labels(rule)
        for severity in SEVERITIES:
            self.incidents_open.labels(severity)
        for event in EVENTS:
            self.messages.labels(event)
        for result in RECEIPTS:
            self.receipts.labels(result)
        self.reload_successful.set(1)

    def watch_feed(self, name: str) -> None:
        """Make a feed's series exist before its first plot."""
        self.received.labels(name)
        self.feed_up.labels(name)
        for result in RESULTS:
            self.plots.labels(name, result)

    def forget_feed(self, name: str) -> None:
        """Say no more how a feed is; what was counted stays."""
        for how in (self.feed_up, self.last_plot, self.smallest_bank, self.smallest_corner, self.distrusted):
            how.remove(name)

    def forget_rule(self, rule: str) -> None:
        """Say no more how a rule is doing."""
        self.rule_success.remove(rule)

    def watch_rooms(self, names: Sequence[str]) -> None:
        """Make the series of rooms that must confirm exist from the start."""
        for name in names:
            self.room_unconfirmed.labels(name)
            self.room_unconfirmed_age.labels(name)

    def count_zones(self, zones: Sequence[Zone]) -> None:
        """Say which zones are in force."""
        for state in State:
            self.zones.labels(state.value).set(sum(zone.state is state for zone in zones))

    def serve(self, host: str, port: int) -> WSGIServer:
        """Serve them over HTTP. Raises IncursiondError if the address cannot be had."""
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError as error:
            raise IncursiondError(
                f"metrics.listen: {host}:{port}: {reason_of(error)}, expected an address that is free"
            ) from error
        # Who connects and asks nothing would hold a thread and a descriptor for ever; nor is it worth a traceback.
        patient: Any = server.RequestHandlerClass
        server.RequestHandlerClass = type("Impatient", (patient,), {"timeout": IDLE_S})
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        return server
