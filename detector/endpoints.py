"""Endpoints: where the other side of a connection is, and how to log in there, as a configuration says it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from detector.errors import InputError


class Login(Protocol):
    """Where a broker is, and how to log in there: part of a table of the configuration."""

    @property
    def url(self) -> str:
        """`mqtt://HOST[:PORT]`, or `mqtts://` for TLS."""

    @property
    def username(self) -> str | None:
        """Where the broker asks for one."""

    @property
    def password_file(self) -> str | None:
        """Holds the password on its first line."""

    @property
    def ca_file(self) -> str | None:
        """Certificates to trust instead of the system's."""


def host_port(text: str) -> tuple[str, int]:
    """Return host and port of "HOST:PORT" or "[IPv6]:PORT"."""
    url = urlsplit(f"//{text}")
    return url.hostname or "", url.port or 0


def password(table: str, file: str | None) -> str | None:
    """Return the first line of a file. Raises InputError, which names the table, where it cannot be read."""
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([f"{table}.password_file: {file}: {error}, expected a text file"]) from error


def trust(table: str, file: str | None) -> ssl.SSLContext:
    """Return what trusts the certificates of a file, or the system's. Raises InputError where they cannot be read."""
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:
        raise InputError([f"{table}.ca_file: {file}: {error}, expected certificates in PEM form"]) from error
