"""What tells the time: that of day, or one that nobody sets; tests and simulation give clocks of their own."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds."""
