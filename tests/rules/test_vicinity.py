"""Who is near a zone that watches them, against distances over the ellipsoid."""

import numpy as np
import pytest

from detector.airspace.zones import Identity
from detector.geometry.projection import earth_centred
from detector.picture.airspace import Airspace
from detector.rules.vicinity import NOWHERE, around
from tests import zoo

NOBODY = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
EAST = zoo.zone(zoo.box(22.0, 54.0, 23.0, 55.0), zone_id="east", near_nm=10.0)
SUSPECTS = zoo.zone(
    zoo.box(22.0, 52.0, 23.0, 53.0), zone_id="suspects", watch=frozenset({Identity.SUSPECT}), kind="belt"
)
AIRSPACE = Airspace([zoo.SQUARE, EAST, SUSPECTS], 1013.25)


def near(lon: float, lat: float, identity: Identity = Identity.UNKNOWN, inside=NOBODY):
    found = around(
        earth_centred(np.array([lon]), np.array([lat])), np.array([identity], dtype=np.int8), inside, AIRSPACE
    )
    return int(found.zone[0]), float(found.distance_m[0])


@pytest.mark.parametrize(
    ("lon", "lat", "identity", "zone"),
    [
        (19.5, 54.5, Identity.UNKNOWN, 0),
        (19.5, 54.5, Identity.FRIEND, NOWHERE),
        (19.0, 54.5, Identity.UNKNOWN, NOWHERE),  # 35 NM
        (21.4, 54.5, Identity.UNKNOWN, 0),  # 14 NM from one, 21 NM from the other
        (21.6, 54.5, Identity.UNKNOWN, 0),  # 14 NM from the other, which looks 10 NM far
        (21.9, 54.5, Identity.UNKNOWN, 1),
        (22.5, 51.8, Identity.UNKNOWN, NOWHERE),
        (22.5, 51.8, Identity.SUSPECT, 2),
    ],
)
def test_near_is_within_what_the_zone_asks_for(lon, lat, identity, zone):
    assert near(lon, lat, identity)[0] == zone


def test_distance_is_that_over_the_ellipsoid():
    _, distance_m = near(19.5, 54.5)
    assert distance_m == pytest.approx(zoo.GEOD.inv(19.5, 54.5, 20.0, 54.5)[2], rel=1e-3)


def test_who_is_inside_is_near_however_deep():
    inside = np.array([0]), np.array([0])
    assert near(20.5, 54.5, inside=inside)[0] == 0
    assert near(20.5, 54.5, Identity.NEUTRAL, inside)[0] == NOWHERE
