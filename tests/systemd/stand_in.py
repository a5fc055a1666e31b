#!/usr/bin/env python3
"""Stands in for the daemon: speaks sd_notify as it does, and tries what the sandbox must allow and forbid.

The configuration is one word: `good`; `broken` (check fails); `stalls` (never says WATCHDOG=1).
"""

import errno
import os
import signal
import socket
import sys
import time
from pathlib import Path

import numpy as np
from pyproj import Geod
from scipy.spatial import cKDTree

PLACES = {"etc": "/etc/x", "usr": "/usr/x", "state": "/var/lib/incursiond/x", "tmp": "/tmp/x"}

command, _, config = sys.argv[1:4]
word = Path(config).read_text().strip()
if command == "check":
    sys.exit(f"{config}: site.id: expected a name" if word == "broken" else 0)


def notify(text: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])


def refused(path: str) -> str:
    try:
        Path(path).write_text("")
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "written"


def netlink() -> str:
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "opened"


def reload(*_: object) -> None:
    notify("RELOADING=1\nSTATUS=reloading")
    notify("READY=1\nSTATUS=reloaded")


def stop(*_: object) -> None:
    notify("STOPPING=1\nSTATUS=stopping")
    print("outbox closed", flush=True)
    sys.exit(0)


def main() -> None:
    signal.signal(signal.SIGHUP, reload)
    signal.signal(signal.SIGTERM, stop)
    nearest, _ = cKDTree(np.eye(3)).query([1, 0, 0])
    assert nearest == 0  # compiled code runs in the sandbox
    assert Geod(ellps="WGS84").inv(0, 0, 0, 1)[2] > 110e3
    assert (np.ones((300, 300)) @ np.ones((300, 300))).max() == 300  # its threads, too
    with socket.create_server(("127.0.0.1", 0)):
        tried = {name: refused(path) for name, path in PLACES.items()} | {"uid": os.getuid(), "netlink": netlink()}
    print(*(f"{name}={outcome}" for name, outcome in tried.items()), flush=True)
    notify("READY=1\nSTATUS=running")
    while True:
        time.sleep(0.2)
        if word != "stalls":
            notify("WATCHDOG=1")


main()
