"""Duplicate address: a watched track is in two places by turns, and each goes on from itself.

Two aircraft under one address, or one whose receiver is spoofed off and on. The place that was known first is believed.
"""

from __future__ import annotations

import msgspec

from detector.rules.reports.claims import Claims, claimed
from detector.rules.sight import Sight
from detector.tracks.fixes import distance_m

REPORTS = 1


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.duplicate_address]."""

    enabled: bool = True


def look(claims: Claims) -> Sight:
    """Return what M reports show; each has been held against several before it."""
    trust, row = claims.tracks.trust, claims.row
    claim_m = trust.claim.earth_m[row]
    apart_m = distance_m(claims.last.earth_m, claim_m)
    return Sight(
        trust.twofold[row],
        apart_m,
        lambda m: {"apart_m": apart_m[m]} | claimed(claim_m[m]),
    )
