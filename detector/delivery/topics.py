"""The names of topics below one site."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of a site under a prefix."""

    prefix: str
    site: str

    @property
    def status(self) -> str:
        """Whether the daemon works; also its last will."""
        return f"{self.prefix}/{self.site}/status"

    def feed_status(self, feed: str) -> str:
        """Whether a feed's plots arrive."""
        return f"{self.prefix}/{self.site}/feed/{_level(feed)}/status"

    def incident(self, incident_id: str) -> str:
        """Where an incident stands."""
        return f"{self.prefix}/{self.site}/incident/{incident_id}"

    def alert(self, severity: str, kind: str, zone_id: str | None) -> str:
        """Where every message goes, for wildcard subscriptions and access lists."""
        return f"{self.prefix}/{self.site}/alert/{severity}/{kind}/{_level(zone_id) or 'none'}"


def _level(name: str | None) -> str:
    """Return a name as one level of a topic: what MQTT reserves becomes a hyphen."""
    return re.sub(r"[+#/\x00]", "-", name or "")
