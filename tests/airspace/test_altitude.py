import pytest

from detector.airspace.altitude import (
    FORMS,
    GROUND,
    UNLIMITED,
    Limit,
    Reference,
    grounded,
    parse,
    standard_altitude_m,
    without_terrain,
)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("GND", GROUND),
        ("SFC", GROUND),
        ("0 ft AGL", GROUND),
        ("0 m AGL", GROUND),
        ("UNL", UNLIMITED),
        (" unl ", UNLIMITED),
        ("FL195", Limit(5943.6, Reference.STANDARD)),
        ("FL 95", Limit(2895.6, Reference.STANDARD)),
        ("FL0", Limit(0.0, Reference.STANDARD)),
        ("2500 ft AMSL", Limit(762.0, Reference.SEA)),
        ("2500ft MSL", Limit(762.0, Reference.SEA)),
        ("762.5 m AMSL", Limit(762.5, Reference.SEA)),
        ("-10 m AMSL", Limit(-10.0, Reference.SEA)),
        ("0 ft AMSL", Limit(0.0, Reference.SEA)),
        ("500 ft AGL", Limit(152.4, Reference.GROUND)),
    ],
)
def test_parse(text: str, limit: Limit) -> None:
    read = parse(text)
    assert read.reference is limit.reference
    assert read.height_m == pytest.approx(limit.height_m, abs=1e-9)


@pytest.mark.parametrize(
    "text", ["", "2500", "2500 ft", "FL", "FL1950", "FL19.5", "195", "2,500 ft AMSL", "2500 km AMSL", "nan m AMSL"]
)  # fmt: skip
def test_wrong_forms_name_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError, match=FORMS):
        parse(text)


@pytest.mark.parametrize(("ground_m", "place"), [(-440.0, "the Dead Sea"), (0.0, "a shore"), (8849.0, "Mount Everest")])
def test_limits_above_ground_enlarge_the_zone_wherever_it_is(ground_m: float, place: str) -> None:
    low, high = without_terrain(parse("500 ft AGL"), parse("2000 ft AGL"))
    assert (low.reference, high.reference) == (Reference.SEA, Reference.SEA)
    assert low.height_m < ground_m + 152.4 < ground_m + 609.6 < high.height_m, place


@pytest.mark.parametrize("text", ["GND", "UNL", "FL95", "2500 ft AMSL"])
def test_other_limits_need_no_terrain(text: str) -> None:
    assert without_terrain(parse(text), parse(text)) == (parse(text), parse(text))


@pytest.mark.parametrize("text", ["GND", "0 ft AMSL", "0 m AMSL", "FL0", "-10 m AMSL"])
def test_a_floor_at_the_sea_is_the_ground(text: str) -> None:
    assert grounded(parse(text)) == GROUND


@pytest.mark.parametrize("text", ["UNL", "1 ft AMSL", "0.1 m AMSL", "FL1"])
def test_other_floors_stay(text: str) -> None:
    assert grounded(parse(text)) == parse(text)


@pytest.mark.parametrize(
    ("qnh_hpa", "elevation_m"),
    [  # pressure at geopotential altitudes, Doc 7488
        (1074.78, -500),
        (1013.25, 0),
        (954.61, 500),
        (898.75, 1000),
    ],
)
def test_standard_altitude_of_a_pressure(qnh_hpa: float, elevation_m: float) -> None:
    assert standard_altitude_m(qnh_hpa) == pytest.approx(elevation_m, abs=0.1)


def test_a_hectopascal_is_27_ft_at_the_sea() -> None:
    assert standard_altitude_m(1014.25) == pytest.approx(-27.3 * 0.3048, abs=0.1)
