"""What a write-ahead log holds: SQLite silently leaves out whatever follows a damaged frame, transactions and all.

A log is a header and frames, each with the salt of the header; the last frame of a transaction says so (SQLite,
"Database File Format", 4.1 to 4.4). A log that was cut off does not show it, and one whose header is damaged counts
as none; but the index beside it (the same, "WAL-mode File Format", 2.1) outlives a process that was killed.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_HEADER = struct.Struct(">8x I 4x 8s 8x")  # page size, salt
_INDEX = struct.Struct("=14x H I 28x")  # page size, frames; twice, and then how many are in the database already
_FRAME = struct.Struct(">I I 8s 8x")  # page, pages of the database if it is the last of a transaction, salt


def committed_frames(path: Path) -> int:
    """Return how many frames belong to whole transactions, going by headers alone; 0 without a log."""
    return _count(_read(path), None)


def problem(path: Path) -> str:
    """Return in words what a log lacks, or has that SQLite would take for none; empty: nothing that shows."""
    log, index = _read(path), _read(path.with_name(path.name.removesuffix("-wal") + "-shm"))[:100]
    if len(log) >= _HEADER.size + _FRAME.size and not _is_whole(log[: _HEADER.size]):
        return "the header of its write-ahead log is damaged"
    if len(index) < 100 or index[:48] != index[48:96]:
        return ""
    page_bytes, frames = _INDEX.unpack_from(index)
    held = (len(log) - _HEADER.size) // (_FRAME.size + (page_bytes if page_bytes > 1 else 65_536))
    missing = frames - max(held, int.from_bytes(index[96:], sys.byteorder))
    return f"{missing} pages are missing from its write-ahead log" if missing > 0 else ""


def folded(path: Path) -> bytes:
    """Return a database with its log folded in, as a checkpoint would leave it, without a byte written anywhere.

    Of a log whose header is damaged, the frames are those of the first one's salt, of the database's page size.
    """
    data, log = bytearray(path.read_bytes()), _read(path.with_name(f"{path.name}-wal"))
    laid = None
    if len(log) >= _HEADER.size + _FRAME.size and not _is_whole(log[: _HEADER.size]):
        laid = int.from_bytes(data[16:18]), _FRAME.unpack_from(log, _HEADER.size)[2]
    for number in range(_count(log, laid)):
        page_bytes, salt = laid or _HEADER.unpack_from(log)
        at = _HEADER.size + number * (_FRAME.size + page_bytes)
        page, pages, its_salt = _FRAME.unpack_from(log, at)
        if its_salt != salt or page * page_bytes > len(data) + len(log):
            break
        begin = (page - 1) * page_bytes
        data.extend(bytes(max(begin + page_bytes - len(data), 0)))
        data[begin : begin + page_bytes] = log[at + _FRAME.size : at + _FRAME.size + page_bytes]
        if pages:
            del data[pages * page_bytes :]
    data[18:20] = b"\1\1"  # versions to write and to read: one without a log
    return bytes(data)


def _is_whole(header: bytes) -> bool:
    """Tell whether a header goes with its own checksum (the same, 4.2)."""
    magic, *stored = struct.unpack(">I 20x I I", header)
    words = struct.unpack(">6I" if magic & 1 else "<6I", header[:24])
    one = two = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) % 2**32
        two = (two + odd + one) % 2**32
    return [one, two] == stored


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _count(data: bytes, laid: tuple[int, bytes] | None) -> int:
    """Return how many frames belong to whole transactions, of a page size and a salt, or those of the header."""
    if len(data) < _HEADER.size + _FRAME.size:
        return 0
    page_bytes, salt = laid or _HEADER.unpack_from(data)
    step = _FRAME.size + page_bytes
    frames = [_FRAME.unpack_from(data, at) for at in range(_HEADER.size, len(data) - step + 1, step)]
    if frames and frames[0][2] != salt:  # begun anew over an old log, the first frame is not there yet; or damage
        return 0 if _is_whole(data[: _HEADER.size]) else 1
    ours = [last for _, last, its_salt in frames if its_salt == salt]
    return max((n for n, last in enumerate(ours, 1) if last), default=0)
