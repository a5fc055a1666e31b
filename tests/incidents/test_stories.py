"""Two daemons' cores, which hear each other, on the same reports or not quite."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from detector.incidents.message import Evidence, Finding, Other
from detector.incidents.stories import ALIVE_S, Stories, after, as_told, check, seconds
from detector.snapshot import Snapshots, thaw
from tests import zoo
from tests.commands.test_schema import MESSAGE
from tests.rules.test_incursion import lon_at


def twin():
    pipe = zoo.pipeline()
    pipe.book.writer.stories = Stories()
    return pipe


def hear(pipe, messages, *, live=True, now_s=0.0):
    return pipe.hear([(message, live) for message in messages], [], now_s)


WAY = zoo.flight(lon=lon_at(-2000.0), times=range(400))  # inside after 8 s, deep after 16 s


def part(first: int, last: int):
    return WAY.take(slice(first, last))


def told(pipe, first, last, until=None):
    return zoo.tell(pipe, part(first, last), until)


def test_on_the_same_reports_two_daemons_tell_the_same_bytes_whoever_is_first():
    alone, a, b = zoo.pipeline(), twin(), twin()
    said = {pipe: [] for pipe in (alone, a, b)}
    for first in range(0, 400, 4):
        for pipe in (alone, a, b):
            said[pipe] += told(pipe, first, first + 4)
        for pipe, other in ((a, b), (b, a)):
            assert not hear(pipe, said[other])
    assert len(said[a]) >= 2
    assert said[a] == said[b] == said[alone]
    assert a.book.writer.stories.differing == 0


def test_who_was_started_later_goes_on_with_the_story_and_tells_nothing_twice():
    a, b = twin(), twin()
    before = told(a, 0, 100)
    hear(b, before)
    assert not told(b, 100, 200), "all of that has been told"
    assert b.book.register.open
    last = zoo.tell(b, part(200, 201), until=600.0)
    assert (last[-1].event, last[-1].sequence) == ("closed", before[-1].sequence + 1)
    assert {message.incident_id for message in last} == {before[0].incident_id}
    assert last[-1].opened_at == before[0].opened_at
    (finding,), (first,) = last[-1].findings, before[0].findings
    assert (finding.started_at, finding.evidence.entry_lon) == (first.started_at, first.evidence.entry_lon)
    assert finding.evidence.max_depth_m > before[-1].findings[0].evidence.max_depth_m


def test_it_does_so_after_a_restart_of_its_own_too():
    a, b, c = twin(), twin(), twin()
    before = told(a, 0, 100)
    hear(b, before)
    told(b, 100, 120)
    thaw(c, Snapshots(b).whole())
    (last,) = zoo.tell(c, part(120, 121), until=600.0)
    assert (last.incident_id, last.sequence) == (before[0].incident_id, before[-1].sequence + 1)
    assert last.findings[0].started_at == before[0].findings[0].started_at


@pytest.mark.parametrize(
    ("found_s", "vouched_s", "counts"),
    [(0.0, None, True), (100.0 - ALIVE_S - 10.0, None, False), (100.0 - ALIVE_S - 10.0, 100.0, True)],
    ids=["while it may be gone on with", "not for ever", "while a daemon has it open"],
)
def test_what_was_retained_counts(found_s, vouched_s, counts):
    a, b = twin(), twin()
    before = told(a, 0, 50)
    hear(b, before[-1:], live=False, now_s=found_s)
    if vouched_s is not None:
        b.hear([], [([before[0].incident_id], vouched_s)], vouched_s)
    said = told(b, 100, 120)
    assert bool(said) == (not counts)
    assert all(message.sequence == n for n, message in enumerate(said, 1))


def left_open(pipe):
    """What a pipe finds of one that was killed, at time 50."""
    (*_, last) = told(twin(), 0, 50)
    assert not hear(pipe, [last], live=False, now_s=50.0)
    return last


def test_what_was_left_open_is_closed_as_lost_unless_somebody_goes_on_with_it():
    pipe = twin()
    last = left_open(pipe)
    assert not hear(pipe, [last], now_s=60.0), "our own word, sent again: a broker of MQTT 3.1.1 returns it"
    assert not pipe.hear([], [], 50.0 + ALIVE_S)
    (closed,) = pipe.hear([], [], 51.0 + ALIVE_S)
    assert (closed.incident_id, closed.sequence) == (last.incident_id, last.sequence + 1)
    assert (closed.event, closed.outcome, closed.phase) == ("closed", "lost", "closed")
    assert closed.time == closed.closed_at == "1970-01-01T00:05:51.000Z"
    assert closed.findings[0].ended_at == last.subject.time
    assert not hear(pipe, [last], live=False, now_s=60.0 + ALIVE_S), "a broker may show it once more"
    assert not pipe.hear([], [], 900.0)


@pytest.mark.parametrize("how", ["it is heard again", "another daemon has it open"])
def test_what_somebody_goes_on_with_is_not_closed(how):
    pipe = twin()
    last = left_open(pipe)
    if how == "it is heard again":
        assert not told(pipe, 52, 60), "all of that has been told"
    else:
        pipe.hear([], [([last.incident_id], 60.0)], 60.0)
    assert not pipe.hear([], [], 900.0)


def test_what_is_told_after_a_kill_is_numbered_above_what_was_told_before():
    killed, again = twin(), twin()
    durable = told(killed, 0, 12)
    thaw(again, Snapshots(killed).whole())
    loose = told(killed, 12, 20)
    assert loose
    hear(again, loose[-1:], live=False, now_s=20.0)
    said = zoo.tell(again, part(20, 200), until=600.0)
    assert (said[0].cause, said[0].severity) == (loose[-1].cause, loose[-1].severity), "it does not know of that"
    assert {message.incident_id for message in said} == {durable[0].incident_id}
    first = loose[-1].sequence + 1
    assert [message.sequence for message in said] == list(range(first, first + len(said)))


def test_news_that_the_other_has_not_told_are_numbered_above_what_it_told():
    a, b = twin(), twin()
    first = told(b, 0, 12)
    others = told(a, 0, 60)  # b has not had the reports from 12 to 60
    assert others[: len(first)] == first
    hear(b, others)
    more = replace(others[-1], sequence=others[-1].sequence + 1, cause="manoeuvre", time="1970-01-01T00:01:02.000Z")
    hear(b, [more])
    (closed,) = zoo.tell(b, part(12, 13), until=700.0)[-1:]
    assert closed.sequence == more.sequence + 1


def test_what_is_told_after_the_other_has_closed_is_a_revision():
    a, b = twin(), twin()
    opened = told(a, 0, 12)
    assert told(b, 0, 12) == opened
    closed = zoo.tell(a, part(12, 13), until=200.0)[-1]
    assert closed.outcome == "lost"
    hear(b, [closed])
    (goes_on,) = told(b, 12, 30)
    assert (goes_on.event, goes_on.revision, goes_on.sequence) == ("updated", True, closed.sequence + 1)
    (end,) = zoo.tell(b, part(30, 31), until=300.0)
    hear(a, [goes_on, end])
    assert (end.event, end.sequence) == ("closed", closed.sequence + 2)


def test_the_younger_of_two_stories_of_one_subject_is_closed_and_goes_on_in_the_older():
    a, b = twin(), twin()
    older, younger = told(a, 0, 12), told(b, 11, 14)
    assert older[0].incident_id != younger[0].incident_id
    assert not hear(a, younger)
    closed, *rest = hear(b, older)
    assert (closed.incident_id, closed.event, closed.outcome) == (younger[0].incident_id, "closed", "resolved")
    assert closed.sequence == len(younger) + 1
    assert all(finding.ended_at for finding in closed.findings)
    rest += zoo.tell(b, part(14, 40), until=300.0)
    assert {message.incident_id for message in rest} == {older[0].incident_id}
    assert [message.sequence for message in rest] == list(range(len(older) + 1, len(older) + 1 + len(rest)))


def test_findings_of_both_are_told():
    def finding(rule: str, start: int, end: int | None, depth_m: float = 1.0) -> Finding:
        at = [None if s is None else f"1970-01-01T00:00:{s:02d}.000Z" for s in (start, start + 1, end)]
        return Finding(
            kind="incursion",
            rule=rule,
            zone_id="z",
            severity="severe",
            started_at=str(at[0]),
            detected_at=str(at[1]),
            ended_at=at[2],
            track_ids=("4980",),
            evidence=Evidence(max_depth_m=depth_m, entry_lat=float(start)),
        )

    subject = replace(MESSAGE.subject, time="1970-01-01T00:00:50.000Z")
    before = replace(
        MESSAGE, subject=subject, findings=(finding("a", 1, 5), finding("b", 2, None), finding("c", 3, None, 9.0))
    )
    mine = replace(MESSAGE, findings=(finding("c", 20, 30, 4.0), finding("a", 6, None)))
    a, b, c, new = after(mine, before).findings
    assert (a.rule, a.ended_at, b.rule, b.ended_at) == ("a", before.findings[0].ended_at, "b", subject.time)
    assert (c.started_at, c.ended_at) == (before.findings[2].started_at, mine.findings[0].ended_at)
    assert (c.evidence.max_depth_m, c.evidence.entry_lat) == (9.0, 3.0)
    assert new == mine.findings[1]
    assert after(mine, mine) == mine


def interception(friend: str, phase: str, joined_at: str | UnsetType = UNSET, ended_at: str | None = None) -> Finding:
    return Finding(
        kind="interception",
        rule="interception",
        zone_id=None,
        severity="minor",
        started_at="1970-01-01T00:00:01.000Z",
        detected_at="1970-01-01T00:00:02.000Z",
        ended_at=ended_at,
        track_ids=("4980", friend),
        evidence=Evidence(phase=phase, joined_at=joined_at),
    )


CLOSING, JOINED = interception("f", "closing"), interception("f", "joined", "1970-01-01T00:00:10.000Z")
OTHERS = interception("g", "closing")


@pytest.mark.parametrize(
    ("before", "finding", "told"),
    [(CLOSING, CLOSING, True), (CLOSING, JOINED, False), (JOINED, CLOSING, True), (JOINED, OTHERS, False)],
    ids=["the same", "he has joined since", "he had joined before", "another"],
)
def test_what_has_been_told_of_an_interceptor(before, finding, told):
    assert as_told([finding], replace(MESSAGE, findings=(before,))) is told


def test_who_was_told_to_have_joined_has_and_nobody_else():
    mine, before = replace(MESSAGE, findings=(OTHERS, CLOSING)), replace(MESSAGE, findings=(JOINED, OTHERS))
    assert after(mine, before).findings == (OTHERS, JOINED)
    away = interception("f", "break-away", "1970-01-01T00:00:12.000Z", "1970-01-01T00:00:40.000Z")
    assert after(replace(MESSAGE, findings=(away,)), replace(MESSAGE, findings=(JOINED,))).findings == (away,)


def test_a_time_is_read_as_it_was_written():
    from detector.incidents.message import stamp

    times = np.random.default_rng(1).uniform(1.7e9, 1.8e9, 2000)
    assert all(stamp(seconds(stamp(s))) == stamp(s) for s in times)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("detector.incidents.stories.MOST_STORIES", 1000)
    stories = Stories()
    for n in range(3000):
        for role in ("formation", "interceptor"):
            message = replace(MESSAGE, incident_id=str(n), others=(Other(track_id="wing", role=role),))
            stories.hear(replace(message, subject=replace(MESSAGE.subject, track_id=f"{role} {n}")))
    assert len(stories._stories) == 1000
    assert sum(map(len, stories._of_track.values())) == 3000
    assert stories.open_of("wing", 0.0) is None


def test_differing_copies_are_counted():
    stories = Stories()
    for message in itertools.chain([MESSAGE, MESSAGE], [replace(MESSAGE, headline="other")]):
        stories.hear(message)
    assert stories.differing == 1
    assert msgspec.json.encode(stories.last(MESSAGE.incident_id)) == msgspec.json.encode(MESSAGE)


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "yesterday"])
def test_times_that_could_not_be_told_again_are_refused(time):
    message, *_ = zoo.tell(zoo.pipeline(), zoo.flight(lon=19.99, times=range(10)))
    check(message)
    with pytest.raises(ValueError, match=r"year|yesterday"):
        check(replace(message, opened_at=time))


@pytest.mark.parametrize("vouches_again", [False, True])
def test_what_a_daemon_leaves_behind_that_is_gone_is_closed_as_lost(vouches_again):
    pipe = twin()
    last = left_open(pipe)
    pipe.hear([], [([last.incident_id], 60.0)], 60.0)
    assert not pipe.hear([], [], 70.0, abandoned=True)
    if vouches_again:
        pipe.hear([], [([last.incident_id], 80.0)], 80.0)
    assert not pipe.hear([], [], 60.0 + ALIVE_S)
    closed = pipe.hear([], [], 900.0)
    assert [(message.incident_id, message.outcome) for message in closed] == [(last.incident_id, "lost")] * (
        not vouches_again
    )
