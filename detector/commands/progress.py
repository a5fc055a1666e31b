"""A progress bar on a terminal; nothing where there is none."""

from __future__ import annotations

from typing import TextIO

WIDTH = 40


class Progress:
    """One line that is written over."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._shown = -1

    def show(self, share: float) -> None:
        """Show a share from 0 to 1."""
        percent = int(share * 100)
        if self._stream and percent != self._shown:
            self._shown = percent
            filled = WIDTH * percent // 100
            self._stream.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {percent:3d} %")
            self._stream.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._stream and self._shown >= 0:
            self._stream.write("\r" + " " * (WIDTH + 8) + "\r")
            self._stream.flush()
