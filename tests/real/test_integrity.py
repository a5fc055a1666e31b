"""What recorded traffic does with its positions."""

import numpy as np

from detector.geometry.projection import earth_centred
from detector.tracks.fixes import Fixes
from detector.tracks.stillness import Stillness
from feeds.plots import Plots
from tests.real.recordings import recordings

WRONG_TIMES = "traffic:noisy/noisy_time_issue"
FORGOTTEN_S = 420.0


def frozen(plots: Plots) -> tuple[set[str], float]:
    """Return who is frozen at some time, wherever that is, and the hours for which aircraft were heard."""
    names, row = np.unique(plots.track_id.astype(str), return_inverse=True)
    order = np.lexsort((plots.time_s, row))
    plots, row = plots.take(order), row[order]
    new, step_s = np.diff(row, prepend=-1) != 0, np.diff(plots.time_s, prepend=-np.inf)
    begins = np.flatnonzero(new)
    turn = np.arange(len(row)) - np.repeat(begins, np.diff(begins, append=len(row)))
    unknown, earth_m = np.full(len(row), np.nan), earth_centred(plots.lon_deg, plots.lat_deg)
    fixes = Fixes(
        plots.time_s, unknown, unknown, earth_m, unknown, plots.baro_alt_m, plots.geo_alt_m, unknown,
        plots.gs_mps, plots.track_deg, plots.vrate_mps,
    )  # fmt: skip
    still, found = Stillness(len(names)), set()
    by_turn = np.argsort(turn, kind="stable")
    for each in np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1):
        at = each[new[each] | (step_s[each] > 0)]
        first = new[at] | (step_s[at] > FORGOTTEN_S)
        found |= set(names[row[at[still.judge(row[at], first, fixes.take(at), plots.on_ground[at])]]].tolist())
    return found, float(step_s[~new & (step_s < 60)].sum()) / 3600


def test_of_all_recordings_one_has_positions_that_stay_on_the_spot():
    found = {source: frozen(plots) for source, plots in recordings().items()}
    assert sum(hours for _, hours in found.values()) > 450
    assert {source: names for source, (names, _) in found.items() if names} == {WRONG_TIMES: {"4b1815"}}
