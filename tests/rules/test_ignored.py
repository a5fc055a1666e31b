"""Who is first heard inside a zone that ignores it for that: not told of on its way in, nor along the border."""

import numpy as np
import pytest

from detector.airspace.zones import Initial
from detector.rules.tables import Rules
from tests import zoo

OF_CROSSING = {"incursion", "approach", "skirting", "dark"}
BORDER = zoo.box(20.0, 50.0, 21.0, 60.0)


def legs(*each: tuple[float, float]):
    """Out of the zone, from 3 km inside, at 200 m/s: courses, each for a time."""
    course = np.repeat([course for course, _ in each], [int(for_s) for _, for_s in each])
    lon, lat = 20.0 + 3 / 64.5, 54.5
    plots = zoo.flight(lon=lon, times=np.arange(float(len(course))), gs_mps=200.0, track_deg=course.astype(float))
    for n, course_deg in enumerate(course):
        plots.lon_deg[n], plots.lat_deg[n] = lon, lat
        lon, lat, _ = zoo.GEOD.fwd(lon, lat, course_deg, 200.0)
    return plots


FLIGHT = legs((270, 60), (0, 300), (90, 25))


def rules_told(messages) -> set[str]:
    return {f.rule for m in messages[-1:] for f in m.findings} & OF_CROSSING


@pytest.mark.parametrize(
    ("initial", "told"),
    [(Initial.ALERT, OF_CROSSING), (Initial.ADOPT, OF_CROSSING - {"incursion"}), (Initial.IGNORE, set())],
)
def test_what_is_told_of_who_is_first_heard_inside_and_comes_back(initial, told):
    pipe = zoo.pipeline([zoo.zone(BORDER, initial=initial)], tables=Rules())
    assert rules_told(zoo.tell(pipe, FLIGHT, until=2000.0)) == told


def test_another_zone_does_not_ignore_it():
    zones = zoo.zone(BORDER, initial=Initial.IGNORE), zoo.zone(zoo.box(20.05, 53.0, 20.9, 57.0), zone_id="other")
    messages = zoo.tell(zoo.pipeline(zones, tables=Rules()), FLIGHT)
    assert {f.zone_id for f in messages[-1].findings if f.rule in OF_CROSSING} == {"other"}


@pytest.mark.parametrize("silent_s", [30.0, 200.0])
def test_who_falls_silent_outside_is_ignored_for_as_long_as_it_is_remembered(silent_s):
    pipe = zoo.pipeline([zoo.zone(BORDER, initial=Initial.IGNORE)], tables=Rules())
    out = FLIGHT.take(slice(0, 60))
    back = legs((90, 60))
    back.time_s[:] += 59.0 + silent_s
    back.lon_deg[:] += out.lon_deg[-1] - back.lon_deg[0]
    assert back.lon_deg[-1] > 20.0, "it never comes back"
    assert rules_told(zoo.tell(pipe, zoo.in_order(out, back))) == set()
