"""XML of zone files: parsed by defusedxml, its elements found by name in whatever namespace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def parse(data: bytes, expected: str) -> Element:
    """Return the root of a document. Raises ValueError if it is none, declares entities, or defusedxml is missing."""
    try:
        from defusedxml import ElementTree
    except ImportError as error:
        raise ValueError('defusedxml is missing, expected it installed: pip install "incursiond[zones]"') from error
    try:
        root: Element = ElementTree.fromstring(data, forbid_dtd=True)
    except ElementTree.ParseError as error:
        raise ValueError(f"{error}, expected {expected}") from error
    except (ValueError, LookupError) as error:  # a document type, entities; an encoding nobody knows
        raise ValueError(f"{error}, expected {expected} without a document type, in UTF-8") from error
    return root


def named(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the elements at the end of a path of names, in their order."""
    for child in element:
        if named(child) == names[0]:
            if names[1:]:
                yield from children(child, *names[1:])
            else:
                yield child


def child(element: Element, *names: str) -> Element | None:
    """Return the first element at the end of a path of names."""
    return next(children(element, *names), None)


def text(element: Element | None, *names: str) -> str:
    """Return what an element, or the first at the end of a path of names, says on one line; "" where there is none."""
    found = child(element, *names) if element is not None and names else element
    return " ".join((found.text or "").split()) if found is not None else ""
