"""Incursion: a watched aircraft is inside a zone it must not be in, decided on probability.

Each (track, zone) pair is either outside or inside. Reports gather evidence for the other state; when it passes the
threshold the state changes, and the change is dated back to where the path crossed the boundary. A path that cuts a
corner between two reports is decided on its own surest point.

    outside --[evidence of the reports, or the path between two, >= threshold]--> inside: opened, or rejoined
    inside  --[evidence of the reports that it is out >= threshold]------------> outside: ended
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from detector.airspace.zones import Initial
from detector.geometry.projection import Theatre
from detector.picture.airspace import Airspace
from detector.picture.look import Mask, Picture
from detector.rules import evidence
from detector.rules.contacts import MUTE, SILENT, SPOKEN, Contacts, Records
from detector.rules.crossing import log_odds_crossed
from detector.rules.deepest import Deepest, of_crests
from detector.rules.findings import Certainty, Change, Findings
from detector.rules.outlying import outlying
from detector.rules.params import NotNegative, Surely
from detector.tracks.accuracy import DEFAULT_PERIOD_S
from detector.tracks.fixes import Rows, Segments
from detector.tracks.store import TrackStore
from feeds.plots import Floats

GAP_PERIODS = 4.0  # a path unseen for so many periods, and so many seconds, is a guess:
GAP_S = 30.0  # an incursion on it is possible, no more
SILENCE = -1
CONFIRMING = 2  # reports on the ground make a landing; one is a glitch


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.incursion]."""

    enabled: bool = True
    probability: Surely = 0.95  # that the aircraft is inside (or out again) before anything is said
    settle_s: NotNegative = 15.0  # a transponder heard for less than this may still tell its callsign (sent every 5 s)
    rejoin_periods: NotNegative = 2.0  # out for fewer reports than this, it was never out
    deep_m: NotNegative = 1852.0  # deeper inside than this is extreme


@dataclass(frozen=True, slots=True)
class Pairs:
    """The P pairs of a picture with what the rule asks of their tracks, all of shape (P,)."""

    segments: Segments
    picture: Picture
    theatre: Theatre
    row: Rows
    watched: Mask
    landed: Mask
    unsettled: Mask  # it may yet tell who it is
    outlying: Mask  # its last three reports hardly go together
    period_s: Floats

    def moment(self, fraction: Floats) -> tuple[Floats, Floats, Floats]:
        """Return time, x and y at a fraction of each pair's segment."""
        at, picture = self.picture.segment, self.picture
        start_s, end_s = self.segments.before.time_s[at], self.segments.now.time_s[at]
        return start_s + fraction * (end_s - start_s), *picture.path.in_plane(at, fraction, self.theatre)


