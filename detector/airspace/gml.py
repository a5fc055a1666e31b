"""Surfaces and curves of GML 3.2.1 as AIXM 5.1 uses them, as positions of rings whose edges are geodesics.

Source: OGC 12-028r1, Use of GML for aviation data. There an arc's angles run from the first axis to the second:
clockwise from north in EPSG:4326 (latitude first), against the clock from east in CRS84 (longitude first). A
LineStringSegment is straight in degrees, which is how a parallel is written; vertices are added so that geodesics
follow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from detector.airspace.aixm_message import Message, baseline
from detector.airspace.arcs import arc, circle
from detector.airspace.borders import JOIN_M, along, distance_m
from detector.airspace.draft import at, shown
from detector.airspace.xmltree import child, children, named, text
from detector.airspace.zones import Ring
from detector.numbers import read_number
from detector.units import FOOT_M, NAUTICAL_MILE_M

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LATITUDE_FIRST = re.compile(r"(urn:ogc:def:crs:)?EPSG:([\d.]*:)?4326|https?://www.opengis.net/def/crs/EPSG/[\d.]+/4326")
LONGITUDE_FIRST = re.compile(
    r"(urn:ogc:def:crs:)?OGC:([\d.]*:)?CRS84|https?://www.opengis.net/def/crs/OGC/[\d.]+/CRS84"
)
LENGTH_M = {"NM": NAUTICAL_MILE_M, "[NMI_I]": NAUTICAL_MILE_M, "KM": 1000.0, "M": 1.0, "FT": FOOT_M, "[FT_I]": FOOT_M}
# Off a line straight in degrees, a geodesic across d radians is R/8 (sin(2 lat)/2 + 2 sin(lat)) d**2, below 1 m here.
STRAIGHT_DEG = 0.04


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a ring, (V, 2). An arc's ends are reckoned, not drawn; of a border only a section belongs."""

    points: Ring
    arc: bool = False
    border: bool = False


class Geometries:
    """Reads the geometries of one message. Every method raises ValueError with what is wrong and what is right."""

    def __init__(self, message: Message, warn: Callable[[str], None]) -> None:
        self._message = message
        self._warn = warn
        envelope = child(message.root, "boundedBy", "Envelope")
        self._srs = envelope.get("srsName", "") if envelope is not None else ""

    def surface(self, holder: Element) -> list[list[list[list[float]]]]:
        """Return the rings of each patch of a surface, the outer one first, as lists of positions."""
        surface = self._message.follow(holder)
        srs = surface.get("srsName", self._srs)
        patches = [patch for held in children(surface, "patches") for patch in held]
        if not patches or any(named(patch) != "PolygonPatch" for patch in patches):
            got = " ".join(sorted({named(patch) for patch in patches}))
            raise ValueError(f"{named(surface)}: got {shown(got)}, expected patches of PolygonPatch")
        if wrong := [len(outer) for patch in patches if len(outer := [*children(patch, "exterior")]) != 1]:
            raise ValueError(f"PolygonPatch: got {wrong[0]} of exterior, expected one, and a patch for each other")
        bounds = [[*children(patch, "exterior"), *children(patch, "interior")] for patch in patches]
        return [[self._ring(self._message.follow(each), srs).tolist() for each in patch] for patch in bounds]

    def line(self, holder: Element) -> Ring:
        """Return the positions of a curve, (V, 2)."""
        curve = self._message.follow(holder)
        return np.concatenate([piece.points for piece in self._curve(curve, self._srs)])

    def _ring(self, ring: Element, srs: str) -> Ring:
        if named(ring) == "LinearRing":
            return _straight(self._positions(ring, srs))
        pieces = [piece for member in children(ring, "curveMember") for piece in self._member(member, srs)]
        if not pieces:
            raise ValueError(f"{named(ring)}: got no curve, expected a Ring of curveMembers or a LinearRing")
        return _joined(pieces, self._warn)

    def _member(self, member: Element, srs: str) -> list[_Piece]:
        curve = self._message.follow(member)
        if named(curve) != "GeoBorder":
            return self._curve(curve, srs)
        timeslice = baseline(curve)
        border = child(timeslice, "border") if timeslice is not None else None
        if border is None:
            raise ValueError("GeoBorder: no BASELINE timeslice with a border, expected one")
        line = self.line(border)
        if len(line) < 2:
            raise ValueError("GeoBorder: got one position, expected a line")
        return [_Piece(line, border=True)]

    def _curve(self, curve: Element, srs: str) -> list[_Piece]:
        srs = curve.get("srsName", srs)
        segments = [segment for held in children(curve, "segments") for segment in held]
        if not segments:
            raise ValueError(f"{named(curve)}: got no segments, expected a Curve of segments")
        return [self._segment(segment, srs) for segment in segments]

    def _segment(self, segment: Element, srs: str) -> _Piece:
        match named(segment):
            case "GeodesicString" | "Geodesic":
                return _Piece(self._positions(segment, srs))
            case "LineStringSegment":
                return _Piece(_straight(self._positions(segment, srs)))
            case "CircleByCenterPoint":
                return _Piece(self._circle(segment, srs))
            case "ArcByCenterPoint":
                return _Piece(self._arc(segment, srs), arc=True)
            case other:
                known = "GeodesicString, Geodesic, LineStringSegment, ArcByCenterPoint or CircleByCenterPoint"
                raise ValueError(f"{other}: is not supported, expected {known}")

    def _circle(self, segment: Element, srs: str) -> Ring:
        lon_deg, lat_deg = self._positions(segment, srs)[0]
        return circle(lon_deg, lat_deg, length_m(segment, "radius"))

    def _arc(self, segment: Element, srs: str) -> Ring:
        lon_deg, lat_deg = self._positions(segment, srs)[0]
        start_deg, end_deg = (_angle_deg(segment, name) for name in ("startAngle", "endAngle"))
        if abs(end_deg - start_deg) >= 360:
            return self._circle(segment, srs)
        clockwise = end_deg > start_deg
        if _longitude_first(srs):
            start_deg, end_deg, clockwise = 90 - start_deg, 90 - end_deg, not clockwise
        return arc(lon_deg, lat_deg, length_m(segment, "radius"), start_deg, end_deg, clockwise=clockwise)

    def _positions(self, element: Element, srs: str) -> Ring:
        """Return the positions an element holds or refers to, (V, 2)."""
        found = []
        for each in element:
            if named(each) in {"pos", "posList"}:
                found.append(_positions(each, each.get("srsName", srs)))
            elif named(each) in {"pointProperty", "pointRep"}:
                point = self._message.follow(each)
                found.extend(_positions(pos, point.get("srsName", srs)) for pos in children(point, "pos"))
        if not found or not len(found[0]):
            raise ValueError(f"{named(element)}: got no position, expected pos, posList or pointProperty")
        return np.concatenate(found)


