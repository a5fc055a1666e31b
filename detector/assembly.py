"""From a configuration to the core: settings in, airspace and pipeline out."""

from __future__ import annotations

import sys
from pathlib import Path

from detector import cache
from detector.airspace.load import read_zones
from detector.airspace.zones import Identity
from detector.endpoints import Login, password, trust
from detector.errors import InputError
from detector.incidents.book import Book
from detector.incidents.message import IncidentMessage
from detector.outlines.selfcheck import check
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.reconfigure import go_on
from detector.settings import IdentityRule, MqttFeed, Settings, address_range
from detector.settings import load as load_settings
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Classifier, Rule


def load(path: Path) -> tuple[Settings, Airspace]:
    """Return a configuration and its zones compiled; warnings go to stderr. Raises InputError with every problem."""
    settings = load_settings(path)
    _check_logins(path, settings)
    files, qnh_hpa, directory = settings.airspace.zones, settings.airspace.qnh_hpa, Path(settings.state.directory)
    key = cache.key(files, qnh_hpa)
    reading, airspace = cache.recall(directory, key) or (check(read_zones(files)), None)
    for warning in reading.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if reading.problems:
        raise InputError(reading.problems)
    if airspace is None:
        airspace = Airspace(reading.zones, qnh_hpa)
        if cache.key(files, qnh_hpa) == key:  # nobody wrote to them meanwhile
            cache.remember(directory, key, (reading, airspace))
    return settings, airspace


def _check_logins(path: Path, settings: Settings) -> None:
    """Read passwords and certificates, lest only a connection finds them wrong. Raises InputError with the first."""
    tables: list[tuple[str, Login]] = [("mqtt", settings.mqtt)]
    tables += [(f"feeds.{feed.name}", feed) for feed in settings.feeds if isinstance(feed, MqttFeed)]
    try:
        for table, each in tables:
            password(table, each.password_file)
            if each.ca_file:
                trust(table, each.ca_file)
    except InputError as error:
        raise InputError([f"{path}: {problem}" for problem in error.problems]) from None


def pipeline_of(settings: Settings, airspace: Airspace) -> Pipeline:
    """Return a pipeline that knows nothing yet."""
    return Pipeline(
        book=Book(settings.site.id, settings.site.status),
        airspace=airspace,
        classifier=classifier_of(settings),
        sensors=sensors_of(settings),
        rules=settings.rules,
    )


def reconfigure(pipeline: Pipeline, settings: Settings, airspace: Airspace, now_s: float) -> list[IncidentMessage]:
    """Give a running pipeline other zones, identities, sensors and thresholds; return what that ends."""
    return go_on(pipeline, airspace, classifier_of(settings), sensors_of(settings), settings.rules, now_s)


def classifier_of(settings: Settings) -> Classifier:
    """Return the identity rules made ready."""
    return Classifier([_rule(rule) for rule in settings.identity])


def sensors_of(settings: Settings) -> dict[str, Sensor]:
    """Return what is known of each source."""
    return {name: Sensor(source.sigma_m, source.period_s) for name, source in settings.sources.items()}


def _rule(rule: IdentityRule) -> Rule:
    return Rule(
        identity=Identity[rule.is_.upper().replace("-", "_")],
        addresses=None if rule.icao24 is None else tuple(map(address_range, rule.icao24)),
        callsigns=rule.callsign,
        squawks=rule.squawk,
        squawks_not=rule.squawk_not,
        states=rule.state,
    )
