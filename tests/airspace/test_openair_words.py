import math

import pytest

from detector.airspace.altitude import GROUND, UNLIMITED, Limit, Reference
from detector.airspace.openair_words import ALTITUDE, kind, limit, positions


@pytest.mark.parametrize(
    ("text", "lon_deg", "lat_deg"),
    [
        ("52:22:39 N 013:08:15 E", 13 + 8 / 60 + 15 / 3600, 52 + 22 / 60 + 39 / 3600),
        ("48:29:36.4N 124:43:38.1W", -(124 + 43 / 60 + 38.1 / 3600), 48 + 29 / 60 + 36.4 / 3600),
        ("29:58.917 N 081:59.533 W", -(81 + 59.533 / 60), 29 + 58.917 / 60),
        ("52:22:39N013:08:15E", 13 + 8 / 60 + 15 / 3600, 52 + 22 / 60 + 39 / 3600),
        ("33.5 s, 70.25 w", -70.25, -33.5),
        ("265644.00N 0500434.00E", 50 + 4 / 60 + 34 / 3600, 26 + 56 / 60 + 44 / 3600),
        ("48:59:60.0N 120:10:54.6W", -(120 + 10 / 60 + 54.6 / 3600), 49.0),
        ("90:00:00 N 180:00:00 W", -180.0, 90.0),
        ("5:00:00 N 7 E", 7.0, 5.0),
    ],
)
def test_positions(text: str, lon_deg: float, lat_deg: float) -> None:
    ((lon, lat),) = positions(text, 1)
    assert (lon, lat) == (pytest.approx(lon_deg, abs=1e-12), pytest.approx(lat_deg, abs=1e-12))


@pytest.mark.parametrize("between", [", ", ",", " , ", " ", ""])
def test_two_positions(between: str) -> None:
    assert positions(f"1:30 N 2:00 E{between}3:00:36 S 4 W", 2) == [(2.0, 1.5), (-4.0, pytest.approx(-3.01))]


def test_a_comma_within() -> None:  # an example of the specification
    first, second = positions("39:36:40N 119:46:10W, 39:29:09N, 119:36:10W", 2)
    assert first < second


@pytest.mark.parametrize(
    "text",
    [
        "", "52:22:39 013:08:15", "013:08:15 E 52:22:39 N", "52:60:00 N 013:00:00 E", "52:00:61 N 013:00:00 E",
        "91:00:00 N 013:00:00 E", "90:00:01 N 013:00:00 E", "52:00:00 N 181:00:00 E", "52:22.5:39 N 013:08:15 E",
        "52:22:39 N 013:08:15 E 7", "52:22:39 N", "52:22:39 N 013:08:15 E, 52:22:39 N 013:08:15 E",
        "52::39 N 013:08:15 E", "٥٢:22:39 N 013:08:15 E", "N52:22:39 E013:08:15",
    ],
)  # fmt: skip
def test_no_position(text: str) -> None:
    with pytest.raises(ValueError, match=r"^52:22:39 N 013:08:15 E, .* minutes below 60$"):
        positions(text, 1)


@pytest.mark.parametrize(
    ("text", "height_m", "reference"),
    [
        ("FL95", 9500 * 0.3048, Reference.STANDARD),
        ("fl 095", 9500 * 0.3048, Reference.STANDARD),
        ("19500ft STD", 19500 * 0.3048, Reference.STANDARD),
        ("3500ft", 3500 * 0.3048, Reference.SEA),
        ("3500 F", 3500 * 0.3048, Reference.SEA),
        ("3500", 3500 * 0.3048, Reference.SEA),
        ("1066m", 1066.0, Reference.SEA),
        ("1066M MSL", 1066.0, Reference.SEA),
        ("5000 MSL", 5000 * 0.3048, Reference.SEA),
        ("5000MSL", 5000 * 0.3048, Reference.SEA),
        ("22999 ft AMSL", 22999 * 0.3048, Reference.SEA),
        ("1607.611551ft AMSL", 490.0, Reference.SEA),
        ("-30 ft MSL", -30 * 0.3048, Reference.SEA),
        ("0 MSL", 0.0, Reference.SEA),
        ("1000FT AGL", 304.8, Reference.GROUND),
        ("1000 ft GND", 304.8, Reference.GROUND),
        ("1000SFC", 304.8, Reference.GROUND),
        ("500M ASFC", 500.0, Reference.GROUND),
        *(
            (word, -math.inf, Reference.SEA)
            for word in ("GND", "SFC", "Surface", "AGL", "0", "0 ft", "0 AGL", "0ft GND")
        ),
        *((word, math.inf, Reference.SEA) for word in ("UNL", "UNLIM", "Unlimited", "UNLTD", "UNLD")),
    ],
)
def test_limits(text: str, height_m: float, reference: Reference) -> None:
    read = limit(text)
    assert read.reference is reference
    assert read.height_m == pytest.approx(height_m, abs=1e-6)
    assert (read == GROUND) == (height_m == -math.inf)
    assert (read == UNLIMITED) == (height_m == math.inf)


@pytest.mark.parametrize(
    "text", ["", "FL", "BYNOTAM", "Ask on 122.8", "FL 9.5", "100m AGL/423m AMSL", "12 km", "MSL 500"]
)
def test_no_limit(text: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        limit(text)
    assert str(raised.value) == ALTITUDE


def test_the_altitudes_named_are_right() -> None:
    assert all(isinstance(limit(form), Limit) for form in ALTITUDE.replace(" or ", ", ").split(", "))


@pytest.mark.parametrize(
    ("airspace_class", "airspace_type", "expected"),
    [
        ("R", "", "restricted"),
        ("P", "", "prohibited"),
        ("Q", "", "danger"),
        ("q", "", "danger"),
        ("D", "TSA", "restricted"),
        ("UNC", "TRA", "restricted"),
        ("UNCLASSIFIED", "PROHIBITED", "prohibited"),
        ("E", "warning", "danger"),
        ("G", "FIR", "fir"),
        ("UNC", "ADIZ", "adiz"),
        ("R", "P", "prohibited"),
        ("R", "MTA", "restricted"),  # a type that says nothing leaves it to the class
        *((word, "", "belt") for word in ("A", "C", "G", "CTR", "TMZ", "RMZ", "GP", "W", "GS", "?")),
        ("D", "TMA", "belt"),
    ],
)
def test_kinds(airspace_class: str, airspace_type: str, expected: str) -> None:
    assert kind(airspace_class, airspace_type) == expected
