"""Junctions: where a vertex of one ring of a zone lies on a line of another, as on a border that only one side splits.

Lines are split there, lest the two sides of the border be cut differently: then neither would repeat the other.
"""

from __future__ import annotations

import numpy as np
from pyproj import Geod

from detector.arrays import Floats, Indices, Mask
from detector.geometry import ragged
from detector.geometry.lines import Lines

SAME_M = 0.01  # places this close are one
ON_M = 0.001  # a vertex this close to a line lies on it: no answer may change farther from the boundary
DEGREE_M = 111_195.0  # of latitude; some 0.6 % more at the poles
REACH_DEG = 2 * SAME_M / DEGREE_M
AT_ONCE = 1 << 22  # pairs of a line and a vertex

_GEOD = Geod(ellps="WGS84")


def split(lines: Lines) -> Lines:
    """Return lines split where vertices of other rings of their zones lie on them."""
    line, vertex, along = _junctions(lines)
    if not len(line):
        return lines
    order = np.lexsort((along, line))
    line, vertex = line[order], vertex[order]
    lon, lat = _lon_deg(lines, line, vertex), lines.lat0[vertex]
    of = np.insert(np.arange(len(lines)), line, line)
    return Lines(
        np.insert(lines.lon0, line + 1, lon),
        np.insert(lines.lat0, line + 1, lat),
        np.insert(lines.lon1, line, lon),
        np.insert(lines.lat1, line, lat),
        lines.zone[of],
        lines.ring[of],
        lines.geodesic[of],
    )


