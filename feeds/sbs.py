"""SBS-1 ("BaseStation", port 30003): lines of text to plots.

A line has 22 comma-separated fields. Counted from 1: MSG (1), transmission type 1-8 (2), address (5), date and time at
which the message was generated (7, 8), callsign (11), pressure altitude in ft (12), ground speed in kt (13), track
(14), latitude (15), longitude (16), vertical rate in ft/min (17), squawk (18), on ground (22; -1 or 1 is true). The
others are the server's own, as are the lines SEL, ID, AIR, STA and CLK: they are passed over.

A line tells only what one radio message told, so a position (MSG,2 on the ground, MSG,3 in the air) is completed with
what the same aircraft sent shortly before. "On ground" is taken from the position line alone: servers send 0 in the
MSG,5 of an aircraft that taxies.

Time: the generated time is the server's local time in a zone that nobody states. The offset to the first `received_s`,
rounded to 15 min (all zones are multiples), corrects it. While it is at most 5 s ahead of `received_s` and 25 s behind,
it is taken, being closer to the moment of the transmission: lines that had to wait, on a slow connection or for us,
come all at once, and by `received_s` their aircraft would be as fast as lightning. The first line may not be off by
more than 5 s either way. Lines that had to wait for longer have times that go on from those before, and have all come
within 5 s: they keep their times, and the core takes what is not too late for it. After the first other breach (a wrong
clock, a change to summer time) `received_s` is taken for the rest of the connection. So it is once times have run more
than 5 s back, and none has been new again within 3 s: the clock was set back. Where some have in the last minutes, the
server mixes what comes late from elsewhere, which tells its own times.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from detector.numbers import read_number
from feeds.plots import Plots, concatenate
from feeds.table import Cells, Rejected, columns_to_plots

MOTION_AGE_S = 10.0  # altitude, speed, track and vertical rate are not known when older
SILENCE_S = 300.0  # after it callsign and squawk are forgotten: the address may fly under another
CLOCK_TRUST_S = 5.0
LATE_TRUST_S = 25.0  # nor is what is older of use: the core takes nothing of 30 s ago
SET_BACK_S, MIXES_S = 3.0, 300.0
LINE_BYTES = 1024  # a real one has about 100

_FIELDS = 22
_ZONE_STEP_S = 900
_SERVER_LINES = frozenset(("SEL", "ID", "AIR", "STA", "CLK"))
_MOTION = {"baro_alt_ft": 11, "gs_kt": 12, "track_deg": 13, "vrate_fpm": 16}
_ADDRESS = re.compile(r"~?[0-9a-f]{6}", re.ASCII)
_SQUAWK = re.compile(r"[0-7]{1,4}", re.ASCII)
_ON_GROUND = {"-1": 1.0, "1": 1.0, "0": 0.0, "": math.nan}
_EPOCH = datetime(1970, 1, 1)

_Row = dict[str, float | str]


class _RefusedError(Exception):
    """A line that cannot be read; the text is the reason."""


@dataclass(slots=True)
class _Aircraft:
    heard_s: float
    callsign: str = ""
    squawk: str = ""
    motion: dict[str, tuple[float, float]] = field(default_factory=dict)  # column: value, time

    def row(self, address: str) -> _Row:
        """Return what is known now, when it is heard, by column of the tracks table."""
        return {
            "time": self.heard_s,
            "track_id": address,
            "icao24": "" if address.startswith("~") else address,  # "~": not an ICAO address (TIS-B, anonymous)
            "callsign": self.callsign,
            "squawk": self.squawk,
            **{name: self._recent(name) for name in _MOTION},
        }

    def _recent(self, column: str) -> float:
        value, known_s = self.motion.get(column, (math.nan, -math.inf))
        return value if self.heard_s - known_s <= MOTION_AGE_S else math.nan


class SbsParser:
    """One connection's lines to plots, however the bytes are cut; `rejected` counts unreadable lines by reason."""

    def __init__(self) -> None:
        self.rejected: Rejected = Counter()
        self._rest = b""
        self._aircraft: dict[str, _Aircraft] = {}
        self._sweep_s = -math.inf
        self._clock = _Clock()

    def parse(self, data: bytes, received_s: float | None) -> Plots:
        """Return the positions in the lines that `data` completes, in their order.

        `received_s` is when the bytes came (Unix seconds); None for a recorded file, whose times are taken as UTC.
        """
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: LINE_BYTES + 1]  # enough to know that the line is too long
        rows = [row for line in lines if (row := self._read(line, received_s))]
        if not rows:
            return concatenate([])
        plots, rejected = columns_to_plots({name: _column([row[name] for row in rows]) for name in rows[0]})
        self.rejected += rejected
        return plots

    def _read(self, line: bytes, received_s: float | None) -> _Row | None:
        try:
            if len(line) > LINE_BYTES:
                raise _RefusedError("line: too long")
            return self._message([text.strip() for text in line.decode("ascii", "replace").split(",")], received_s)
        except _RefusedError as refusal:
            self.rejected[str(refusal)] += 1
            return None

    def _message(self, fields: list[str], received_s: float | None) -> _Row | None:
        if fields == [""] or fields[0] in _SERVER_LINES:
            return None
        if fields[0] != "MSG" or len(fields) != _FIELDS:
            raise _RefusedError("line: not SBS" if fields[0] != "MSG" else "line: not 22 fields")
        address = fields[4].lower()
        if not _ADDRESS.fullmatch(address):
            raise _RefusedError("icao24: not six hex digits")
        motion = {name: _number(name, fields[index]) for name, index in _MOTION.items() if fields[index]}
        squawk = _squawk(fields[17])
        place = _place(fields)
        time_s = self._clock.time_s(fields[6], fields[7], received_s)
        aircraft = self._heard(address, time_s)
        aircraft.callsign = fields[10] or aircraft.callsign
        aircraft.squawk = squawk or aircraft.squawk
        aircraft.motion |= {name: (value, time_s) for name, value in motion.items()}
        return place | aircraft.row(address) if place else None

    def _heard(self, address: str, time_s: float) -> _Aircraft:
        """Return what is known of an aircraft that is heard now."""
        if time_s > self._sweep_s:
            self._sweep_s = time_s + SILENCE_S
            self._aircraft = {a: known for a, known in self._aircraft.items() if time_s - known.heard_s <= SILENCE_S}
        aircraft = self._aircraft.get(address)
        if aircraft is None or time_s - aircraft.heard_s > SILENCE_S:
            aircraft = self._aircraft[address] = _Aircraft(time_s)
        aircraft.heard_s = time_s
        return aircraft


