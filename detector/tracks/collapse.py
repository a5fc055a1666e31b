"""Collapse: who knew well where it is says that it knows no more, from one report to the next.

The navigation accuracy category of an aircraft whose satellite signal is jammed (NACp; RTCA DO-260B, 2.2.3.2.7.1.3.8)
falls from 8 and more (0.05 NM) to 4 and less (1 NM), or to 0. Those of old equipment are always poor. The integrity
category (NIC) speaks for who never tells the other: rebroadcast by ground stations, it drops to 0 every few minutes.
"""

from __future__ import annotations

import numpy as np

from detector.arrays import Floats, Mask, Small
from detector.tracks.columns import Columns
from detector.tracks.fixes import Rows

GOOD, USELESS = 8, 4
STEADY = 4  # good reports in succession before it falls
SUDDEN_S = 60.0  # from good to useless; slower, it is no collapse


class Collapse(Columns):
    """What has become of the two categories of C tracks."""

    def __init__(self, capacity: int) -> None:
        self.lost = np.zeros(capacity, dtype=bool)  # as the last report says
        self.category = np.zeros(capacity, dtype=np.int8)  # in the last report
        self._fallen = np.zeros((capacity, 2), dtype=bool)  # NACp, NIC
        self._told = np.zeros(capacity, dtype=bool)  # NACp, once at least
        self._good = np.zeros((capacity, 2), dtype=np.intp)  # reports in succession, useless ones apart
        self._good_s = np.zeros((capacity, 2))  # the last of them

    def judge(self, rows: Rows, first: Mask, time_s: Floats, nac_p: Small, nic: Small) -> None:
        """Take one report of each of M tracks. `first`: none compares with it."""
        new = rows[first]
        self._fallen[new], self._good[new], self._told[new] = False, 0, False
        self._told[rows] |= nac_p >= 0
        category = np.column_stack([nac_p, nic])
        good, useless = category >= GOOD, (category >= 0) & (category <= USELESS)
        lately = time_s[:, None] - self._good_s[rows] <= SUDDEN_S
        falls = useless & (self._good[rows] >= STEADY) & lately
        self._fallen[rows] = (self._fallen[rows] | falls) & ~good
        self._good[rows] = np.where(good, self._good[rows] + 1, np.where(useless, 0, self._good[rows]))
        self._good_s[rows] = np.where(good, time_s[:, None], self._good_s[rows])
        told = self._told[rows]
        self.category[rows] = np.where(told, nac_p, nic)
        self.lost[rows] = np.where(told, *(self._fallen[rows] & useless).T)
