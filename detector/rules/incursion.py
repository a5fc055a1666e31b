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
from detector.arrays import Floats, Mask
from detector.picture.airspace import Airspace
from detector.picture.look import Picture
from detector.rules import evidence
from detector.rules.contacts import MUTE, SILENT, SPOKEN, Contacts, Records
from detector.rules.findings import Certainty, Change, Findings
from detector.rules.inside.between import GAP_S, Between, between
from detector.rules.inside.stays import may_deepen, pass_crests, weigh, write
from detector.rules.inside.zone_pairs import ZonePairs
from detector.rules.params import NotNegative, Surely
from detector.tracks.fixes import Segments
from detector.tracks.store import TrackStore

SILENCE = -1


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table [rules.incursion]."""

    enabled: bool = True
    probability: Surely = 0.95  # that the aircraft is inside (or out again) before anything is said
    settle_s: NotNegative = 15.0  # a transponder heard for less than this may still tell its callsign (sent every 5 s)
    rejoin_periods: NotNegative = 2.5  # out for fewer reports, it was never out: two, and what the times may err
    deep_m: NotNegative = 1852.0  # deeper inside than this is extreme


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
    pairs = ZonePairs.of(segments, picture, airspace, tracks, params.settle_s)
    was = contacts.get(pairs.row * contacts.n_zones + picture.zone)
    depth = picture.depth_m / segments.now.sigma_m[picture.segment]
    odds = evidence.log_odds_inside(depth, picture.above_floor, picture.below_ceiling)
    odds[~picture.active] = -evidence.LOG_ODDS_LIMIT
    odds[pairs.doubtful] = np.clip(odds[pairs.doubtful], -threshold / 2, threshold / 2)
    undecided = pairs.watched & ~was["inside"] & (was["voice"] != MUTE)
    wanted = undecided | may_deepen(was, pairs)
    said = between(pairs, airspace, undecided, wanted, was["ended_s"], params.probability)
    now = weigh(was, odds, pairs, said)
    pass_crests(was, now, pairs, airspace)
    verdict = _judge(was, now, pairs, undecided, said, threshold)
    _date(was, now, pairs, said, verdict)
    briefly_out = _briefly_out(was, now, pairs, params)
    _settle(now, verdict, airspace.initial[picture.zone], briefly_out)
    change = _changes(was, now, pairs, verdict, briefly_out, params)
    findings = _findings(now, pairs, said, verdict, change, params)
    contacts.put(now, pairs.watched & _memorable(now, pairs, params))
    return findings


def _judge(was: Records, now: Records, pairs: ZonePairs, undecided: Mask, said: Between, threshold: float) -> Verdict:
    enough = now["evidence"] >= threshold
    by_report = undecided & enough & ~pairs.unsettled
    by_path = undecided & said.decided & (~pairs.unsettled | (said.leaves < 1))
    leaves = pairs.watched & was["inside"] & enough
    return Verdict(
        enters=by_report | by_path,
        clips=by_path & ~by_report & (said.leaves < 1),
        leaves=leaves,
        drops=~pairs.watched & was["inside"],
        resumes=pairs.watched & was["lost"] & pairs.picture.inside & ~leaves,
    )


def _date(was: Records, now: Records, pairs: ZonePairs, said: Between, verdict: Verdict) -> None:
    """Date entries and ends to where the path crossed; an entry for which reports spoke before is dated already."""
    earlier = (was["evidence"] > 0) & (said.enters == 0)
    dated = verdict.enters & said.decided & ~earlier
    write(now, "since", dated, pairs.moment(said.enters))
    now["heard_inside"][dated & (said.enters > 0)] = False
    write(now, "ended", verdict.leaves, (now["since_s"], now["since_x_m"], now["since_y_m"]))
    write(now, "ended", verdict.clips, pairs.moment(said.leaves))
    write(now, "ended", verdict.drops, pairs.moment(np.ones(len(now))))


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
    now: Records, pairs: ZonePairs, said: Between, verdict: Verdict, change: NDArray[np.int8], params: Params
) -> Findings:
    which, theatre = np.flatnonzero(change != SILENCE), pairs.theatre
    certainty = np.where(verdict.clips, np.where(said.gap, Certainty.POSSIBLE, Certainty.LIKELY), Certainty.OBSERVED)
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
    was: Records, now: Records, pairs: ZonePairs, verdict: Verdict, briefly_out: Mask, params: Params
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


def _briefly_out(was: Records, now: Records, pairs: ZonePairs, params: Params) -> Mask:
    """Tell whose last stay ended so lately that it goes on, if it is inside again, (P,)."""
    briefly: Mask = now["since_s"] - was["ended_s"] < params.rejoin_periods * pairs.period_s
    briefly &= pairs.picture.opened_s <= was["ended_s"]
    return briefly


def _memorable(now: Records, pairs: ZonePairs, params: Params) -> Mask:
    """Tell which records still matter: inside, half decided, mute, or out so briefly that they may rejoin."""
    time_s = pairs.segments.now.time_s[pairs.picture.segment]
    recent = time_s - now["ended_s"] < 2 * params.rejoin_periods * pairs.period_s + GAP_S
    half = pairs.picture.inside | (now["evidence"] > 0)
    return np.logical_or.reduce([now["inside"], half, now["voice"] == MUTE, recent])
