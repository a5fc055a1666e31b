"""Real traffic over real borders: incidents, speed, and how far the answer is from shapely's.

Needs the shared recordings (see tests/shared.py). Negatives: three sets over all of Europe's states, callsigns neutral.
Noise: every other recording likewise. Positives: everybody is watched over Switzerland, beside shapely's swept paths.
Speed is of the pipeline and the plain geofence on rows already read; reading costs as much again.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from detector.commands.summary import Summary
from detector.picture.airspace import Airspace
from detector.settings import Settings
from feeds.plots import Plots
from tests.real.compare import differences, reason, stays
from tests.real.recordings import ALL, PARIS, SWISS, UK, countries, incidents, recordings, run, site
from tests.real.swept import Country, paths
from tests.shared import SHARED

warnings.simplefilter("error", RuntimeWarning)


def at(codes: list[str], **properties: object) -> tuple[Settings, Airspace]:
    with tempfile.TemporaryDirectory() as folder:
        return site(Path(folder), codes, **properties)


def timed(settings: Settings, airspace: Airspace, plots: Plots) -> tuple[Summary, float]:
    start_s = time.perf_counter()
    summary = run(settings, airspace, plots)
    return summary, time.perf_counter() - start_s


def row(name: str, where: tuple[Settings, Airspace], plots: Plots) -> Summary:
    summary, took_s = timed(*where, plots)
    recorded_s = summary.last_s - summary.first_s
    geofence = run(*where, plots, geofence=True).geofence_messages
    print(
        f"{name:<42}{len(plots):>9,}{len(summary.last):>10,}{summary.messages:>10,}{geofence:>10,}"
        f"{len(plots) / took_s:>12,.0f}{recorded_s / took_s:>14,.0f}"
    )
    return summary


def show(summary: Summary) -> None:
    for message in incidents(summary):
        spans = ", ".join(f"{f.zone_id} {f.started_at[11:19]}-{(f.ended_at or '')[11:19]}" for f in message.findings)
        print(f"    {message.subject.track_id} {message.subject.callsign}: {message.outcome or 'still open'}; {spans}")


def swept(summary: Summary) -> None:
    country, ours, why = Country(countries()["CHE"]), stays(incidents(summary)), Counter[str]()
    crossings = 0
    for path in paths(recordings()[SWISS]):
        crossings += len(country.crossings_s(path))
        for start_s, end_s, side in differences(country, path, ours[path.track_id]):
            if end_s - start_s >= 0.02:  # shorter: rounding
                found = reason(country, path, start_s, end_s, side)
                why[f"{'inside' if side > 0 else 'outside'} by shapely alone: {found}"] += 1
    print(f"    {crossings:,} crossings by shapely, {sum(map(len, ours.values())):,} stays told")
    for name, count in sorted(why.items()):
        print(f"    {name} {count:,}")


def main() -> None:
    if not (SHARED / "data").exists():
        print(f"{SHARED / 'data'} is absent: nothing measured")
        return
    titles = ("", "plots", "incidents", "messages", "geofence", "plots/s", "x real time")
    print("{:<42}{:>9}{:>10}{:>10}{:>10}{:>12}{:>14}".format(*titles))
    for initial in ("alert", "adopt"):
        europe = at(list(countries()), initial=initial)
        for source in (PARIS, SWISS, UK):
            show(row(f"{source.split(':')[1]}, {initial}", europe, recordings()[source]))
        if initial == "alert":
            for source in sorted(set(recordings()) - {PARIS, SWISS, UK}):
                show(row(source, europe, recordings()[source]))
    for initial in ("alert", "adopt"):
        where = at(["CHE"], initial=initial, watch=ALL)
        summary = row(f"switzerland, everybody watched, {initial}", where, recordings()[SWISS])
        if initial == "alert":
            swept(summary)


if __name__ == "__main__":
    main()