def _joined(pieces: list[_Piece], warn: Callable[[str], None]) -> Ring:
    """Return the ring that pieces make, closed if its ends meet."""
    around = zip(pieces[-1:] + pieces[:-1], pieces, pieces[1:] + pieces[:1], strict=True)
    ring = np.concatenate([_between(before, piece, after, warn) for before, piece, after in around])
    for one, two in pairwise(pieces):
        if not _meet(one, two):
            place = f"{at(one.points[-1])} to {at(two.points[0])}"
            warn(f"geometry: an edge from {place} is added, where curves do not meet")
    return np.concatenate([ring, ring[:1]]) if _meet(pieces[-1], pieces[0]) else ring


def _meet(one: _Piece, two: _Piece) -> bool:
    return one.border or two.border or distance_m(one.points[-1], two.points[0]) <= JOIN_M


def _between(before: _Piece, piece: _Piece, after: _Piece, warn: Callable[[str], None]) -> Ring:
    """Return the vertices of a piece that its neighbours do not give: a border's section, an arc without its ends."""
    if piece.border:
        if before.border or after.border:
            raise ValueError("GeoBorder: got no curves around it, expected where to join and leave it")
        return along(piece.points, before.points[-1], after.points[0], warn)
    points = piece.points
    if piece.arc and not before.arc and _meet(before, piece):
        points = points[1:]
    if piece.arc and not after.arc and _meet(piece, after):
        points = points[:-1]
    return points


def _straight(points: Ring) -> Ring:
    """Return points with others between them, so that geodesics follow lines straight in degrees.

    A line across the antimeridian goes the short way; one from -180 to 180 goes all round.
    """
    step = np.diff(points, axis=0)
    across = (np.abs(step[:, 0]) > 180) & (np.abs(step[:, 0]) < 360)
    step[across, 0] -= 360 * np.sign(step[across, 0])
    parts = np.maximum(np.ceil(np.abs(step).max(axis=1) / STRAIGHT_DEG), 1).astype(int)
    edge = np.repeat(np.arange(len(parts)), parts)
    part = (np.arange(len(edge)) - (np.cumsum(parts) - parts)[edge]) / parts[edge]
    line = np.concatenate([points[:-1][edge] + part[:, None] * step[edge], points[-1:]])
    line[:, 0] -= 360 * np.sign(line[:, 0]) * (np.abs(line[:, 0]) > 180)
    return line


# --- numbers ----------------------------------------------------------------------------------------------------------


def _positions(element: Element, srs: str) -> Ring:
    """Return the positions of a pos or posList, longitude first."""
    order = [0, 1] if _longitude_first(srs) else [1, 0]
    try:
        numbers = np.array([read_number(part) for part in (element.text or "").split()])
        points = numbers.reshape(-1, 2)[:, order]
    except ValueError as error:
        raise ValueError(f"{named(element)}: got {shown(text(element))}, expected pairs of degrees") from error
    wrong = ~(np.abs(points) <= [180, 90]).all(axis=1)
    if wrong.any() or element.get("srsDimension", "2") != "2":
        place = at(points[int(np.argmax(wrong))][order])
        raise ValueError(f"{named(element)}: got {place}, expected pairs of degrees in the order of {srs}")
    return points


def _longitude_first(srs: str) -> bool:
    if not (LATITUDE_FIRST.fullmatch(srs) or LONGITUDE_FIRST.fullmatch(srs)):
        raise ValueError(
            f"srsName: got {shown(srs)}, expected urn:ogc:def:crs:EPSG::4326 or urn:ogc:def:crs:OGC:1.3:CRS84"
        )
    return LONGITUDE_FIRST.fullmatch(srs) is not None


def length_m(element: Element, name: str) -> float:
    """Return in metres the length that an element's child of a name gives."""
    said = child(element, name)
    unit = said.get("uom", "") if said is not None else ""
    try:
        metres = read_number(text(said)) * LENGTH_M[unit.upper()]
    except (ValueError, KeyError):
        metres = np.nan
    if not 0 < metres < np.inf:
        got = shown(f"{text(said)} {unit}".strip())
        raise ValueError(f"{name}: got {got}, expected a length above 0 in {' | '.join(LENGTH_M)}")
    return metres


def _angle_deg(segment: Element, name: str) -> float:
    said = child(segment, name)
    unit = said.get("uom", "deg") if said is not None else ""
    try:
        angle_deg = read_number(text(said))
    except ValueError:
        angle_deg = np.nan
    if not np.isfinite(angle_deg) or unit != "deg":
        raise ValueError(f"{name}: got {shown(f'{text(said)} {unit}'.strip())}, expected an angle in deg")
    return angle_deg