class _Clock:
    """The time of each message of one connection."""

    def __init__(self) -> None:
        self._zone_s: float | None = None
        self._trusted = True
        self._newest_s = math.inf  # of the times told, from the first one on
        self._waited_s = math.inf  # when the first of the lines came that have had to wait for too long, if any have
        self._back_s = math.inf  # when times began to run back, if they have, and none has been new since
        self._mixed_s = -math.inf  # when a new line last followed on late ones

    def time_s(self, date: str, clock: str, received_s: float | None) -> float:
        generated_s = _generated_s(date, clock)
        if received_s is None:
            if generated_s is None:
                raise _RefusedError("time: not a date and time")
            return generated_s
        if generated_s is None or not self._trusted:
            return received_s
        late_s, first = LATE_TRUST_S, self._zone_s is None
        if self._zone_s is None:
            self._zone_s = round((generated_s - received_s) / _ZONE_STEP_S) * _ZONE_STEP_S
            self._newest_s, late_s = received_s, CLOCK_TRUST_S
        utc_s = generated_s - self._zone_s
        waited = utc_s < received_s - late_s
        self._waited_s = min(self._waited_s, received_s) if waited else math.inf
        goes_on = utc_s >= self._newest_s - CLOCK_TRUST_S and received_s - self._waited_s <= CLOCK_TRUST_S
        self._trusted = (
            goes_on if waited else utc_s <= received_s + CLOCK_TRUST_S and not self._set_back(utc_s, received_s)
        )
        self._newest_s = utc_s if first else max(self._newest_s, min(utc_s, received_s))  # ahead of us nothing is new
        return utc_s if self._trusted else received_s

    def _set_back(self, utc_s: float, received_s: float) -> bool:
        """Take in whether times run back; tell whether the clock has been set back."""
        if utc_s < self._newest_s - CLOCK_TRUST_S:
            self._back_s = min(self._back_s, received_s)
        elif utc_s >= self._newest_s and self._back_s < math.inf:
            self._mixed_s, self._back_s = received_s, math.inf
        return received_s - self._mixed_s > MIXES_S and received_s - self._back_s > SET_BACK_S


def _generated_s(date: str, clock: str) -> float | None:
    try:
        return (datetime.fromisoformat(f"{date.replace('/', '-')}T{clock}") - _EPOCH).total_seconds()
    except (ValueError, TypeError):  # no date, or one with a zone
        return None


def _place(fields: list[str]) -> _Row:
    """Return what only a position line tells; nothing without a position, which servers do not know at first."""
    if not (fields[14] and fields[15]):
        return {}
    on_ground = fields[21] or ("1" if fields[1] == "2" else "")
    if on_ground not in _ON_GROUND:
        raise _RefusedError("on_ground: not a flag")
    return {
        "lat": _number("lat", fields[14]),
        "lon": _number("lon", fields[15]),
        "on_ground": _ON_GROUND[on_ground],
    }


def _number(name: str, text: str) -> float:
    try:
        value = read_number(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _RefusedError(f"{name}: not a number")
    return value


def _squawk(text: str) -> str:
    if text and not _SQUAWK.fullmatch(text):
        raise _RefusedError("squawk: not four octal digits")
    return text


def _column(values: list[float | str]) -> Cells:
    return [str(value) for value in values] if isinstance(values[0], str) else np.array(values, dtype=np.float64)
