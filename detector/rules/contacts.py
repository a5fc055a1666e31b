"""Contacts: what is remembered of each (track, zone) pair between reports. A pair not held is outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.arrays import Floats, Mask
from detector.tracks.fixes import Rows, Segments

Records = NDArray[np.void]

Transform = Callable[[Floats, Floats], tuple[Floats, Floats]]

SPOKEN, SILENT, MUTE = 0, 1, 2  # said aloud; followed without a word until it leaves; ignored as long as it lives

RECORD = np.dtype(
    [
        ("key", "i8"),  # track row * Z + zone
        ("inside", "?"),  # what has been decided
        ("lost", "?"),  # the track has been lost since, and not been heard inside again
        ("evidence", "f8"),  # log-odds gathered against that
        ("since_s", "f8"),  # when the change that the evidence speaks for took place
        ("since_x_m", "f8"),
        ("since_y_m", "f8"),
        ("heard_inside", "?"),  # it was inside when first heard or first watched: nobody saw it enter
        ("voice", "i1"),  # SPOKEN, SILENT, MUTE
        ("depth_m", "f8"),  # greatest so far, while inside or on the way to being so
        ("depth_sigma_m", "f8"),
        ("deepest_s", "f8"),  # when and where that was
        ("deepest_x_m", "f8"),
        ("deepest_y_m", "f8"),
        ("last_depth_m", "f8"),  # at the last report
        ("sinking", "?"),  # and it was deeper then than at the one before
        ("log_odds", "f8"),  # the surest so far
        ("ended_s", "f8"),  # when and where the last stay ended
        ("ended_x_m", "f8"),
        ("ended_y_m", "f8"),
    ]
)


def blank(key: Rows) -> Records:
    """Return records of pairs that are outside and always were."""
    records = np.zeros(len(key), dtype=RECORD)
    records["key"] = key
    records["ended_s"] = -np.inf
    records["log_odds"] = -np.inf
    records["last_depth_m"] = -np.inf
    return records


@dataclass(slots=True)
class Contacts:
    """Records sorted by key."""

    n_zones: int
    records: Records = field(default_factory=lambda: blank(np.empty(0, dtype=np.intp)))

    @property
    def row(self) -> Rows:
        """Of which track each record is."""
        row: Rows = self.records["key"] // self.n_zones
        return row

    @property
    def zone(self) -> Rows:
        """And of which zone."""
        zone: Rows = self.records["key"] % self.n_zones
        return zone

    def asked(self, segments: Segments, n_rows: int) -> tuple[Rows, Rows]:
        """Return the (segment, zone) pairs remembered of the segments' tracks."""
        segment_of = np.full(n_rows, -1)
        segment_of[segments.row] = np.arange(len(segments.row))
        segment = segment_of[self.row]
        known = segment >= 0
        return segment[known], self.zone[known]

    def get(self, key: Rows) -> Records:
        """Return a copy of the records of these pairs, blank ones where nothing is remembered."""
        found = blank(key)
        at = np.searchsorted(self.records["key"], key)
        known = np.flatnonzero(at < len(self.records))
        known = known[self.records["key"][at[known]] == key[known]]
        found[known] = self.records[at[known]]
        return found

    def stays(self, n_rows: int, forbidden: Mask) -> Rows:
        """Return the zone that each track has been told to be in, by row, rather a forbidden one (Z,); -1: none."""
        said = self.records["inside"] & (self.records["voice"] == SPOKEN)
        row, zone = self.row[said], self.zone[said]
        order = np.argsort(forbidden[zone], kind="stable")  # of several the last is kept
        stays = np.full(n_rows, -1)
        stays[row[order]] = zone[order]
        return stays

    def ignored(self, rows: Rows, zones: Rows) -> Mask:
        """Tell which of P tracks their zones ignore for ever, (P,)."""
        ignored: Mask = self.get(rows * self.n_zones + zones)["voice"] == MUTE
        return ignored

    def put(self, records: Records, keep: Mask) -> None:
        """Replace the records of these pairs (keys sorted); those not kept are forgotten."""
        others = self.records[~np.isin(self.records["key"], records["key"], assume_unique=True)]
        merged = np.concatenate([others, records[keep]])
        self.records = merged[np.argsort(merged["key"], kind="stable")]

    def close(self, zones: Sequence[int], time_s: float) -> None:
        """End every stay in zones that have closed, and what speaks for one."""
        self._end(np.isin(self.zone, zones), time_s)

    def end(self, keys: Rows, time_s: float) -> None:
        """End stays, by their keys."""
        self._end(np.isin(self.records["key"], keys), time_s)

    def _end(self, of: Mask, time_s: float) -> None:
        self.records["ended_s"][of & self.records["inside"]] = time_s
        self.records["inside"][of] = self.records["lost"][of] = False
        self.records["evidence"][of] = 0.0

    def moved(self, zone_now: list[int], n_zones: int, transform: Transform) -> Contacts:
        """Return the contacts among other zones, in the plane of another theatre; `zone_now` is -1 for a zone gone."""
        zone = np.array(zone_now, dtype=np.intp)[self.zone]
        records = self.records[zone >= 0].copy()
        records["key"] = self.row[zone >= 0] * n_zones + zone[zone >= 0]
        for when in ("since", "deepest", "ended"):
            x_m, y_m = transform(records[f"{when}_x_m"], records[f"{when}_y_m"])
            records[f"{when}_x_m"], records[f"{when}_y_m"] = x_m, y_m
        return Contacts(n_zones, np.sort(records, order="key"))

    def lose(self, rows: Rows) -> None:
        """Keep of lost tracks only that they are inside, until when they were, and whom their zones ignore."""
        gone, inside, mute = np.isin(self.row, rows), self.records["inside"], self.records["voice"] == MUTE
        self.records["lost"][gone & inside] = True
        over = gone & ~inside & ~mute & (self.records["ended_s"] > -np.inf)
        left = blank(self.records["key"][over])
        for name in ("ended_s", "ended_x_m", "ended_y_m"):
            left[name] = self.records[name][over]
        self.records[over] = left
        self.records = self.records[~gone | inside | mute | over]

    def forget(self, rows: Rows) -> None:
        """Drop everything remembered of these tracks."""
        self.records = self.records[~np.isin(self.row, rows)]
