"""Words: how the self-check says how much."""

from __future__ import annotations

from collections.abc import Sequence

LINES = 10  # about one zone and matter


def first(lines: Sequence[str], what: str, most: int = LINES) -> list[str]:
    """Return the first lines and how many more there are."""
    more = len(lines) - most
    return [*lines[:most], *([f"{what} in {more} more places"] if more > 0 else [])]


def area(area_m2: float) -> str:
    """Return an area in words: m2, or km2 where it is large."""
    return f"{area_m2:.0f} m2" if area_m2 < 1e5 else f"{area_m2 / 1e6:,.{1 if area_m2 < 1e8 else 0}f} km2"


def length(length_m: float) -> str:
    """Return a length in words: m, or km where it is long."""
    return f"{length_m:.{1 if length_m < 10 else 0}f} m" if length_m < 1e4 else f"{length_m / 1e3:.0f} km"
