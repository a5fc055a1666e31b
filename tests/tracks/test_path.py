"""The path between reports against turns flown on geodesic circles."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod
from scipy.optimize import brentq

from detector.geometry.projection import Theatre, earth_centred
from detector.tracks.fixes import Fixes, Segments
from detector.tracks.path import Path
from detector.units import STANDARD_GRAVITY_MPS2
from tests import zoo

GEOD = Geod(ellps="WGS84")
THEATRE = Theatre(20.0, 54.5)
TURNS = list(itertools.product([30.0, 45.0, 60.0], [10.0, 12.0, 30.0]))  # bank, deg; between plots, s


class Turn:
    """A level turn at a steady speed; `now` at time 0 at a bearing from its centre."""

    def __init__(self, *, bank_deg, speed_mps=220.0, lon=20.0, lat=54.5, bearing_deg=0.0, right=True):
        self.speed_mps, self.lon, self.lat, self.bearing_deg = speed_mps, lon, lat, bearing_deg
        self.radius_m = speed_mps**2 / (STANDARD_GRAVITY_MPS2 * np.tan(np.radians(bank_deg)))
        self.sense = 1 if right else -1

    def at(self, time_s):
        time_s = np.asarray(time_s, dtype=float)
        bearing = self.bearing_deg + self.sense * np.degrees(self.speed_mps / self.radius_m) * time_s
        n = np.shape(time_s)
        lon, lat, back = GEOD.fwd(np.full(n, self.lon), np.full(n, self.lat), bearing, np.full(n, self.radius_m))
        return lon, lat, (np.asarray(back) + 180 + 90 * self.sense) % 360

    def reports(self, times, **columns):
        lon, lat, course = self.at(times)
        known = {"gs_mps": [self.speed_mps] * len(times), "track_deg": course} | columns
        return replace(zoo.flight(lon=0.0, times=times, **known), lon_deg=lon, lat_deg=lat)


def fixes(time_s, lon_deg, lat_deg, gs_mps, track_deg) -> Fixes:
    known = {"sigma_m": 10.0, "period_s": 1.0, "gs_mps": gs_mps, "track_deg": track_deg}
    return zoo.fixes(THEATRE, lon_deg, lat_deg, time_s, **known)


def path_of(before: Fixes, now: Fixes) -> Path:
    n = len(now.time_s)
    return Path.of(Segments(np.arange(n), np.zeros(n, dtype=bool), before, before, now))


def segment_of(turn: Turn, step_s: float) -> Path:
    ends = []
    for time_s in (0.0, step_s):
        lon, lat, course = turn.at([time_s])
        ends.append(fixes(time_s, lon, lat, turn.speed_mps, course))
    return path_of(*ends)


def off_m(path: Path, turn: Turn, step_s: float, fraction: np.ndarray) -> np.ndarray:
    lon, lat, _ = turn.at(fraction * step_s)
    place = path.at(np.zeros(len(fraction), dtype=int), fraction).earth_m
    return np.linalg.norm(place - earth_centred(np.asarray(lon), np.asarray(lat)), axis=1)


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize(("bank_deg", "step_s"), TURNS)
def test_a_turn_is_followed(bank_deg, step_s, right):
    turn = Turn(bank_deg=bank_deg, bearing_deg=77.0, right=right)
    path = segment_of(turn, step_s)
    fraction = np.linspace(0, 1, 101)
    chord = replace(path, leave_m=0 * path.leave_m, arrive_m=0 * path.arrive_m)
    worst_m, chord_m = off_m(path, turn, step_s, fraction).max(), off_m(chord, turn, step_s, fraction).max()
    assert path.told.all()
    assert worst_m < max(0.05 * chord_m, 1.0)
    assert chord_m > 40.0


@pytest.mark.parametrize(("bank_deg", "step_s"), TURNS)
def test_the_pieces_lie_on_the_path_and_close_to_it(bank_deg, step_s):
    path = segment_of(Turn(bank_deg=bank_deg), step_s)
    segment, start, end = path.pieces()
    assert list(start[1:]) == list(end[:-1])
    assert (start[0], end[-1]) == (0.0, 1.0)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        on_path = np.column_stack(path.in_plane(segment, start + share * (end - start), THEATRE))
        a, b = (np.column_stack(path.in_plane(segment, at, THEATRE)) for at in (start, end))
        (u, v), (p, q) = (b - a).T, (on_path - a).T
        aside = np.abs(u * q - v * p) / np.hypot(u, v)
        assert aside.max() < 6.0


def test_its_ends_are_the_reports_to_the_bit():
    path = segment_of(Turn(bank_deg=60.0), 12.0)
    for fraction, fix in ((0.0, path.segments.before), (1.0, path.segments.now)):
        assert path.in_plane(np.array([0]), np.array([fraction]), THEATRE) == (fix.x_m, fix.y_m)


EAST_M = 2640.0  # in 12 s at 220 m/s


@pytest.mark.parametrize(
    ("why", "step_s", "before_deg", "now_deg", "told"),
    [
        ("straight", 12.0, 90.0, 90.0, True),
        ("a gentle turn", 12.0, 80.0, 100.0, True),
        ("an S: both courses 8 deg off the way", 12.0, 98.0, 98.0, True),
        ("an old course at the start of a turn", 12.0, 90.0, 170.0, False),
        ("a course that is not the way", 12.0, 130.0, 130.0, False),
        ("backwards", 12.0, 270.0, 270.0, False),
        ("no course at one end", 12.0, np.nan, 90.0, False),
        ("too long ago", 61.0, 90.0, 90.0, False),
        ("hovering", 12.0 * 10, 90.0, 90.0, False),
    ],
)
def test_courses_are_believed_if_the_way_bears_them_out(why, step_s, before_deg, now_deg, told):
    lon, lat, _ = GEOD.fwd(20.0, 54.5, 90.0, EAST_M)
    before = fixes(0.0, np.array([20.0]), np.array([54.5]), 220.0, np.array([before_deg]))
    now = fixes(step_s, np.array([lon]), np.array([lat]), 220.0, np.array([now_deg]))
    path = path_of(before, now)
    assert bool(path.told[0]) == told, why
    if not told:
        assert not path.leave_m.any()
        assert not path.arrive_m.any()
        assert path.n_pieces[0] == 1


def test_a_track_of_one_report_goes_nowhere():
    one = fixes(0.0, np.array([20.0]), np.array([54.5]), 220.0, np.array([90.0]))
    path = Path.of(Segments(np.array([0]), np.array([True]), one, one, one))
    assert not path.told.any()


@pytest.mark.parametrize(("lon", "lat"), [(20.0, 0.0), (179.999, 65.0), (-30.0, 89.9), (100.0, -75.0)])
def test_anywhere_on_earth(lon, lat):
    turn = Turn(bank_deg=45.0, lon=lon, lat=lat, bearing_deg=200.0)
    path = segment_of(turn, 12.0)
    assert path.told.all()
    assert off_m(path, turn, 12.0, np.linspace(0, 1, 11)).max() < 2.0


# --- through the whole core -------------------------------------------------------------------------------------------


def seconds(stamp: str) -> float:
    return 60 * float(stamp[14:16]) + float(stamp[17:23])


def east_of_the_edge(turn: Turn):
    """Return when a turn is first east of the square's western edge, and when it is west of it again."""

    def aside(time_s):
        return float(turn.at([time_s])[0][0]) - 20.0

    lap_s = 2 * np.pi * turn.radius_m / turn.speed_mps
    times = np.linspace(0, lap_s, 2000)
    inside = np.asarray(turn.at(times)[0]) > 20.0
    (enters,) = np.flatnonzero(~inside[:-1] & inside[1:])[:1]
    (leaves,) = np.flatnonzero(inside[:-1] & ~inside[1:])[:1]
    return brentq(aside, times[enters], times[enters + 1]), brentq(aside, times[leaves], times[leaves + 1])


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7])
@pytest.mark.parametrize(("bank_deg", "step_s"), TURNS)
def test_entry_and_exit_of_a_turn_across_the_edge(bank_deg, step_s, phase):
    turn = Turn(bank_deg=bank_deg, speed_mps=250.0, bearing_deg=270.0)
    turn.lon, turn.lat, _ = GEOD.fwd(20.0, 54.5, 270.0, 0.4 * turn.radius_m)  # 0.6 radii inside at most
    enters_s, leaves_s = east_of_the_edge(turn)
    times = np.arange(phase * step_s, leaves_s + 2 * step_s, step_s)
    messages = zoo.tell(zoo.pipeline(), turn.reports(times))
    first = messages[-1].findings[0]
    assert messages[0].event == "opened"
    assert abs(seconds(first.started_at) - enters_s) < 1.0
    assert abs(seconds(first.ended_at) - leaves_s) < 1.0
    assert first.evidence.max_depth_m == pytest.approx(0.6 * turn.radius_m, rel=0.03)
    deepest_s = seconds(first.evidence.deepest_at)
    assert deepest_s == pytest.approx((enters_s + leaves_s) / 2, abs=step_s / 4)
    (lon,), (lat,), _ = turn.at([deepest_s])
    assert GEOD.inv(lon, lat, first.evidence.deepest_lon, first.evidence.deepest_lat)[2] < 0.1 * turn.radius_m


