"""The properties of a zone that files of every format may carry: their readers, by name.

A reader takes the value as JSON has it and raises ValueError with what is right, to be said after "expected".
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from typing import Any

from detector.airspace.altitude import FORMS, Limit, parse
from detector.airspace.schedule import FORMS as WINDOWS
from detector.airspace.schedule import Window
from detector.airspace.schedule import parse as window
from detector.airspace.zones import KINDS, Identity, Initial

ALIKE = 0.8  # of two names, by difflib: "ceilling" and "ceiling" are 0.93, "class" and "initial" 0.5
LONGEST_ID = 200  # a topic has room for much more, a line to read has not
ID_FORM = f'a text without "/", "+" and "#", which would break topics, of at most {LONGEST_ID} characters, not "none"'


def id_of(name: str) -> str:
    """Return a name as an id: "-" stands for what would break topics."""
    return re.sub("[/+#]", "-", name)


def _id(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or set(value) & set("/+#") or value == "none":
        raise ValueError(ID_FORM)
    if not value.strip() or len(value) > LONGEST_ID:
        raise ValueError(ID_FORM)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise ValueError("a text on one line")
    return value


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise ValueError(" | ".join(KINDS))
    return str(value)


def _limit(value: Any) -> Limit:
    if not isinstance(value, str):
        raise ValueError(FORMS)
    return parse(value)


def _watch(value: Any) -> frozenset[Identity]:
    by_word = {identity.word: identity for identity in Identity}
    if not filled(value) or not all(isinstance(word, str) and word in by_word for word in value):
        raise ValueError(f"a list of {' | '.join(by_word)}")
    return frozenset(by_word[word] for word in value)


def _initial(value: Any) -> Initial:
    by_word = {initial.name.lower(): initial for initial in Initial}
    if not isinstance(value, str) or value not in by_word:
        raise ValueError(" | ".join(by_word))
    return by_word[value]


def _near_nm(value: Any) -> float:
    if not isinstance(value, float) or not 0 <= value < math.inf:
        raise ValueError("a number, 0 or more")
    return value


def _active(value: Any) -> tuple[Window, ...]:
    if not filled(value) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"a list of {WINDOWS}")
    return tuple(map(window, value))


READERS: dict[str, Callable[[Any], Any]] = {
    "id": _id,
    "name": _text,
    "kind": _kind,
    "floor": _limit,
    "ceiling": _limit,
    "watch": _watch,
    "initial": _initial,
    "near_nm": _near_nm,
    "active": _active,
}


def meant(name: str) -> str | None:
    """Return the property that a name looks like without being it."""
    near = difflib.get_close_matches(name.lower(), [*READERS, *DRAWN], 1, ALIKE)
    return near[0] if near and near[0] != name else None


DRAWN = ("radius_m", "follows", "of", "outside_nm", "inside_nm", "with_base")
"""Properties that help to draw a zone."""


def filled(value: Any) -> bool:
    """Return whether a value is a list with something in it."""
    return isinstance(value, list) and len(value) > 0
