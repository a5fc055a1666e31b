"""A reading: what the reader of a zone file gives, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, field

from detector.airspace.zones import Derived, Zone


@dataclass(frozen=True, slots=True)
class Reading:
    """What files gave. `claims`: every zone id with the place that uses it, also of zones that could not be read."""

    zones: list[Zone] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    claims: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)  # the places of zones that warnings are about

    def extend(self, other: Reading) -> None:
        """Add what another reading found."""
        self.zones.extend(other.zones)
        self.derived.extend(other.derived)
        self.claims.extend(other.claims)
        self.problems.extend(other.problems)
        self.warnings.extend(other.warnings)
        self.warned.update(other.warned)
