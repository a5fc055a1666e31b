"""Who moves faster than airliners do."""

import numpy as np
import pytest

from detector.rules.alone import too_fast
from detector.units import FOOT_M, KNOT_MPS
from tests import zoo

RULES = zoo.only(too_fast=too_fast.Params())


def found(speed_kt: float, height_ft: float, source: str = "adsb", told: bool = False, **columns) -> list:
    """The findings of a flight northwards along the square."""
    times = np.arange(0.0, 90.0, zoo.SENSORS[source].period_s)
    known = {"baro_alt_m": height_ft * FOOT_M} | ({"gs_mps": speed_kt * KNOT_MPS, "track_deg": 0.0} if told else {})
    plots = zoo.flight(lon=19.9, course=0.0, speed=speed_kt * KNOT_MPS, times=times, source=source, **known | columns)
    messages = zoo.tell(zoo.pipeline(tables=RULES), plots, until=600.0)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize(("source", "told"), [("adsb", True), ("radar", False), ("enroute-radar", False)])
@pytest.mark.parametrize(("speed_kt", "height_ft"), [(900.0, 40_000.0), (550.0, 2_000.0)])
def test_a_fighter_at_full_speed_is_found(speed_kt, height_ft, source, told):
    (finding,) = found(speed_kt, height_ft, source, told)
    assert (finding.kind, finding.rule, finding.zone_id) == ("manoeuvre", "too_fast", "square")
    assert finding.evidence.speed_kt == pytest.approx(speed_kt, abs=3.0)
    assert 0 < finding.evidence.speed_sigma_kt < 25.0


@pytest.mark.parametrize(
    ("speed_kt", "height_ft", "columns"),
    [
        (720.0, 38_000.0, {}),  # an airliner in the strongest jet stream
        (752.0, 38_000.0, {"source": "enroute-radar"}),  # perhaps no faster than allowed
        (400.0, 5_000.0, {}),
        (550.0, 9_800.0, {}),  # perhaps above 10,000 ft, where it may fly so fast
        (550.0, 0.0, {"baro_alt_m": np.nan}),  # at no known height
    ],
)
def test_who_may_be_an_airliner_is_not(speed_kt, height_ft, columns):
    assert found(speed_kt, height_ft, **columns) == []
