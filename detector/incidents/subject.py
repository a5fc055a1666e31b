"""The subjects of incidents as the track store knows them now; what was not reported is derived from what was."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detector.airspace.zones import Identity
from detector.arrays import Floats
from detector.incidents.message import Subject, stamp
from detector.tracks.states import state_of
from detector.tracks.store import TrackStore
from detector.units import FOOT_M, FOOT_PER_MINUTE_MPS, KNOT_MPS


def subjects(tracks: TrackStore, rows: Sequence[int]) -> list[Subject]:
    """Return the subjects of rows, in the units of aviation: feet, knots, feet per minute."""
    at = np.array(rows, dtype=np.intp)
    last, fix = tracks.last, tracks.fix
    gs_mps, track_deg, vrate_mps = tracks.motion(at)
    altitude_m = np.where(np.isnan(fix.pressure_alt_m[at]), fix.geo_alt_m[at], fix.pressure_alt_m[at])
    columns = (
        rows,
        np.round(last.lat_deg[at], 5).tolist(),
        np.round(last.lon_deg[at], 5).tolist(),
        _whole(altitude_m / FOOT_M),
        _whole(gs_mps / KNOT_MPS),
        [None if math.isnan(deg) else deg for deg in np.round(track_deg, 1).tolist()],
        _whole(vrate_mps / FOOT_PER_MINUTE_MPS),
        np.round(fix.sigma_m[at], 1).tolist(),
    )
    return [
        Subject(
            track_id=last.track_id[row],
            icao24=last.icao24[row],
            callsign=last.callsign[row],
            squawk=last.squawk[row],
            identity=Identity(tracks.identity[row]).word,
            state=state_of(last.icao24[row]),
            sources=tracks.sources[row],
            time=stamp(float(last.time_s[row])),
            lat=lat,
            lon=lon,
            alt_ft=alt_ft,
            gs_kt=gs_kt,
            track_deg=deg,
            vrate_fpm=vrate_fpm,
            sigma_m=sigma_m,
        )
        for row, lat, lon, alt_ft, gs_kt, deg, vrate_fpm, sigma_m in zip(*columns, strict=True)
    ]


def on_levels(tracks: TrackStore, rows: Sequence[int]) -> list[bool]:
    """Tell whose altitudes are pressure altitudes, which flight levels count; others are heights of satellites."""
    known: list[bool] = (~np.isnan(tracks.fix.pressure_alt_m[np.array(rows, dtype=np.intp)])).tolist()
    return known


def _whole(values: Floats) -> list[int | None]:
    return [None if math.isnan(value) else round(value) for value in values.tolist()]
