"""The track store: every track as one row of columns, with a short history of fixes.

`Fixes` go in (one plot of each track at most), `Segments` come out: where each track was and where it is now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.airspace.zones import Identity
from detector.tracks.identity import Classifier
from feeds.plots import Floats, Plots, Texts, make

Rows = NDArray[np.intp]

LOST_AFTER_S = 60.0  # a track is lost after so long a silence ...
LOST_AFTER_PERIODS = 5.0  # ... or after so many missed reports, whichever is longer
PERIOD_GAIN = 0.2


@dataclass(frozen=True, slots=True)
class Fixes:
    """Positions in the forms that the geometry needs; shape (N,), `earth_m` (N, 3)."""

    time_s: Floats
    x_m: Floats  # in the plane of the theatre
    y_m: Floats
    earth_m: Floats  # earth-centred, height 0
    sigma_m: Floats
    pressure_alt_m: Floats  # NaN: not known
    period_s: Floats  # of the source

    def take(self, index: Rows) -> Fixes:
        """Return the fixes that `index` names, in its order."""
        return Fixes(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Segments:
    """The step of M tracks from their fix before to their fix now. `first`: there is none before (it repeats now)."""

    row: Rows
    first: NDArray[np.bool_]
    before: Fixes
    now: Fixes
    bend_mps2: Floats  # how hard the path bent over the last three fixes; 0 where that is not known

    def take(self, index: Rows) -> Segments:
        """Return the segments that `index` names, in its order."""
        return Segments(
            self.row[index], self.first[index], self.before.take(index), self.now.take(index), self.bend_mps2[index]
        )


class TrackStore:
    """Columns over C rows; a row is used again after its track has been dropped."""

    def __init__(self, capacity: int = 1024) -> None:
        self._row_of: dict[str, int] = {}
        self._free = list(range(capacity - 1, -1, -1))
        self.alive = np.zeros(capacity, dtype=bool)
        self.reports = np.zeros(capacity, dtype=np.int64)
        self.heard_s = np.zeros(capacity)  # of the first report
        self.fix = Fixes(*(np.zeros((capacity, 3) if f.name == "earth_m" else capacity) for f in fields(Fixes)))
        self._step_mps = np.zeros((capacity, 3))  # mean velocity over the last segment, earth-centred
        self._step_s = np.zeros(capacity)
        self._climb_mps = np.full(capacity, np.nan)
        self.identity = np.full(capacity, Identity.UNKNOWN, dtype=np.int8)
        self.last = _blank(capacity)  # the last report as it came, with what older ones told of its names
        self.sources = np.full(capacity, None, dtype=object)  # tuple of names, in order of appearance

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def capacity(self) -> int:
        """Rows there are, used or not."""
        return len(self.alive)

    def rows(self, track_ids: Texts) -> Rows:
        """Return the row of each track, a new one for a track not known; shape (N,)."""
        found = list(map(self._row_of.get, track_ids))
        if None in found:
            found = [self._row_of[t] if t in self._row_of else self._new(t) for t in track_ids]
        return np.array(found, dtype=np.intp)

    def _new(self, track_id: str) -> int:
        if not self._free:
            self._grow()
        row = self._row_of[track_id] = self._free.pop()
        self.alive[row] = True
        self.reports[row] = 0
        self.identity[row] = Identity.UNKNOWN
        self.sources[row] = ()
        for name in ("icao24", "callsign", "squawk", "source"):
            getattr(self.last, name)[row] = None
        self._step_s[row] = 0.0
        return row

    def _grow(self) -> None:
        size = len(self.alive)
        self._free = list(range(2 * size - 1, size - 1, -1))
        for name in ("alive", "reports", "heard_s", "_step_mps", "_step_s", "_climb_mps", "identity", "sources"):
            setattr(self, name, _doubled(getattr(self, name)))
        self.fix = Fixes(*(_doubled(getattr(self.fix, f.name)) for f in fields(Fixes)))
        self.last = Plots(**{f.name: _doubled(getattr(self.last, f.name)) for f in fields(Plots)})

    def fold(self, rows: Rows, plots: Plots, fixes: Fixes, classifier: Classifier) -> Segments:
        """Take one new report of each of M tracks, every one later than the track's last, and return the steps."""
        first = self.reports[rows] == 0
        before = self.fix.take(np.where(first, 0, rows))
        before = Fixes(*(_where(first, getattr(fixes, f.name), getattr(before, f.name)) for f in fields(Fixes)))
        bend_mps2 = self._bend(rows, first, before, fixes)
        self._learn_period(first, before, fixes)
        for f in fields(Fixes):
            getattr(self.fix, f.name)[rows] = getattr(fixes, f.name)
        self.heard_s[rows[first]] = fixes.time_s[first]
        self.reports[rows] += 1
        self._name(rows, plots, classifier)
        return Segments(rows, first, before, fixes, bend_mps2)

    def _bend(self, rows: Rows, first: NDArray[np.bool_], before: Fixes, now: Fixes) -> Floats:
        """Return |acceleration| between the last two segments, (M,): the second difference over irregular intervals."""
        step_s = np.where(first, 1.0, now.time_s - before.time_s)
        velocity_mps = (now.earth_m - before.earth_m) / step_s[:, None]
        apart_s = (self._step_s[rows] + step_s) / 2
        known = ~first & (self._step_s[rows] > 0)
        change_mps = np.linalg.norm(velocity_mps - self._step_mps[rows], axis=1)
        self._step_mps[rows] = velocity_mps
        self._step_s[rows] = np.where(first, 0.0, step_s)
        self._climb_mps[rows] = np.where(first, np.nan, (now.pressure_alt_m - before.pressure_alt_m) / step_s)
        return np.where(known, change_mps / apart_s, 0.0)

    def _learn_period(self, first: NDArray[np.bool_], before: Fixes, now: Fixes) -> None:
        """Where the source's period is not known (NaN), follow the track's own; a gap counts as three periods."""
        unknown = np.isnan(now.period_s)
        step_s = now.time_s - before.time_s
        learnt = np.where(first, np.nan, before.period_s)
        learnt = np.where(np.isnan(learnt), step_s, learnt + PERIOD_GAIN * (np.minimum(step_s, 3 * learnt) - learnt))
        now.period_s[unknown] = np.where(first, np.nan, learnt)[unknown]

    def _name(self, rows: Rows, plots: Plots, classifier: Classifier) -> None:
        """Keep the last report; names that it lacks are kept from earlier ones. Identify whom it names anew."""
        told = np.zeros(len(rows), dtype=bool)
        for f in fields(Plots):
            new, column = getattr(plots, f.name), getattr(self.last, f.name)
            if f.name in ("icao24", "callsign", "squawk", "source"):
                old = column[rows]
                changed = (new != old) & (new != None)  # noqa: E711 - elementwise on an object array
                column[rows[changed]] = new[changed]
                told |= changed if f.name != "source" else False
                if f.name == "source":
                    self._add_sources(rows[changed], new[changed])
            else:
                column[rows] = new
        told |= self.reports[rows] == 1
        for row in rows[told]:
            last = self.last
            self.identity[row] = classifier.identify(last.icao24[row], last.callsign[row], last.squawk[row])

    def _add_sources(self, rows: Rows, names: Texts) -> None:
        for row, name in zip(rows, names, strict=True):
            if name not in self.sources[row]:
                self.sources[row] = (*self.sources[row], name)

    def name(self, row: int) -> str:
        """Return the track's id."""
        return str(self.last.track_id[row])

    def motion(self, row: int) -> tuple[float, float, float]:
        """Return ground speed m/s, course deg and vertical rate m/s: as reported, else from the last step, else NaN."""
        last = self.last
        gs_mps, track_deg, vrate_mps = float(last.gs_mps[row]), float(last.track_deg[row]), float(last.vrate_mps[row])
        if self._step_s[row] > 0 and math.isnan(gs_mps):
            east_mps, north_mps = _level(self._step_mps[row], last.lat_deg[row], last.lon_deg[row])
            gs_mps, track_deg = math.hypot(east_mps, north_mps), math.degrees(math.atan2(east_mps, north_mps)) % 360
        if math.isnan(vrate_mps):
            vrate_mps = float(self._climb_mps[row])
        return gs_mps, track_deg, vrate_mps

    def reclassify(self, classifier: Classifier) -> None:
        """Identify every living track by new rules."""
        for row in np.flatnonzero(self.alive):
            last = self.last
            self.identity[row] = classifier.identify(last.icao24[row], last.callsign[row], last.squawk[row])

    def lost_at_s(self) -> Floats:
        """Return, for every row, when its track counts as lost unless it reports again; inf for unused rows."""
        patience_s = np.fmax(LOST_AFTER_S, LOST_AFTER_PERIODS * self.fix.period_s)
        return np.where(self.alive, self.fix.time_s + patience_s, np.inf)

    def drop(self, rows: Sequence[int] | Rows) -> None:
        """Forget these tracks."""
        for row in rows:
            del self._row_of[self.last.track_id[row]]
            self.alive[row] = False
            self._free.append(int(row))


def _blank(capacity: int) -> Plots:
    nothing = np.full(capacity, np.nan)
    return make({"time_s": nothing, "track_id": [None] * capacity, "lat_deg": nothing, "lon_deg": nothing})


def _level(velocity_mps: Floats, lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Return east and north of an earth-centred velocity at a place."""
    lat, lon = math.radians(lat_deg), math.radians(lon_deg)
    east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    north = np.array([-math.sin(lat) * math.cos(lon), -math.sin(lat) * math.sin(lon), math.cos(lat)])
    return float(velocity_mps @ east), float(velocity_mps @ north)


def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([array, np.zeros_like(array)])


def _where(mask: NDArray[np.bool_], yes: Floats, no: Floats) -> Floats:
    return np.where(mask[:, None] if yes.ndim == 2 else mask, yes, no)
