"""The index against shapely on every polygon of Natural Earth's 10 m set: a million places and a million paths.

Needs the shared data (see tests/shared.py). Half of the places, and of the starts of paths of 100 m to 30 km, are
spread over the Earth, half lie 0.1 mm to 10 km off a border. "In the plane" both sides have the same pieces of borders,
and may differ within 1 mm of one; "as drawn" shapely has the file's own lines in degrees, from which pieces stray by
CHORD_ERROR_M. "Beyond" counts the differences farther off than that, of which there should be none.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from detector.geometry.edges import CHORD_ERROR_M
from tests.geometry.rivals import Comparison, Rivals, anywhere, near_borders, onwards
from tests.geometry.world import WORLD, compiled, reading
from tests.shared import SHARED

SEED, PIECE = 1, 100_000


def main(total: int = 1_000_000) -> int:
    if not (SHARED / "data" / WORLD).exists():
        print(f"{SHARED / 'data' / WORLD} is absent: nothing compared")
        return 0
    start_s = time.perf_counter()
    rivals, rng = Rivals(reading().zones, compiled()), np.random.default_rng(SEED)
    print(f"{len(rivals.zones)} countries, {len(rivals.compiled.edges):,} pieces, seed {SEED}")
    found: dict[tuple[str, float], list[Comparison]] = {}
    for _ in range(0, total, PIECE):
        half = min(total, PIECE) // 2
        lon, lat = np.concatenate([anywhere(rng, half), near_borders(rng, rivals.zones, half)], axis=1)
        x_m, y_m = rivals.compiled.theatre.project(lon, lat)
        on_plane = np.isfinite(x_m)
        ends = x_m[on_plane], y_m[on_plane]
        for name, tolerance_m, comparison in (
            ("inside, in the plane", 1e-3, rivals.inside(lon, lat)),
            ("inside, as drawn", CHORD_ERROR_M, rivals.inside(lon, lat, in_degrees=True)),
            ("crossings, in the plane", 1e-3, rivals.crossings(*ends, *onwards(rng, *ends))),
        ):
            found.setdefault((name, tolerance_m), []).append(comparison)
    print(f"{'':<26}{'asked':>12}{'answers':>12}{'differ':>10}{'beyond':>10}{'farthest':>18}")
    wrong = sum([row(name, tolerance_m, parts) for (name, tolerance_m), parts in found.items()])
    print(f"{time.perf_counter() - start_s:.0f} s")
    return int(wrong > 0)


def row(name: str, tolerance_m: float, parts: list[Comparison]) -> int:
    off_m = np.concatenate([part.off_m for part in parts])
    beyond = int((off_m > tolerance_m).sum())
    asked, answers = (sum(getattr(part, key) for part in parts) for key in ("asked", "answers"))
    farthest = f"{off_m.max() * 1e3:.6f} mm" if len(off_m) else "-"
    print(f"{name:<26}{asked:>12,}{answers:>12,}{len(off_m):>10,}{beyond:>10,}{farthest:>18}")
    return beyond


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
