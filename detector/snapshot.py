"""Snapshots: the state of a pipeline as bytes, and a pipeline that goes on from there.

A snapshot is taken of the whole, or of what has had to do with incidents since the last whole one: with thousands of
tracks the whole is megabytes, and those few rows are kilobytes. A pipeline goes on from a whole one and the latest of
the others. What is kept of tracks are their columns, found by walking the objects that hold them, whatever rules have
added; the rest is written out below. Trails, three times the rest where they are full, are kept of watched tracks;
where moving assets are the next second tells. Bytes laid out otherwise (by another version) are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detector.airspace.zones import Identity, Zone
from detector.geometry.projection import Theatre
from detector.incidents import plain
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.alone.dark import Dark
from detector.rules.company import Company
from detector.rules.conditions import Conditions
from detector.rules.conduct import Conduct
from detector.rules.contacts import RECORD
from detector.rules.integrity import Integrity
from detector.rules.reports.interference import Interference
from detector.rules.signs import Sign
from detector.rules.together.interception import PAIR
from detector.tracks.columns import Columns
from detector.tracks.fixes import Fixes, Rows
from detector.tracks.history import History
from feeds.plots import Plots

_HOLDERS = (Columns, Fixes, Plots, Company, Conduct, Conditions, Dark, Integrity, Interference)
_INDEX = {"_row_of", "_free"}  # of the store: follows from its columns


class UnreadableStateError(Exception):
    """These bytes are of another version."""


class _State(Struct, frozen=True):
    layout: str
    site: str
    zones: list[tuple[str, str, str]]  # id, name, kind
    drawn: str  # digest of how they are drawn
    theatre: tuple[float, float]
    time_s: float
    capacity: int
    rows: list[int]
    strands: dict[str, list[int]]
    columns: dict[str, bytes | list[Any]]
    watched: list[int]
    trails: dict[str, bytes]  # of these rows
    contacts: bytes
    company: bytes
    proximities: list[tuple[Any, ...]]
    company_due_s: float
    probes: list[tuple[Any, ...]]
    interference: dict[str, Any]
    formations: list[tuple[Any, ...]]
    incidents: list[dict[str, Any]]
    open: list[tuple[int, int]]  # row of a track, place in `incidents`
    lost: list[tuple[int, int]]


class Snapshots:
    """Takes snapshots of one pipeline. A whole one takes a while to write, and counts once it is `written`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._touched: set[int] = set()  # since the last that counts
        self._lately: set[int] = set()  # since the last

    def whole(self) -> bytes:
        """Return all of its state."""
        self._lately = involved(self._pipeline)
        self._touched |= self._lately
        return freeze(self._pipeline, np.flatnonzero(self._pipeline.tracks.alive))

    def written(self) -> None:
        """Note that the last whole one counts from now on."""
        self._touched = set(self._lately)

    def since(self) -> bytes:
        """Return the state of what has had a part in incidents since the last whole one that counts."""
        rows = involved(self._pipeline)
        self._touched |= rows
        self._lately |= rows
        return freeze(self._pipeline, np.array(sorted(self._touched), dtype=np.intp))


def involved(pipeline: Pipeline) -> set[int]:
    """Return the rows of tracks that have a part in an incident, or may be about to have one together."""
    company, register = pipeline.conduct.company, pipeline.book.register
    rows = company.interceptions.rows() | company.proximities.rows() | company.formations.rows()
    return rows.union(pipeline.conduct.integrity.interference.rows, register.open, register.lost)


def freeze(pipeline: Pipeline, rows: Rows) -> bytes:
    """Return the state of these rows' tracks, and all that is not of single tracks."""
    tracks, conduct, contacts = pipeline.tracks, pipeline.conduct, pipeline.contacts
    conduct.fit(tracks.capacity)
    columns = dict(_columns(pipeline))
    of_these = np.isin(contacts.row, rows)
    watched = rows[pipeline.airspace.watched[tracks.identity[rows]]]
    is_open, lost = pipeline.book.register.open, pipeline.book.register.lost
    number = {incident: n for n, incident in enumerate(dict.fromkeys([*is_open.values(), *lost.values()]))}
    state = _State(
        layout=_layout(pipeline, columns),
        site=pipeline.book.writer.site,
        zones=[(zone.id, zone.name, zone.kind) for zone in pipeline.airspace.zones],
        drawn=_drawn(pipeline.airspace),
        theatre=(pipeline.airspace.theatre.lon_deg, pipeline.airspace.theatre.lat_deg),
        time_s=pipeline.time_s,
        capacity=tracks.capacity,
        rows=rows.tolist(),
        strands=conduct.strands(),
        columns={path: _packed(column[rows]) for path, column in columns.items()},
        watched=watched.tolist(),
        trails={name: points.tobytes() for name, points in tracks.trail.points(watched).items()},
        contacts=contacts.records[of_these].tobytes(),
        company=conduct.company.interceptions.plain(),
        proximities=conduct.company.proximities.plain(),
        company_due_s=conduct.company.next_s,
        probes=conduct.probes.plain(),
        interference=conduct.integrity.interference.plain(),
        formations=conduct.company.formations.plain(),
        incidents=[plain.plain(incident) for incident in number],
        open=[(row, number[incident]) for row, incident in is_open.items()],
        lost=[(row, number[incident]) for row, incident in lost.items()],
    )
    return msgspec.msgpack.encode(state)


def thaw(pipeline: Pipeline, blob: bytes) -> None:
    """Let a pipeline go on from a snapshot; what it holds of tracks in there is replaced.

    Raises UnreadableStateError, after which the pipeline is of no use.
    """
    try:
        _take_over(pipeline, _decoded(blob))
    except (ValueError, KeyError, TypeError, IndexError) as error:  # laid out otherwise where the layout does not show
        raise UnreadableStateError(f"it is of another version: {error!r}") from error


