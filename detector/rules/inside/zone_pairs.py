"""Zone pairs: what the incursion rule asks of each segment near each zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.arrays import Floats, Mask
from detector.geometry.projection import Theatre
from detector.picture.airspace import Airspace
from detector.picture.look import Picture
from detector.rules.inside.outlying import outlying
from detector.tracks.accuracy import DEFAULT_PERIOD_S
from detector.tracks.fixes import Rows, Segments
from detector.tracks.ghosts import GENTLE_MPS2
from detector.tracks.store import TrackStore


@dataclass(frozen=True, slots=True)
class ZonePairs:
    """The P pairs of a picture with what the rule asks of their tracks, all of shape (P,)."""

    segments: Segments
    picture: Picture
    theatre: Theatre
    row: Rows
    watched: Mask
    landed: Mask
    unsettled: Mask  # it may yet tell who it is, or turn out to be a stray plot
    outlying: Mask  # its last three reports hardly go together
    doubtful: Mask  # or do so in a hard turn only
    period_s: Floats

    @classmethod
    def of(
        cls, segments: Segments, picture: Picture, airspace: Airspace, tracks: TrackStore, settle_s: float
    ) -> ZonePairs:
        """Return the pairs of a picture; who was first heard less than `settle_s` ago may yet tell who it is."""
        row = segments.row[picture.segment]
        landed = tracks.landed(row)
        period_s = segments.now.period_s[picture.segment]
        return cls(
            segments=segments,
            picture=picture,
            theatre=airspace.theatre,
            row=row,
            watched=airspace.watch[tracks.identity[row], picture.zone] & ~landed,
            landed=landed,
            unsettled=segments.first[picture.segment]
            | (tracks.awaits_callsign[row] & (segments.now.time_s[picture.segment] - tracks.heard_s[row] < settle_s)),
            outlying=outlying(segments)[picture.segment],
            doubtful=outlying(segments, GENTLE_MPS2)[picture.segment],
            period_s=np.where(np.isnan(period_s), DEFAULT_PERIOD_S, period_s),
        )

    @property
    def begins_s(self) -> Floats:
        """When each pair's segment begins, (P,)."""
        return self.segments.before.time_s[self.picture.segment]

    @property
    def step_s(self) -> Floats:
        """How long it takes, (P,)."""
        return self.segments.now.time_s[self.picture.segment] - self.begins_s

    def moment(self, fraction: Floats) -> tuple[Floats, Floats, Floats]:
        """Return time, x and y at a fraction of each pair's segment."""
        place_m = self.picture.path.in_plane(self.picture.segment, fraction, self.theatre)
        return self.begins_s + fraction * self.step_s, *place_m
