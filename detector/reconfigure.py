"""Going on under another configuration: what stays of the zones and of those in them, and what ends by that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detector.airspace.activation import Activation
from detector.airspace.zones import ENTRY
from detector.arrays import Floats
from detector.incidents.message import IncidentMessage
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.assets import Assets
from detector.rules.contacts import Contacts
from detector.rules.tables import Rules
from detector.tracks.accuracy import Sensor
from detector.tracks.identity import Classifier


def go_on(
    pipeline: Pipeline,
    airspace: Airspace,
    classifier: Classifier,
    sensors: Mapping[str, Sensor],
    rules: Rules,
    now_s: float,
) -> list[IncidentMessage]:
    """Go on with other zones and rules; return what ends because its zone is gone or closed, or its rule is off."""
    messages = pipeline.tick(now_s)
    entry = {zone.id: ENTRY.get(zone.kind) for zone in pipeline.airspace.zones}
    kept = {zone.id for zone in airspace.zones if zone.id in entry and ENTRY.get(zone.kind) == entry[zone.id]}
    gone = set(entry) - kept
    activation = _activation_of(pipeline, airspace)
    closed = activation.closed()
    gone |= {airspace.zones[zone].id for zone in closed}
    astray = _astray(pipeline, airspace)
    messages += pipeline.end(
        lambda entry: entry.zone_id in gone or (entry.row, entry.zone_id) in astray, "zone-closed", pipeline.time_s
    )
    old, new = pipeline.airspace.theatre, airspace.theatre

    def move(x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        return new.project(*old.unproject(x_m, y_m))

    pipeline.tracks.move(move)
    zone_now = [airspace.index_of[zone.id] if zone.id in kept else -1 for zone in pipeline.airspace.zones]
    pipeline.contacts = pipeline.contacts.moved(zone_now, len(airspace), move)
    pipeline.contacts.close(closed, pipeline.time_s)
    keys = [row * len(airspace) + airspace.index_of[zone_id] for row, zone_id in astray]
    pipeline.contacts.end(np.array(keys, dtype=np.intp), pipeline.time_s)
    pipeline.airspace, pipeline.classifier, pipeline.sensors, pipeline.rules = airspace, classifier, sensors, rules
    pipeline.activation, pipeline.assets = activation, Assets(airspace)
    pipeline.conduct.renumber(zone_now)
    pipeline.conduct.dark.close(closed)
    others = pipeline.tracks.reclassify(classifier)
    others = others[airspace.watched[pipeline.tracks.identity[others]]]  # the next report ends what the rest did
    messages += end_switched_off(pipeline)
    return messages + pipeline.book.reveal(others, pipeline.time_s, pipeline.tracks, pipeline.depths)


def end_switched_off(pipeline: Pipeline) -> list[IncidentMessage]:
    """Forget what rules have seen that are switched off; return what ends by that, or need not wait any more."""
    off, messages = pipeline.rules.off(), list[IncidentMessage]()
    if "interference" in off:
        held = [sign for sign in pipeline.conduct.integrity.interference.release() if sign.rule not in off]
        zones, now_s = pipeline.airspace.zones, pipeline.time_s
        told = pipeline.book.note(held, pipeline.tracks, zones, pipeline.depths, now_s)
        messages = [message for _, message in told]
    if "incursion" in off:
        off |= {rule for _, rule in ENTRY.values()}
        pipeline.contacts = Contacts(len(pipeline.airspace))
    pipeline.conduct.switch_off(off)
    pipeline.book.register.fly(pipeline.conduct.company.formations.groups())
    return messages + pipeline.book.close(
        lambda entry: entry.rule in off, "resolved", pipeline.time_s, pipeline.tracks, pipeline.depths
    )


def _astray(pipeline: Pipeline, airspace: Airspace) -> set[tuple[int, str]]:
    """Return the stays, by track row and zone id, that are none in zones as they are drawn from now on."""
    was, now = pipeline.airspace, airspace
    index_now = {
        index: now.index_of[zone.id]
        for index, zone in enumerate(was.zones)
        if zone.id in now.index_of and not zone.lies_like(now.zones[now.index_of[zone.id]])
    }
    row, zone = pipeline.contacts.row, pipeline.contacts.zone
    some = np.flatnonzero(pipeline.contacts.records["inside"] & np.isin(zone, list(index_now)))
    row, zone = row[some], np.array([index_now[index] for index in zone[some]], dtype=np.intp)
    last = pipeline.tracks.last
    holds = now.holds(last.lon_deg[row], last.lat_deg[row], pipeline.tracks.fix.take(row), zone)
    return {(int(row[n]), now.zones[zone[n]].id) for n in np.flatnonzero(~holds)}


def _activation_of(pipeline: Pipeline, airspace: Airspace) -> Activation:
    """Return when other zones count from now on; those that did not until now open no earlier."""
    activation = Activation(airspace.zones)
    activation.advance(pipeline.time_s)
    for zone in pipeline.activation.closed():
        if (now := airspace.index_of.get(pipeline.airspace.zones[zone].id)) is not None:
            activation.open_late(now, pipeline.time_s)
    return activation
