"""Who flies under an address that no state has."""

import numpy as np
import pytest

from detector.rules.alone import impossible_identity
from tests import zoo

RULES = zoo.only(impossible_identity=impossible_identity.Params())


def told(icao24: str | None, lon: float = 19.9) -> list:
    flight = zoo.flight(lon=lon, course=0.0, speed=200.0, times=np.arange(0.0, 90.0), source="adsb", icao24=icao24)
    return zoo.tell(zoo.pipeline(tables=RULES), flight, until=900.0)


def test_an_address_of_no_state_is_told_once():
    opened, closed = told("ffffff")
    (finding,) = opened.findings
    assert (opened.event, finding.kind, finding.rule, finding.zone_id) == (
        "opened",
        "integrity",
        "impossible_identity",
        "square",
    )
    assert "flies under an address that no state can have given it" in opened.headline
    assert closed.event == "closed"


@pytest.mark.parametrize(("icao24", "lon"), [("48d8a0", 19.9), (None, 19.9), ("ddfd15", 19.9), ("ffffff", 10.0)])
def test_others_and_who_is_far_are_not(icao24, lon):
    assert told(icao24, lon) == []
