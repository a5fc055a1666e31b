"""The pure core: plots in, incident messages out. No clock, no I/O, no randomness.

However a stream of plots is cut into steps, the messages are the same. Two devices see to that: several plots of one
track, or of tracks that share an incident, are taken in rounds, the k-th of each together; and whatever hangs on time
alone happens on whole seconds of event time, between the plots before and after them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from detector.airspace.activation import Activation
from detector.arrays import Floats
from detector.geometry.projection import earth_centred
from detector.incidents.book import Book
from detector.incidents.entry import Entry
from detector.incidents.message import IncidentMessage
from detector.picture.airspace import Airspace
from detector.picture.look import Picture, look
from detector.rules import company, evidence, incursion, integrity
from detector.rules.alone import renegade
from detector.rules.assets import Assets
from detector.rules.conduct import RULES, Conduct
from detector.rules.contacts import Contacts
from detector.rules.findings import Findings
from detector.rules.inside.stays import deepen_lost
from detector.rules.params import SHORTEST_PATIENCE_S
from detector.rules.reports.claims import Claims
from detector.rules.sight import Scene
from detector.rules.signs import Sign, Signs
from detector.rules.tables import Rules
from detector.rules.vicinity import nearest, within
from detector.tracks import accuracy
from detector.tracks.fixes import Fixes, Rows, Segments
from detector.tracks.identity import Classifier
from detector.tracks.store import TrackStore
from feeds.plots import Plots

USED, LATE, DUPLICATE, FUTURE, SHED = range(5)  # the last in an overload, and not here
RESULTS = ("used", "late", "duplicate", "future", "shed")
"""What became of a plot: taken; behind its track's last or far behind all; the same instant again; clock ahead."""

FUTURE_S = 10.0  # one clock that is ahead must not make every other plot late
LAG_S = 30.0  # older than this against event time, a plot is late whatever its track
STUCK = 3  # times that one second falls due again

Result = NDArray[np.int8]
Found = TypeVar("Found", Findings, Signs)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step made: messages in the order of the plots that caused them, and each plot's result (N,)."""

    messages: list[IncidentMessage]
    results: Result


class Execute(Protocol):
    """Runs a rule."""

    def __call__(self, rule: str, detect: Callable[[], Found], /) -> Found | None:
        """Return what it found, None if it broke."""
        ...


def _just(_rule: str, detect: Callable[[], Found]) -> Found | None:
    return detect()


