"""The cache: what zone files were compiled to, by their content, so that a restart need not compile them again.

An entry is a pickle behind its digest. It is taken only from a file of the user's own, whole, and made by this very
program from these very bytes; whatever is wrong with it, it counts as absent.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

KEPT = 4  # entries of a directory: the next configuration is often the last but one
SUFFIX = ".zones"
DIGEST_BYTES = 32
MADE_WITH = ("numpy", "scipy", "pyproj", "shapely")  # the last makes belts, where it is installed


def key(paths: Iterable[str | Path], *parameters: object) -> str:
    """Return what names an entry: files by name and content, parameters, and the program itself."""
    digest = hashlib.blake2b(digest_size=16)
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    for path in (*sources, *map(Path, paths)):
        data = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    digest.update(repr((sys.version, [*map(_version, MADE_WITH)], parameters)).encode())
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def recall(directory: Path, name: str) -> Any | None:
    """Return an entry of a directory, or None."""
    path = directory / (name + SUFFIX)
    try:
        if path.stat().st_uid != os.geteuid() or path.stat().st_mode & 0o022:
            return None
        data = path.read_bytes()
        path.touch()
        return pickle.loads(data[DIGEST_BYTES:]) if data[:DIGEST_BYTES] == _digest(data[DIGEST_BYTES:]) else None
    except Exception:  # a pickle may fail in any way
        return None


def remember(directory: Path, name: str, value: Any) -> None:
    """Put an entry into a directory, if there is one and it takes it; the oldest make room."""
    with suppress(OSError):
        if directory.is_dir():
            _write(directory, name, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
            entries = sorted(directory.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
            for path in entries[:-KEPT]:
                path.unlink()


def _write(directory: Path, name: str, data: bytes) -> None:
    fresh = directory / f"{name}.{os.getpid()}.new"
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(_digest(data) + data)
        fresh.replace(directory / (name + SUFFIX))
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()