def _take_over(pipeline: Pipeline, state: _State) -> None:
    tracks, conduct, rows = pipeline.tracks, pipeline.conduct, np.array(state.rows, dtype=np.intp)
    tracks.fit(state.capacity)
    conduct.fit(tracks.capacity, state.strands)
    columns = dict(_columns(pipeline))
    if (state.layout, state.site) != (_layout(pipeline, columns), pipeline.book.writer.site):
        raise UnreadableStateError("it is of another version, or another site")
    for path, values in state.columns.items():
        columns[path][rows] = _unpacked(values, columns[path])
    tracks.trail.begin(rows)
    like = tracks.trail.points(rows[:0])
    trails = {name: _unpacked(points, like[name]) for name, points in state.trails.items()}
    tracks.trail.restore(np.array(state.watched, dtype=np.intp), trails)
    gone = tracks.reindex(rows)
    conduct.drop(gone)
    pipeline.contacts.forget(np.concatenate([rows, gone]))
    contacts = np.frombuffer(state.contacts, dtype=RECORD)
    pipeline.contacts.put(contacts, np.ones(len(contacts), dtype=bool))
    conduct.company.interceptions.restore(state.company)
    conduct.company.proximities.restore(state.proximities)
    conduct.company.formations.restore(state.formations)
    conduct.company.next_s = state.company_due_s
    conduct.probes.restore(state.probes)
    conduct.integrity.interference.restore(state.interference)
    known = {zone.id: zone for zone in pipeline.airspace.zones}

    def zone_of(zone_id: str, name: str, kind: str) -> Zone:
        return known.get(zone_id) or Zone(zone_id, (), name, kind)

    incidents = [plain.incident_of(data, zone_of) for data in state.incidents]
    pipeline.book.restore(*({row: incidents[n] for row, n in part} for part in (state.open, state.lost)))
    pipeline.book.register.fly(conduct.company.formations.groups())
    pipeline.time_s = state.time_s
    pipeline.activation.advance(state.time_s)


def drawn_alike(blobs: Sequence[bytes], airspace: Airspace) -> bool:
    """Tell whether snapshots are of these very zones. Raises UnreadableStateError."""
    return all(_decoded(blob).drawn == _drawn(airspace) for blob in blobs)


class Remembered(Airspace):
    """The airspace of a snapshot, as far as it is remembered: enough to go on in another one, by `reconfigure`."""

    def __init__(self, blob: bytes) -> None:
        state = _decoded(blob)
        self.zones = tuple(Zone(zone_id, (), name, kind) for zone_id, name, kind in state.zones)
        self.index_of = {zone.id: index for index, zone in enumerate(self.zones)}
        self.theatre = Theatre(*state.theatre)
        self.moving = np.empty(0, dtype=np.intp)
        self.cares = np.zeros((len(Identity), len(self.zones)), dtype=bool)
        self.watched = np.zeros(len(Identity), dtype=bool)
        self.middle_m = np.full((len(self.zones), 3), np.nan)


def _decoded(blob: bytes) -> _State:
    try:
        return msgspec.msgpack.decode(blob, type=_State)
    except msgspec.MsgspecError as error:
        raise UnreadableStateError(str(error)) from error


def _columns(thing: Any, path: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the columns over rows of tracks, by where they are held."""
    if isinstance(thing, Pipeline):
        yield from _columns({"tracks": thing.tracks, "conduct": thing.conduct})
    elif isinstance(thing, np.ndarray):
        yield path, thing
    elif isinstance(thing, History):
        for name, ring in thing.columns().items():
            yield f"{path}.{name}", ring
    elif isinstance(thing, (dict, list, _HOLDERS)):
        for name, held in _held(thing):
            yield from _columns(held, f"{path}.{name}")


def _held(thing: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(thing, dict):
        return iter(thing.items())
    if isinstance(thing, list):
        return iter(enumerate(thing))
    if is_dataclass(thing):
        return iter([(f.name, getattr(thing, f.name)) for f in fields(thing)])
    return ((name, held) for name, held in vars(thing).items() if name not in _INDEX)


def _packed(values: NDArray[Any]) -> bytes | list[Any]:
    return values.tolist() if values.dtype == object else values.tobytes()


def _unpacked(values: bytes | list[Any], like: NDArray[Any]) -> NDArray[Any]:
    if isinstance(values, bytes):
        return np.frombuffer(values, dtype=like.dtype).reshape(-1, *like.shape[1:])
    column = np.empty(len(values), dtype=object)
    column[:] = [tuple(value) if isinstance(value, list) else value for value in values]
    return column


def _layout(pipeline: Pipeline, columns: Mapping[str, NDArray[Any]]) -> str:
    trails = pipeline.tracks.trail.points(np.empty(0, dtype=np.intp))
    laid = [(path, column.dtype.str, column.shape[1:]) for path, column in (*columns.items(), *trails.items())]
    return _digest(repr((sorted(laid), RECORD.descr, PAIR.descr, Sign._fields, plain.LAYOUT)).encode())


@lru_cache(maxsize=1)  # asked with every message, and thousands of vertices long
def _drawn(airspace: Airspace) -> str:
    parts: list[bytes] = []
    for zone in airspace.zones:
        properties = zone.id, zone.kind, zone.floor, zone.ceiling, zone.geodesic, zone.active, zone.follows
        parts.append(repr((*properties, zone.radius_m)).encode())
        parts += [ring.tobytes() for rings in zone.polygons for ring in rings]
    return _digest(b"".join(parts))


def _digest(data: bytes) -> str:
    return hashlib.blake2s(data, digest_size=16).hexdigest()
