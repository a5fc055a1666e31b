"""Recorded tracks tables from disk: CSV, CSV.gz or Parquet to chunks of plots.

The content decides, not the name: gzip begins with 1f 8b, Parquet with PAR1, anything else has to be UTF-8 text with
a header row (a byte order mark is tolerated). A row is a line: a quoted cell may hold commas, not line breaks, so that
a stray quote costs its own row and no other.
"""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from detector.errors import InputError, reason_of
from feeds.order import Reorder
from feeds.plots import Plots, concatenate
from feeds.table import COLUMNS, Cells, Rejected, columns_to_plots, require_columns

_BLOCK_BYTES = 256 << 10  # of text at a time: what the processor's cache holds is read 1.5 times as fast as 4 MiB
_COMPRESSED_BYTES = 64 << 10  # at a time, so that a gzip bomb cannot grow past 66 MB in memory
_CHUNK_ROWS = 50_000
_HEADER_BYTES = 64 << 10
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_EXPECTED = "expected a tracks table (CSV, CSV.gz or Parquet)"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a file, in its order, and how far reading has come."""

    plots: Plots
    rejected: Rejected
    done_bytes: int  # of the file as it lies on disk
    total_bytes: int


def read(path: Path) -> Iterator[Chunk]:
    """Yield the rows of a tracks table in chunks of about 50,000, in the file's order.

    Raises InputError (one line) for what is no tracks table. Where compressed data ends early or is damaged, the
    complete rows before that place are yielded first.
    """
    try:
        with path.open("rb") as file:
            total = path.stat().st_size
            magic = file.peek(4)[:4]  # a pipe cannot be wound back
            yield from _read_parquet(path, total) if magic == _PARQUET else _read_csv(path, file, magic, total)
    except IsADirectoryError:
        raise InputError([f"{path}: is a directory, {_EXPECTED}"]) from None
    except OSError as error:
        raise InputError([f"{path}: {reason_of(error)}, {_EXPECTED}"]) from None


def in_order(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Yield the rows of one or more files in time order; see `feeds.order` for what is dropped and counted.

    An InputError of the input is raised after the rows before it were yielded.
    """
    order, damage, done, total = Reorder(), None, 0, 0
    try:
        for chunk in chunks:
            done, total = chunk.done_bytes, chunk.total_bytes
            yield Chunk(order.push(chunk.plots), chunk.rejected, done, total)
    except InputError as error:
        damage = error
    yield Chunk(order.flush(), order.rejected, done, total)
    if damage is not None:
        raise damage


def _read_csv(path: Path, file: IO[bytes], magic: bytes, total: int) -> Iterator[Chunk]:
    blocks = _gunzip(file) if magic.startswith(_GZIP) else iter(lambda: file.read(_BLOCK_BYTES), b"")
    lines = _Lines(blocks)
    header = _header(path, lines)
    row = 0
    for plots, rejected in _gathered(_read_block(block, header) for block in lines):
        row += len(plots) + rejected.total()
        yield Chunk(plots, rejected, file.tell() if file.seekable() else 0, total)
    if lines.damage:
        raise InputError([f"{path}: compressed data {lines.damage} after row {row}; the rows before it were used"])


def _gathered(parts: Iterator[tuple[Plots, Rejected]]) -> Iterator[tuple[Plots, Rejected]]:
    plots: list[Plots] = []
    rejected: Rejected = Counter()
    for some, unread in parts:
        plots.append(some)
        rejected += unread
        if sum(map(len, plots)) + rejected.total() >= _CHUNK_ROWS:
            yield concatenate(plots), rejected
            plots, rejected = [], Counter()
    if plots:
        yield concatenate(plots), rejected


def _read_block(lines: list[str], header: list[str]) -> tuple[Plots, Rejected]:
    columns, misshapen = _columns(lines, header)
    plots, unread = columns_to_plots(columns)
    return plots, misshapen + unread


class _DamagedError(Exception):
    """Compressed data that cannot be read on."""


