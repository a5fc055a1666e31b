"""Known places, collected by hand, in exactly the right country: agreement of programs proves nothing about a file.

`places.csv`: country as Natural Earth names it, - at sea; maritime: the state whose land and territorial sea it is in,
empty where that file does not reach. No place is nearer to a border or coast than the coarser file's kilometre.
"""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from detector.airspace.load import load_zones
from detector.errors import InputError
from detector.geometry.projection import earth_centred
from detector.geometry.segments import distance_to_segment
from detector.outlines.crossings import self_crossings
from tests.geometry.shapes import MARITIME, Compiled, states
from tests.geometry.world import compiled, countries, document, reading
from tests.shared import REPO, data_file

PLACES = list(csv.DictReader((Path(__file__).parent / "places.csv").open(encoding="utf-8")))
LON, LAT = (np.array([float(row[key]) for row in PLACES]) for key in ("lon_deg", "lat_deg"))


def told(world: Compiled, names: list[str]) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in PLACES]
    for place, zone in world.inside(LON, LAT):
        found[place].add(names[zone])
    return found


def differences(found: list[set[str]], column: str) -> list[tuple[str, set[str]]]:
    """Return the places told wrongly, and where they were told to be."""
    expected = [set() if row[column] == "-" else {row[column]} for row in PLACES]
    return [
        (row["place"], is_in)
        for row, is_in, should in zip(PLACES, found, expected, strict=True)
        if row[column] and is_in != should
    ]


def test_there_are_enough_on_every_side() -> None:
    assert len(PLACES) >= 120
    assert len({row["country"] for row in PLACES}) > 90
    assert sum(row["country"] == "-" for row in PLACES) > 12
    assert (np.abs(LON) > 175).sum() > 20
    assert (LAT > 70).sum() > 8


def test_countries_of_the_world() -> None:
    assert differences(told(compiled(), [zone.name for zone in reading().zones]), "country") == []


def test_states_with_their_sea() -> None:
    features = json.loads(gzip.decompress(data_file(MARITIME).read_bytes()))
    names = [feature["properties"]["A3"] for feature in features["features"]]
    assert differences(told(Compiled(states(features)), names), "maritime") == []


@pytest.mark.parametrize("country", ["Poland", "Lithuania"])
def test_shipped_countries(country: str) -> None:
    zones, warnings = load_zones([REPO / "config/zones" / f"{country.lower()}.geojson"])
    assert warnings == []
    found = told(Compiled(zones), [country])
    assert found == [{country} if row["country"] == country else set() for row in PLACES]


def test_no_place_is_a_matter_of_resolution() -> None:
    edges, number = compiled().edges, {zone.name: n for n, zone in enumerate(reading().zones)}
    lon, lat = compiled().theatre.unproject(np.stack([edges.ax_m, edges.bx_m]), np.stack([edges.ay_m, edges.by_m]))
    seam = ((np.abs(np.abs(lon) - 180) < 1e-6) | (lat < -89.99)).all(axis=0)  # no boundary
    near = []
    for row, point in zip(PLACES, earth_centred(LON, LAT), strict=True):
        of = np.flatnonzero((edges.zone == number.get(row["country"], -1)) & ~seam)
        off_m = distance_to_segment(np.broadcast_to(point, (len(of), 3)), edges.a_m[of], edges.b_m[of])
        near += [row["place"]] if row["country"] != "-" and off_m.min() < 1000 else []
    assert near == []


def test_the_file_as_it_is_is_refused_aloud(tmp_path: Path) -> None:
    """Its rings jump across the antimeridian; each such country is named, Russia's phantom border first."""
    path = tmp_path / "world.geojson"
    path.write_bytes(document(countries()))
    with pytest.raises(InputError) as refused:
        load_zones([path])
    names = list(countries())
    numbers = [int(problem.split('zone "')[1].split('"')[0]) for problem in refused.value.problems]
    assert {names[n] for n in numbers} == {"Russia", "Antarctica", "Fiji", "Vatican"}  # too small for the file's grid
    russia = next(problem for problem in refused.value.problems if f'zone "{names.index("Russia")}"' in problem)
    assert russia.endswith(
        "part 1 ring 1: the edge from -180 65.0665 to 179.896 65.0547 spans 359.896 degrees of longitude, "
        "expected a polygon split at the antimeridian (RFC 7946, 3.1.9)"
    )


def test_mended_it_still_has_knots_that_are_named() -> None:
    """The grid of 400 m folds narrow waters over; a site that loads these countries is told of each."""
    zones = reading().zones
    knotted = {zone.name for zone, found in zip(zones, self_crossings(zones), strict=True) if found}
    assert knotted >= {"Russia", "Canada", "Indonesia"}
    (problem,) = reading().problems
    assert "encloses nothing" in problem
