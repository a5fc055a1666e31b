"""One daemon a state directory: two would write over each other's messages."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from detector.errors import IncursiondError

NAME = "daemon.lock"


def lock(directory: Path) -> int | None:
    """Take a directory for this process until it ends, and return what holds it; None if the disk lets nobody.

    Raises IncursiondError if another process has it.
    """
    with suppress(OSError):
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        held = os.open(directory / NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(held, 20).decode(errors="replace").strip()
            raise IncursiondError(
                f"state.directory: {directory}: process {other} works there, expected a directory of its own"
            ) from None
        os.ftruncate(held, 0)
        os.write(held, b"%d\n" % os.getpid())
        return held
    return None