def _junctions(lines: Lines) -> tuple[Indices, Indices, Floats]:
    """Return (line, vertex, along): the vertices, by the lines that begin there, on lines, and how far along, (J,)."""
    some = _in_several_rings(lines)
    order, begin, count = _near(lines, some)
    found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0))]
    for block in np.split(np.arange(len(some)), np.flatnonzero(np.diff(np.cumsum(count) // AT_ONCE)) + 1):
        which, rank = ragged.expand(begin[block], count[block])
        line, vertex = some[block[which]], some[order[rank]]
        near = (lines.ring[line] != lines.ring[vertex]) & _is_between(lines, line, vertex)
        line, vertex = line[near], vertex[near]
        off_m, along_m, left_m = _off(lines, line, vertex)
        on = (np.abs(off_m) < ON_M) & (along_m > SAME_M) & (left_m > SAME_M)
        found.append((line[on], vertex[on], along_m[on]))
    line, vertex, along = (np.concatenate(column) for column in zip(*found, strict=True))
    return line, vertex, along


def _near(lines: Lines, some: Indices) -> tuple[Indices, Indices, Indices]:
    """Return (order, begin, count): of some lines' vertices, order[begin : begin + count] may lie on each, (S,).

    They are those at its latitudes or those at its longitudes, whichever are fewer: all vertices of a border along a
    parallel have one latitude, those of one along a meridian one longitude.
    """
    lon, lat, zone = lines.lon0[some], lines.lat0[some], lines.zone[some]
    south, north = (pick(lat, lines.lat1[some]) for pick in (np.minimum, np.maximum))
    reach_deg = REACH_DEG + _bulge_deg(lines, some)
    south, north = south - reach_deg, north + reach_deg
    by_lat, first_lat, count_lat = _ranked(zone, lat, south, north)
    east_deg = _east_deg(lines, some)
    reach_deg = _reach_deg(np.minimum(np.maximum(-south, north), 90.0))
    west = (lon + np.minimum(east_deg, 0) - reach_deg) % 360
    east = west + np.abs(east_deg) + 2 * reach_deg
    twice = np.concatenate([lon % 360, lon % 360 + 360])  # for lines across the meridian where one turn ends
    by_lon, first_lon, count_lon = _ranked(np.concatenate([zone, zone]), twice, west, east)
    fewer = count_lon < count_lat
    order = np.concatenate([by_lat, by_lon % max(len(some), 1)])
    return order, np.where(fewer, len(some) + first_lon, first_lat), np.where(fewer, count_lon, count_lat)


def _ranked(zone: Indices, at_deg: Floats, low_deg: Floats, high_deg: Floats) -> tuple[Indices, Indices, Indices]:
    """Return the order of vertices, (V,), and where in it those of each line's zone begin, and how many, (S,)."""
    band_deg = 1000.0 * zone  # wider than latitudes, or two turns, so that zones lie apart
    order = np.argsort(band_deg + at_deg)
    ranked_deg, of_lines_deg = (band_deg + at_deg)[order], band_deg[: len(low_deg)]
    begin = np.searchsorted(ranked_deg, of_lines_deg + low_deg)
    return order, begin, np.searchsorted(ranked_deg, of_lines_deg + high_deg) - begin


def _in_several_rings(lines: Lines) -> Indices:
    first = np.diff(lines.ring, prepend=-1) != 0
    rings = np.bincount(lines.zone[first])
    return np.flatnonzero(rings[lines.zone] > 1)


def _bulge_deg(lines: Lines, some: Indices) -> Floats:
    """Return how far, at most, geodesics run beyond the latitudes of their ends, and straight lines: not at all."""
    east_deg, north_deg = _east_deg(lines, some), lines.lat1[some] - lines.lat0[some]
    steepest = np.minimum(np.maximum(np.abs(lines.lat0[some]), np.abs(lines.lat1[some])), 89.9)
    bulge_deg = np.hypot(east_deg, north_deg) * np.radians(np.abs(east_deg)) * np.tan(np.radians(steepest))
    return np.where(lines.geodesic[some], np.minimum(bulge_deg, 90.0), 0.0)


def _is_between(lines: Lines, line: Indices, vertex: Indices) -> Mask:
    """Tell which vertices are at longitudes of lines."""
    east_deg, there_deg = _east_deg(lines, line), _lon_deg(lines, line, vertex) - lines.lon0[line]
    reach_deg = _reach_deg(lines.lat0[vertex])
    return (there_deg > np.minimum(east_deg, 0) - reach_deg) & (there_deg < np.maximum(east_deg, 0) + reach_deg)


def _reach_deg(lat_deg: Floats) -> Floats:
    """Return how many degrees of longitude are as far as REACH_DEG of latitude."""
    return REACH_DEG / np.maximum(np.cos(np.radians(lat_deg)), 1e-6)


def _off(lines: Lines, line: Indices, vertex: Indices) -> tuple[Floats, Floats, Floats]:
    """Return how far vertices are off lines, how far along them, and how far from their ends, in metres."""
    lon0, lat0, lon1, lat1 = lines.lon0[line], lines.lat0[line], lines.lon1[line], lines.lat1[line]
    lon, lat = _lon_deg(lines, line, vertex), lines.lat0[vertex]
    east = DEGREE_M * np.cos(np.radians(lat))
    way = _east_deg(lines, line) * east + 1j * (lat1 - lat0) * DEGREE_M
    there = ((lon - lon0) * east + 1j * (lat - lat0) * DEGREE_M) * np.conj(way) / np.maximum(np.abs(way), 1e-9)
    off_m, along_m, length_m = there.imag, there.real, np.abs(way)
    curved = np.flatnonzero(lines.geodesic[line])
    if len(curved):
        ends = lon0[curved], lat0[curved]
        azimuth, _, length_m[curved] = _GEOD.inv(*ends, lon1[curved], lat1[curved])
        bearing, _, far_m = _GEOD.inv(*ends, lon[curved], lat[curved])
        apart = np.radians(bearing - azimuth)
        off_m[curved], along_m[curved] = far_m * np.sin(apart), far_m * np.cos(apart)
    return off_m, along_m, length_m - along_m


def _lon_deg(lines: Lines, line: Indices, vertex: Indices) -> Floats:
    """Return the longitudes of vertices, on that side of the antimeridian where the middles of lines are."""
    lon_deg, middle_deg = lines.lon0[vertex], lines.lon0[line] + _east_deg(lines, line) / 2
    return lon_deg - 360 * np.round((lon_deg - middle_deg) / 360)


def _east_deg(lines: Lines, line: Indices) -> Floats:
    """Return how far east lines lead: geodesics the shorter way round, straight ones as drawn, even all round."""
    east_deg = lines.lon1[line] - lines.lon0[line]
    return np.where(lines.geodesic[line], east_deg - 360 * np.round(east_deg / 360), east_deg)
