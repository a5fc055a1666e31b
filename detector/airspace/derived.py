"""Derived zones: belts, buffers and territorial seas, drawn by their distance from the boundary of other zones.

A Feature without geometry says of which: `of` (an id, or a list for the union of several), `outside_nm` and `inside_nm`
(from the boundary), `with_base` (what the boundary encloses counts, too).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from detector.airspace.draft import shown
from detector.airspace.properties import filled
from detector.airspace.zones import Derived
from detector.units import NAUTICAL_MILE_M

if TYPE_CHECKING:
    from detector.airspace.feature import Feature

FARTHEST_NM = 500.0


def read(feature: Feature, given: Mapping[str, Any]) -> None:
    """Add what a feature without geometry asks for to its reading, or what is wrong with it."""
    of = given.get("of")
    names: list[Any] = of if isinstance(of, list) else [of]
    if not filled(names) or not all(isinstance(name, str) for name in names):
        feature.refuse(f"of: got {shown(of)}, expected the id of a zone, or a list of them")
    outside_m, inside_m = (_distance_m(feature, given, name) for name in ("outside_nm", "inside_nm"))
    with_base = given.get("with_base", False)
    if not isinstance(with_base, bool):
        feature.refuse(f"with_base: got {shown(with_base)}, expected true or false")
    if outside_m == inside_m == 0:
        feature.refuse("outside_nm: got none and no inside_nm, expected at least one of them above 0")
    if with_base and inside_m:
        feature.refuse("inside_nm: given to what has all of its base, expected outside_nm alone")
    zone = feature.zone(feature.fields(given), (), geodesic=True)
    if zone is not None:
        derived = Derived(zone, feature.place, tuple(names), outside_m, inside_m, with_base)
        feature.reading.derived.append(derived)


def _distance_m(feature: Feature, given: Mapping[str, Any], name: str) -> float:
    value = given.get(name, 0.0)
    if not isinstance(value, float) or not 0 <= value <= FARTHEST_NM or math.isnan(value):
        feature.refuse(f"{name}: got {shown(value)}, expected a number from 0 to {FARTHEST_NM:g}")
        return 0.0
    return value * NAUTICAL_MILE_M
