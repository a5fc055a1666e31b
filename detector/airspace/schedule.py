"""Activation windows: when a zone counts, in UTC, as airspace files write it; the end of a window is outside it.

An interval comes once, `2026-11-23T06:00Z/2026-11-23T18:00Z`, and may be open, `../2026-11-23T18:00Z`. Hours return
daily, `06:00-18:00`, or on days of the week and in a season, `04-01/09-30 MON-FRI 06:00-18:00`, which may be written as
in an AIP, `01 APR-30 SEP MON-FRI 06:00-18:00`. Those that end before they start cross midnight, and day and season are
those of the start.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FORMS = (
    "2026-11-23T06:00Z/2026-11-23T18:00Z (.. for an open end), 06:00-18:00, MON-FRI 06:00-18:00, SAT,SUN 22:00-04:00, "
    "04-01/09-30 06:00-18:00 or 01 APR-30 SEP 06:00-18:00, all UTC"
)
DAY_S = 86400
HORIZON_DAYS = 3000  # 29 February may be eight years off
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
ALL_DAYS = frozenset(range(7))

_EPOCH = date(1970, 1, 1)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT)(\d\d)(:\d\d(?::\d\d)?)Z", re.ASCII)
_SEASON = re.compile(r"(\d\d)-(\d\d)/(\d\d)-(\d\d)", re.ASCII)
_SPOKEN_SEASON = re.compile(rf"(\d\d) ({'|'.join(MONTHS)}) ?- ?(\d\d) ({'|'.join(MONTHS)})(?= |$)", re.ASCII)
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Interval:
    """A window that comes once; Unix seconds, infinite where open."""

    start_s: float
    end_s: float

    def holds(self, time_s: float) -> bool:
        """Tell whether a time lies in the window."""
        return self.start_s <= time_s < self.end_s

    def edges_s(self, time_s: float) -> Iterator[float]:
        """Yield the starts and ends after a time, in order."""
        yield from (edge_s for edge_s in (self.start_s, self.end_s) if time_s < edge_s < math.inf)


@dataclass(frozen=True, slots=True)
class Hours:
    """A window that returns: from `opens_s` to `closes_s` after midnight of its days."""

    opens_s: int = 0
    closes_s: int = DAY_S  # more than DAY_S: on the next day
    days: frozenset[int] = ALL_DAYS  # 0: Monday
    first: tuple[int, int] = (1, 1)  # month and day; after `last`: a season across the end of the year
    last: tuple[int, int] = (12, 31)

    def holds(self, time_s: float) -> bool:
        """Tell whether a time lies in the window."""
        today = math.floor(time_s / DAY_S)
        return any(
            self._is_on(day) and self.opens_s <= time_s - day * DAY_S < self.closes_s for day in (today - 1, today)
        )

    def edges_s(self, time_s: float) -> Iterator[float]:
        """Yield the starts and ends after a time, in order, as far as HORIZON_DAYS."""
        today = math.floor(time_s / DAY_S)
        for day in filter(self._is_on, range(today - 1, today + HORIZON_DAYS)):
            edges_s = (day * DAY_S + self.opens_s, day * DAY_S + self.closes_s)
            yield from (edge_s for edge_s in edges_s if edge_s > time_s)

    def _is_on(self, day: int) -> bool:
        of = _EPOCH + timedelta(days=day)
        since, until = self.first <= (of.month, of.day), (of.month, of.day) <= self.last
        return of.weekday() in self.days and (since and until if self.first <= self.last else since or until)


Window = Interval | Hours


def is_active(windows: Sequence[Window], time_s: float) -> bool:
    """Tell whether a zone with these windows counts at a time, Unix seconds; without any it always does."""
    return not windows or any(window.holds(time_s) for window in windows)


def next_change_s(windows: Sequence[Window], time_s: float) -> float:
    """Return the next time at which `is_active` answers otherwise, Unix seconds; inf if never."""
    now = is_active(windows, time_s)
    edges_s = heapq.merge(*(window.edges_s(time_s) for window in windows))
    return next((edge_s for edge_s in edges_s if is_active(windows, edge_s) != now), math.inf)


def parse(text: str) -> Window:
    """Return the window a text means, in upper or lower case. Raises ValueError with the forms that are right."""
    words = _SPOKEN_SEASON.sub(_in_figures, " ".join(text.upper().split())).split()
    try:
        return _interval(words[0]) if len(words) == 1 and _is_interval(words[0]) else _hours(words)
    except ValueError as error:
        raise ValueError(FORMS) from error


def _in_figures(season: re.Match[str]) -> str:
    day, month, to_day, to_month = season.groups()
    return f"{MONTHS.index(month) + 1:02d}-{day}/{MONTHS.index(to_month) + 1:02d}-{to_day}"


def _is_interval(word: str) -> bool:
    return "/" in word and not _SEASON.fullmatch(word)


def _interval(word: str) -> Interval:
    start, end = word.split("/")
    window = Interval(_instant_s(start, -math.inf), _instant_s(end, math.inf))
    if window.start_s >= window.end_s:
        raise ValueError("ends before it starts")
    return window


def _instant_s(text: str, unbounded_s: float) -> float:
    if text in {"", ".."}:
        return unbounded_s
    if not (match := _INSTANT.fullmatch(text)):
        raise ValueError("no instant")
    day, hour, rest = match.groups()
    if hour == "24" and not rest.strip(":0"):  # ISO 8601: the end of the day
        if day == "9999-12-31T":  # the last that is written so: for ever
            return math.inf
        return _instant_s(f"{day}00:00Z", unbounded_s) + DAY_S
    return datetime.fromisoformat(day + hour + rest).replace(tzinfo=UTC).timestamp()


def _hours(words: list[str]) -> Hours:
    season = [word for word in words[:1] if _SEASON.fullmatch(word)]
    days = [word for word in words[len(season) :][:1] if word[0].isalpha()]
    hours = words[len(season) + len(days) :]
    if not words or len(hours) > 1:
        raise ValueError("no window")
    opens_s, closes_s = _times_s(hours[0]) if hours else (0, DAY_S)
    first, last = _dates(season[0]) if season else ((1, 1), (12, 31))
    return Hours(opens_s, closes_s, _weekdays(days[0]) if days else ALL_DAYS, first, last)


def _times_s(word: str) -> tuple[int, int]:
    if not (match := _HOURS.fullmatch(word)):
        raise ValueError("no hours")
    hour, minute, to_hour, to_minute = map(int, match.groups())
    opens_s, closes_s = hour * 3600 + minute * 60, to_hour * 3600 + to_minute * 60
    if minute > 59 or to_minute > 59 or opens_s >= DAY_S or closes_s > DAY_S or opens_s == closes_s:
        raise ValueError("no such hours")
    return opens_s, closes_s + DAY_S * (closes_s < opens_s)


def _dates(word: str) -> tuple[tuple[int, int], tuple[int, int]]:
    month, day, to_month, to_day = map(int, word.replace("/", "-").split("-"))
    date(2000, month, day), date(2000, to_month, to_day)  # a leap year, and ValueError if there is no such day
    return (month, day), (to_month, to_day)


def _weekdays(word: str) -> frozenset[int]:
    days: set[int] = set()
    for part in word.split(","):
        first, dash, last = part.partition("-")
        start, end = DAYS.index(first), DAYS.index(last if dash else first)
        days.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return frozenset(days)
