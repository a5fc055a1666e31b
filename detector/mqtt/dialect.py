"""Which version of MQTT to speak: 5, or 3.1.1 with a broker that will not have 5.

Such a broker should answer CONNECT with "unsupported protocol version". Some say nothing, some just hang up; but so
does a proxy whose broker is away. So a hang-up is believed when it comes twice in a row, and after every connection
that was accepted 5 is tried again.
"""

from __future__ import annotations

from paho.mqtt.enums import MQTTProtocolVersion

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
UNSUPPORTED_VERSION = 0x84  # paho says the same for the return code 1 of 3.1.1
HANG_UPS = 2


class Dialect:
    """The version for the next connection."""

    def __init__(self) -> None:
        self.version = V5
        self._hang_ups = 0

    def ended(self) -> None:
        """Learn from a connection that was accepted and has ended: the broker may be another one next time."""
        self.version, self._hang_ups = V5, 0

    def refused(self, code: int | None) -> None:
        """Learn from a CONNECT that was refused with a reason code, or that was not answered (None)."""
        self._hang_ups = self._hang_ups + 1 if code is None else 0
        if code == UNSUPPORTED_VERSION or self._hang_ups >= HANG_UPS:
            self.version, self._hang_ups = V311 if self.version == V5 else V5, 0
