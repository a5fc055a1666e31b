"""Zones with straight lines enclose what they enclosed with geodesics, by shapely and by pyproj."""

import numpy as np
import pytest
import shapely
from pyproj import Geod, Proj

from detector.airspace.reading import Reading
from detector.airspace.zones import Ring, Zone
from detector.outlines.degrees import Part, straight
from detector.outlines.selfcheck import check
from tests.geometry.shapes import BOWTIE, FIJI, HOLE, ISLAND_IN_HOLE, ZOO, drawn, parts, ring, star
from tests.zoo import box

GEOD = Geod(ellps="WGS84")


def polygons(of: list[Part]) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([(shell, holes) for shell, *holes in of])


def circle(lon: float, lat: float, radius_m: float, *, vertices: int = 90, back: bool = False) -> Ring:
    azimuths = np.linspace(0, 360, vertices, endpoint=False)[:: -1 if back else 1]
    lons, lats, _ = GEOD.fwd(np.full(vertices, lon), np.full(vertices, lat), azimuths, np.full(vertices, radius_m))
    around = np.column_stack([lons, lats])
    return np.concatenate([around, around[:1]])


def finely(outline: Ring) -> Ring:
    """Return a ring with points along its geodesics."""
    return np.column_stack(drawn(parts([outline], geodesic=True), 100))


def area_m2(of: shapely.Geometry) -> float:
    """The area between straight lines, by geodesics along finely cut ones."""
    return GEOD.geometry_area_perimeter(shapely.segmentize(of, 0.01))[0]


def test_straight_lines_stay_as_they_are() -> None:
    for name, zone in ZOO.items():
        if zone.geodesic or name == "MANY":
            continue
        for rings, was in zip(straight(zone), zone.polygons, strict=True):
            for one, two in zip(rings, was, strict=True):
                assert (one == two).all() or (one == two[::-1]).all()


@pytest.mark.parametrize("zone", [HOLE, FIJI, ISLAND_IN_HOLE, parts(*star(1).polygons, geodesic=True)])
def test_shells_run_counterclockwise_and_holes_clockwise(zone: Zone) -> None:
    turned = parts(*[[r[::-1] for r in rings] for rings in zone.polygons], geodesic=zone.geodesic)
    for of in (zone, turned):
        for shell, *holes in straight(of):
            assert shapely.LinearRing(shell).is_ccw
            assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)


LONG = [
    box(0, 50, 20, 60),
    ring((-40, -30), (60, 10), (10, 70)),
    ring((170, 60), (-150, 50), (-170, 70)),
    ring((0, 80), (90, 85), (179, 80), (60, 60)),
]


