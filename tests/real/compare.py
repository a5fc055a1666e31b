"""Our findings beside shapely's answer: where along a path the two differ, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from scipy.special import logit

from detector.incidents.message import IncidentMessage
from detector.rules.incursion import Params
from tests.real.swept import Country, Path, evidence

THRESHOLD = logit(Params().probability)
BRIEF_S = Params().rejoin_periods * 10.0  # the recording has a plot every 10 s; out for less, it was never out
LOST_AFTER_S = 60.0

BRIEF, LOST, UNSURE, UNEXPLAINED = "out too briefly", "lost meanwhile", "not sure enough", "unexplained"

Spans = list[tuple[float, float]]


def unix(stamp: str | None) -> float:
    return np.inf if stamp is None else datetime.fromisoformat(stamp).timestamp()


def stays(messages: Iterable[IncidentMessage]) -> dict[str, Spans]:
    """Return when each track was inside, as the findings say."""
    spans: dict[str, Spans] = defaultdict(list)
    for finding in (finding for message in messages for finding in message.findings):
        if finding.kind == "incursion":  # of its own track: those who fly together have one incident
            spans[finding.track_ids[0]].append((unix(finding.started_at), unix(finding.ended_at)))
    return spans


def differences(country: Country, path: Path, own: Spans) -> list[tuple[float, float, int]]:
    """Return (start, end, shapely's side: 1 inside, -1 outside) wherever shapely and our stays differ along a path."""
    crossings_s = country.crossings_s(path)
    starts_inside = bool(country.inside(path.lon_deg[:1], path.lat_deg[:1])[0])
    edges = np.unique(np.concatenate([crossings_s, np.ravel(own), np.ravel(_silences(path)), path.time_s[[0, -1]]]))
    edges = edges[(edges >= path.time_s[0]) & (edges <= path.time_s[-1])]
    middle = (edges[:-1] + edges[1:]) / 2
    theirs = (np.searchsorted(crossings_s, middle) + starts_inside) % 2 == 1
    ours = np.any([(middle > a) & (middle < b) for a, b in own] or [middle < 0], axis=0)
    return [
        (float(edges[k]), float(edges[k + 1]), 1 if theirs[k] else -1) for k in np.flatnonzero(theirs != ours).tolist()
    ]


def reason(country: Country, path: Path, start_s: float, end_s: float, side: int) -> str:
    """Return why nothing was said for shapely's side."""
    reports, between = evidence(country, path, start_s, end_s, side)
    if reports < THRESHOLD and (side < 0 or between < THRESHOLD):  # only reports tell that somebody has left
        return UNSURE
    if side < 0 and end_s - start_s < BRIEF_S:
        return BRIEF
    if any(a <= start_s < b for a, b in _silences(path)):
        return LOST
    return UNEXPLAINED


def _silences(path: Path) -> Spans:
    gaps = np.flatnonzero(np.diff(path.time_s) >= LOST_AFTER_S)
    return [(float(path.time_s[k]), float(path.time_s[k + 1])) for k in gaps]
