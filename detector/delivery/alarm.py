"""Alarms: something is gravely wrong with the daemon itself. Each is retained on a topic of its own until cleared."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from detector.delivery.topics import Topics
from detector.mqtt.publication import Publication

SCHEMA = "incursiond.alarm.v1"
JOURNAL = "extreme", "journal"  # severity and matter


class Alarm(Struct, frozen=True, kw_only=True):
    """What is wrong, for whoever watches over the watch; aircraft have no part in it."""

    schema: str = SCHEMA
    site: str
    severity: str
    matter: str
    headline: str
    time: str


def journal_alarm(headline: str, time: str, topics: Topics, instance: str | None) -> Publication:
    """Return the alarm that a journal was lost, of one daemon of the site."""
    severity, matter = _matter(instance)
    alarm = Alarm(site=topics.site, severity=severity, matter=matter, headline=headline, time=time)
    return Publication(topics.alarm(severity, matter), msgspec.json.encode(alarm), retain=True)


def no_journal_alarm(topics: Topics, instance: str | None) -> Publication:
    """Return what clears it; those of other daemons stand."""
    return Publication(topics.alarm(*_matter(instance)), b"", retain=True)


def _matter(instance: str | None) -> tuple[str, str]:
    severity, matter = JOURNAL
    return severity, f"{matter}-{instance}" if instance else matter
