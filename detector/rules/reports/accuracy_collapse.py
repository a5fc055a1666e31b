"""Accuracy collapse: a watched aircraft that knew well where it is knows no more; its satellite signal is jammed."""

from __future__ import annotations

import msgspec

from detector.rules.reports.claims import Claims
from detector.rules.sight import Sight

REPORTS = 4  # in succession; in ordinary traffic single ones are poor


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.accuracy_collapse]."""

    enabled: bool = True


def look(claims: Claims) -> Sight:
    """Return what M reports show."""
    collapse = claims.tracks.collapse
    category = collapse.category[claims.row].astype(float)
    return Sight(
        collapse.lost[claims.row],
        -category,
        lambda m: {"accuracy_category": category[m]},
    )
