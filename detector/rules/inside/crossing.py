"""Whether a path crossed a zone however its reports erred: what a strip shows that is thinner than they are known to.

Inside such a strip no point is surely inside; yet who was on one side of it and is on the other has been in it. A path
that crosses the zone still when it is shifted by k sigma to either side, ahead and back did so with probability
2 Phi(k) - 1 at least.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from detector.arrays import Floats, Mask
from detector.picture.airspace import Airspace
from detector.picture.look import Picture
from detector.rules.evidence import log_odds_inside
from detector.tracks.fixes import Rows
from detector.tracks.parabola import LastSteps


def log_odds_crossed(picture: Picture, airspace: Airspace, which: Rows, sigma_m: Floats, probability: float) -> Floats:
    """Return of J stretches the log-odds that it was between floor and ceiling, if anyhow crossed; else -inf."""
    crossed = np.flatnonzero(_crossed_anyhow(picture, airspace, which, sigma_m * ndtri((1 + probability) / 2)))
    pair, middle = picture.pair[which[crossed]], (picture.enters + picture.leaves)[which[crossed]] / 2
    point = picture.path.at(picture.segment[pair], middle)
    margins = airspace.margins(point.pressure_alt_m, point.geo_alt_m, picture.zone[pair])
    odds = np.full(len(which), -np.inf)
    odds[crossed] = log_odds_inside(np.full(len(crossed), ndtri(probability) + 1e-9), *margins)
    return odds


def _crossed_anyhow(picture: Picture, airspace: Airspace, which: Rows, off_m: Floats) -> Mask:
    """Tell whose ways through three reports cross the zones of their stretches also if shifted to any side, (J,)."""
    pair = picture.pair[which]
    ways, zone = LastSteps.of(picture.path, picture.segment[pair]), picture.zone[pair]
    pieces = [(path, *path.pieces()) for path in (ways.before, ways.now)]
    of = np.concatenate([of for _, of, _, _ in pieces])
    x0_m, y0_m = np.hstack([path.in_plane(of, start, airspace.theatre) for path, of, start, _ in pieces])
    x1_m, y1_m = np.hstack([path.in_plane(of, end, airspace.theatre) for path, of, _, end in pieces])
    s = ways.now.segments
    ahead = np.stack([s.now.x_m - s.before.x_m, s.now.y_m - s.before.y_m])
    ahead *= off_m / np.maximum(np.hypot(*ahead), 1e-9)
    aside = np.stack([-ahead[1], ahead[0]])
    x_m, y_m = np.stack([ahead, -ahead, aside, -aside], axis=1)[:, :, of]  # (4, pieces) each
    places = (place_m + by_m for place_m, by_m in ((x0_m, x_m), (y0_m, y_m), (x1_m, x_m), (y1_m, y_m)))
    _, (shifted, cut, _) = airspace.index.trace(*(place_m.ravel() for place_m in places))
    side, piece = np.divmod(shifted, len(of))
    crossed = np.zeros((4, len(which)), dtype=bool)
    here = cut == zone[of[piece]]
    crossed[side[here], of[piece[here]]] = True
    return np.logical_and.reduce(crossed)