@pytest.mark.parametrize("outline", LONG)
def test_lines_are_as_near_to_geodesics_as_chords_are(outline: Ring) -> None:
    of = straight(parts([outline], geodesic=True))
    assert sum(map(len, (r for rings in of for r in rings))) < 36_000
    lines = shapely.union_all([shapely.linestrings(r) for rings in of for r in rings])
    lon, lat = drawn(parts([outline], geodesic=True), 777)
    shapely.prepare(lines)
    nearest = shapely.get_coordinates(shapely.shortest_line(shapely.points(lon, lat), lines)).reshape(-1, 2, 2)[:, 1]
    assert GEOD.inv(lon, lat, *nearest.T)[2].max() <= 0.25


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(
    ("lon", "lat", "radius_m"),
    [(10, 50, 1e5), (180, 0, 3e5), (-179.5, 60, 5e5), (179.9, -70, 9e5), (30, 88, 5e5), (-120, -90, 8e5), (0, 90, 2e6)],
)
def test_circles_keep_their_area(lon: float, lat: float, radius_m: float, back: bool) -> None:
    outline = circle(lon, lat, radius_m, back=back)
    whole = abs(GEOD.polygon_area_perimeter(*outline.T)[0])
    if whole > 2.55e14:  # around a pole, pyproj may take the rest of the Earth
        whole = 5.1e14 - whole
    shape = polygons(straight(parts([outline], geodesic=True)))
    assert shape.is_valid
    assert shapely.box(-180, -90, 180, 90).covers(shape)
    assert area_m2(shape) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_what_crosses_the_antimeridian_is_cut_as_shapely_cuts_it(seed: int) -> None:
    """A jagged star with a hole; its lines are so short that geodesics hardly bend. Some have vertices on the line."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    jagged = rng.uniform(0.03, 0.1, (40, 1)) * np.column_stack([np.cos(angle), np.sin(angle)])
    hole = 0.02 * np.column_stack([np.cos(angle), np.sin(angle)])
    rings = [np.vstack([r, r[:1]]) + np.array([rng.choice([*jagged[:8, 0], 0.0, 0.01]), 10]) for r in (jagged, hole)]
    rings[1][:, 0] += rings[0][:, 0].mean() - rings[1][:, 0].mean()
    flat = shapely.Polygon(rings[0], [rings[1]]) if seed % 2 else shapely.Polygon(rings[0])
    wrapped = [np.column_stack([(r[:, 0] + 360) % 360 - 180, r[:, 1]]) for r in rings[: 1 + seed % 2]]
    shape = polygons(straight(parts(wrapped, geodesic=True)))
    assert shape.is_valid
    for low, shift in ((-1, -180), (0, 180)):
        side = shapely.intersection(flat, shapely.box(low, 9, low + 1, 11))
        moved = shapely.transform(shape, lambda at, shift=shift: at + np.array([shift, 0]))
        cut = shapely.intersection(moved, shapely.box(low, 9, low + 1, 11))
        assert cut.symmetric_difference(side).area < 5e-7  # the bend


U = ring((175, 80), (-175, 80), (-175, 80.5), (176, 80.5), (176, 81.5), (-175, 81.5), (-175, 82), (175, 82))
IN_CAPS = {
    "across": [circle(180, 80, 2e5)],
    "across, the other way round, and one elsewhere": [circle(180, 80, 2e5, back=True), circle(90, 80, 2e5)],
    "several across": [circle(180, 78, 1e5), circle(-178, 84, 2.5e5), circle(-120, 80, 2e5), circle(-170, 80, 5e4)],
    "across twice": [U],
    "across twice, from the other side": [U * [-1, 1]],
    "around the pole": [circle(0, 90, 5e5)],
    "around the pole, and one across": [circle(0, 90, 3e5), circle(180, 80, 2e5)],
    "touching": [ring((180, 80), (-170, 80), (-170, 82), (180, 82), (180, 81))],
    "touching, from the other side": [ring((180, 80), (170, 80), (170, 82), (-180, 82), (180, 81))],
}


@pytest.mark.parametrize("pole", [90, -90])
@pytest.mark.parametrize("name", IN_CAPS)
def test_holes_of_what_goes_around_a_pole_open_it_at_the_antimeridian(name: str, pole: int) -> None:
    outlines = [circle(30, pole, 2e6), *(hole * [1, np.sign(pole)] for hole in IN_CAPS[name])]
    shape = polygons(straight(parts(outlines, geodesic=True)))
    assert shape.is_valid
    assert shapely.box(-180, -90, 180, 90).covers(shape)
    around = Proj(proj="aeqd", lat_0=pole, lon_0=0, ellps="WGS84")
    shell, *holes = (np.column_stack(around(*finely(outline).T)) for outline in outlines)
    x_m, y_m = np.random.default_rng(3).uniform(-2.2e6, 2.2e6, (2, 20_000))
    inside = shapely.contains_xy(shapely.Polygon(shell, holes), x_m, y_m)
    assert (shapely.contains_xy(shape, *around(x_m, y_m, inverse=True)) == inside).all()
    assert inside.any()


def test_a_hole_on_either_side_stays_with_its_part() -> None:
    shell, west, east = box(170, 0, 180, 10), box(172, 2, 174, 4), box(-176, 2, -174, 4)
    shell[[1, 2], 0] = -170
    both = straight(parts([shell, west, east], geodesic=True))
    assert [len(rings) for rings in both] == [2, 2]
    assert polygons(both).is_valid


def test_crossing_rings_are_drawn_all_the_same() -> None:
    (rings,) = straight(parts([BOWTIE], geodesic=True))
    assert len(rings[0]) > len(BOWTIE)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.731])
@pytest.mark.parametrize("low", [(20.3, 50.0), (179.3, 50.0), (20.3, -80.0)])
def test_parts_meet_still_on_a_border_that_one_of_them_splits(low: tuple[float, float], share: float) -> None:
    west, east, high = (low[0] - 2, low[1]), (low[0] + 2, low[1]), (low[0] + 1.4, low[1] + 1)
    azimuth, _, length_m = GEOD.inv(*low, *high)
    between = GEOD.fwd(*low, azimuth, share * length_m)[:2]
    outlines = [ring(west, low, high), ring(low, east, high, between)]
    for outline in outlines:
        outline[:, 0] = (outline[:, 0] + 180) % 360 - 180
    of = parts(*([outline] for outline in outlines), geodesic=True)
    found = check(Reading(zones=[parts(*straight(of))]))
    assert (found.problems, found.warnings) == ([], [])
