"""Jump: a watched track claims to be where it cannot be. Its claims count for nothing else until they are believed."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from detector.geometry.projection import on_earth
from detector.picture import Airspace
from detector.rules.conditions import Conditions
from detector.rules.findings import Change
from detector.rules.signs import Sign, Signs
from detector.rules.vicinity import around
from detector.tracks.fixes import Fixes, Rows
from detector.tracks.store import TrackStore
from detector.tracks.trust import distance_m


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.jump]."""

    enabled: bool = True


def look(
    rows: Rows,
    doubted: NDArray[np.bool_],
    claims: Fixes,
    tracks: TrackStore,
    airspace: Airspace,
    condition: Conditions,
) -> Signs:
    """Return what M reports, some of them doubted, change; `segment` of a sign is the number of the report.

    A jump matters where it leads from or to the vicinity of a zone that watches the track.
    """
    some = np.flatnonzero(doubted | condition.pending(rows))
    rows, now = rows[some], claims.take(some)
    identity, last = tracks.identity[rows], tracks.fix.take(rows)
    nobody = np.empty(0, dtype=np.intp)
    there, here = (around(fixes.earth_m, identity, (nobody, nobody), airspace) for fixes in (now, last))
    zone = np.where(here.near, here.zone, there.zone)
    shown = doubted[some] & airspace.watched[identity] & (zone >= 0)
    jump_m = distance_m(last.earth_m, now.earth_m)
    turn = condition.take(rows, shown, now.time_s, jump_m)
    lon_deg, lat_deg = on_earth(now.earth_m)
    signs = Signs()
    for change, changed in zip((Change.OPENED, Change.ESCALATED, Change.ENDED), turn, strict=True):
        for m in np.flatnonzero(changed).tolist():
            row, over = int(rows[m]), change is Change.ENDED
            claim = {"jump_m": jump_m[m], "claimed_lat": lat_deg[m], "claimed_lon": lon_deg[m]}
            signs.append(
                Sign(
                    row=row,
                    segment=int(some[m]),
                    rule="jump",
                    change=change,
                    started_s=float(condition.first_s[row]),
                    decided_s=float(now.time_s[m]),
                    ended_s=float(condition.last_s[row]) if over else math.nan,
                    zone=int(zone[m]),
                    grave=False,
                    value=float(jump_m[m]),
                    evidence={} if over else {name: float(value) for name, value in claim.items()},
                )
            )
    return signs
