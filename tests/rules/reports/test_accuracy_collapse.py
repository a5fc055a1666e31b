"""Aircraft that lose their satellite signal."""

import pytest

from detector.airspace.altitude import parse
from detector.rules import incursion
from detector.rules.reports import accuracy_collapse
from tests import zoo

RULES = zoo.only(incursion=incursion.Params(), accuracy_collapse=accuracy_collapse.Params())


def flight(*runs: tuple[int, int], column: str = "nac_p", lon: float = 19.8, step: float = 1.0, **columns):
    """Northward flight that tells one category after another, each in so many reports."""
    told = [category for category, reports in runs for _ in range(reports)]
    times = [step * n for n in range(len(told))]
    return zoo.flight(lon=lon, lat=54.1, course=0.0, times=times, **{column: told} | columns)


def findings(plots, zones=(zoo.SQUARE,)):
    pipe = zoo.pipeline(zones, tables=RULES, rules=[zoo.NEUTRAL])
    messages = zoo.tell(pipe, plots, until=float(plots.time_s[-1]) + 400.0)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize(
    ("plots", "category"),
    [
        (flight((9, 30), (0, 30), (9, 30)), 0),
        (flight((10, 30), (4, 30), (9, 30)), 4),
        (flight((9, 30), (6, 10), (3, 30), (9, 30)), 3),  # by way of something between
        (flight((9, 30), (-1, 5), (0, 30), (9, 30)), 0),
        (flight((9, 30), (0, 30), (9, 30), step=5.0), 0),
        (flight((8, 30), (0, 30), (8, 30), column="nic"), 0),
        (flight((9, 30), (0, 30), (9, 30), nic=0), 0),
    ],
)
def test_a_collapse_is_found(plots, category):
    (finding,) = findings(plots)
    assert (finding.kind, finding.rule, finding.zone_id) == ("integrity", "accuracy_collapse", "square")
    assert finding.evidence.accuracy_category == category
    assert finding.ended_at is not None


@pytest.mark.parametrize(
    "plots",
    [
        flight((9, 30), (0, 3), (9, 30)),  # ordinary traffic does that
        flight((9, 30), *[(0, 1), (9, 3)] * 10),
        flight((0, 60)),  # old equipment is always poor
        flight((0, 30), (9, 3), (0, 30)),  # better for a moment
        flight((9, 30), (7, 30)),
        flight((9, 30), (6, 70), (0, 30)),  # slowly
        flight((9, 30), (-1, 30)),  # not told any more
        flight((9, 60), nic=[8] * 30 + [0] * 30),  # rebroadcast
        flight((9, 30), (0, 30), source=["adsb"] * 30 + ["tisb"] * 30),  # another sensor
        flight((9, 30), (0, 30), lon=15.0),
        flight((9, 30), (0, 30), callsign="LOT1"),
    ],
)
def test_what_is_no_collapse(plots):
    assert findings(plots) == []


def test_it_is_told_at_the_fourth_report_and_in_words():
    messages = zoo.tell(zoo.pipeline(tables=RULES), flight((9, 30), (0, 30)))
    (opened,) = messages
    assert opened.time[14:19] == "00:33"
    assert opened.findings[0].started_at[14:19] == "00:30"
    assert opened.headline.startswith("Unknown aircraft 4980 has lost its satellite signal near Square; now")


def test_a_collapse_within_a_zone_leaves_the_incursion_as_it_was():
    plots = flight((9, 60), (0, 60), lon=20.3)
    (stay, collapse) = findings(plots)
    assert (stay.kind, collapse.rule) == ("incursion", "accuracy_collapse")


def test_a_collapse_deep_within_a_zone_is_found_too_but_not_below_it():
    ring, plots = zoo.box(20.0, 54.0, 21.0, 55.0), flight((9, 60), (0, 60), (9, 30), lon=20.5)
    (_, collapse) = findings(plots, [zoo.zone(ring, near_nm=1.0)])
    assert (collapse.rule, collapse.zone_id, collapse.started_at[14:19]) == ("accuracy_collapse", "square", "01:00")
    assert collapse.ended_at[14:19] == "01:59"
    assert findings(plots, [zoo.zone(ring, near_nm=1.0, floor=parse("FL300"))]) == []
