"""The headline: one line that an operator reads first."""

from __future__ import annotations

from detector.incidents.incident import Entry
from detector.incidents.message import Subject
from detector.rules.findings import Certainty

NAME_LENGTH = 40


def headline(subject: Subject, entry: Entry, still: list[Entry], outcome: str | None) -> str:
    """Return the line for a message about `entry`; `still` are the stays that have not ended."""
    tense = _present(entry) if entry.ended_s is None else _past(entry)
    line = f"{_who(subject)} {tense}"
    if outcome is not None:
        return f"{line}; closed: {outcome}"
    if entry.ended_s is None:
        return f"{line} {_motion(subject)}"
    where = f"still in {', '.join(e.zone.name for e in still)}" if still else "now"
    return f"{line}; {where} {_motion(subject)}"


def _who(subject: Subject) -> str:
    name = "".join(
        c if c.isprintable() else "." for c in subject.callsign or subject.track_id
    )  # one line, whoever sent it
    return f"{subject.identity.capitalize()} aircraft {name[:NAME_LENGTH]}"


def _present(entry: Entry) -> str:
    return f"{_distance(max(entry.present_m, 0.0))} inside {entry.zone.name}"


def _past(entry: Entry) -> str:
    verb = {Certainty.OBSERVED: "was in", Certainty.LIKELY: "cut through", Certainty.POSSIBLE: "may have cut through"}
    stay_s = (entry.ended_s or entry.started_s) - entry.started_s
    did = verb[Certainty(entry.certainty)]
    return f"{did} {entry.zone.name} for {_duration(stay_s)}, up to {_distance(entry.depth_m)} deep"


def _motion(subject: Subject) -> str:
    parts = [
        None if subject.alt_ft is None else f"at FL{max(0, round(subject.alt_ft / 100)):03d}",
        None if subject.gs_kt is None else f"{subject.gs_kt} kt",
        None if subject.track_deg is None else f"course {round(subject.track_deg) % 360:03d}",
    ]
    return ", ".join(part for part in parts if part)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def _distance(metres: float) -> str:
    return f"{round(metres, -1):.0f} m" if metres < 995 else f"{metres / 1000:.1f} km"
