"""From a configuration to the core: settings in, airspace and pipeline out."""

from __future__ import annotations

from detector.airspace.load import load_zones
from detector.airspace.zones import Identity
from detector.incidents.book import Book
from detector.picture import Airspace
from detector.pipeline import Pipeline
from detector.settings import IdentityRule, Settings, address_range
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Classifier, Rule


def airspace_of(settings: Settings) -> tuple[Airspace, list[str]]:
    """Return the compiled zones, and warnings about what was repaired. Raises InputError with every problem."""
    zones, warnings = load_zones(settings.airspace.zones)
    return Airspace(zones, settings.airspace.qnh_hpa), warnings


def pipeline_of(settings: Settings, airspace: Airspace) -> Pipeline:
    """Return a pipeline that knows nothing yet."""
    return Pipeline(
        book=Book(settings.site.id, settings.site.status),
        airspace=airspace,
        classifier=classifier_of(settings),
        sensors=sensors_of(settings),
        params=settings.rules.incursion,
    )


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
