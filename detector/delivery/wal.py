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


def _count(data: bytes) -> int:
    if len(data) < _HEADER.size + _FRAME.size:
        return 0
    page_bytes, salt = _HEADER.unpack_from(data)
    step = _FRAME.size + page_bytes
    frames = [_FRAME.unpack_from(data, at) for at in range(_HEADER.size, len(data) - step + 1, step)]
    if frames and frames[0][2] != salt:
        return 1  # a header that does not go with its frames
    ours = [last for _, last, its_salt in frames if its_salt == salt]
    return max((n for n, last in enumerate(ours, 1) if last), default=0)