@dataclass(frozen=True, slots=True)
class Paths:
    """What the path between the last two reports says by itself of each pair, (P,)."""

    decided: Mask
    log_odds: Floats
    deepest: Deepest
    enters: Floats  # fraction of the segment at which the first decided stretch begins
    leaves: Floats  # and the last one ends; 1: it has not
    gap: Mask  # nobody was looking for long


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided of each pair, (P,)."""

    enters: Mask
    clips: Mask  # enters and leaves between two reports
    leaves: Mask
    drops: Mask  # inside, and no longer watched
    resumes: Mask  # inside when lost, and heard there again


def detect(
    segments: Segments, picture: Picture, airspace: Airspace, contacts: Contacts, tracks: TrackStore, params: Params
) -> Findings:
    """Return the changes that M steps bring about, and leave `contacts` as they are after them."""
    threshold = float(logit(params.probability))
    pairs = _pairs(segments, picture, airspace, tracks, params)
    was = contacts.get(pairs.row * contacts.n_zones + picture.zone)
    depth = picture.depth_m / segments.now.sigma_m[picture.segment]
    odds = evidence.log_odds_inside(depth, picture.above_floor, picture.below_ceiling)
    odds[~picture.active] = -evidence.LOG_ODDS_LIMIT
    odds[pairs.outlying] = np.clip(odds[pairs.outlying], -threshold / 2, threshold / 2)
    undecided = pairs.watched & ~was["inside"] & (was["voice"] != MUTE)
    paths = _paths(pairs, airspace, undecided, undecided | _deeper(was, pairs), was["ended_s"], params)
    now = _weigh(was, odds, pairs, paths)
    _pass_crests(was, now, pairs, airspace)
    verdict = _judge(was, now, pairs, undecided, paths, threshold)
    _date(was, now, pairs, paths, verdict)
    briefly_out = _briefly_out(was, now, pairs, params)
    _settle(now, verdict, airspace.initial[picture.zone], briefly_out)
    change = _changes(was, now, pairs, verdict, briefly_out, params)
    findings = _findings(now, pairs, paths, verdict, change, params)
    contacts.put(now, pairs.watched & _memorable(now, pairs, params))
    return findings


def _pairs(segments: Segments, picture: Picture, airspace: Airspace, tracks: TrackStore, params: Params) -> Pairs:
    row = segments.row[picture.segment]
    landed = tracks.grounded[row] >= CONFIRMING
    period_s = segments.now.period_s[picture.segment]
    return Pairs(
        segments=segments,
        picture=picture,
        theatre=airspace.theatre,
        row=row,
        watched=airspace.watch[tracks.identity[row], picture.zone] & ~landed,
        landed=landed,
        unsettled=tracks.awaits_callsign[row]
        & (segments.now.time_s[picture.segment] - tracks.heard_s[row] < params.settle_s),
        outlying=outlying(segments)[picture.segment],
        period_s=np.where(np.isnan(period_s), DEFAULT_PERIOD_S, period_s),
    )


def _deeper(was: Records, pairs: Pairs) -> Mask:
    """Tell of which stays the path may tell a greater depth than the reports, (P,).

    Nothing on a way of length L between depths d0 and d1 is deeper than (d0 + d1 + L) / 2.
    """
    hidden_m = pairs.picture.path.hidden_m[pairs.picture.segment]
    deeper: Mask = was["inside"] & ((was["last_depth_m"] + pairs.picture.depth_m) / 2 + hidden_m > was["depth_m"])
    return deeper


def _paths(pairs: Pairs, airspace: Airspace, undecided: Mask, wanted: Mask, ended_s: Floats, params: Params) -> Paths:
    """Weigh the stretches that begin or end between the reports; a pair's answer is that of its surest stretch.

    Of an undecided pair the stretches between two reports that are both just inside tell something too. One that is
    over when the last stay ended was part of it: the zone closed since the report before.

    Across a gap the path may miss the zone on either side: inside with 2 p - 1, where one boundary alone gives p.
    """
    picture, segments = pairs.picture, pairs.segments
    n = len(picture.segment)
    step_s = (segments.now.time_s - segments.before.time_s)[picture.segment]
    whole = (picture.enters == 0) & (picture.leaves == 1)
    moved = ~segments.first[picture.segment]
    before_s = segments.before.time_s[picture.segment]
    middle_s = before_s[picture.pair] + (picture.enters + picture.leaves) / 2 * step_s[picture.pair]
    news = middle_s > ended_s[picture.pair]
    told = wanted & ~pairs.outlying
    which = np.flatnonzero(told[picture.pair] & (~whole | (undecided & moved)[picture.pair]) & news)
    gap = step_s > np.maximum(GAP_S, GAP_PERIODS * pairs.period_s)
    paths = Paths(
        decided=np.zeros(n, dtype=bool),
        log_odds=np.full(n, -np.inf),
        deepest=Deepest.nowhere(n),
        enters=np.ones(n),
        leaves=np.zeros(n),
        gap=gap,
    )
    if not len(which):
        return paths
    pair, enters, leaves = picture.pair[which], picture.enters[which], picture.leaves[which]
    log_odds, deepest = evidence.of_stretches(picture, airspace, which)
    through = np.flatnonzero((leaves < 1) & (log_odds < logit(params.probability)))
    if len(through):
        crossed = log_odds_crossed(picture, airspace, which[through], deepest.sigma_m[through], params.probability)
        log_odds[through] = np.maximum(log_odds[through], crossed)
    guess = gap[pair] & (enters > 0) & (leaves < 1)
    log_odds[guess] = logit(np.clip(2 * evidence.probability(log_odds[guess]) - 1, 1e-9, 1 - 1e-9))
    decided = log_odds >= np.where(guess, 0.0, logit(params.probability))
    order = np.argsort(deepest.depth_m, kind="stable")  # of the stretches of a pair, the deepest is written last
    paths.deepest.put(pair[order], deepest.take(order))
    np.maximum.at(paths.log_odds, pair, log_odds)
    paths.decided[pair[decided]] = True
    np.minimum.at(paths.enters, pair[decided], enters[decided])
    np.maximum.at(paths.leaves, pair[decided], leaves[decided])
    return paths


def _weigh(was: Records, odds: Floats, pairs: Pairs, paths: Paths) -> Records:
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
    _write(now, "since", begins, pairs.moment(crossed))
    unseen = pairs.segments.first[picture.segment] | (picture.was_inside & new)
    now["heard_inside"] = np.where(begins & ~inside, unseen, was["heard_inside"])

    now["depth_m"][begins & ~inside] = -np.inf
    fix = pairs.segments.now.take(picture.segment)
    here = Deepest(picture.depth_m, fix.sigma_m, fix.time_s, fix.x_m, fix.y_m)
    _deepen(now, picture.inside & (inside | (now["evidence"] > 0)) & ~pairs.outlying, here)
    _deepen(now, inside | paths.decided | (now["evidence"] > 0), paths.deepest)
    gathered = np.where(now["evidence"] > 0, now["evidence"], -np.inf)
    now["log_odds"] = np.where(inside, np.maximum(was["log_odds"], odds), gathered)
    now["log_odds"] = np.where(paths.decided, np.maximum(now["log_odds"], paths.log_odds), now["log_odds"])
    return now


def _pass_crests(was: Records, now: Records, pairs: Pairs, airspace: Airspace) -> None:
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


def _deepen(now: Records, counts: Mask, deepest: Deepest) -> None:
    deeper = np.flatnonzero(counts & (deepest.depth_m > now["depth_m"]))
    names = ("depth_m", "depth_sigma_m", "deepest_s", "deepest_x_m", "deepest_y_m")
    for name, column in zip(names, deepest.take(deeper), strict=True):
        now[name][deeper] = column


def _judge(was: Records, now: Records, pairs: Pairs, undecided: Mask, paths: Paths, threshold: float) -> Verdict:
    enough = now["evidence"] >= threshold
    by_report = undecided & enough & ~pairs.unsettled
    by_path = undecided & paths.decided & (~pairs.unsettled | (paths.leaves < 1))
    leaves = pairs.watched & was["inside"] & enough
    return Verdict(
        enters=by_report | by_path,
        clips=by_path & ~by_report & (paths.leaves < 1),
        leaves=leaves,
        drops=~pairs.watched & was["inside"],
        resumes=pairs.watched & was["lost"] & pairs.picture.inside & ~leaves,
    )


def _date(was: Records, now: Records, pairs: Pairs, paths: Paths, verdict: Verdict) -> None:
    """Date entries and ends to where the path crossed; an entry for which reports spoke before is dated already."""
    earlier = (was["evidence"] > 0) & (paths.enters == 0)
    dated = verdict.enters & paths.decided & ~earlier
    _write(now, "since", dated, pairs.moment(paths.enters))
    now["heard_inside"][dated & (paths.enters > 0)] = False
    _write(now, "ended", verdict.leaves, (now["since_s"], now["since_x_m"], now["since_y_m"]))
    _write(now, "ended", verdict.clips, pairs.moment(paths.leaves))
    _write(now, "ended", verdict.drops, pairs.moment(np.ones(len(now))))


def _write(now: Records, name: str, which: Mask, moment: tuple[Floats, Floats, Floats]) -> None:
    for part, value in zip(("s", "x_m", "y_m"), moment, strict=True):
        now[f"{name}_{part}"][which] = value[which]


def _settle(now: Records, verdict: Verdict, initial: NDArray[np.int8], briefly_out: Mask) -> None:
    """Change state. Who was inside when first heard is treated as the zone's `initial` says, until it leaves."""
    now["voice"][verdict.enters & (now["voice"] == SILENT) & ~briefly_out] = SPOKEN
    unseen = verdict.enters & now["heard_inside"]
    now["voice"][unseen & (initial == Initial.ADOPT)] = SILENT
    now["voice"][unseen & (initial == Initial.IGNORE)] = MUTE
    now["inside"] |= verdict.enters & ~verdict.clips & (now["voice"] != MUTE)
    now["inside"] &= ~(verdict.leaves | verdict.drops)
    now["lost"] &= now["inside"] & ~verdict.resumes
    now["evidence"][verdict.enters | verdict.leaves] = 0.0