class Pipeline:
    """Tracks, contacts and incidents of one site."""

    def __init__(
        self,
        book: Book,
        airspace: Airspace,
        classifier: Classifier,
        sensors: Mapping[str, accuracy.Sensor],
        rules: Rules,
    ) -> None:
        self.book, self.airspace, self.rules = book, airspace, rules
        self.classifier, self.sensors = classifier, sensors
        self.activation = Activation(airspace.zones)
        self.tracks = TrackStore()
        self.contacts = Contacts(len(airspace))
        self.conduct = Conduct()
        self.assets = Assets(airspace)
        self.execute: Execute = _just  # may time it, and answer None for a rule that broke
        self.time_s = -math.inf  # event time: the latest that any plot or caller has named
        self._passed_s = -math.inf  # the last second that time has left although something stayed due

    def step(self, plots: Plots, now_s: float, until_s: float | None = None) -> Step:
        """Take plots in the order received, none later than `now_s`, and let event time reach that, or `until_s`."""
        results = np.full(len(plots), USED, dtype=np.int8)
        results[plots.time_s > now_s + FUTURE_S] = FUTURE
        clock_s = np.maximum.accumulate(np.where(results == FUTURE, self.time_s, np.maximum(plots.time_s, self.time_s)))
        results[plots.time_s < clock_s - LAG_S] = LATE
        sane = np.flatnonzero(results == USED)
        taken, clock_s = plots.take(sane), clock_s[sane]
        fixes = self._fixes(taken)
        messages: list[IncidentMessage] = []
        start = 0
        while start < len(taken):
            messages += self.tick(float(clock_s[start]))
            end_s = min(self._due_s(), self._until_s(float(clock_s[start])))
            end = max(start + 1, int(np.searchsorted(clock_s, end_s)))
            piece = np.arange(start, end)
            said, results[sane[piece]] = self._take(taken.take(piece), fixes.take(piece), clock_s[piece])
            messages += said
            self.time_s = float(clock_s[end - 1])
            start = end
        messages += self.tick(now_s if until_s is None else until_s)
        return Step(messages, results)

    def hear(
        self,
        told: Iterable[tuple[IncidentMessage, bool]],
        vouched: Iterable[tuple[list[str], float]],
        now_s: float,
        *,
        abandoned: bool = False,
    ) -> list[IncidentMessage]:
        """Take what daemons of the site have told, others or this one in an earlier life; return what is over by now.

        Messages, each with whether it has just been told; ids of incidents that one had open at a Unix time; and
        whether one is gone now.
        """
        if (stories := self.book.writer.stories) is None:
            return []
        news = [stories.hear(message, None if live else now_s) for message, live in told]
        for incident_ids, time_s in vouched:
            stories.vouch(incident_ids, time_s)
            news.append(True)
        if abandoned:
            stories.abandon()
        followed = self.book.follow(self.time_s, self.tracks) if any(news) else []
        ours = {incident.incident_id for incident in self.book.register.incidents()}
        return followed + stories.close_left(ours, now_s)

    def resume(self, now_s: float) -> None:
        """Go on after a time in which nobody listened: no track has fallen silent by that."""
        self.tracks.deaf_until_s = now_s

    def _fixes(self, plots: Plots) -> Fixes:
        sensors = self.sensors
        x_m, y_m = self.airspace.theatre.project(plots.lon_deg, plots.lat_deg)
        periods = [sensors[name].period_s if name in sensors else math.nan for name in plots.source]
        return Fixes(
            time_s=plots.time_s,
            x_m=x_m,
            y_m=y_m,
            earth_m=earth_centred(plots.lon_deg, plots.lat_deg),
            sigma_m=accuracy.sigma_m(plots, sensors),
            pressure_alt_m=plots.baro_alt_m,
            geo_alt_m=plots.geo_alt_m,
            period_s=np.array(periods, dtype=float),
            gs_mps=plots.gs_mps,
            track_deg=plots.track_deg,
            vrate_mps=plots.vrate_mps,
        )

    def _until_s(self, start_s: float) -> float:
        """Return how far a piece may go that begins then: no look at who is where falls due within it."""
        watching = company.enabled(self.rules) or self.assets.followed(self.tracks)
        return math.floor(start_s) + 1.0 if watching else start_s + SHORTEST_PATIENCE_S

    def _take(self, plots: Plots, fixes: Fixes, clock_s: Floats) -> tuple[list[IncidentMessage], Result]:
        """Take plots among which nothing falls due, round by round."""
        row = self.tracks.rows(plots.track_id)
        results = np.full(len(plots), USED, dtype=np.int8)
        said: list[tuple[int, IncidentMessage]] = []
        for each in _rounds(self.book.register.kin(row, self.tracks.capacity)):
            last_s = np.where(self.tracks.reports[row[each]] > 0, self.tracks.fix.time_s[row[each]], -np.inf)
            results[each[fixes.time_s[each] < last_s]] = LATE
            results[each[fixes.time_s[each] == last_s]] = DUPLICATE
            turn = each[results[each] == USED]
            self.tracks.taken_s[row[turn]] = clock_s[turn]
            believed, anew = self.tracks.judge(row[turn], plots.take(turn), fixes.take(turn))
            said += [(turn[m], message) for m, message in self._doubt(row[turn], fixes.take(turn), clock_s[turn])]
            turn, anew = turn[believed], anew[believed]
            segments = self.tracks.fold(row[turn], plots.take(turn), fixes.take(turn), anew, self.classifier)
            said += [(turn[segment], message) for segment, message in self._detect(segments)]
        return [message for _, message in sorted(said, key=lambda one: one[0])], results

    def _doubt(self, rows: Rows, fixes: Fixes, clock_s: Floats) -> list[tuple[int, IncidentMessage]]:
        """Return (report, message) of what is wrong with M reports, before they are taken into their tracks."""
        tracks, signs = self.tracks, list[Sign]()
        some = self.conduct.integrity.suspicious(rows, fixes.time_s, clock_s, tracks)
        if not len(some):
            return []
        claims = Claims(rows[some], fixes.take(some), tracks.fix.take(rows[some]), tracks)
        zone = integrity.concerned(claims, self.airspace)
        for name, rule in integrity.RULES.items():
            if getattr(self.rules, name).enabled:
                signs += self.execute(name, partial(self.conduct.integrity.look, name, rule, claims, zone)) or ()
        signs = [sign._replace(segment=int(some[sign.segment])) for sign in sorted(signs, key=attrgetter("segment"))]
        if self.rules.interference.enabled:
            signs = self.conduct.integrity.interference.hold(signs, clock_s, self.book.register.open.keys())
        return self.book.note(signs, tracks, self.airspace.zones, self.depths)

    def _detect(self, segments: Segments) -> list[tuple[int, IncidentMessage]]:
        """Return (segment, message) of what M steps of M tracks bring about."""
        asked = self.contacts.asked(segments, self.tracks.capacity)
        relevant = self.airspace.watched[self.tracks.identity[segments.row]]
        relevant |= self.conduct.pending(segments.row, self.tracks.capacity)
        relevant[asked[0]] = True
        which = np.flatnonzero(relevant)
        if not len(which):
            return []
        seen = segments.take(which)
        picture = look(seen, self.airspace, self.activation, (np.searchsorted(which, asked[0]), asked[1]))
        watched = self.airspace.watch[self.tracks.identity[seen.row[picture.segment]], picture.zone]
        findings = self._incursions(seen, picture) if watched.any() or len(asked[0]) else None
        signs = self._conduct(seen, picture)
        said = self.book.take(findings, signs, seen, self.tracks, self.airspace.zones, self.depths)
        return [(int(which[segment]), message) for segment, message in said]

    def _incursions(self, segments: Segments, picture: Picture) -> Findings | None:
        if not self.rules.incursion.enabled:
            return None
        return self.execute(
            "incursion",
            lambda: incursion.detect(
                segments, picture, self.airspace, self.contacts, self.tracks, self.rules.incursion
            ),
        )

    def _conduct(self, segments: Segments, picture: Picture) -> list[Sign]:
        """Return what the rules about conduct make of M steps."""
        rules = {name: params for name in RULES if (params := getattr(self.rules, name)).enabled}
        if not rules and not company.enabled(self.rules) and not self.rules.dark.enabled:
            return []
        row, capacity = segments.row, self.tracks.capacity
        inside = picture.segment[picture.inside], picture.zone[picture.inside]
        now, identity = segments.now, self.tracks.identity[row]
        vicinity = nearest(now.earth_m, identity, self.airspace.surroundings)
        vicinity = self.assets.near(row, identity, now.earth_m, now.time_s, vicinity)
        vicinity = within(vicinity, identity, inside, self.airspace)
        self.conduct.company.hear(row, vicinity, capacity)
        some = np.flatnonzero(vicinity.near | self.conduct.pending(row, capacity))
        stays = self.contacts.stays(capacity, self.airspace.forbidden)
        if not len(some):
            return self.conduct.hear(segments, stays)
        pair = np.unique(picture.pair)
        pair = pair[np.isin(picture.segment[pair], some)]
        scene = Scene(
            segments=segments.take(some),
            touched=(np.searchsorted(some, picture.segment[pair]), picture.zone[pair]),
            airspace=self.airspace,
            activation=self.activation,
            tracks=self.tracks,
            vicinity=vicinity.take(some),
            assets=self.assets,
            contacts=self.contacts,
            criteria=self.conduct.criteria,
            motion=self.tracks.follow(row[some]),
        )
        signs: list[Sign] = []
        for name, params in rules.items():
            signs += self.execute(name, partial(self.conduct.look, name, RULES[name], scene, params)) or ()
        if self.rules.probing.enabled:
            signs += self.execute("probing", partial(self.conduct.probes.look, signs, scene, self.rules.probing)) or ()
        signs = [sign._replace(segment=int(some[sign.segment])) for sign in signs]
        signs += self.conduct.hear(segments, stays)
        renegade.note(signs, scene)
        return signs

    def tick(self, until_s: float) -> list[IncidentMessage]:
        """Let event time pass: every whole second up to `until_s` at which something falls due."""
        messages: list[IncidentMessage] = []
        if self.time_s == -math.inf < until_s:
            self.activation.advance(until_s)
        self._schedule(self.time_s)  # by the time that was
        self.time_s = max(self.time_s, until_s)
        done_s, again = -math.inf, 0
        while (due_s := self._due_s()) <= self.time_s:
            again = again + 1 if due_s <= done_s else 0
            if again >= STUCK:  # a rule that breaks leaves its deadline standing: time must go on all the same
                self._passed_s = done_s
                continue
            done_s = due_s
            messages += self._close_zones(due_s)
            messages += self._look_around(due_s)
            messages += self.book.wake(due_s, self.tracks, self.depths)
            messages += self._lose(due_s)
            self._forget(due_s)
        return messages

    def _lose(self, now_s: float) -> list[IncidentMessage]:
        """Give up the tracks that have been silent for too long; they may be heard again. Return what that ends."""
        lost = np.flatnonzero(self.tracks.lost_at_s() <= now_s)
        deepen_lost(self.contacts, lost, self.tracks, self.airspace)
        messages = self.book.lose(lost.tolist(), now_s, self.tracks, self.depths)
        self.contacts.lose(lost)
        self.conduct.forget(lost)
        if len(lost):
            self.book.register.fly(self.conduct.company.formations.groups())
        self.tracks.lost[lost] = True
        return messages

    def _forget(self, now_s: float) -> None:
        """Let go of the lost tracks that will not be heard again, with all that is remembered of them."""
        forgotten = np.flatnonzero(self.tracks.forgotten_at_s() <= now_s)
        self.contacts.forget(forgotten)
        self.conduct.drop(forgotten)
        self.book.register.forget(forgotten.tolist())
        self.tracks.drop(forgotten)

    def _look_around(self, now_s: float) -> list[IncidentMessage]:
        """Return what becomes known because time passes: who has fallen silent, who keeps company with whom."""
        conduct, tracks, signs = self.conduct, self.tracks, list[Sign]()
        self._schedule(now_s)
        if self.assets.next_s <= now_s:
            self.assets.look(now_s, tracks)
        if self.rules.dark.enabled:
            look = partial(conduct.dark.look, now_s, tracks, self.airspace, self.rules.dark)
            signs += self.execute("dark", look) or ()
        interference = conduct.integrity.interference
        if interference.due_s() <= now_s:
            look = partial(interference.look, now_s, self.book.register.open.keys(), tracks, self.rules.interference)
            signs += self.execute("interference", look) or ()
        if conduct.company.next_s <= now_s:
            looks = conduct.company.looks(now_s, self.book.register.rows(), self.airspace.watched, tracks, self.rules)
            for rule, each in looks:
                signs += self.execute(rule, each) or ()
            self.book.register.fly(conduct.company.formations.groups())
        signs.sort(key=lambda sign: (tracks.name(sign.row), *map(tracks.name, sign.others)))
        messages = self.book.gather(now_s, tracks, self.depths)
        told = self.book.note(signs, tracks, self.airspace.zones, self.depths, now_s)
        self._schedule(now_s)  # by what is open now
        return messages + [message for _, message in told]

    def _schedule(self, now_s: float) -> None:
        """Let there be looks at whole seconds while there is anybody to look at."""
        subjects = self.book.register.rows()
        self.conduct.company.schedule(subjects, self.airspace.watched, self.tracks, self.rules, now_s)
        self.assets.schedule(self.tracks, now_s)

    def _close_zones(self, now_s: float) -> list[IncidentMessage]:
        """Open and close the zones whose windows begin or end now."""
        closed = self.activation.advance(now_s) if self.activation.due_s <= now_s else []
        if not closed:
            return []
        zone_ids = {self.airspace.zones[zone].id for zone in closed}
        messages = self.end(lambda entry: entry.zone_id in zone_ids, "zone-closed", now_s)
        self.contacts.close(closed, now_s)
        self.conduct.dark.close(closed)
        return messages

    def end(self, is_over: Callable[[Entry], bool], outcome: str, now_s: float) -> list[IncidentMessage]:
        """End what is open but counts no more; what still goes on begins anew with the next reports."""
        for row, rule, strand, others in self.book.episodes(is_over):
            self.conduct.end(row, rule, strand, self.tracks.known(np.array(others, dtype=object)))
        return self.book.close(is_over, outcome, now_s, self.tracks, self.depths)

    def _due_s(self) -> float:
        """Return the whole second at which the next deadline is over; inf without one."""
        self._schedule(self.time_s)
        tracks = self.tracks
        due_s = min(
            self.book.agenda.due_s(),
            self.activation.due_s,
            self.conduct.company.next_s,
            self.assets.next_s,
            self.conduct.integrity.interference.due_s(),
            float(self.conduct.dark.due_at_s(tracks, self.rules.dark).min()) if self.rules.dark.enabled else math.inf,
            float(tracks.lost_at_s().min()),
            float(tracks.forgotten_at_s().min()),
        )
        return max(math.ceil(due_s), self._passed_s + 1.0) if math.isfinite(due_s) else math.inf

    def depths(self, rows: list[int], zone_ids: list[str]) -> Iterable[tuple[float, ...]]:
        """Return of each (track, zone) what `Depths` asks for."""
        zone = [self.airspace.index_of[zone_id] for zone_id in zone_ids]
        record = self.contacts.get(np.array(rows, dtype=np.intp) * len(self.airspace) + np.array(zone, dtype=np.intp))
        inside = record["inside"]
        depth_m = np.where(inside, record["depth_m"], -np.inf)
        probability = np.where(inside, evidence.probability(record["log_odds"]), 0.0)
        present_m = np.where(inside, record["last_depth_m"], 0.0)
        lon_deg, lat_deg = self.airspace.theatre.unproject(record["deepest_x_m"], record["deepest_y_m"])
        sigma_m, deepest_s = record["depth_sigma_m"], record["deepest_s"]
        deep = inside & (record["depth_m"] >= self.rules.incursion.deep_m)
        columns = present_m, deep, probability, depth_m, sigma_m, deepest_s, lat_deg, lon_deg
        return zip(*(column.tolist() for column in columns), strict=True)


def _rounds(row: Rows) -> Iterator[Rows]:
    """Yield the positions of the first plot of each number in `row`, then of the second, and so on, in their order."""
    order = np.argsort(row, kind="stable")
    new = np.diff(row[order], prepend=-1) != 0
    begins = np.flatnonzero(new)
    turn = np.empty(len(row), dtype=np.intp)
    turn[order] = np.arange(len(row)) - np.repeat(begins, np.diff(begins, append=len(row)))
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1)
