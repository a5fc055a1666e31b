"""Where the other side is, and how to log in there."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from detector.endpoints import host_port, password, trust
from detector.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:30003", ("127.0.0.1", 30003)),
        ("mast-3.example:1", ("mast-3.example", 1)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_host_port(text: str, expected: tuple[str, int]) -> None:
    assert host_port(text) == expected


@pytest.mark.parametrize(("content", "expected"), [("secret\nrest\n", "secret"), ("s e\r\n", "s e"), ("", "")])
def test_a_password_is_the_first_line_of_its_file(content: str, expected: str, tmp_path: Path) -> None:
    (file := tmp_path / "p").write_bytes(content.encode())
    assert password("mqtt", str(file)) == expected
    assert password("mqtt", None) is None


def test_the_system_is_trusted_where_no_file_says_otherwise() -> None:
    assert trust("mqtt", None).verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("read", [password, trust])
@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_files_that_will_not_do_are_named(read: object, content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "f"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError) as error:
        read("feeds.mast-3", str(file))
    assert error.value.problems[0].startswith("feeds.mast-3.")
    assert f"{file}: " in error.value.problems[0]
