"""Reads TOML along the types of structs: values, or every problem at once, each with its key's path.

msgspec itself stops at the first problem. Constraints stand in the types; their `description` is what a message calls
the expected value, `extra["check"]` what looks further and raises ValueError with the form that is right,
`extra["path"]` marks paths, which are made absolute. `feeds[2]` in a path: the second [[feeds]].
"""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct


def parse(data: bytes) -> dict[str, Any]:
    """Return the TOML document. Raises ValueError with the line at fault."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: byte {data[error.start]:#04x} is not UTF-8, expected TOML in UTF-8") from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply, expected a configuration") from error
    except ValueError as error:
        what, _, at = str(error).partition(" (at ")
        number = at.removeprefix("line ").partition(",")[0]  # or "end of document"
        number = number if number.isdecimal() else str(text.count("\n") + 1)
        raise ValueError(f"line {number}: {what}, expected TOML") from error


class Reader:
    """Reads a document along types. What is wrong is added to `problems`; a value that has any is read as None.

    Paths are relative to `base`. Tags of tables that are only `planned` are called so.
    """

    def __init__(self, base: Path, planned: Collection[str] = ()) -> None:
        self.problems: list[str] = []
        self._base, self._planned = base, planned

    def read(self, kind: Any, value: Any, where: str = "") -> Any:
        """Return the value of a type, `where` in the document."""
        options = _options(kind)
        if len(options) > 1:
            return self._variant(options, value, where)
        plain = _plain(options[0])
        if _is_table(plain):
            return self._table(plain, value, where)
        if get_origin(plain) is dict:
            return self._tables(get_args(plain)[1], value, where)
        if get_origin(plain) is tuple:
            return self._list(options[0], value, where)
        return self._leaf(options[0], value, where)

    def _say(self, where: str, what: str) -> None:
        self.problems.append(f"{where}: {what}")

    def _table(self, kind: Any, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return self._say(where, f"got {shown(value)}, expected a table [{where}]")
        before = len(self.problems)
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        tag = kind.__struct_config__.tag_field
        for key in [key for key in value if key not in fields and key != tag]:
            near = difflib.get_close_matches(key, [*fields, *filter(None, [tag])], n=1, cutoff=0)[0]
            self._say(_join(where, key), f'unknown key, expected a known one; the nearest is "{near}"')
        values = {}
        for key, each in fields.items():
            if key in value:
                values[each.name] = self.read(each.type, value[key], _join(where, key))
            elif each.required and _is_table(each.type):
                values[each.name] = self.read(each.type, {}, _join(where, key))
            elif each.required:
                self._say(_join(where, key), f"missing, expected {_expected(each.type)}")
        return kind(**values) if len(self.problems) == before else None

    def _variant(self, kinds: tuple[Any, ...], value: Any, where: str) -> Any:
        by_tag = {kind.__struct_config__.tag: kind for kind in kinds}
        tag = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or (isinstance(tag, str) and tag in by_tag):
            return self._table(by_tag.get(tag, kinds[0]), value, where)
        planned = " (not supported yet)" if tag in self._planned else ""
        got = f"got {shown(tag)}{planned}" if "type" in value else "missing"
        return self._say(_join(where, "type"), f"{got}, expected {' | '.join(by_tag)}")

    def _tables(self, kind: Any, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return self._say(where, f"got {shown(value)}, expected tables [{where}.NAME]")
        return {name: self.read(kind, each, _join(where, name)) for name, each in value.items()}

    def _list(self, kind: Any, value: Any, where: str) -> Any:
        item = get_args(_plain(kind))[0]
        if not isinstance(value, list):
            expected = f"tables [[{where}]]" if _is_table(_options(item)[0]) else f"a list, each {_expected(item)}"
            return self._say(where, f"got {shown(value)}, expected {expected}")
        if not value and kind is not _plain(kind):
            return self._say(where, f"empty, expected {_expected(kind)}")
        return tuple(self.read(item, each, f"{where}[{n}]") for n, each in enumerate(value, 1))

    def _leaf(self, kind: Any, value: Any, where: str) -> Any:
        extra = _meta(kind).extra or {}
        expected = _expected(kind)
        try:
            read = msgspec.convert(value, kind)
            if not _possible(read):
                raise ValueError(expected)
            read = str(self._base / read) if "path" in extra else read
            extra.get("check", str)(read)
        except msgspec.ValidationError:
            return self._say(where, f"got {shown(value)}, expected {expected}")
        except ValueError as error:
            return self._say(where, f"got {shown(value)}, expected {error}")
        return read


def _options(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union but None, which TOML has no word for; of any other type, itself."""
    options = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    return tuple(option for option in options if option is not NoneType)


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _meta(kind: Any) -> Meta:
    return next((note for note in getattr(kind, "__metadata__", ()) if isinstance(note, Meta)), Meta())


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _possible(value: Any) -> bool:
    """Tell whether a value can be right at all: a text on one line, a number from 0 up."""
    if isinstance(value, float):
        return 0 <= value < math.inf
    return not isinstance(value, str) or value.isprintable()


def _expected(kind: Any) -> str:
    """Return the words for the values of a type."""
    if described := _meta(kind).description:
        return described
    if get_origin(kind) is Literal:
        return " | ".join(get_args(kind))
    return {bool: "true or false", float: "a number, 0 or more"}.get(_plain(kind), "a text")


def _join(where: str, key: str) -> str:
    key = key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key)
    return f"{where}.{key}" if where else key


def shown(value: Any) -> str:
    """Return a value as TOML would write it, on one line and without a password in a URL."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a huge number"
    escape = not str(value).isprintable()
    text = str(value) if isinstance(value, float) else json.dumps(value, default=str, ensure_ascii=escape)
    return re.sub("//[^/@]*@", "//***@", text)
