"""Factors from the units of aviation to SI; the rim multiplies on the way in and divides on the way out."""

from scipy import constants

FOOT_M: float = constants.foot
FLIGHT_LEVEL_M: float = 100 * constants.foot
NAUTICAL_MILE_M: float = constants.nautical_mile
KNOT_MPS: float = constants.knot
FOOT_PER_MINUTE_MPS: float = constants.foot / constants.minute
STANDARD_GRAVITY_MPS2: float = constants.g
