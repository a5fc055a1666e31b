"""Zones from OpenAir: the format of WinPilot (1998) and its second version (Naviter, 2.1.0 of 2025).

A line is a command of one or two letters and what it says, up to a comment (`*`, in many files `;`). AC begins an
airspace; its edges are geodesics. Its id is its name without what would break topics, numbered if others have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from detector.airspace import schedule
from detector.airspace.draft import Draft, shown
from detector.airspace.openair_words import OTHER, kind, limit
from detector.airspace.outline import Outline
from detector.airspace.properties import id_of
from detector.airspace.reading import Reading
from detector.airspace.schedule import Window
from detector.airspace.zones import Ring, Zone

_COMMENT = re.compile(r"[*;].*")
_COMMAND = re.compile(r"(V|[A-Z]{2})(?![A-Z]) *(.*)", re.IGNORECASE | re.ASCII)
_ONCE = ("AC", "AN", "AL", "AH")  # class, name, floor, ceiling
_TERRAIN = {"TO", "TC"}
_PENS = {"SP", "SB"}
_LEFT_OUT = _PENS | {"AY", "AF", "AG", "AI", "AT", "AX", "TP"}  # read elsewhere, radio, identifier, label, transponder
_SHAPES: dict[str, Callable[[Outline, str], str | None]] = {
    "V": Outline.variable,
    "DP": Outline.point,
    "DA": Outline.arc_between_bearings,
    "DB": Outline.arc_between_points,
    "DC": Outline.circle,
}


class _Line(NamedTuple):
    number: int
    command: str
    text: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.command}" if self.command else f"line {self.number}"


def read(data: bytes, file: str) -> Reading:
    """Return the zones of a file's bytes, with every problem. Raises ValueError if they hold no airspace at all."""
    reading = Reading()
    blocks = [lines for lines in _blocks(_decoded(data)) if not _is_pen(lines)]
    if not any(line.command in _ONCE for lines in blocks for line in lines):
        raise ValueError("no line begins with AC, expected OpenAir")
    taken = {"none"}  # what topics write instead of an id
    others: Counter[str] = Counter()
    for lines in blocks:
        if lines[0].command in _TERRAIN:
            reading.warnings.append(f"{file}: line {lines[0].number}: terrain is left out")
            continue
        airspace = _Airspace(lines, file, reading)
        airspace.read(taken)
        others.update([airspace.word] if airspace.word and airspace.kind == OTHER else [])
    if others:
        words = ", ".join(f"{number} {word}" for word, number in sorted(others.items()))
        reading.warnings.append(
            f"{file}: {words}: read as zones of kind {OTHER}, being inside one alarms nobody by itself"
        )
    return reading


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _blocks(text: str) -> Iterator[list[_Line]]:
    """Yield the lines of each airspace, and of each terrain; of the first one also those before it."""
    block: list[_Line] = []
    for number, written in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        printable = "".join(c if c.isprintable() else " " for c in _COMMENT.sub("", written))
        if not (line := " ".join(printable.split())):
            continue
        match = _COMMAND.fullmatch(line)
        command, rest = (match[1].upper(), match[2]) if match else ("", line)
        if command in _TERRAIN | {"AC"}:
            if block:
                yield block
            block = []
        block.append(_Line(number, command, rest))
    if block:
        yield block


def _is_pen(lines: list[_Line]) -> bool:
    """Tell whether lines only say how airspaces of a class are drawn."""
    commands = {line.command for line in lines}
    return bool(commands & _PENS) and commands <= _PENS | {"AC"}


class _Airspace(Draft):
    """One airspace on its way to a zone."""

    def __init__(self, lines: list[_Line], file: str, reading: Reading) -> None:
        self.lines = lines
        self.texts = {line.command: line.text for line in reversed(lines)}  # the first of each
        self.name = self.texts.get("AN", "")
        self.word = self.texts.get("AY") or self.texts.get("AC", "")
        self.kind = kind(self.texts.get("AC", ""), self.texts.get("AY", ""))
        self.given: dict[str, int] = {}
        self.active: list[Window] = []
        self.by_notam = False
        self.outline = Outline()
        super().__init__(reading, f"{file}: airspace {shown(self.name)} (line {lines[0].number})")

    def read(self, taken: set[str]) -> None:
        before = len(self.reading.problems)
        for line in self.lines:
            try:
                self._obey(line)
            except ValueError as error:
                self.refuse(f"{line}: got {shown(line.text)}, expected {error}")
        if missing := [command for command in _ONCE if command not in self.given]:
            self.refuse(
                f"no {' and no '.join(missing)}, expected a class (AC), a name (AN), a floor (AL), a ceiling (AH)"
            )
        if self.name:
            zone_id = self._id(taken)
            self.reading.claims.append((zone_id, self.place))
            if len(self.reading.problems) == before:
                self._finish(zone_id)

    def _obey(self, line: _Line) -> None:
        if line.command in _ONCE:
            self._once(line)
        elif line.command in _SHAPES:
            if odd := _SHAPES[line.command](self.outline, line.text):
                self.warn(f"{line}: {odd}")
        elif line.command == "AA":
            self._activate(line.text.upper())
        elif line.command == "DY":
            raise ValueError("the outline of an airway as points, for DY is not supported")
        elif line.command.startswith("A") and line.command not in _LEFT_OUT:
            self.warn(f"{line}: not known here and left out")
        elif line.command not in _LEFT_OUT:
            raise ValueError("a command of OpenAir, or * before a comment")

    def _once(self, line: _Line) -> None:
        if line.command in self.given:
            raise ValueError(f"one a zone, line {self.given[line.command]} has another; AC begins the next airspace")
        self.given[line.command] = line.number
        if not line.text:
            raise ValueError("a text")
        if line.command in {"AL", "AH"}:
            limit(line.text)

    def _activate(self, text: str) -> None:
        if text == "NONE":
            self.by_notam = True
        else:
            self.active.append(schedule.parse(text.replace("NONE", "..")))
        if self.by_notam and self.active:
            raise ValueError("no other AA beside AA NONE")

    def _id(self, taken: set[str]) -> str:
        name = id_of(self.name)
        zone_id = next(text for n in count(1) if (text := name if n == 1 else f"{name} ({n})") not in taken)
        taken.add(zone_id)
        return zone_id

    def _finish(self, zone_id: str) -> None:
        before = len(self.reading.problems)
        floor, ceiling = (self.texts[command] for command in ("AL", "AH"))
        low, high = self.limits(limit(floor), limit(ceiling), shown(floor), shown(ceiling))
        polygons = ((self._ring(),),)
        if self.by_notam:
            self.warn("active: by NOTAM, which is not read here; the zone counts as always active")
        if len(self.reading.problems) == before:
            active = tuple(self.active)
            self.reading.zones.append(
                Zone(zone_id, polygons, self.name, self.kind, low, high, active=active, geodesic=True)
            )

    def _ring(self) -> Ring:
        vertices = self.outline.vertices()
        ring = self.ring(vertices, "outline") if len(vertices) else vertices
        if not len(ring):
            self.refuse("outline: encloses nothing, expected an area (DP, DA, DB or DC)")
        return ring
