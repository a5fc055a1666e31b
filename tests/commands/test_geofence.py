"""The plain geofence against the same count made point by point with shapely."""

import numpy as np
import pytest
import shapely

from detector.commands.geofence import PlainGeofence
from detector.picture.airspace import Airspace
from tests import zoo

ZONES = [zoo.zone(zoo.box(20, 54, 21, 55), zone_id="a"), zoo.zone(zoo.box(20.5, 54.2, 22, 54.8), zone_id="b")]


def counted(plots) -> int:
    polygons = [shapely.Polygon(zone.polygons[0][0]) for zone in ZONES]
    messages, was = 0, {}
    for track, lon, lat in zip(plots.track_id, plots.lon_deg, plots.lat_deg, strict=True):
        now = {n for n, polygon in enumerate(polygons) if polygon.contains(shapely.Point(lon, lat))}
        messages += len(now ^ was.get(track, set()))
        was[track] = now
    return messages


@pytest.mark.parametrize("cuts", [[], [1], [100, 101, 500]])
def test_it_sends_what_point_by_point_would(cuts):
    rng = np.random.default_rng(5)
    plots = zoo.in_order(
        *(
            zoo.flight(lon=19.5, lat=rng.uniform(53.8, 55.2), course=rng.uniform(60, 120), speed=400.0,
                       times=range(0, 600, 10), track_id=f"t{i}")
            for i in range(20)
        )
    )  # fmt: skip
    fence = PlainGeofence(Airspace(ZONES, 1013.25))
    for piece in np.split(np.arange(len(plots)), cuts):
        fence.take(plots.take(piece))
    assert fence.messages == counted(plots) > 20