@pytest.mark.parametrize(("bank_deg", "step_s"), TURNS)
def test_a_graze_that_no_report_saw_is_found(bank_deg, step_s):
    """The circle bulges 4 sigma of the path into the square, half-way between two reports that are both outside."""
    unseen_m = step_s**2 / 8 / 4
    deep_m = 4 * np.hypot(10.0 / np.sqrt(2), unseen_m)
    turn = Turn(bank_deg=bank_deg, speed_mps=250.0, bearing_deg=90.0)
    turn.lon, turn.lat, _ = GEOD.fwd(20.0, 54.5, 270.0, turn.radius_m - deep_m)
    times = np.array([-1.5, -0.5, 0.5, 1.5]) * step_s
    reports = turn.reports(times)
    assert (reports.lon_deg < 20.0).all()
    reports = replace(reports, time_s=reports.time_s + 100.0)
    (message,) = zoo.tell(zoo.pipeline(), reports)[:1]
    assert (message.event, message.phase) == ("opened", "egress")
    first = message.findings[0]
    assert first.evidence.max_depth_m == pytest.approx(deep_m, abs=max(5.0, 0.1 * deep_m))
    half_s = np.degrees(np.arccos(1 - deep_m / turn.radius_m)) / np.degrees(turn.speed_mps / turn.radius_m)
    assert seconds(first.started_at) == pytest.approx(100.0 - half_s, abs=1.0)
    assert seconds(first.ended_at) == pytest.approx(100.0 + half_s, abs=1.0)


def test_without_courses_the_path_is_the_chord():
    turn = Turn(bank_deg=45.0, speed_mps=250.0, bearing_deg=90.0)
    turn.lon, turn.lat, _ = GEOD.fwd(20.0, 54.5, 270.0, turn.radius_m - 60.0)
    reports = turn.reports(np.array([-1.5, -0.5, 0.5, 1.5]) * 12.0, track_deg=[np.nan] * 4)
    assert zoo.tell(zoo.pipeline(), replace(reports, time_s=reports.time_s + 100.0)) == []
