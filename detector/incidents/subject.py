"""The subject of an incident as the track store knows it now; what was not reported is derived from the last step."""

from __future__ import annotations

import math

from detector.airspace.zones import Identity
from detector.incidents.message import Subject, stamp
from detector.tracks.states import state_of
from detector.tracks.store import TrackStore
from detector.units import FOOT_M, FOOT_PER_MINUTE_MPS, KNOT_MPS


def subject_of(tracks: TrackStore, row: int) -> Subject:
    """Return the subject in the units of aviation: feet, knots, feet per minute."""
    last, fix = tracks.last, tracks.fix
    altitude_m = fix.geo_alt_m[row] if math.isnan(fix.pressure_alt_m[row]) else fix.pressure_alt_m[row]
    gs_mps, track_deg, vrate_mps = tracks.motion(row)
    return Subject(
        track_id=last.track_id[row],
        icao24=last.icao24[row],
        callsign=last.callsign[row],
        squawk=last.squawk[row],
        identity=Identity(tracks.identity[row]).word,
        state=state_of(last.icao24[row]),
        sources=tracks.sources[row],
        time=stamp(float(last.time_s[row])),
        lat=round(float(last.lat_deg[row]), 5),
        lon=round(float(last.lon_deg[row]), 5),
        alt_ft=_whole(altitude_m / FOOT_M),
        gs_kt=_whole(gs_mps / KNOT_MPS),
        track_deg=None if math.isnan(track_deg) else round(float(track_deg), 1),
        vrate_fpm=_whole(vrate_mps / FOOT_PER_MINUTE_MPS),
        sigma_m=round(float(fix.sigma_m[row]), 1),
    )


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else round(value)
