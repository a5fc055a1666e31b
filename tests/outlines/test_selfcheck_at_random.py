"""Whatever is drawn: what the self-check lets through is sound, answers as drawn, and reads back the same."""

from collections import Counter

import numpy as np

from detector.airspace import geojson
from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, State, Zone
from detector.commands.export import geojson as written
from detector.commands.listing import area_km2
from detector.outlines.selfcheck import check
from detector.picture.airspace import Airspace
from tests.geometry.shapes import even_odd_in_degrees, parts
from tests.outlines.drawings import meant


def outline(rng: np.random.Generator, grid: int) -> Ring:
    """A few points of a coarse grid, so that lines meet, cross, touch, run along each other and back."""
    points = rng.integers(0, grid, (int(rng.integers(3, 8)), 2)).astype(float) * 0.2 + [20, 50]
    closed = np.vstack([points, points[:1]])
    return closed[np.append(True, (np.diff(closed, axis=0) != 0).any(axis=1))]


def scribble(rng: np.random.Generator) -> Zone:
    grid = int(rng.integers(3, 7))
    drawn = [[outline(rng, grid) for _ in range(rng.integers(1, 3))] for _ in range(rng.integers(1, 4))]
    polygons = [[ring for ring in rings if len(ring) > 3] for rings in drawn]
    again = [[polygons[0][0][::-1]]] if polygons[0] and rng.random() < 0.2 else []
    return parts(*[rings for rings in polygons if rings], *again, geodesic=bool(rng.random() < 0.5))


def inside(zone: Zone, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    airspace = Airspace([zone], 1013.25)
    found = np.zeros(len(lon), dtype=bool)
    found[airspace.index.inside(*airspace.theatre.project(lon, lat))[0]] = True
    return found


def test_what_is_let_through_is_sound() -> None:
    rng = np.random.default_rng(1)
    met: Counter[str] = Counter()
    for _ in range(300):
        drawn = scribble(rng)
        checked = check(Reading(zones=[drawn]))
        met[checked.zones[0].state if checked.zones else "refused"] += 1
        assert bool(checked.zones) != bool(checked.problems)
        for zone in checked.zones:
            assert not {each.state for each in check(Reading(zones=[zone])).zones} - {zone.state, State.OK}
            lon, lat = rng.uniform(19.9, 21.3, 200), rng.uniform(49.9, 51.3, 200)
            answer = inside(zone, lon, lat)
            if zone.state is not State.REPAIRED and not zone.geodesic:
                assert (answer == even_odd_in_degrees(drawn, lon, lat)).all()
            if not zone.geodesic and not any("read as a hole" in line for line in checked.warnings):
                assert (answer == meant(drawn, lon, lat)).all()
            read = geojson.read(written([zone]).encode(), "out.geojson")
            (back,) = check(read).zones
            assert abs(area_km2(back) / area_km2(zone) - 1) < 1e-4
            assert (inside(back, lon, lat) != answer).sum() <= 1  # a point may lie where a chord is off
    assert met["refused"] > 180
    assert met[State.REPAIRED] > 12
    assert met[State.OK] > 9
