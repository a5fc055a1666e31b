"""Plots: position reports as columns, one row a report, in the order in which they were received.

Units are SI and degrees; NaN (floats), None (texts) and -1 (small integers) mean "not known".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from detector.arrays import Floats, Indices, Mask, Small, Texts

UNKNOWN_SMALL = -1


@dataclass(frozen=True, slots=True)
class Plots:
    """N reports; every array has shape (N,). `time_s`, `track_id`, `lat_deg` and `lon_deg` are always known."""

    time_s: Floats  # Unix seconds, UTC
    track_id: Texts  # the source's own track number or name; icao24 where it has none
    lat_deg: Floats  # WGS84
    lon_deg: Floats
    icao24: Texts  # six hex digits, lower case
    callsign: Texts
    squawk: Texts  # four octal digits
    baro_alt_m: Floats  # pressure altitude, 1013.25 hPa
    geo_alt_m: Floats  # above the WGS84 ellipsoid
    gs_mps: Floats
    track_deg: Floats  # true, over ground
    vrate_mps: Floats
    on_ground: Small  # 0, 1
    nac_p: Small  # navigation accuracy category for position, 0..11
    nic: Small  # navigation integrity category, 0..11
    source: Texts  # name of the sensor

    def __len__(self) -> int:
        return len(self.time_s)

    def take(self, index: Indices | Mask | slice) -> Plots:
        """Return the rows that `index` names, in its order."""
        return Plots(**{name: getattr(self, name)[index] for name in COLUMNS})


COLUMNS = {f.name: ("f8" if f.type == "Floats" else "i1" if f.type == "Small" else "O") for f in fields(Plots)}
_UNKNOWN = {"f8": np.nan, "i1": UNKNOWN_SMALL, "O": None}


def make(columns: Mapping[str, Any]) -> Plots:
    """Build plots from the columns given (sequences of one length); columns left out are not known.

    `track_id` defaults to `icao24`. Raises KeyError without time, position or any name of the track.
    """
    n = len(columns["time_s"])
    given = dict(columns)
    if "track_id" not in given:
        given["track_id"] = given["icao24"]
    for required in ("time_s", "lat_deg", "lon_deg"):
        given[required]
    arrays = {}
    for name, dtype in COLUMNS.items():
        array = np.empty(n, dtype=dtype)
        array[:] = given.get(name, _UNKNOWN[dtype])
        arrays[name] = array
    return Plots(**arrays)


def concatenate(batches: Sequence[Plots]) -> Plots:
    """Return the rows of all batches in their order."""
    if len(batches) == 1:
        return batches[0]
    if not batches:
        return make({"time_s": [], "track_id": [], "lat_deg": [], "lon_deg": []})
    return Plots(**{name: np.concatenate([getattr(batch, name) for batch in batches]) for name in COLUMNS})