def _gunzip(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what the gzip members of a file hold; _DamagedError after the last good byte of data that ends early."""
    member = zlib.decompressobj(wbits=31)
    while data := file.read(_COMPRESSED_BYTES):
        while data:
            try:
                yield member.decompress(data)
            except zlib.error:
                raise _DamagedError("is damaged") from None
            data = member.unused_data
            if member.eof:
                data = data.lstrip(b"\0")  # padding, as gzip itself allows
                member = zlib.decompressobj(wbits=31) if data else member
    if not member.eof:
        raise _DamagedError("ends early")


class _Lines:
    """Blocks of bytes as lists of complete lines; `damage` says afterwards what cut the data short."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""
        self.damage = ""

    def first(self) -> bytes:
        """Return the first line, taken out of the blocks; nothing where damaged data ends before it does."""
        while b"\n" not in self._rest and len(self._rest) < _HEADER_BYTES and (block := self._next()):
            self._rest += block
        line, end, self._rest = self._rest.partition(b"\n")
        return b"" if self.damage and not end else line

    def __iter__(self) -> Iterator[list[str]]:
        parts = [self._rest]
        while block := self._next():
            parts.append(block)
            if sum(map(len, parts)) >= _BLOCK_BYTES:
                text, _, rest = b"".join(parts).rpartition(b"\n")
                yield _split(text)
                parts = [rest]
        text = b"".join(parts)
        yield _split(text.rpartition(b"\n")[0] if self.damage else text)

    def _next(self) -> bytes:
        try:
            return next((block for block in self._blocks if block), b"")
        except _DamagedError as damage:
            self.damage = str(damage)
            return b""


def _split(text: bytes) -> list[str]:
    lines = text.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\r").split("\n")
    return [line for line in lines if line]


def _header(path: Path, lines: _Lines) -> list[str]:
    line = lines.first()
    if not line:
        problem = f"compressed data {lines.damage} before any row" if lines.damage else "no header row"
        raise InputError([f"{path}: {problem}, {_EXPECTED}"])
    text = line.decode("utf-8-sig", "replace").rstrip("\r")
    if len(line) >= _HEADER_BYTES or "\ufffd" in text or not text.replace("\t", " ").isprintable():
        raise InputError([f"{path}: binary data, {_EXPECTED}"])
    header = [name.strip() for name in _row(text)]
    require_columns(str(path), header)
    return header


def _columns(lines: list[str], header: list[str]) -> tuple[dict[str, Cells], Rejected]:
    """Return the cells of the lines by column, and the lines of another width counted."""
    width = len(header)
    if all(line.count(",") == width - 1 for line in lines) and not any('"' in line for line in lines):
        flat = ",".join(lines).split(",") if lines else []
        return {name: flat[i::width] for i, name in enumerate(header) if name in COLUMNS}, Counter()
    rows = [_row(line) for line in lines]
    good = [row for row in rows if len(row) == width]
    rejected = Counter(f"row: {len(row)} cells, header has {width}" for row in rows if len(row) != width)
    return {name: [row[i] for row in good] for i, name in enumerate(header) if name in COLUMNS}, rejected


def _row(line: str) -> list[str]:
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return []


def _read_parquet(path: Path, total: int) -> Iterator[Chunk]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError([f"{path}: Parquet needs pyarrow: pip install incursiond[replay]"]) from None
    rows = 0
    try:
        file = pq.ParquetFile(path)
        header = file.schema_arrow.names
        require_columns(str(path), header)
        for batch in file.iter_batches(_CHUNK_ROWS, columns=[name for name in header if name in COLUMNS]):
            plots, rejected = columns_to_plots({name: _cells(batch[name]) for name in batch.schema.names})
            rows += batch.num_rows
            yield Chunk(plots, rejected, total * rows // max(file.metadata.num_rows, 1), total)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        used = f" after row {rows}; the rows before it were used" if rows else ""
        raise InputError([f"{path}: Parquet cannot be read{used} ({reason})"]) from None


def _cells(column: Any) -> Any:
    """Return a Parquet column as floats (seconds, where it holds timestamps) or else as texts."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        microseconds = column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64())
        return microseconds.to_numpy(zero_copy_only=False) / 1e6
    if pa.types.is_primitive(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    texts = column.cast(pa.string()).cast(pa.binary()).fill_null(b"").to_pylist()
    return [text.decode("utf-8", "replace") for text in texts]  # as in a CSV
