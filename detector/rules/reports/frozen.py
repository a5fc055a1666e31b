"""Frozen: a watched track stays on the spot while it tells a speed. It is believed again once it moves from there."""

from __future__ import annotations

import msgspec

from detector.rules.reports.claims import Claims
from detector.rules.sight import Sight

REPORTS = 1


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.frozen]."""

    enabled: bool = True


def look(claims: Claims) -> Sight:
    """Return what M reports show; each has been held against several before it."""
    still = claims.tracks.trust.stillness
    flown_m, frozen_s = still.flown_m[claims.row], claims.now.time_s - still.since_s[claims.row]
    return Sight(
        still.frozen[claims.row],
        flown_m,
        lambda m: {"frozen_s": frozen_s[m], "unflown_m": flown_m[m]},
        since_s=still.since_s[claims.row],
    )
