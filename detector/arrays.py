"""Arrays: what they are called. Shapes stand in brackets where arrays are described."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Small = NDArray[np.int8]
Texts = NDArray[np.object_]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]
