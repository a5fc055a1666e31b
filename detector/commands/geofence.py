"""A plain enter/exit geofence on the same zones: what a user's tools send today, counted beside what is sent here."""

from __future__ import annotations

import numpy as np

from detector.picture.airspace import Airspace
from feeds.plots import Plots, concatenate


class PlainGeofence:
    """Counts a message whenever a position lies in a zone that the position before did not lie in, or the reverse."""

    def __init__(self, airspace: Airspace) -> None:
        self._airspace = airspace
        self._last: Plots | None = None  # one plot a track
        self.messages = 0

    def take(self, plots: Plots) -> None:
        """Count the messages of N plots in time order."""
        if not len(plots):
            return
        known = self._last
        whole = plots if known is None else concatenate([known, plots])
        _, track = np.unique(whole.track_id.astype(str), return_inverse=True)
        order = np.argsort(track, kind="stable")
        whole, track = whole.take(order), track[order]
        carried = order < (0 if known is None else len(known))
        begins = np.diff(track, prepend=-1) != 0

        n_zones = len(self._airspace)
        at, zone = self._airspace.index.inside(*self._airspace.theatre.project(whole.lon_deg, whole.lat_deg))
        key = at * n_zones + zone
        stayed = np.isin(key - n_zones, key) & ~begins[at]
        entered = ~stayed & ~(carried[at])
        ends = np.append(begins[1:], True)
        left = ~np.isin(key + n_zones, key) & ~ends[at]
        self.messages += int(entered.sum() + left.sum())
        self._last = whole.take(ends)
