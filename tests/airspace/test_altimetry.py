"""What altitudes tell of heights, against closed forms; the geoid against EGM96 itself."""

import math
import struct

import numpy as np
import pytest

from detector.airspace.altimetry import GEOID_SIGMA_M, Altimetry
from tests.shared import data_file

BARO_M, GEO_M = 125 * 0.3048 / 1.96, math.hypot(45 / 1.96, 30.6)
UNKNOWN = math.nan


def of(convert, pressure_alt_m, geo_alt_m):
    height_m, sigma_m = convert(np.array([pressure_alt_m]), np.array([geo_alt_m]))
    return height_m[0], sigma_m[0]


@pytest.mark.parametrize("qnh_hpa", [980.0, 1013.25, 1040.0])
def test_a_pressure_altitude_is_a_flight_level_as_it_stands(qnh_hpa):
    convert = Altimetry(qnh_hpa).pressure_altitude_m
    assert of(convert, 5943.6, UNKNOWN) == pytest.approx((5943.6, BARO_M))
    assert of(convert, 5943.6, 6100.0) == pytest.approx((5943.6, BARO_M))


def test_a_geometric_altitude_is_above_the_sea_but_for_the_geoid():
    convert = Altimetry(1013.25).above_sea_m
    assert of(convert, UNKNOWN, 762.0) == pytest.approx((762.0, GEO_M))
    assert of(convert, 700.0, 762.0) == pytest.approx((762.0, GEO_M)), "the surer of both"


@pytest.mark.parametrize(
    ("qnh_hpa", "shift_m", "weather_m"),
    [  # altitudes of pressures in the standard atmosphere, Doc 7488
        (1013.25, 0.0, 83.0),  # of the standard less that of 1023.25 hPa
        (954.61, 500.0, 35.0),  # less that of 958.61 hPa
        (1074.78, -500.0, 32.0),
    ],
)
def test_a_qnh_and_its_doubts_lead_from_one_to_the_other(qnh_hpa, shift_m, weather_m):
    altimetry = Altimetry(qnh_hpa)
    height_m, sigma_m = of(altimetry.above_sea_m, 3000.0, UNKNOWN)
    assert height_m == pytest.approx(3000.0 - shift_m, abs=0.1)
    assert sigma_m == pytest.approx(math.hypot(BARO_M, weather_m, 0.04 * (3000.0 - shift_m)), rel=0.01)
    level_m, sigma_m = of(altimetry.pressure_altitude_m, UNKNOWN, 3000.0)
    assert level_m == pytest.approx(3000.0 + shift_m, abs=0.1)
    assert sigma_m == pytest.approx(math.hypot(GEO_M, weather_m, 0.04 * 3000.0), rel=0.01)


def test_temperature_counts_4_percent_of_the_height():
    _, low_m = of(Altimetry(1000.0).above_sea_m, 0.0, UNKNOWN)
    _, high_m = of(Altimetry(1000.0).above_sea_m, 12000.0, UNKNOWN)
    assert low_m == pytest.approx(38.5, abs=1)
    assert high_m == pytest.approx(0.04 * 12000, rel=0.02)


def test_nothing_known_stays_so():
    altimetry = Altimetry(1000.0)
    assert math.isnan(of(altimetry.above_sea_m, UNKNOWN, UNKNOWN)[0])
    assert math.isnan(of(altimetry.pressure_altitude_m, UNKNOWN, UNKNOWN)[0])


def test_the_geoid_is_as_far_from_the_ellipsoid_as_stated():
    data = data_file("ref/egm96_15.gtx").read_bytes()
    south_deg, _, step_deg, _, rows, columns = struct.unpack(">4d2i", data[:40])
    geoid_m = np.frombuffer(data[40:], ">f4").reshape(rows, columns).astype(float)
    area = np.cos(np.radians(south_deg + step_deg * np.arange(rows)))
    assert math.sqrt(np.average((geoid_m**2).mean(axis=1), weights=area)) == pytest.approx(GEOID_SIGMA_M, abs=0.1)
    assert (geoid_m.min(), geoid_m.max()) == pytest.approx((-107, 85), abs=0.5)
