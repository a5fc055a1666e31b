"""The headline: one line that an operator reads first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from detector.incidents.entry import Entry, Episode, Stay
from detector.incidents.message import Subject
from detector.rules.findings import Certainty

NAME_LENGTH, MOST_NAMES = 40, 3

_DEEDS = {  # verb while it lasts, verb when it is over, the rest
    "approach": (
        "is heading for",
        "was heading for",
        "{zone}, {distance} from it, {time_to_boundary_s:.0f} s away",
    ),
    "hard_turn": ("turns hard with", "turned hard with", "{load_factor_g:.1f} g"),
    "steep_descent": ("descends", "descended", "{fall_fpm:,.0f} ft/min"),
    "pull_up": ("pulls up with", "pulled up with", "{load_factor_g:.1f} g"),
    "speed_change": ("changes speed by", "changed speed by", "{acceleration_kt_s:+.0f} kt/s"),
    "low_pass": ("flies low at", "flew low at", "{height_m:.0f} m with {speed_kt:.0f} kt"),
    "too_fast": ("flies at", "flew at", "{speed_kt:.0f} kt over ground"),
    "emergency_code": ("squawks", "squawked", "{squawk}{strayed}"),
    "renegade": ("may be a renegade:", "might have been a renegade:", "{criteria}"),
    "jump": ("claims to have jumped", "claimed to have jumped", "{jump}"),
    "frozen": ("reports one place for", "reported one place for", "{frozen_s:.0f} s on its way"),
    "accuracy_collapse": ("has lost", "had lost", "its satellite signal"),
    "duplicate_address": ("is in two places by turns,", "was in two places by turns,", "{apart} apart"),
    "impossible_identity": ("flies under", "flew under", "an address that no state can have given it"),
    "interference": ("is one of", "was one of", "{aircraft:.0f} aircraft whose positions go wrong together"),
    "dark": ("fell silent", "was silent", "{distance} {from_zone}"),
    "closing": ("is being closed on by", "was being closed on by", "{others}{coming}"),
    "joined": ("is intercepted by", "was intercepted by", "{others}"),
    "escort": ("is escorted by", "was escorted by", "{others}"),
    "break-away": ("is escorted no more,", "is escorted no more,", "{others} broke away"),
    "asset_pass": ("passes", "passed", "{zone} at {closest}{passes}"),
    "loitering": ("loiters", "loitered", "within {radius}"),
    "probing": ("probes", "probed", "{zone}: {approaches} approaches"),
    "skirting": ("skirts", "skirted", "{zone} at {distance}"),
    "well_clear": ("closes on", "closed on", "{others}, {closest} apart, to pass at {miss}"),
    "bow_crossing": ("is in a bow crossing with", "was in a bow crossing with", "{others}, {ahead} ahead"),
    "near_collision": ("nearly collides with", "nearly collided with", "{others} at {closest}"),
}
_PHASES = ("closing", "joined", "escort")  # of an interception under way
_PLURAL = {"is": "are", "was": "were", "has": "have", "passes": "pass", "flies": "fly"}
_BY_ITSELF = {"emergency", "dark", "integrity"}  # kinds of what one does whoever flies with it
_SAYS_WHERE = {"approach", "dark", "asset_pass", "probing", "skirting"}


def headline(
    subject: Subject,
    wingmen: int,
    entry: Entry,
    alike: int,
    every: Sequence[Entry],
    outcome: str | None,
    *,
    on_level: bool,
    missing: Sequence[str] = (),
) -> str:
    """Return the line for a message about `entry`, one of `every` finding of the incident.

    So many wingmen fly with the subject, and so many of all do, or did, the same. It is said of all where they all do,
    and so is how the subject flies outside of zones; what else one of them does is said with its name. Of those who are
    silent or `missing` nobody knows that they still are where they were, nor that they have left.
    """
    still = _furthest([e for e in every if e.ended_s is None])
    who, stays = _who(subject, wingmen), [e for e in still if isinstance(e, Stay)]
    silent = {e.track_id for e in still if e.rule == "dark"}
    own = entry.track_id == subject.track_id
    together = alike > wingmen or (own and not isinstance(entry, Stay) and entry.kind not in _BY_ITSELF)
    who = who if together else f"{who}: {_called(entry, subject)}{_more(alike - 1)}"
    inside = (own or together) and isinstance(entry, Stay) and entry.ended_s is None
    lost = list[str]()
    if not isinstance(entry, Stay):
        does = [_deed(entry, still, near=not stays, leads=True)]
    else:
        does = [_inside(entry)] if entry.ended_s is None else _was_in(entry, every, whole=outcome is not None)
        left = _left(entry, every) if entry.ended_s is not None and outcome is None else set()
        gone = sorted(left & {*missing})
        does += ["is lost"] if left and len(gone) == len(left) else []
        lost = [f"{_named(gone)} {'are' if gone[1:] else 'is'} lost"] if 0 < len(gone) < len(left) else []
    said = ", and ".join(map(_plural, does) if (wingmen if together else alike - 1) else does)
    if outcome is not None:
        return f"{who} {said}; closed: {outcome}"
    motion, unheard = _motion(subject, on_level), subject.track_id in silent
    if inside:
        parts = [said, f"last {motion}"] if unheard and motion else [f"{said} {motion}".rstrip()]
    else:
        parts = [said, *lost, *_where(subject, entry, stays, motion, silent, leads=together)]
    others = {_says(e): e for e in still if isinstance(e, Episode) and _says(e) not in ("approach", _says(entry))}
    deeds = [_also(e, still, subject, wingmen, together=together) for e in others.values()]
    return f"{who} {'; '.join([*parts, *deeds])}"


def _also(entry: Episode, still: Sequence[Entry], subject: Subject, wingmen: int, *, together: bool) -> str:
    """Return what is going on besides."""
    deed = _deed(entry, still, near=False)
    if not wingmen:
        return deed
    if together and entry.kind not in _BY_ITSELF:
        return _plural(deed)
    names = list(dict.fromkeys(_called(e, subject) for e in still if _says(e) == _says(entry)))
    return f"{_named(names)} {_plural(deed) if names[1:] else deed}"


def _where(
    subject: Subject, entry: Entry, stays: Sequence[Stay], motion: str, silent: Collection[str], *, leads: bool
) -> list[str]:
    """Return who else is still inside, or was last, and where the subject is, as far as its motion is known."""
    lead = "" if leads else f"{_name(subject.callsign or subject.track_id)} "
    own = [e for e in stays if e.track_id == subject.track_id]
    gone = subject.track_id in silent
    if entry.rule == "dark" and entry.ended_s is None and entry.track_id == subject.track_id:
        return [f"last {motion}"] if motion else []
    if own:
        return [f"{lead}{'last' if gone else 'still'} in {_zones(own)} {motion}".rstrip()]
    now = [f"{lead}{'last' if gone else 'now'} {motion}"] if motion else []
    others = [e for e in stays if e is not entry]
    told = []
    for how, some in (
        ("still", [e for e in others if e.track_id not in silent]),
        ("last", [e for e in others if e.track_id in silent]),
    ):
        names = [*dict.fromkeys(e.track_id for e in some)]
        told += [f"{_named(names)} {how} in {_zones(some)}"] if some else []
    return [*told, *now]


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(_name, names[:MOST_NAMES])) + _more(len(names) - MOST_NAMES)


def _zones(stays: Sequence[Stay]) -> str:
    return ", ".join(dict.fromkeys(e.zone.name for e in stays))


def _who(subject: Subject, wingmen: int) -> str:
    others = f" and {wingmen} other{'s' if wingmen > 1 else ''}" if wingmen else ""
    return f"{subject.identity.capitalize()} aircraft {_name(subject.callsign or subject.track_id)}{others}"


def _called(entry: Entry, subject: Subject) -> str:
    return _name((entry.track_id == subject.track_id and subject.callsign) or entry.track_id)


def _says(entry: Entry) -> str:
    """Return what it does, two codes being two things."""
    return _does(entry) + entry.code


def _more(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def _plural(said: str) -> str:
    """Return what one does, in the words for several: `is lost` as `are lost`."""
    verb, rest = said.split(" ", 1)
    if verb == "nearly":
        return f"{verb} {_plural(rest)}"
    return f"{_PLURAL.get(verb, verb.removesuffix('s'))} {rest}"


def _name(text: str) -> str:
    return "".join(c if c.isprintable() else "." for c in text)[:NAME_LENGTH]  # one line, whoever sent it


def _inside(stay: Stay) -> str:
    times = f" ({stay.number} entries)" if stay.number > 1 else ""
    return f"{_distance(max(stay.present_m, 0.0))} inside {stay.zone.name}{times}"


def _was_in(stay: Stay, every: Sequence[Entry], *, whole: bool) -> list[str]:
    """Return what stays were in the zone of one that has ended, and of a whole story in others.

    They are those of all tracks that have left that zone, as it is said of all of them: the most that any was.
    """
    verb = {Certainty.OBSERVED: "was in", Certainty.LIKELY: "cut through", Certainty.POSSIBLE: "may have cut through"}
    out = _left(stay, every)
    over = [e for e in every if isinstance(e, Stay) and e.rule == stay.rule]
    over = [e for e in over if e.track_id in out and e.ended_s is not None]
    did = []
    for zone_id in dict.fromkeys([stay.zone.id, *(e.zone.id for e in over if whole)]):
        stays = [e for e in over if e.zone.id == zone_id]
        each = [[e for e in stays if e.track_id == name] for name in dict.fromkeys(e.track_id for e in stays)]
        up_to = "up to " if each[1:] else ""
        how = verb[Certainty(min(e.certainty for e in stays))]
        lasted = _duration(max(sum((e.ended_s or 0.0) - e.started_s for e in of_one) for of_one in each))
        most = max(map(len, each))
        times = f" in {up_to}{most} stays" if most > 1 else ""
        deep = _distance(max(e.depth_m for e in stays))
        did.append(f"{how} {stays[0].zone.name} for {up_to}{lasted}{times}, up to {deep} deep")
    return did


def _left(stay: Stay, every: Sequence[Entry]) -> set[str]:
    """Return which tracks are in the zone of a stay no more."""
    latest = {e.track_id: e for e in every if (e.rule, e.zone_id) == (stay.rule, stay.zone_id)}
    return {name for name, e in latest.items() if e.ended_s is not None}


def _furthest(still: Sequence[Entry]) -> list[Entry]:
    """Leave out that an interceptor is on its way to one of a formation, who has come farther with another."""
    come = {each: n for n, phase in enumerate(_PHASES) for e in still if _does(e) == phase for each in e.others}
    return [e for e in still if _does(e) not in _PHASES or _PHASES.index(_does(e)) >= come[e.others[0]]]


def _does(entry: Entry) -> str:
    return (entry.phase if isinstance(entry, Episode) else None) or entry.rule


def _deed(entry: Entry, still: Sequence[Entry], *, near: bool, leads: bool = False) -> str:
    """Return what an episode is, with all who still have the same part in it, or what it was."""
    company = [e for e in still if _does(e) == _does(entry) and entry.ended_s is None] or [entry]
    evidence: dict[str, Any] = entry.evidence if isinstance(entry, Episode) else {}
    zone = entry.zone.name if entry.zone else "every zone"
    words = {
        "zone": zone,
        "others": ", ".join(dict.fromkeys(_name(other) for each in company for other in each.others)),
        "fall_fpm": -evidence.get("vrate_fpm", 0.0),
        "distance": _distance(evidence.get("distance_m", evidence.get("depth_m", 0.0))),
        "from_zone": f"inside {zone}" if "depth_m" in evidence else f"from {zone}",
        "jump": _distance(evidence.get("jump_m", 0.0)),
        "radius": _distance(evidence.get("radius_m", 0.0)),
        "apart": _distance(evidence.get("apart_m", 0.0)),
        "strayed": " off the course it held" if "criteria" in evidence else "",
        "passes": "",
        "closest": _distance(evidence.get("closest_m", 0.0)),
        "miss": _distance(evidence.get("miss_distance_m", 0.0)),
        "ahead": _distance(evidence.get("ahead_m", 0.0)),
    }
    if entry.rule == "asset_pass" and isinstance(entry, Episode) and entry.times > 1:
        words["passes"] = f" ({entry.times} passes, closest {words['closest']})"
        words["closest"] = _distance(float(entry.latest["closest_m"]))
    words["coming"] = ""
    if leads and entry.ended_s is None and "range_m" in evidence:  # figures of when it began
        words["coming"] = f", {_distance(evidence['range_m'])}, {evidence['time_to_cpa_s']:.0f} s away"
    if entry.kind == "emergency" and isinstance(entry, Episode) and entry.away:
        as_what = f" squawking {entry.code}" if entry.code else f", and may be a renegade: {evidence['criteria']}"
        return f"left the surroundings of {zone}{as_what}"
    present, past, rest = _DEEDS[_does(entry)]
    deed = f"{present if entry.ended_s is None else past} {rest.format(**words | evidence)}"
    return f"{deed} near {zone}" if near and entry.rule not in _SAYS_WHERE and entry.zone else deed


def _motion(subject: Subject, on_level: bool) -> str:
    parts = [
        None if subject.alt_ft is None else f"at {_altitude(subject.alt_ft, on_level)}",
        None if subject.gs_kt is None else f"{subject.gs_kt} kt",
        None if subject.track_deg is None else f"course {round(subject.track_deg) % 360:03d}",
    ]
    return ", ".join(part for part in parts if part)


def _altitude(alt_ft: int, on_level: bool) -> str:
    return f"FL{max(0, round(alt_ft / 100)):03d}" if on_level else f"{round(alt_ft, -2):,} ft"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def _distance(metres: float) -> str:
    return f"{round(metres, -1):.0f} m" if metres < 995 else f"{metres / 1000:.1f} km"
