"""The tracks table: cells of text (or columns of numbers) to plots.

Units are those of the table (feet, knots, feet per minute) on the way in and SI on the way out. An empty cell means
"not known". A row of which any known column cannot be read is refused as a whole and counted once, by the first reason
found: a report that is wrong in one place is not to be believed in the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from detector.arrays import Floats, Mask
from detector.errors import InputError
from detector.numbers import read_number
from detector.units import FOOT_M, FOOT_PER_MINUTE_MPS, KNOT_MPS
from feeds.plots import UNKNOWN_SMALL, Plots, make

Cells = Sequence[str] | Floats
Rejected = Counter[str]


class _Number(NamedTuple):
    field: str  # of Plots
    low: float  # least and greatest value believed, in the table's unit
    high: float
    factor: float = 1.0  # table's unit to SI
    whole: bool = False


# Time ends at the year 2100, so that milliseconds are refused. The other bounds only keep the arithmetic sane: raw
# receiver data holds altitudes to 123,100 ft and rates to 31,000 ft/min, which the rules judge, not the reader.
_NUMBERS = {
    "time": _Number("time_s", 0, 4_102_444_800),
    "lat": _Number("lat_deg", -90, 90),
    "lon": _Number("lon_deg", -180, 180),
    "baro_alt_ft": _Number("baro_alt_m", -10_000, 500_000, FOOT_M),
    "geo_alt_ft": _Number("geo_alt_m", -10_000, 500_000, FOOT_M),
    "gs_kt": _Number("gs_mps", 0, 50_000, KNOT_MPS),
    "track_deg": _Number("track_deg", -360, 360),
    "vrate_fpm": _Number("vrate_mps", -500_000, 500_000, FOOT_PER_MINUTE_MPS),
    "on_ground": _Number("on_ground", 0, 1, whole=True),
    "nac_p": _Number("nac_p", 0, 11, whole=True),
    "nic": _Number("nic", 0, 11, whole=True),
}
_TEXTS = ("icao24", "track_id", "callsign", "squawk", "source")
_REQUIRED = ("time", "lat", "lon")
_BOOLEANS = {"true": "1", "false": "0"}

COLUMNS = frozenset(_NUMBERS) | frozenset(_TEXTS)


def require_columns(where: str, header: Sequence[str]) -> None:
    """Raise InputError, naming `where`, unless the header has a time, a position and a name of the track, each once."""
    missing = [name for name in _REQUIRED if name not in header]
    if "icao24" not in header and "track_id" not in header:
        missing.append("icao24 or track_id")
    twice = [name for name, times in Counter(header).items() if times > 1 and name in COLUMNS]
    found = ", ".join(header[:20]) + (", ..." if len(header) > 20 else "")
    if missing:
        raise InputError([f"{where}: header lacks {', '.join(missing)}; found {found or 'nothing'}"])
    if twice:
        raise InputError([f"{where}: header has {', '.join(twice)} more than once"])


def columns_to_plots(columns: Mapping[str, Cells]) -> tuple[Plots, Rejected]:
    """Return the N readable rows as plots, in their order, and the others counted by reason.

    `columns` maps names of the tracks table to sequences of one length: texts, or float arrays in which NaN is "not
    known". Unknown names are ignored. Every input row is either in the plots or counted exactly once.
    """
    refusals = _Refusals(len(columns["time"]))
    fields: dict[str, Any] = {}
    for name, number in _NUMBERS.items():
        if name in columns:
            fields[number.field] = _read_number(name, number, columns[name], refusals)
    fields |= _read_texts(columns, refusals)
    if "track_deg" in fields:
        fields["track_deg"] = np.mod(fields["track_deg"], 360.0)  # some sources count from -180
    plots = make(fields)
    return (plots.take(refusals.accepted()) if refusals.counts else plots), refusals.counts


class _Refusals:
    """Which of N rows are refused, and why: the first reason counts."""

    def __init__(self, n: int) -> None:
        self._refused = np.zeros(n, dtype=bool)
        self.counts: Rejected = Counter()

    def refuse(self, rows: Mask, reason: str) -> None:
        fresh = int(np.count_nonzero(rows & ~self._refused))
        if fresh:
            self.counts[reason] += fresh
            self._refused |= rows

    def accepted(self) -> Mask:
        return ~self._refused


def _read_number(name: str, number: _Number, cells: Cells, refusals: _Refusals) -> Floats:
    values = cells if isinstance(cells, np.ndarray) else _few(cells, name) if number.whole else _floats(cells)
    believed = (values >= number.low) & (values <= number.high)
    refusals.refuse(np.isinf(values), f"{name}: not a number")
    if name in _REQUIRED:
        refusals.refuse(np.isnan(values), f"{name}: empty")
    refusals.refuse(~believed & np.isfinite(values), f"{name}: out of range")
    if not number.whole:
        return np.where(believed, values, np.nan) * number.factor
    refusals.refuse(believed & (np.floor(values) != values), f"{name}: not a whole number")
    return np.where(believed, values, UNKNOWN_SMALL)


def _floats(cells: Sequence[str]) -> Floats:
    """Return the cells as floats: NaN where empty, infinity where there is no (finite) number."""
    empty = cells.count("")
    try:
        known = map(float, cells) if not empty else (float(cell) if cell else math.nan for cell in cells)
        values = np.fromiter(known, dtype=np.float64, count=len(cells))
    except ValueError:
        return np.array([_float(cell) for cell in cells])
    if np.count_nonzero(np.isnan(values)) != empty or "_" in "".join(cells):  # "nan" and "1_000" are no numbers
        return np.array([_float(cell) for cell in cells])
    return values


def _few(cells: Sequence[str], name: str) -> Floats:
    """Return the same for a column of few distinct values; on_ground may be "true" or "false"."""
    words = _BOOLEANS if name == "on_ground" else {}
    read = {cell: _float(words.get(cell.strip().lower(), cell)) for cell in set(cells)}
    return np.array([read[cell] for cell in cells], dtype=np.float64)


def _float(cell: str) -> float:
    try:
        value = read_number(cell)
    except ValueError:
        return math.inf if cell.strip() else math.nan
    return math.inf if math.isnan(value) else value


def _read_texts(columns: Mapping[str, Cells], refusals: _Refusals) -> dict[str, object]:
    n = len(columns["time"])
    texts = {name: _texts(_cells(columns[name]), _READERS[name]) for name in _TEXTS if name in columns}
    refusals.refuse(_equal(texts.get("squawk", ()), _UNREADABLE, n), "squawk: not four octal digits")
    named = texts.get("icao24", [None] * n)
    texts["icao24"] = [name if name and _ADDRESS.fullmatch(name) else None for name in named]  # or it is but a name
    texts["track_id"] = [own or name for own, name in zip(texts.get("track_id", named), named, strict=True)]
    refusals.refuse(_equal(texts["track_id"], None, n), "track: no icao24 or track_id")
    return dict(texts)


def _cells(cells: Cells) -> Sequence[str]:
    if isinstance(cells, np.ndarray):
        return ["" if math.isnan(value) else f"{value:.17g}" for value in cells.tolist()]
    return cells


def _texts(cells: Sequence[str], reader: Callable[[str], str | None]) -> list[str | None]:
    # A column of texts has few distinct values: each is read once and shared by its rows.
    read = {cell: reader(cell) for cell in set(cells)}
    return [read[cell] for cell in cells]


def _equal(values: Iterable[str | None], value: str | None, n: int) -> Mask:
    rows = [i for i, other in enumerate(values) if other == value]
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


_UNREADABLE = "?"
_ADDRESS = re.compile(r"[0-9a-f]{6}", re.ASCII)
_OCTAL = re.compile(r"[0-7]{1,4}", re.ASCII)


def _plain(cell: str) -> str | None:
    return cell.strip() or None


def _lower(cell: str) -> str | None:
    return cell.strip().lower() or None


def _squawk(cell: str) -> str | None:
    # Spreadsheets and integer columns drop the leading zeros of a code; only one code can be meant.
    code = cell.strip()
    return (code.zfill(4) if _OCTAL.fullmatch(code) else _UNREADABLE) if code else None


_READERS: dict[str, Callable[[str], str | None]] = {
    "icao24": _lower,
    "track_id": _plain,
    "callsign": _plain,
    "squawk": _squawk,
    "source": _plain,
}
