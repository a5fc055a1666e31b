import pytest

from detector.service.feedwatch import REPEAT_S, FeedWatch
from tests import zoo

ONE = zoo.flight(lon=19.0, times=[0.0])


@pytest.fixture
def watched():
    said: list[tuple[str, str, dict]] = []
    watch = FeedWatch(lambda *word: said.append(word))
    watch.add("mast", stale_s=10.0, now_s=0.0)
    return watch, said


def test_the_life_of_a_feed(watched):
    watch, said = watched
    watch.look(0.0)
    watch.connection("mast", connected=True, reason="connected", now_s=1.0)
    watch.look(1.0)
    watch.heard("mast", ONE, 2.0, 2.0)
    watch.look(11.9)
    watch.look(12.1)
    watch.heard("mast", ONE, 13.0, 13.0)
    watch.look(13.0)
    watch.connection("mast", connected=False, reason="refused", now_s=14.0)
    watch.look(14.0)
    assert [state for _, state, _ in said] == ["down", "up", "stale", "up", "down"]
    assert said[-1][2]["reason"] == "refused"


def test_why_a_feed_is_down_is_told_as_soon_as_that_is_known(watched):
    watch, said = watched
    watch.look(0.0)
    for second in (1.0, 2.0):
        watch.connection("mast", connected=False, reason="connection refused", now_s=second)
        watch.look(second)
    assert [(state, facts["reason"]) for _, state, facts in said] == [
        ("down", "starting"),
        ("down", "connection refused"),
    ]


def test_a_feed_that_never_delivered_goes_stale(watched):
    watch, said = watched
    watch.connection("mast", connected=True, reason="connected", now_s=100.0)
    watch.look(109.0)
    watch.look(111.0)
    assert [state for _, state, _ in said] == ["up", "stale"]
    assert watch.silent() == ["mast"]


def test_a_feed_of_which_nothing_can_be_taken_says_why(watched):
    watch, said = watched
    watch.connection("mast", connected=True, reason="connected", now_s=0.0)
    watch.look(0.0)
    for second in range(1, 12):
        watch.heard("mast", ONE.take([]), float(second), float(second))
        watch.refused("mast", {"late": 2, "of times ahead of the clock": 0, "time: out of range": 1})
    watch.refused("forgotten", {"late": 1})
    watch.look(11.0)
    assert said[-1][1] == "stale"
    assert said[-1][2]["reason"] == "connected, but none of its reports can be taken: 22 late, 11 time: out of range"
    watch.heard("mast", ONE, 12.0, 12.0)
    watch.look(12.0)
    watch.look(23.0)
    assert [(state, facts["reason"]) for _, state, facts in said[-2:]] == [("up", "connected"), ("stale", "connected")]


def test_lag_and_rate_are_said_again(watched):
    watch, said = watched
    watch.connection("mast", connected=True, reason="connected", now_s=0.0)
    watch.look(0.0)
    for second in range(30):
        watch.heard("mast", zoo.flight(lon=19.0, times=[second - 0.25, second - 0.25]), float(second), float(second))
    watch.look(REPEAT_S)
    assert (said[-1][2]["lag_s"], said[-1][2]["rate_hz"]) == (0.25, 2.0)


def test_what_a_feed_can_show_is_said_by_how_often_it_has_a_track():
    said, asked = [], []

    def figures(plots, track_ids, every_s):
        asked.append((len(plots), track_ids, every_s))
        return {"smallest_bank_deg": 40.0}

    watch = FeedWatch(lambda *word: said.append(word), figures)
    watch.add("radar", stale_s=30.0, now_s=0.0)
    watch.connection("radar", connected=True, reason="connected", now_s=0.0)
    watch.look(0.0)
    for turn_s in range(0, 30, 5):
        for track_id in ("a", "b", "c"):
            watch.heard(
                "radar", zoo.flight(lon=19.0, times=[float(turn_s)], track_id=track_id), float(turn_s), float(turn_s)
            )
    watch.look(REPEAT_S)
    assert asked == [(1, {"a", "b", "c"}, pytest.approx(5.0))]
    assert [facts.get("smallest_bank_deg") for _, _, facts in said] == [None, 40.0]


def test_a_clock_that_is_set_back_keeps_no_feed_up(watched):
    watch, said = watched
    watch.connection("mast", connected=True, reason="connected", now_s=0.0)
    watch.heard("mast", ONE, 3600.0, 1.0)
    watch.look(1.0)
    watch.look(12.0)
    assert [state for _, state, _ in said] == ["up", "stale"]
