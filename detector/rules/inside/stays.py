"""Stays: what each report, and the path to it, add to the record of an aircraft at a zone.

The evidence for the other state, outside or inside, the moment since when it has gathered, and how deep it went, when
and where.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.projection import on_earth
from detector.picture.airspace import Airspace
from detector.rules.contacts import Contacts, Records
from detector.rules.deepest import Deepest, of_crests
from detector.rules.inside.between import Between
from detector.rules.inside.zone_pairs import ZonePairs
from detector.tracks.fixes import Rows
from detector.tracks.store import TrackStore


def may_deepen(was: Records, pairs: ZonePairs) -> Mask:
    """Tell of which stays the path may tell a greater depth than the reports, (P,).

    Nothing on a way of length L between depths d0 and d1 is deeper than (d0 + d1 + L) / 2.
    """
    hidden_m = pairs.picture.path.hidden_m[pairs.picture.segment]
    deeper: Mask = was["inside"] & ((was["last_depth_m"] + pairs.picture.depth_m) / 2 + hidden_m > was["depth_m"])
    return deeper


def weigh(was: Records, odds: Floats, pairs: ZonePairs, said: Between) -> Records:
    """Return the records with the evidence of this report added, and the depth and surety reached by it."""
    picture, inside = pairs.picture, was["inside"]
    now = was.copy()
    now["evidence"] = np.maximum(0.0, was["evidence"] + np.where(inside, -odds, odds))
    begins = (was["evidence"] == 0) & (now["evidence"] > 0)
    crossed = np.ones(len(was))
    last_enters, last_leaves = np.ones(len(was)), np.ones(len(was))
    last_enters[picture.pair], last_leaves[picture.pair] = picture.enters, picture.leaves
    comes, goes = picture.inside & ~picture.was_inside, ~picture.inside & picture.was_inside
    crossed[~inside & comes] = last_enters[~inside & comes]
    crossed[inside & goes] = last_leaves[inside & goes]
    new = was["last_depth_m"] == -np.inf
    crossed[~inside & picture.was_inside & ~new] = 0.0  # it was on the line then
    write(now, "since", begins, pairs.moment(crossed))
    unseen = pairs.segments.first[picture.segment] | (picture.was_inside & new)
    now["heard_inside"] = np.where(begins & ~inside, unseen, was["heard_inside"])

    now["depth_m"][~inside & (was["evidence"] == 0)] = -np.inf
    fix = pairs.segments.now.take(picture.segment)
    here = Deepest(picture.depth_m, fix.sigma_m, fix.time_s, fix.x_m, fix.y_m)
    _deepen(now, picture.inside & (inside | (now["evidence"] > 0)) & ~pairs.outlying, here)
    _deepen(now, inside | said.decided | (now["evidence"] > 0), said.deepest)
    gathered = np.where(now["evidence"] > 0, now["evidence"], -np.inf)
    now["log_odds"] = np.where(inside, np.maximum(was["log_odds"], odds), gathered)
    now["log_odds"] = np.where(said.decided, np.maximum(now["log_odds"], said.log_odds), now["log_odds"])
    return now


def pass_crests(was: Records, now: Records, pairs: ZonePairs, airspace: Airspace) -> None:
    """Where a stay has just been deepest, look between the reports, where a chord hides up to half its length."""
    picture, segments = pairs.picture, pairs.segments
    now["last_depth_m"] = picture.depth_m
    now["sinking"] = picture.depth_m > was["last_depth_m"]
    earlier_m = np.linalg.norm(segments.before.earth_m - segments.earlier.earth_m, axis=1) / 2
    hidden_m = np.maximum(earlier_m, picture.path.hidden_m)[picture.segment]
    sigma_m = segments.before.sigma_m[picture.segment]
    crest = (was["inside"] | (was["evidence"] > 0)) & was["sinking"] & ~now["sinking"]
    crest &= (was["last_depth_m"] + hidden_m > now["depth_m"]) & (hidden_m > sigma_m)
    crest &= (segments.earlier.time_s[picture.segment] >= picture.opened_s) & ~pairs.outlying
    which = np.flatnonzero(crest)
    if not len(which):
        return
    deepest = Deepest.nowhere(len(now))
    deepest.put(which, of_crests(picture, airspace, which))
    _deepen(now, crest, deepest)


def deepen_lost(contacts: Contacts, lost: Rows, tracks: TrackStore, airspace: Airspace) -> None:
    """Let who has fallen silent inside have gone on until then, half a period after its last report as far as is known.

    It fell silent at any moment before the next report was due, so that half a period of its way over the square root
    of three is the sigma of how far it came.
    """
    which = np.flatnonzero(contacts.records["inside"] & ~contacts.records["lost"] & np.isin(contacts.row, lost))
    which = which[~tracks.trust.doubted[contacts.row[which]]]
    if not len(which):
        return
    row, zone = contacts.row[which], contacts.zone[which]
    fix = tracks.fix.take(row)
    after_s = np.nan_to_num(fix.period_s) / 2
    place_m = tracks.ahead_m(row, after_s)
    depth_m = airspace.depth_m(place_m, fix, zone)
    now = contacts.records[which]
    sigma_m = np.hypot(fix.sigma_m, (depth_m - now["last_depth_m"]) / np.sqrt(3))
    x_m, y_m = airspace.theatre.project(*on_earth(place_m))
    _deepen(now, after_s > 0, Deepest(depth_m, sigma_m, fix.time_s + after_s, x_m, y_m))
    contacts.records[which] = now


def write(now: Records, name: str, which: Mask, moment: tuple[Floats, Floats, Floats]) -> None:
    """Write a moment, time and place, into the fields of records that begin with a name."""
    for part, value in zip(("s", "x_m", "y_m"), moment, strict=True):
        now[f"{name}_{part}"][which] = value[which]


def _deepen(now: Records, counts: Mask, deepest: Deepest) -> None:
    deeper = np.flatnonzero(counts & (deepest.depth_m > now["depth_m"]))
    names = ("depth_m", "depth_sigma_m", "deepest_s", "deepest_x_m", "deepest_y_m")
    for name, column in zip(names, deepest.take(deeper), strict=True):
        now[name][deeper] = column
