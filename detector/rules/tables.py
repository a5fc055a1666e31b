"""The tables of thresholds that rules have, by rule: [rules.NAME]."""

from __future__ import annotations

import msgspec

from detector.rules import (
    approach,
    asset_pass,
    bow_crossing,
    dark,
    emergency_code,
    hard_turn,
    incursion,
    interception,
    jump,
    near_collision,
    pull_up,
    steep_descent,
    well_clear,
)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules]: a table for each rule."""

    incursion: incursion.Params = incursion.Params()
    approach: approach.Params = approach.Params()
    hard_turn: hard_turn.Params = hard_turn.Params()
    steep_descent: steep_descent.Params = steep_descent.Params()
    pull_up: pull_up.Params = pull_up.Params()
    emergency_code: emergency_code.Params = emergency_code.Params()
    asset_pass: asset_pass.Params = asset_pass.Params()
    jump: jump.Params = jump.Params()
    dark: dark.Params = dark.Params()
    interception: interception.Params = interception.Params()
    well_clear: well_clear.Params = well_clear.Params()
    bow_crossing: bow_crossing.Params = bow_crossing.Params()
    near_collision: near_collision.Params = near_collision.Params()
