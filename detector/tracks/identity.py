"""Who a track is: the first identity rule that matches its address, callsign, squawk and state of registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

from detector.airspace.zones import Identity
from detector.tracks.states import state_of

EMERGENCY_CODES = ("7500", "7600", "7700")  # ICAO Annex 10 IV, 2.1.4


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: every condition that is given must hold. Address ranges are closed."""

    identity: Identity
    addresses: tuple[tuple[int, int], ...] | None = None
    callsigns: tuple[str, ...] | None = None  # shell patterns
    squawks: tuple[str, ...] | None = None
    squawks_not: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None  # ISO 3166 alpha-2

    def matches(self, icao24: str | None, callsign: str | None, squawk: str | None) -> bool:
        """Tell whether every given condition holds; on something not known none does but `squawks_not`."""
        return (
            (self.addresses is None or _within(icao24, self.addresses))
            and (self.callsigns is None or _named(callsign, self.callsigns))
            and (self.squawks is None or squawk in self.squawks)
            and (self.squawks_not is None or squawk not in self.squawks_not)
            and (self.states is None or state_of(icao24) in self.states)
        )


def _named(callsign: str | None, patterns: tuple[str, ...]) -> bool:
    return callsign is not None and any(fnmatchcase(callsign, pattern) for pattern in patterns)


def _within(icao24: str | None, ranges: tuple[tuple[int, int], ...]) -> bool:
    try:
        address = int(icao24 or "", 16)
    except ValueError:
        return False
    return any(low <= address <= high for low, high in ranges)


class Classifier:
    """Rules in order; none that matches means unknown."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self.identify = lru_cache(maxsize=65536)(self._identify)
        self.awaits_callsign = lru_cache(maxsize=65536)(self._awaits_callsign)

    def _identify(self, icao24: str | None, callsign: str | None, squawk: str | None) -> Identity:
        return next((r.identity for r in self._rules if r.matches(icao24, callsign, squawk)), Identity.UNKNOWN)

    def _awaits_callsign(self, icao24: str | None, squawk: str | None) -> bool:
        """Tell whether a callsign could make somebody else of a transponder that has not told one."""
        for rule in self._rules:
            if rule.matches(icao24, None, squawk):
                return False
            if rule.callsigns and replace(rule, callsigns=None).matches(icao24, None, squawk):
                return icao24 is not None
        return False