def _findings(
    now: Records, pairs: Pairs, paths: Paths, verdict: Verdict, change: NDArray[np.int8], params: Params
) -> Findings:
    which, theatre = np.flatnonzero(change != SILENCE), pairs.theatre
    certainty = np.where(verdict.clips, np.where(paths.gap, Certainty.POSSIBLE, Certainty.LIKELY), Certainty.OBSERVED)
    over = verdict.clips | verdict.leaves | verdict.drops
    seen = verdict.enters & ~now["heard_inside"]

    def known(mask: Mask, name: str) -> Floats:
        return np.where(mask, now[name], np.nan)[which]

    started_lon_deg, started_lat_deg = theatre.unproject(known(seen, "since_x_m"), known(seen, "since_y_m"))
    ended_lon_deg, ended_lat_deg = theatre.unproject(known(over, "ended_x_m"), known(over, "ended_y_m"))
    deepest_lon_deg, deepest_lat_deg = theatre.unproject(now["deepest_x_m"][which], now["deepest_y_m"][which])
    return Findings(
        segment=pairs.picture.segment[which],
        zone=pairs.picture.zone[which],
        change=change[which],
        certainty=certainty[which].astype(np.int8),
        deep=now["depth_m"][which] >= params.deep_m,
        started_s=known(verdict.enters, "since_s"),
        started_lat_deg=started_lat_deg,
        started_lon_deg=started_lon_deg,
        ended_s=known(over, "ended_s"),
        ended_lat_deg=ended_lat_deg,
        ended_lon_deg=ended_lon_deg,
        depth_m=now["depth_m"][which],
        sigma_m=now["depth_sigma_m"][which],
        deepest_s=now["deepest_s"][which],
        deepest_lat_deg=deepest_lat_deg,
        deepest_lon_deg=deepest_lon_deg,
        probability=evidence.probability(now["log_odds"])[which],
        blind=np.isnan(pairs.picture.above_floor + pairs.picture.below_ceiling)[which],
    )


