"""The track store: every track as one row of columns, with a short history of fixes.

`Fixes` go in (one plot of each track at most), `Segments` come out: where each track was and where it is now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from detector.airspace.zones import Identity
from detector.arrays import Floats, Mask, Texts
from detector.geometry.pairs import dot
from detector.geometry.projection import east_north
from detector.tracks.accuracy import DEFAULT_PERIOD_S, SURELY_SIGMAS
from detector.tracks.altitudes import Altitudes, share
from detector.tracks.collapse import Collapse
from detector.tracks.columns import Columns, doubled, no_fixes
from detector.tracks.fixes import Fixes, Rows, Segments, distance_m
from detector.tracks.ghosts import without_ghosts
from detector.tracks.history import History
from detector.tracks.identity import EMERGENCY_CODES, Classifier
from detector.tracks.kinematics import Motion
from detector.tracks.scatter import Scatter
from detector.tracks.states import unallocated
from detector.tracks.trail import Trail
from detector.tracks.trust import Trust
from detector.units import KNOT_MPS
from feeds.plots import COLUMNS, UNKNOWN_SMALL, Plots, make

LOST_AFTER_S = 60.0  # a track is lost after so long a silence ...
LOST_AFTER_PERIODS = 5.0  # ... or after so many missed reports, whichever is longer
FORGOTTEN_AFTER_S = 420.0  # until then a track that is heard again continues: its path in between may have been inside
PERIOD_GAIN = 0.2
FASTEST_ON_GROUND_MPS = 100 * KNOT_MPS  # who is faster flies, or is on a runway, whatever its flag says
LANDED = 2  # reports on the ground make a landing; one is a glitch
STEADY_NOISES = 1.5  # a velocity that seems to change by less is told by all reports: 10 % seem to, where none does
SHORTEST_S = 0.5  # no motion is derived over less: errors would be divided by nothing

_KEPT = ("icao24", "callsign", "squawk", "source")  # told once, they hold until told otherwise


class TrackStore(Columns):
    """Columns over C rows; a row is used again after its track has been dropped."""

    def __init__(self, capacity: int = 1024) -> None:
        self._row_of: dict[str, int] = {}
        self._free = list(range(capacity - 1, -1, -1))
        self.deaf_until_s = -math.inf  # nobody listened before: silence counts from then on
        self.alive = np.zeros(capacity, dtype=bool)
        self.lost = np.zeros(capacity, dtype=bool)
        self.reports = np.zeros(capacity, dtype=np.int64)
        self.heard_s = np.zeros(capacity)  # of the first report
        self.fix = no_fixes(capacity)
        self.fix_before = no_fixes(capacity)
        self.history = History(capacity)
        self.trail = Trail(capacity)
        self.trust = Trust(capacity)
        self.collapse = Collapse(capacity)
        self.scatter = Scatter(capacity)
        self.taken_s = np.zeros(capacity)  # event time when its last report came
        self.altitudes = Altitudes(capacity)
        self.grounded = np.zeros(capacity, dtype=np.int64)  # reports on the ground in succession
        self.recoded_s = np.full(capacity, -math.inf)  # when it last changed its code in flight, emergencies apart
        self.unallocated = np.zeros(capacity, dtype=bool)  # its address lies in no state's block
        self.awaits_callsign = np.zeros(capacity, dtype=bool)  # which could make it somebody else
        self.told_squawk = np.full(capacity, None, dtype=object)  # last; perhaps garbled
        self.turned_out = np.zeros(capacity, dtype=bool)  # its last report made it somebody else
        self.identity = np.full(capacity, Identity.UNKNOWN, dtype=np.int8)
        self.last = _blank(capacity)  # the last report as it came, with what older ones told of its names
        self.sources = np.full(capacity, None, dtype=object)  # tuple of names, in order of appearance

    def __len__(self) -> int:
        return int(np.count_nonzero(self.alive & ~self.lost))

    @property
    def capacity(self) -> int:
        """Rows there are, used or not."""
        return len(self.alive)

    def rows(self, track_ids: Texts) -> Rows:
        """Return the row of each track, a new one for a track not known; shape (N,)."""
        found = list(map(self._row_of.get, track_ids))
        if None in found:
            found = [self._row_of[t] if t in self._row_of else self._new(t) for t in track_ids]
        return np.array(found, dtype=np.intp)

    def kinematics(self, rows: Rows) -> Motion:
        """Return how R tracks move, by their last reports but for ghosts."""
        return Motion.of(without_ghosts(self.history.last(rows)), self.scatter.of(rows))

    def follow(self, rows: Rows) -> Motion:
        """Return the same of R tracks that have just reported, and learn how their places scatter."""
        window = without_ghosts(self.history.last(rows))
        motion = Motion.of(window, self.scatter.of(rows))
        self.scatter.learn(rows, window)
        return motion

    def known(self, track_ids: Texts) -> Rows:
        """Return the row of each track, -1 for a track not known; shape (N,)."""
        return np.array([self._row_of.get(track_id, -1) for track_id in track_ids], dtype=np.intp)

    def distrusted(self, rows: Rows) -> Mask:
        """Tell of which of R tracks the places told last are not believed, or worth little, (R,)."""
        wrong: Mask = self.trust.doubted[rows] | self.trust.twofold[rows] | self.collapse.lost[rows]
        return wrong

    def row_of(self, track_id: str) -> int | None:
        """Return the row of a track that is known."""
        return self._row_of.get(track_id)

    def _new(self, track_id: str) -> int:
        if not self._free:
            self._grow()
        row = self._row_of[track_id] = self._free.pop()
        self.alive[row] = True
        self.lost[row] = False
        self.reports[row] = 0
        self.history.begin(row)
        self.trail.begin(row)
        self.scatter.begin(row)
        self.grounded[row] = 1  # nobody saw it fly: the first report on the ground is believed
        self.altitudes.begin(row)
        self.recoded_s[row] = -math.inf
        self.told_squawk[row] = None
        self.identity[row] = Identity.UNKNOWN
        self.sources[row] = ()
        for name in _KEPT:
            getattr(self.last, name)[row] = None
        return row

    def _grow(self) -> None:
        size = len(self.alive)
        self._free = list(range(2 * size - 1, size - 1, -1)) + self._free
        self.grow()
        self.last = Plots(**{name: doubled(getattr(self.last, name)) for name in COLUMNS})
        self.history.grow()
        self.trail.grow()

    def fit(self, capacity: int) -> None:
        """Make room for so many rows."""
        while self.capacity < capacity:
            self._grow()

    def reindex(self, rows: Rows) -> Rows:
        """Find tracks by their names anew after these rows were written to; return who has made way for a namesake."""
        names = self.last.track_id
        fresh = {names[row] for row in rows if self.alive[row]}
        others = np.setdiff1d(np.flatnonzero(self.alive), rows)
        gone = others[[names[row] in fresh for row in others]] if len(others) else others
        self.alive[gone] = False
        self._row_of = {names[row]: row for row in np.flatnonzero(self.alive).tolist()}
        self._free = np.flatnonzero(~self.alive)[::-1].tolist()
        return gone

    def judge(self, rows: Rows, plots: Plots, fixes: Fixes) -> tuple[Mask, Mask]:
        """Tell which of M new reports to believe, and which of these begin their tracks anew at another place."""
        first = self.reports[rows] == 0
        by_another = first | (plots.source != self.last.source[rows])  # what another sensor tells compares with nothing
        self.collapse.judge(rows, by_another, fixes.time_s, plots.nac_p, plots.nic)
        stillness = self.trust.stillness
        froze, froze_s = stillness.frozen[rows], stillness.since_s[rows]
        believed, anew = self.trust.judge(rows, first, self.fix, fixes, plots.on_ground)
        thaws = froze & believed & ~anew & ~first
        self._thaw(rows[thaws], froze_s[thaws])
        return believed, anew

    def _thaw(self, rows: Rows, froze_s: Floats) -> None:
        """Let tracks go on from where and when they froze: the repeats of that, believed at first, tell nothing."""
        self.fix.time_s[rows] = froze_s
        self.reports[rows] = 1
        self.history.begin(rows)
        self.history.put(rows, self.fix.take(rows))

    def fold(self, rows: Rows, plots: Plots, fixes: Fixes, anew: Mask, classifier: Classifier) -> Segments:
        """Take one new report of each of M tracks, every one later than the track's last, and return the steps.

        Those that begin anew, (M,), have no step to where they are.
        """
        self.heard_s[rows[self.reports[rows] == 0]] = fixes.time_s[self.reports[rows] == 0]
        self.reports[rows[anew]] = 0
        self.history.begin(rows[anew])
        self.trail.begin(rows[anew])
        first, upto_second = self.reports[rows] == 0, self.reports[rows] <= 1
        before, earlier = self.fix.take(rows), self.fix_before.take(rows)
        before.put(first, fixes.take(first))
        earlier.put(upto_second, before.take(upto_second))
        self._learn_period(first, before, fixes)
        lately = self.altitudes.hold_back(rows, fixes)
        self.history.put(rows, fixes)
        self.trail.put(rows, fixes)
        share(fixes, before, lately)
        share(before, fixes, ~first)
        self.fix_before.put(rows, before)
        self.fix.put(rows, fixes)
        self.reports[rows] += 1
        self.lost[rows] = False
        self._name(rows, plots, classifier)
        return Segments(rows, first, earlier, before, fixes)

    def _learn_period(self, first: Mask, before: Fixes, now: Fixes) -> None:
        """Where the source's period is not known (NaN), follow the track's own; a gap counts as three periods."""
        unknown = np.isnan(now.period_s)
        step_s = now.time_s - before.time_s
        learnt = np.where(first, np.nan, before.period_s)
        follows = learnt + PERIOD_GAIN * (np.minimum(step_s, 3 * learnt) - learnt)
        learnt = np.where(np.isnan(learnt), np.minimum(step_s, 3 * DEFAULT_PERIOD_S), follows)
        now.period_s[unknown] = np.where(first, np.nan, learnt)[unknown]

    def _name(self, rows: Rows, plots: Plots, classifier: Classifier) -> None:
        """Keep the last report; names that it lacks are kept from earlier ones. Identify whom it names anew."""
        told = np.zeros(len(rows), dtype=bool)
        for name in COLUMNS:
            new, column = getattr(plots, name), getattr(self.last, name)
            if name == "on_ground":
                new = np.where(self._flies(rows, plots), np.minimum(new, 0), new)
                new = np.where(new == UNKNOWN_SMALL, np.where(self.reports[rows] > 1, column[rows], new), new)
                self.grounded[rows] = np.where(new == 1, self.grounded[rows] + 1, 0)
            if name not in _KEPT:
                column[rows] = new
                continue
            if name == "squawk":
                new = self._borne_out(rows, new)
            changed = np.flatnonzero((new != column[rows]) & (new != None))  # noqa: E711 - elementwise on objects
            if name == "squawk":
                recoded = rows[changed[_ordinary(column[rows[changed]]) & _ordinary(new[changed])]]
                recoded = recoded[self.grounded[recoded] == 0]
                self.recoded_s[recoded] = self.fix.time_s[recoded]
            column[rows[changed]] = new[changed]
            if name == "source":
                self._add_sources(rows[changed], new[changed])
            else:
                told[changed] = True
        was = self.identity[rows]
        told |= self.reports[rows] == 1
        self._identify(rows[told], classifier)
        self.turned_out[rows] = (self.identity[rows] != was) & (self.reports[rows] > 1)

    def _identify(self, rows: Rows, classifier: Classifier) -> None:
        for row in rows.tolist():
            icao24, callsign, squawk = (getattr(self.last, name)[row] for name in ("icao24", "callsign", "squawk"))
            self.identity[row] = classifier.identify(icao24, callsign, squawk)
            self.awaits_callsign[row] = callsign is None and classifier.awaits_callsign(icao24, squawk)
            self.unallocated[row] = unallocated(icao24)

    def _borne_out(self, rows: Rows, squawk: Texts) -> Texts:
        """Return the codes that M reports tell; None for one that is neither held nor told before: perhaps garbled."""
        held, before, known = self.last.squawk[rows], self.told_squawk[rows], squawk != None  # noqa: E711
        self.told_squawk[rows] = np.where(known, squawk, before)
        doubtful = (held != None) & (squawk != held) & (squawk != before)  # noqa: E711 - elementwise on objects
        borne_out = squawk.copy()
        borne_out[doubtful.astype(bool)] = None
        return borne_out

    def _flies(self, rows: Rows, plots: Plots) -> Mask:
        """Tell who both tells and shows that it is faster than on the ground; surely shows, of who tells no speed."""
        now, before = self.fix.take(rows), self.fix_before.take(rows)
        over_m = distance_m(before.earth_m, now.earth_m) - FASTEST_ON_GROUND_MPS * (now.time_s - before.time_s)
        error_m = np.where(np.isnan(plots.gs_mps), SURELY_SIGMAS * np.hypot(now.sigma_m, before.sigma_m), 0.0)
        flies: Mask = ~(plots.gs_mps <= FASTEST_ON_GROUND_MPS) & (over_m > error_m)
        return flies

    def _add_sources(self, rows: Rows, names: Texts) -> None:
        for row, name in zip(rows, names, strict=True):
            if name not in self.sources[row]:
                self.sources[row] = (*self.sources[row], name)

    def name(self, row: int) -> str:
        """Return the track's id."""
        return str(self.last.track_id[row])

    def motion(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return ground speed m/s, course deg and vertical rate m/s of tracks, (N,).

        As reported, else as the last few reports show, of two as their step does, else NaN.
        """
        told = self.last.gs_mps[rows], self.last.track_deg[rows], self.last.vrate_mps[rows]
        motion = [rate.copy() for rate in told]
        untold = np.flatnonzero(np.isnan(told).any(axis=0))
        if len(untold):
            for rate, shown in zip(motion, self._shown(rows[untold]), strict=True):
                rate[untold] = np.where(np.isnan(rate[untold]), shown, rate[untold])
        return motion[0], motion[1], motion[2]

    def landed(self, rows: Rows) -> Mask:
        """Tell which tracks have surely landed, (N,)."""
        landed: Mask = self.grounded[rows] >= LANDED
        return landed

    def ahead_m(self, rows: Rows, after_s: Floats) -> Floats:
        """Return where R tracks come so long after their last reports, straight on, (R, 3); not moved if unknown."""
        speed_mps, course_deg, _ = self.motion(rows)
        way_m, course = np.nan_to_num(speed_mps * after_s), np.nan_to_num(np.radians(course_deg))
        start_m = self.fix.earth_m[rows]
        east, north = east_north(start_m)
        return start_m + (way_m * np.sin(course))[:, None] * east + (way_m * np.cos(course))[:, None] * north

    def _shown(self, rows: Rows) -> tuple[Floats, Floats, Floats]:
        """Return the same as reports show it."""
        fix, before = self.fix.take(rows), self.fix_before.take(rows)
        step_s = fix.time_s - before.time_s
        step_s[(self.reports[rows] < 2) | (step_s < SHORTEST_S)] = math.nan
        step_m = fix.earth_m - before.earth_m
        climb_m = fix.pressure_alt_m - before.pressure_alt_m
        climb_m = np.where(np.isnan(climb_m), fix.geo_alt_m - before.geo_alt_m, climb_m)
        by_step_mps = np.stack([*(dot(step_m, axis) for axis in east_north(fix.earth_m)), climb_m]) / step_s
        motion = self.kinematics(rows)
        fits = motion.level.likeliest_mps(STEADY_NOISES), motion.vertical.likeliest_mps()
        by_fit_mps = np.concatenate([np.where(turns, np.nan, velocity_mps) for velocity_mps, _, turns in fits])
        east_mps, north_mps, climb_mps = np.where(np.isnan(by_fit_mps), by_step_mps, by_fit_mps)
        return np.hypot(east_mps, north_mps), np.degrees(np.arctan2(east_mps, north_mps)) % 360, climb_mps

    def reclassify(self, classifier: Classifier) -> Rows:
        """Identify every living track by new rules; return the rows of those who are somebody else by them."""
        rows = np.flatnonzero(self.alive)
        was = self.identity[rows]
        self._identify(rows, classifier)
        return rows[self.identity[rows] != was]

    def move(self, transform: Callable[[Floats, Floats], tuple[Floats, Floats]]) -> None:
        """Take every fix over into the plane of another theatre."""
        for fixes in (self.fix, self.fix_before, self.trust.claim):
            fixes.x_m[:], fixes.y_m[:] = transform(fixes.x_m, fixes.y_m)

    def lost_at_s(self) -> Floats:
        """Return, for every row, when its track is lost unless it reports again; inf if it is lost or unused."""
        patience_s = np.fmax(LOST_AFTER_S, LOST_AFTER_PERIODS * self.fix.period_s)
        lost_s = self.taken_s + patience_s
        if self.deaf_until_s > -math.inf:
            lost_s = np.fmax(lost_s, np.fmin(self.deaf_until_s + patience_s, self.taken_s + FORGOTTEN_AFTER_S))
        return np.where(self.alive & ~self.lost, lost_s, np.inf)

    def forgotten_at_s(self) -> Floats:
        """Return, for every row, when a lost track is forgotten; inf for the others."""
        heard_s = np.where(self.trust.doubted, self.trust.claim.time_s, self.fix.time_s)
        return np.where(self.alive & self.lost, heard_s + FORGOTTEN_AFTER_S, np.inf)

    def drop(self, rows: Sequence[int] | Rows) -> None:
        """Forget these tracks."""
        for row in rows:
            del self._row_of[self.last.track_id[row]]
            self.alive[row] = False
            self._free.append(int(row))


def _blank(capacity: int) -> Plots:
    nothing = np.full(capacity, np.nan)
    return make({"time_s": nothing, "track_id": [None] * capacity, "lat_deg": nothing, "lon_deg": nothing})


def _ordinary(squawks: Texts) -> Mask:
    """Tell which codes of those that have changed, few, are known and no emergency, (N,)."""
    return np.array([code is not None and code not in EMERGENCY_CODES for code in squawks], dtype=bool)
