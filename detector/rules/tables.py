"""The tables of thresholds that rules have, by rule: [rules.NAME]."""

from __future__ import annotations

import msgspec

from detector.rules import incursion
from detector.rules.alone import (
    approach,
    asset_pass,
    dark,
    emergency_code,
    hard_turn,
    impossible_identity,
    loitering,
    low_pass,
    probing,
    pull_up,
    renegade,
    skirting,
    speed_change,
    steep_descent,
    too_fast,
)
from detector.rules.reports import accuracy_collapse, duplicate_address, frozen, interference, jump
from detector.rules.together import bow_crossing, formation, interception, near_collision, well_clear


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules]: a table for each rule."""

    incursion: incursion.Params = incursion.Params()
    approach: approach.Params = approach.Params()
    hard_turn: hard_turn.Params = hard_turn.Params()
    steep_descent: steep_descent.Params = steep_descent.Params()
    pull_up: pull_up.Params = pull_up.Params()
    speed_change: speed_change.Params = speed_change.Params()
    low_pass: low_pass.Params = low_pass.Params()
    too_fast: too_fast.Params = too_fast.Params()
    emergency_code: emergency_code.Params = emergency_code.Params()
    renegade: renegade.Params = renegade.Params()
    asset_pass: asset_pass.Params = asset_pass.Params()
    probing: probing.Params = probing.Params()
    skirting: skirting.Params = skirting.Params()
    loitering: loitering.Params = loitering.Params()
    jump: jump.Params = jump.Params()
    frozen: frozen.Params = frozen.Params()
    accuracy_collapse: accuracy_collapse.Params = accuracy_collapse.Params()
    duplicate_address: duplicate_address.Params = duplicate_address.Params()
    impossible_identity: impossible_identity.Params = impossible_identity.Params()
    interference: interference.Params = interference.Params()
    dark: dark.Params = dark.Params()
    formation: formation.Params = formation.Params()
    interception: interception.Params = interception.Params()
    well_clear: well_clear.Params = well_clear.Params()
    bow_crossing: bow_crossing.Params = bow_crossing.Params()
    near_collision: near_collision.Params = near_collision.Params()

    def off(self) -> set[str]:
        """Return the rules that are switched off."""
        return {rule for rule in self.__struct_fields__ if not getattr(self, rule).enabled}
