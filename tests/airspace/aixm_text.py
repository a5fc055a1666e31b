"""AIXM messages for tests, piece by piece, as text."""

from __future__ import annotations

from detector.airspace.aixm import read
from detector.airspace.reading import Reading
from detector.airspace.zones import Zone

LAT_LON = "urn:ogc:def:crs:EPSG::4326"
LON_LAT = "urn:ogc:def:crs:OGC:1.3:CRS84"
SPACES = (
    'xmlns:message="http://www.aixm.aero/schema/5.1.1/message" xmlns:aixm="http://www.aixm.aero/schema/5.1.1" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
SQUARE = "50 20 50 21 51 21 51 20 50 20"  # latitude first


def message(*members: str) -> bytes:
    body = "".join(f"<message:hasMember>{member}</message:hasMember>" for member in members)
    return f"<message:AIXMBasicMessage {SPACES}>{body}</message:AIXMBasicMessage>".encode()


def string(positions: str = SQUARE, kind: str = "GeodesicString") -> str:
    return f"<gml:{kind}><gml:posList>{positions}</gml:posList></gml:{kind}>"


def around(kind: str, centre: str = "<gml:pos>50 20</gml:pos>", radius: str = '"NM">10', angles: str = "") -> str:
    """Return a circle or an arc by its centre."""
    return f"<gml:{kind}>{centre}<gml:radius uom={radius}</gml:radius>{angles}</gml:{kind}>"


def angles(start: float | str, end: float | str) -> str:
    return f'<gml:startAngle uom="deg">{start}</gml:startAngle><gml:endAngle uom="deg">{end}</gml:endAngle>'


def member(*segments: str) -> str:
    curve = f"<gml:Curve><gml:segments>{''.join(segments)}</gml:segments></gml:Curve>"
    return f"<gml:curveMember>{curve}</gml:curveMember>"


def ring(*members: str) -> str:
    return f"<gml:Ring>{''.join(members)}</gml:Ring>"


def surface(outer: str, *inner: str, srs: str = LAT_LON) -> str:
    holes = "".join(f"<gml:interior>{hole}</gml:interior>" for hole in inner)
    patch = f"<gml:PolygonPatch><gml:exterior>{outer}</gml:exterior>{holes}</gml:PolygonPatch>"
    return f'<aixm:Surface srsName="{srs}"><gml:patches>{patch}</gml:patches></aixm:Surface>'


def limits(lower: str = '"FT">GND', upper: str = '"FT">UNL', below: str = "", above: str = "") -> str:
    reference = "<aixm:{0}LimitReference>{1}</aixm:{0}LimitReference>"
    return (
        f"<aixm:upperLimit uom={upper}</aixm:upperLimit>{reference.format('upper', above) if above else ''}"
        f"<aixm:lowerLimit uom={lower}</aixm:lowerLimit>{reference.format('lower', below) if below else ''}"
    )


def component(shape: str = "", bounds: str | None = None, operation: str = "") -> str:
    shape = shape or f"<aixm:horizontalProjection>{surface(ring(member(string())))}</aixm:horizontalProjection>"
    operation = operation and f"<aixm:operation>{operation}</aixm:operation>"
    bounds = limits() if bounds is None else bounds
    volume = (
        f"<aixm:theAirspaceVolume><aixm:AirspaceVolume>{bounds}{shape}</aixm:AirspaceVolume></aixm:theAirspaceVolume>"
    )
    inside = f"<aixm:AirspaceGeometryComponent>{operation}{volume}</aixm:AirspaceGeometryComponent>"
    return f"<aixm:geometryComponent>{inside}</aixm:geometryComponent>"


def contributor(identifier: str, dependency: str = "FULL_GEOMETRY") -> str:
    airspace = f'<aixm:theAirspace xlink:href="urn:uuid:{identifier}"/>'
    inside = f"<aixm:dependency>{dependency}</aixm:dependency>{airspace}"
    dependent = f"<aixm:AirspaceVolumeDependency>{inside}</aixm:AirspaceVolumeDependency>"
    return f"<aixm:contributorAirspace>{dependent}</aixm:contributorAirspace>"


def timeslice(
    designator: str = "EAR1",
    *components: str,
    kind: str = "R",
    name: str = "",
    interpretation: str = "BASELINE",
    version: tuple[int, int] = (1, 0),
    rest: str = "",
) -> str:
    said = {
        "interpretation": interpretation,
        "sequenceNumber": version[0],
        "correctionNumber": version[1],
        "type": kind,
        "designator": designator,
        "name": name,
    }
    body = "".join(f"<aixm:{key}>{value}</aixm:{key}>" for key, value in said.items() if value != "")
    body += rest + "".join(components or [component()])
    return f"<aixm:timeSlice><aixm:AirspaceTimeSlice>{body}</aixm:AirspaceTimeSlice></aixm:timeSlice>"


def airspace(*timeslices: str, identifier: str = "u-1") -> str:
    return (
        f'<aixm:Airspace gml:id="uuid.{identifier}"><gml:identifier codeSpace="urn:uuid:">{identifier}'
        f"</gml:identifier>{''.join(timeslices or [timeslice()])}</aixm:Airspace>"
    )


def reading(*members: str) -> Reading:
    return read(message(*members), "a.xml")


def zone(*members: str) -> Zone:
    found = reading(*members)
    assert (found.problems, found.warnings) == ([], [])
    return found.zones[0]
