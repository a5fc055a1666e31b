"""Word to systemd (sd_notify(3)): a datagram to the socket it names; nothing without one."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(*lines: str, wait_s: float = 1.0) -> None:
    """Send assignments such as `READY=1`, unless the socket has no room for them for so long: nobody reads it then."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:  # nobody to tell is no harm
        to.settimeout(wait_s)
        to.connect("\0" + address[1:] if address.startswith("@") else address)
        to.send("\n".join(lines).encode())
