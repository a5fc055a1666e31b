"""What a write-ahead log holds: SQLite silently leaves out whatever follows a damaged frame, transactions and all.

It does the same with all of a log that is missing, or whose header is none. A log is a header and frames, each with the
salt of the header; the last frame of a transaction says so (SQLite, "Database File Format", 4.1 to 4.4). Beside it lies
its index, which a kill leaves as it was and who closes last removes before the log ("WAL-mode File Format", 2.1).
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8x I 4x 8s 8x")  # page size, salt
_FRAME = struct.Struct(">I I 8s 8x")  # page, pages of the database if it is the last of a transaction, salt
_INDEX = struct.Struct("=I 10x H I 12x 8s 8x")  # version, page size, frames, salt; there twice
_MAGIC, _VERSION = 0x377F0682, 3_007_000
_MOST_NEW = 2**14  # pages that a log adds without a frame for each


def left_out(path: Path) -> str:
    """Return in words why SQLite would leave out the log of a database that is not open; empty: it would not."""
    log, index = _read(path, "-wal"), _read(path, "-shm")  # in this order: somebody may read along, and close
    if log is None:
        return "" if index is None else "it is missing"
    version, page_bytes, frames, salt = _INDEX.unpack_from((index or b"").ljust(2 * _INDEX.size, b"\0"))
    if version == _VERSION and index and index[: _INDEX.size] == index[_INDEX.size : 2 * _INDEX.size]:
        same = len(log) < _HEADER.size or salt == _HEADER.unpack_from(log)[1]  # else the log has been begun anew since
        if frames and same and len(log) < _HEADER.size + frames * (_FRAME.size + _bytes_of(page_bytes)):
            return "it was cut off"
    if len(log) < _HEADER.size + _FRAME.size:  # the header waits for the disk before the first frame
        return ""
    with path.open("rb") as file:
        ours = _HEADER.unpack_from(log)[0] == _page_bytes(file.read(18))
    return "" if ours and _is_whole(log[: _HEADER.size]) else "its header is none"


def committed_frames(path: Path) -> int:
    """Return how many frames of a log belong to whole transactions, going by headers alone; 0 without a log."""
    try:
        log = path.read_bytes()
    except FileNotFoundError:
        return 0
    return _count(log, *_HEADER.unpack_from(log)) if len(log) >= _HEADER.size else 0


def folded(path: Path, *, log: bool = True) -> bytes:
    """Return a database with its log folded in, as a checkpoint would leave it, without a byte written anywhere.

    Or without it. Frames are believed as they are, and so they are where the header is none.
    """
    data, frames = bytearray(path.read_bytes()), (_read(path, "-wal") or b"") if log else b""
    if len(frames) >= _HEADER.size + _FRAME.size:
        whole = _is_whole(frames[: _HEADER.size])
        page_bytes, salt = _HEADER.unpack_from(frames)
        if not whole:
            page_bytes, (*_, salt) = _page_bytes(data), _FRAME.unpack_from(frames, _HEADER.size)
        _fold(data, frames, page_bytes, salt)
    data[18:20] = b"\1\1"  # versions to write and to read: one without a log
    return bytes(data)


def _fold(data: bytearray, log: bytes, page_bytes: int, salt: bytes) -> None:
    count = _count(log, page_bytes, salt)
    most = len(data) // page_bytes + count + _MOST_NEW
    for number in range(count):
        at = _HEADER.size + number * (_FRAME.size + page_bytes)
        page, pages, its_salt = _FRAME.unpack_from(log, at)
        if its_salt != salt or not 0 < page <= most:
            break
        begin = (page - 1) * page_bytes
        data.extend(bytes(max(begin + page_bytes - len(data), 0)))
        data[begin : begin + page_bytes] = log[at + _FRAME.size : at + _FRAME.size + page_bytes]
        if pages:
            del data[pages * page_bytes :]


def _read(path: Path, end: str) -> bytes | None:
    try:
        return path.with_name(path.name + end).read_bytes()
    except FileNotFoundError:
        return None


def _page_bytes(database: bytes | bytearray) -> int:
    return _bytes_of(int.from_bytes(database[16:18], "big"))


def _bytes_of(page: int) -> int:
    """Return the size of a page that two bytes tell: 1 stands for what they cannot hold."""
    return 65_536 if page <= 1 else page


def _is_whole(header: bytes) -> bool:
    """Tell whether a header is one, and goes with its own checksum (the same, 4.2)."""
    magic, version, *stored = struct.unpack(">I I 16x I I", header)
    words = struct.unpack(">6I" if magic & 1 else "<6I", header[:24])
    one = two = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) % 2**32
        two = (two + odd + one) % 2**32
    return (magic & ~1, version, stored) == (_MAGIC, _VERSION, [one, two])


def _count(log: bytes, page_bytes: int, salt: bytes) -> int:
    step = _FRAME.size + page_bytes
    frames = [_FRAME.unpack_from(log, at) for at in range(_HEADER.size, len(log) - step + 1, step)]
    if frames and frames[0][2] != salt:  # begun anew over an old log, and the first frame is not there yet
        return 0
    ours = [last for _, last, its_salt in frames if its_salt == salt]
    return max((n for n, last in enumerate(ours, 1) if last), default=0)
