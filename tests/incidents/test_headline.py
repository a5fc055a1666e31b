"""Headlines: the verb agrees with who does it."""

import pytest

from detector.incidents.headline import _DEEDS, _plural


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("is intercepted by 48d8a1", "are intercepted by 48d8a1"),
        ("was in Estonia for 12 min", "were in Estonia for 12 min"),
        ("has lost its satellite signal", "have lost its satellite signal"),
        ("passes Platform at 600 m", "pass Platform at 600 m"),
        ("flies low at 30 m", "fly low at 30 m"),
        ("turns hard with 2.0 g", "turn hard with 2.0 g"),
        ("nearly collides with 4980", "nearly collide with 4980"),
        ("fell silent 5 km from Poland", "fell silent 5 km from Poland"),
        ("cut through Poland for 18 s", "cut through Poland for 18 s"),
        ("3.2 km inside Poland", "3.2 km inside Poland"),
    ],
)
def test_what_several_do_is_said_of_several(one, several):
    assert _plural(one) == several


def test_what_is_past_differs_for_nobody_but_who_was():
    past = [verb for _, verb, _ in _DEEDS.values() if verb.split()[0] not in ("was", "is")]
    assert [_plural(f"{verb} x") for verb in past] == [f"{verb} x" for verb in past]
