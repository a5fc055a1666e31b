"""The topics of one site. Names from outside become safe levels of a topic here, and only here."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a topic level cannot hold (MQTT 5, 4.7.1 and 1.5.4): separators, wildcards, and the code points for which a
# broker may close the connection.
_UNSAFE = re.compile("[+#/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names below PREFIX/SITE."""

    prefix: str
    site: str
    station: str | None = None  # who publishes beside the daemon, and must not speak for it

    @property
    def status(self) -> str:
        """Return the topic of the daemon's own state, which is also that of its last will."""
        return self._name("status") if self.station is None else self._name(self.station, "status")

    def feed_status(self, feed: str) -> str:
        """Return the topic that says whether a feed's plots arrive."""
        return self._name("feed", feed, "status")

    def alarm(self, severity: str, matter: str) -> str:
        """Return the topic on which the daemon raises an alarm about itself."""
        return self._name("alarm", severity, matter)

    def incident(self, incident_id: str) -> str:
        """Return the topic of an incident as it stands."""
        return self._name("incident", incident_id)

    def alert(self, severity: str, kind: str, zone_id: str | None) -> str:
        """Return the topic of a message by what caused it; the zone is `none` without one."""
        return self._name("alert", severity, kind, "none" if zone_id is None else zone_id)

    @property
    def incidents(self) -> str:
        """Return the filter of all incidents."""
        return self._name("incident") + "/#"

    @property
    def feed_statuses(self) -> str:
        """Return the filter of the states of all feeds."""
        return self._name("feed") + "/+/status"

    @property
    def alerts(self) -> str:
        """Return the filter of all messages."""
        return self._name("alert") + "/#"

    @property
    def receipts(self) -> str:
        """Return the filter of all receipts."""
        return self._name("receipt") + "/+"

    def receipt(self, room: str) -> str:
        """Return the topic on which a room confirms messages."""
        return self._name("receipt", room)

    def kind(self, topic: str) -> str:
        """Return which kind of topic this is: `status`, `feed`, `alarm`, `incident`, `alert` or `receipt`."""
        return topic.removeprefix(f"{self.prefix}/{self.site}/").partition("/")[0]

    def _name(self, *levels: str) -> str:
        return "/".join((self.prefix, self.site, *(_UNSAFE.sub("_", level) or "_" for level in levels)))
