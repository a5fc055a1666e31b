"""What the thresholds in tables of rules may be."""

from typing import Annotated

import msgspec

from detector.tracks.trail import LONGEST_S

SHORTEST_PATIENCE_S = 15.0  # of the core: none of its deadlines may be both set and due within a shorter time

Surely = Annotated[float, msgspec.Meta(gt=0.5, lt=1, description="a probability above 0.5 and below 1")]
NotNegative = Annotated[float, msgspec.Meta(ge=0, description="a number, 0 or more")]
Count = Annotated[int, msgspec.Meta(ge=2, description="a whole number, 2 or more")]
Angle = Annotated[float, msgspec.Meta(gt=0, lt=90, description="an angle above 0 and below 90 degrees")]
Span = Annotated[
    float, msgspec.Meta(ge=60, le=LONGEST_S, description=f"a number of seconds from 60 to {LONGEST_S:.0f}")
]
