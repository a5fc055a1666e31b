"""What a write-ahead log holds: SQLite silently leaves out whatever follows a damaged frame, transactions and all.

A log is a header and frames, each with the salt of the header; the last frame of a transaction says so (SQLite,
"Database File Format", 4.1 to 4.4). A log that was cut off does not show it.
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8x I 4x 8s 8x")  # page size, salt
_FRAME = struct.Struct(">I I 8s 8x")  # page, pages of the database if it is the last of a transaction, salt


def committed_frames(path: Path) -> int:
    """Return how many frames belong to whole transactions, going by headers alone; 0 without a log."""
    try:
        with path.open("rb") as file:
            return _count(file.read())
    except FileNotFoundError:
        return 0


def folded(path: Path) -> bytes:
    """Return a database with its log folded in, as a checkpoint would leave it, without a byte written anywhere."""
    data, log_path = bytearray(path.read_bytes()), path.with_name(f"{path.name}-wal")
    log = log_path.read_bytes() if log_path.exists() else b""
    for number in range(_count(log)):
        page_bytes, salt = _HEADER.unpack_from(log)
        at = _HEADER.size + number * (_FRAME.size + page_bytes)
        page, pages, its_salt = _FRAME.unpack_from(log, at)
        if its_salt != salt:
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


def _count(data: bytes) -> int:
    if len(data) < _HEADER.size + _FRAME.size:
        return 0
    page_bytes, salt = _HEADER.unpack_from(data)
    step = _FRAME.size + page_bytes
    frames = [_FRAME.unpack_from(data, at) for at in range(_HEADER.size, len(data) - step + 1, step)]
    if frames and frames[0][2] != salt:  # begun anew over an old log, the first frame is not there yet; or damage
        return 0 if _is_whole(data[: _HEADER.size]) else 1
    ours = [last for _, last, its_salt in frames if its_salt == salt]
    return max((n for n, last in enumerate(ours, 1) if last), default=0)
