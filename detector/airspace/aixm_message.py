"""An AIXM 5.1 message: its features, the state of each that holds, and what refers to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from detector.airspace.draft import shown
from detector.airspace.xmltree import child, children, named, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

HREF = "{http://www.w3.org/1999/xlink}href"


class Message:
    """The elements of one document, by gml:id and, features, by their identifier."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self._targets: dict[str, Element] = {}
        for element in root.iter():
            for key, value in element.attrib.items():
                if key.endswith("}id"):
                    self._targets[f"#{value}"] = element
            if identifier := text(element, "identifier"):
                self._targets[f"urn:uuid:{identifier}"] = element

    def follow(self, holder: Element) -> Element:
        """Return the element that a property holds or refers to. Raises ValueError if it is not one in the message."""
        reference = holder.get(HREF)
        if (several := len(holder) + (reference is not None)) > 1:
            raise ValueError(f"{named(holder)}: holds or refers to {several} things, expected one")
        target = next(iter(holder), None) if reference is None else self._targets.get(reference)
        if target is None:
            missing = "holds nothing" if reference is None else f"{shown(reference)} is not in this file"
            raise ValueError(f"{named(holder)}: {missing}, expected what it refers to in this file")
        return target


def features(root: Element, name: str) -> list[Element]:
    """Return the features of a name, in order."""
    return [element for element in root.iter() if named(element) == name and child(element, "timeSlice") is not None]


def baseline(feature: Element) -> Element | None:
    """Return the timeslice that holds: of the BASELINEs that of the latest sequence and correction, if there is one."""
    return next(iter(baselines(feature)), None)


def baselines(feature: Element) -> list[Element]:
    """Return the BASELINE timeslices, the latest first, without those that others correct."""
    slices = [each for holder in children(feature, "timeSlice") for each in holder]
    lasting = [each for each in slices if text(each, "interpretation") == "BASELINE"]
    lasting = sorted(lasting, key=_version)[::-1]  # of equals, that which the file has last first
    correction_of: dict[int, int] = {}
    return [each for each in lasting if correction_of.setdefault(*_version(each)) == _version(each)[1]]


def validity(timeslice: Element) -> str:
    """Return from when until when a timeslice holds, as it says, for messages."""
    ends = [text(timeslice, "validTime", "TimePeriod", f"{end}Position") for end in ("begin", "end")]
    return "/".join(end or ".." for end in ends)


def _version(timeslice: Element) -> tuple[int, int]:
    sequence, correction = (text(timeslice, f"{each}Number") for each in ("sequence", "correction"))
    return int(sequence) if sequence.isdecimal() else 0, int(correction) if correction.isdecimal() else 0
