"""Between: what the path between the last two reports says by itself of an incursion.

A path that cuts a corner of a zone between two reports is decided on its own surest point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from detector.arrays import Floats, Indices, Mask
from detector.picture.airspace import Airspace
from detector.rules import evidence
from detector.rules.deepest import Deepest
from detector.rules.inside.crossing import log_odds_crossed
from detector.rules.inside.zone_pairs import ZonePairs

GAP_PERIODS = 4.0  # a path unseen for so many periods, and so many seconds, is a guess:
GAP_S = 30.0  # an incursion on it is possible, no more


@dataclass(frozen=True, slots=True)
class Between:
    """What the path says of each pair, (P,)."""

    decided: Mask
    log_odds: Floats
    deepest: Deepest
    enters: Floats  # fraction of the segment at which the first decided stretch begins
    leaves: Floats  # and the last one ends; 1: it has not
    gap: Mask  # nobody was looking for long


def between(
    pairs: ZonePairs, airspace: Airspace, undecided: Mask, wanted: Mask, ended_s: Floats, probability: float
) -> Between:
    """Weigh the stretches of paths inside zones; a pair's answer is that of its surest stretch.

    `undecided` are pairs that have yet to enter, `wanted` those of which the path is asked, `ended_s` when their last
    stays ended, (P,) each. Across a gap the path may miss the zone on either side: inside with 2 p - 1, where one
    boundary alone gives p.
    """
    picture, n = pairs.picture, len(pairs.row)
    gap = pairs.step_s > np.maximum(GAP_S, GAP_PERIODS * pairs.period_s)
    which = _telling(pairs, undecided, wanted, ended_s)
    said = Between(
        decided=np.zeros(n, dtype=bool),
        log_odds=np.full(n, -np.inf),
        deepest=Deepest.nowhere(n),
        enters=np.ones(n),
        leaves=np.zeros(n),
        gap=gap,
    )
    if not len(which):
        return said
    pair, enters, leaves = picture.pair[which], picture.enters[which], picture.leaves[which]
    log_odds, deepest = evidence.of_stretches(picture, airspace, which)
    through = np.flatnonzero((leaves < 1) & (log_odds < logit(probability)))
    if len(through):
        crossed = log_odds_crossed(picture, airspace, which[through], deepest.sigma_m[through], probability)
        log_odds[through] = np.maximum(log_odds[through], crossed)
    guess = gap[pair] & (enters > 0) & (leaves < 1)
    log_odds[guess] = logit(np.clip(2 * evidence.probability(log_odds[guess]) - 1, 1e-9, 1 - 1e-9))
    decided = log_odds >= np.where(guess, 0.0, logit(probability))
    order = np.argsort(deepest.depth_m, kind="stable")  # of the stretches of a pair, the deepest is written last
    said.deepest.put(pair[order], deepest.take(order))
    np.maximum.at(said.log_odds, pair, log_odds)
    said.decided[pair[decided]] = True
    np.minimum.at(said.enters, pair[decided], enters[decided])
    np.maximum.at(said.leaves, pair[decided], leaves[decided])
    return said


def _telling(pairs: ZonePairs, undecided: Mask, wanted: Mask, ended_s: Floats) -> Indices:
    """Return which stretches tell something.

    Those that begin or end between the reports; of an undecided pair also those between two reports that are both just
    inside.
    """
    picture, pair = pairs.picture, pairs.picture.pair
    asked = wanted & ~pairs.outlying
    moved = undecided & ~pairs.segments.first[picture.segment]
    cut = (picture.enters > 0) | (picture.leaves < 1)
    waits = (undecided & pairs.doubtful)[pair] & (picture.leaves == 1)  # for the next report
    middle_s = pairs.begins_s[pair] + (picture.enters + picture.leaves) / 2 * pairs.step_s[pair]
    news = middle_s > ended_s[pair]  # or it was part of the last stay: the zone has closed since the report before
    return np.flatnonzero(asked[pair] & (cut | moved[pair]) & news & ~waits)
