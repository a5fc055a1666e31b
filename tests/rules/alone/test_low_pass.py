"""Who flies fast and low."""

import numpy as np
import pytest

from detector.airspace.altitude import STANDARD_QNH_HPA
from detector.incidents.book import Book
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.rules.alone import low_pass
from detector.tracks.identity import Classifier
from detector.units import FOOT_M, KNOT_MPS
from tests import zoo

RULES = zoo.only(low_pass=low_pass.Params())


def passes(height_ft: float, speed_kt: float, source: str = "adsb", qnh_hpa: float = STANDARD_QNH_HPA, **columns):
    """The findings of a flight northwards along the square; heights are read as given."""
    pipe = Pipeline(Book("test", "test"), Airspace([zoo.SQUARE], qnh_hpa), Classifier([]), zoo.SENSORS, RULES)
    times = np.arange(0.0, 80.0, zoo.SENSORS[source].period_s)
    columns = {"baro_alt_m": height_ft * FOOT_M} | columns
    speed_mps = speed_kt * KNOT_MPS
    plots = zoo.flight(lon=19.9, course=0.0, speed=speed_mps, times=times, source=source, **columns)
    messages = zoo.tell(pipe, plots, until=600.0)
    return list(messages[-1].findings) if messages else []


@pytest.mark.parametrize(
    ("height_ft", "source", "qnh_hpa"),
    [(200.0, "adsb", STANDARD_QNH_HPA), (200.0, "radar", STANDARD_QNH_HPA), (400.0, "enroute-radar", 1012.0)],
)
def test_a_jet_close_above_the_sea_is_found(height_ft, source, qnh_hpa):
    (found,) = passes(height_ft, 400.0, source, qnh_hpa)
    assert (found.kind, found.rule, found.zone_id) == ("manoeuvre", "low_pass", "square")
    shift_m = 8.3 * (STANDARD_QNH_HPA - qnh_hpa)
    assert found.evidence.height_m == pytest.approx(height_ft * FOOT_M - shift_m, abs=1.0)
    assert found.evidence.height_sigma_m == pytest.approx(86.0 if qnh_hpa == STANDARD_QNH_HPA else 38.5, abs=1.0)
    assert found.evidence.speed_kt == pytest.approx(400.0, abs=3.0)


def test_height_by_satellite_is_surer():
    assert len(passes(0.0, 400.0, baro_alt_m=np.nan, geo_alt_m=600 * FOOT_M)) == 1


@pytest.mark.parametrize(
    ("height_ft", "speed_kt", "columns"),
    [
        (200.0, 170.0, {}),  # takes off, or lands
        (200.0, 252.0, {"source": "radar"}),  # perhaps not faster than allowed
        (600.0, 400.0, {}),  # perhaps not so low, under the pressure of some days
        (900.0, 400.0, {"qnh_hpa": 1013.0}),  # nor under that of this day
        (3000.0, 400.0, {}),
        (0.0, 400.0, {"baro_alt_m": np.nan}),  # no height is known
    ],
)
def test_who_is_slower_or_perhaps_higher_is_not(height_ft, speed_kt, columns):
    assert passes(height_ft, speed_kt, **columns) == []
