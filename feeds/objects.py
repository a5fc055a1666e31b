"""JSON reports: an object, or an array of them, with the column names of the tracks table, to plots."""

from __future__ import annotations

from collections import Counter

import msgspec

from feeds.plots import Plots, concatenate
from feeds.table import COLUMNS, Rejected, columns_to_plots

_TEXT = {None: "", True: "true", False: "false"}


def payload_to_plots(payload: bytes | bytearray) -> tuple[Plots, Rejected]:
    """Return the readable reports of a payload, in their order, and the others counted by reason.

    Values are numbers or texts, as in a row of the table; null and a missing name mean "not known".
    """
    try:
        decoded = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return concatenate([]), Counter({"payload: not JSON": 1})
    reports = decoded if isinstance(decoded, list) else [decoded]
    objects = [report for report in reports if isinstance(report, dict)]
    flat = [report for report in objects if not any(isinstance(report.get(name), list | dict) for name in COLUMNS)]
    plots, rejected = columns_to_plots({name: [_cell(report.get(name)) for report in flat] for name in COLUMNS})
    rejected["payload: not an object"] += len(reports) - len(objects)
    rejected["payload: an array or object for a value"] += len(objects) - len(flat)
    return plots, +rejected


def _cell(value: str | float | bool | None) -> str:
    if isinstance(value, str):
        return value
    return _TEXT[value] if value is None or isinstance(value, bool) else repr(value)
