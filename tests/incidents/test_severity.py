import pytest

from detector.airspace.zones import ENTRY, Identity
from detector.incidents.severity import _OF_ZONE, SEVERITIES, of_stay

CASES = [
    ("national", Identity.UNKNOWN, False, "severe"),
    ("national", Identity.UNKNOWN, True, "extreme"),
    ("national", Identity.SUSPECT, False, "extreme"),
    ("national", Identity.HOSTILE, True, "extreme"),
    ("danger", Identity.UNKNOWN, False, "moderate"),
    ("adiz", Identity.UNKNOWN, False, "moderate"),
    ("fir", Identity.UNKNOWN, False, "minor"),
]


@pytest.mark.parametrize(("kind", "identity", "deep", "word"), CASES)
def test_severity(kind, identity, deep, word):
    assert SEVERITIES[of_stay(kind, identity, deep=deep)] == word


def test_every_kind_that_can_be_entered_has_one():
    assert set(_OF_ZONE) == set(ENTRY)