def _changes(
    was: Records, now: Records, pairs: Pairs, verdict: Verdict, briefly_out: Mask, params: Params
) -> NDArray[np.int8]:
    """Return what to say of each pair (P,): a Change, or SILENCE."""
    deeper = (now["depth_m"] >= params.deep_m) & (was["depth_m"] < params.deep_m)
    change = np.full(len(now), SILENCE, dtype=np.int8)
    change[was["inside"] & deeper] = Change.ESCALATED
    change[verdict.resumes] = Change.REJOINED
    change[verdict.enters] = Change.OPENED
    change[verdict.enters & briefly_out] = Change.REJOINED
    change[verdict.leaves] = Change.ENDED
    change[verdict.drops] = Change.RESOLVED
    change[verdict.drops & pairs.landed] = Change.LANDED
    voice = np.where(verdict.enters, now["voice"], was["voice"])
    change[voice != SPOKEN] = SILENCE
    return change


def _briefly_out(was: Records, now: Records, pairs: Pairs, params: Params) -> Mask:
    """Tell whose last stay ended so lately that it goes on, if it is inside again, (P,)."""
    briefly: Mask = now["since_s"] - was["ended_s"] < params.rejoin_periods * pairs.period_s
    briefly &= pairs.picture.opened_s <= was["ended_s"]
    return briefly


def _memorable(now: Records, pairs: Pairs, params: Params) -> Mask:
    """Tell which records still matter: inside, half decided, mute, or out so briefly that they may rejoin."""
    time_s = pairs.segments.now.time_s[pairs.picture.segment]
    recent = time_s - now["ended_s"] < 2 * params.rejoin_periods * pairs.period_s + GAP_S
    half = pairs.picture.inside | (now["evidence"] > 0)
    return np.logical_or.reduce([now["inside"], half, now["voice"] == MUTE, recent])
