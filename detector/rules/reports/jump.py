"""Jump: a watched track claims to be where it cannot be. Its claims count for nothing else until they are believed."""

from __future__ import annotations

import msgspec

from detector.rules.reports.claims import Claims, claimed
from detector.rules.sight import Sight
from detector.tracks.fixes import distance_m

REPORTS = 2


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.jump]."""

    enabled: bool = True


def look(claims: Claims) -> Sight:
    """Return what M reports show."""
    trust, earth_m = claims.tracks.trust, claims.now.earth_m
    jump_m = distance_m(claims.last.earth_m, earth_m)
    return Sight(
        trust.doubted[claims.row] & ~trust.stillness.frozen[claims.row],
        jump_m,
        lambda m: {"jump_m": jump_m[m]} | claimed(earth_m[m]),
    )
