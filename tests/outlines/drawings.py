"""What drawings mean, told by other means than the detector's."""

import numpy as np

from detector.airspace.zones import Ring, Zone


def winding(outline: Ring, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """How often a ring winds around places, by the angles at which these see its lines."""
    seen = np.angle((outline[:, :1] - lon) + 1j * (outline[:, 1:] - lat))
    return np.round(((np.diff(seen, axis=0) + np.pi) % (2 * np.pi) - np.pi).sum(axis=0) / (2 * np.pi)).astype(int)


def meant(zone: Zone, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """What parts enclose without what their holes do."""
    inside = np.zeros(len(lon), dtype=bool)
    for shell, *holes in zone.polygons:
        inside |= (winding(shell, lon, lat) != 0) & ~np.any([winding(hole, lon, lat) for hole in holes], axis=0)
    return inside
