"""An independent answer to who was in Switzerland when: the path of each aircraft swept by shapely.

Paths and borders are straight in longitude and latitude; depths are taken in the Swiss grid, LV95 (EPSG:2056).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.stats import norm
from shapely.geometry import shape

from detector.arrays import Floats
from feeds.plots import Plots

SIGMA_M = 100.0  # of a report of unknown origin: tracks/accuracy.py
FORGOTTEN_AFTER_S = 420.0  # a path is not followed across a longer silence: tracks/store.py
UNSEEN_MPS2 = 1.0  # what a path may bend unseen: rules/evidence.py
STEP_S = 0.1
FINE_DEG = 0.005  # a border of such pieces is straight in the grid too, within 0.1 m

_LV95 = Transformer.from_crs(4326, 2056, always_xy=True).transform


@dataclass(frozen=True)
class Path:
    """One track's plots, one a time, without a silence of FORGOTTEN_AFTER_S; shape (N,)."""

    track_id: str
    time_s: Floats
    lon_deg: Floats
    lat_deg: Floats

    def at(self, time_s: Floats) -> tuple[Floats, Floats]:
        return np.interp(time_s, self.time_s, self.lon_deg), np.interp(time_s, self.time_s, self.lat_deg)

    def sigma_m(self, time_s: Floats) -> Floats:
        """Return the error of the path: of its reports, and of what it bends and may have bent between them."""
        k = np.clip(np.searchsorted(self.time_s, time_s, side="right") - 1, 0, len(self.time_s) - 2)
        step_s = np.diff(self.time_s)
        w = (time_s - self.time_s[k]) / step_s[k]
        velocity = np.diff(np.column_stack(_LV95(self.lon_deg, self.lat_deg)), axis=0) / step_s[:, None]
        bend = 2 * np.diff(velocity, axis=0) / (step_s[1:] + step_s[:-1])[:, None]
        bend_mps2 = np.append(0.0, np.linalg.norm(bend, axis=1))[k]
        doubt_m = 4 * w * (1 - w) * np.hypot(bend_mps2, UNSEEN_MPS2) * step_s[k] ** 2 / 8
        return np.hypot(SIGMA_M * np.hypot(1 - w, w), doubt_m)


def paths(plots: Plots) -> Iterator[Path]:
    ids = plots.track_id.astype(str)
    for track_id in np.unique(ids):
        time_s, first = np.unique(plots.time_s[ids == track_id], return_index=True)
        rows = np.flatnonzero(ids == track_id)[first]
        for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(time_s) >= FORGOTTEN_AFTER_S) + 1):
            if len(part) > 1:
                yield Path(str(track_id), time_s[part], plots.lon_deg[rows[part]], plots.lat_deg[rows[part]])


class Country:
    """A polygon with its boundary, for paths to cross."""

    def __init__(self, geometry: Mapping[str, object]) -> None:
        self.area = shapely.make_valid(shape(geometry))
        self.border = self.area.boundary
        self._border_m = shapely.transform(shapely.segmentize(self.border, FINE_DEG), _to_lv95)
        for part in (self.area, self.border, self._border_m):
            shapely.prepare(part)

    def inside(self, lon_deg: Floats, lat_deg: Floats) -> NDArray[np.bool_]:
        return shapely.contains_xy(self.area, lon_deg, lat_deg)

    def depth_m(self, lon_deg: Floats, lat_deg: Floats) -> Floats:
        """Return the distance to the border, positive inside."""
        away_m = shapely.distance(shapely.points(*_LV95(lon_deg, lat_deg)), self._border_m)
        return np.where(self.inside(lon_deg, lat_deg), away_m, -away_m)

    def crossings_s(self, path: Path) -> Floats:
        """Return when the path crosses the border, by linear interpolation, in order."""
        place = np.column_stack([path.lon_deg, path.lat_deg])
        chords = shapely.linestrings(np.stack([place[:-1], place[1:]], axis=1))
        found = [np.empty(0)]
        for k in np.flatnonzero(shapely.intersects(self.border, chords)):
            step = place[k + 1] - place[k]
            fraction = (shapely.get_coordinates(chords[k] & self.border) - place[k]) @ step / (step @ step)
            found.append(path.time_s[k] + fraction * (path.time_s[k + 1] - path.time_s[k]))
        return np.sort(np.concatenate(found))


def log_odds(depth_m: Floats) -> Floats:
    """Return ln(P(inside) / P(outside)) of reports."""
    return norm.logcdf(depth_m / SIGMA_M) - norm.logsf(depth_m / SIGMA_M)


def evidence(country: Country, path: Path, start_s: float, end_s: float, side: int) -> tuple[float, float]:
    """Return what speaks for a stay on one side (1 inside, -1 outside): the reports' log-odds, and the path's most.

    The sum over reports that speak for it is the most that a sequential test can gather.
    """
    during = (path.time_s >= start_s) & (path.time_s <= end_s)
    reports = log_odds(side * country.depth_m(path.lon_deg[during], path.lat_deg[during]))
    time_s = np.linspace(start_s, end_s, max(3, int((end_s - start_s) / STEP_S)))
    surest = (side * country.depth_m(*path.at(time_s)) / path.sigma_m(time_s)).max()
    return float(np.maximum(reports, 0).sum()), float(log_odds(np.array([surest * SIGMA_M]))[0])


def _to_lv95(lon_lat: Floats) -> Floats:
    return np.column_stack(_LV95(*lon_lat.T))
