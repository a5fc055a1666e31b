"""When an AIXM airspace is active: its timesheets as the windows of a GeoJSON zone.

Source: the AIXM 5.1.1 logical model (AirspaceActivation, Timesheet). A zone is active for no less than its file says:
whatever may be activated counts as active, and timesheets that only a calendar or the sun could tell are not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from detector.airspace import schedule
from detector.airspace.xmltree import child, children, named, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ALWAYS = "00:00-24:00"
PLAIN = {"timeReference": "UTC", "excluded": "NO", "daylightSavingAdjust": "NO"}
READ = {*PLAIN, "day", "startTime", "endTime", "startDate", "endDate"}


def windows(timeslice: Element) -> list[str]:
    """Return the windows in which an airspace is active, none for always. Raises ValueError if they are not plain."""
    activations = list(children(timeslice, "activation", "AirspaceActivation"))
    sheets = [list(children(activation, "timeInterval", "Timesheet")) for activation in activations]
    if all(child(activation, "timeInterval") is None for activation in activations):
        return []
    if not all(sheets):
        raise ValueError("an activation without a Timesheet, expected one in each or in none")
    if any(text(activation, "status") == "INACTIVE" for activation in activations):
        raise ValueError("times of being inactive, expected those of being active")
    found = [_window(sheet) for each in sheets for sheet in each]
    return [] if ALWAYS in found else found


def _window(sheet: Element) -> str:
    said = {named(each): text(each) for each in sheet if text(each)}
    if not said.keys() <= READ or any(said.get(name, plain) != plain for name, plain in PLAIN.items()):
        raise ValueError(f"expected no more than {', '.join(sorted(READ))}, in UTC the year round")
    if ("startTime" in said) != ("endTime" in said):
        raise ValueError("a start or an end alone, expected both or none")
    hours = f"{said.get('startTime', '00:00')}-{said.get('endTime', '24:00')}"
    hours = ALWAYS if hours == "00:00-00:00" else hours
    day = said.get("day", "ANY")
    season = "/".join(_month_day(said[name]) for name in ("startDate", "endDate") if name in said)
    window = " ".join(word for word in (season, "" if day == "ANY" else day, hours) if word)
    if window != ALWAYS and "timeReference" not in said:
        raise ValueError("no timeReference, expected UTC")
    schedule.parse(window)
    return window


def _month_day(date: str) -> str:
    if not (match := re.fullmatch(r"(\d\d)-(\d\d)", date)):
        raise ValueError("a date that is no day and month")
    return f"{match[2]}-{match[1]}"
