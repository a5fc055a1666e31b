"""Where a room's lines go: a file that is appended to, or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from detector.errors import IncursiondError, InputError, reason_of

LONGEST_LINE = 1 << 20  # bytes; a message has a few thousand


class ReaderGoneError(IncursiondError):
    """Nobody reads standard output any more."""


class Output:
    """NDJSON that, once `write` returns, is on the disk of a file, or with the reader of standard output."""

    def __init__(self, path: Path | None) -> None:
        """Open a file; a line that was torn by a crash is cut off, for its message comes again. Raises InputError."""
        self._path = path
        self._file: IO[bytes] = _open(path) if path else sys.stdout.buffer

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, given without their ends. Raises IncursiondError."""
        if not lines:
            return
        if self._path:
            self._follow(self._path)
        try:
            self._file.write(b"".join(line + b"\n" for line in lines))
            self._file.flush()
            if self._path:
                os.fsync(self._file.fileno())
        except BrokenPipeError:
            raise ReaderGoneError from None
        except OSError as error:
            raise IncursiondError(f"{self._path or 'output'}: {reason_of(error)}") from error

    def size(self) -> int:
        """Return how many bytes the file has; 0 for standard output."""
        return os.fstat(self._file.fileno()).st_size if self._path else 0

    def tail(self, from_byte: int) -> Iterator[bytes]:
        """Yield the lines behind a byte; all of them, if the file is shorter and so another one."""
        if self._path:
            with self._path.open("rb") as file:
                file.seek(from_byte if from_byte <= self.size() else 0)
                yield from (line.rstrip(b"\n") for line in file)

    def _follow(self, path: Path) -> None:
        """Begin a file anew that was moved away or removed, as logs are."""
        with suppress(OSError):
            if os.path.samestat(path.stat(), os.fstat(self._file.fileno())):
                return
        self._file.close()
        self._file = _open(path)


def _open(path: Path) -> IO[bytes]:
    try:
        if path.exists() and not path.is_file():
            raise OSError("is no file")
        file = path.open("a+b")
        _cut_torn_line(path, file)
        directory = os.open(path.parent, os.O_RDONLY)
        os.fsync(directory)  # the name of a new file, too
        os.close(directory)
    except OSError as error:
        raise InputError([f"{path}: {reason_of(error)}, expected a file to append to"]) from None
    return file


def _cut_torn_line(path: Path, file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - LONGEST_LINE))
    torn = file.read().rpartition(b"\n")[2]
    if torn.startswith(b"{"):
        file.truncate(size - len(torn))
    elif torn:
        raise InputError([f"{path}: ends with what is no message, expected a file that `incursiond listen` wrote"])
