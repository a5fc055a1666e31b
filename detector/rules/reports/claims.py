"""Claims: reports as they came, believed or not, for the rules about what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

from detector.arrays import Floats
from detector.geometry.projection import on_earth
from detector.tracks.fixes import Fixes, Rows
from detector.tracks.store import TrackStore


@dataclass(frozen=True, slots=True)
class Claims:
    """M reports, one of each of M tracks, not yet taken into them."""

    row: Rows
    now: Fixes
    last: Fixes  # the last believed ones
    tracks: TrackStore


def claimed(earth_m: Floats) -> dict[str, float | str]:
    """Return evidence of a place, (3,) earth-centred."""
    (lon_deg,), (lat_deg,) = on_earth(earth_m[None])
    return {"claimed_lat": lat_deg, "claimed_lon": lon_deg}
