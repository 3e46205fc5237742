"""What several generative functions ask of their settings."""

from __future__ import annotations

import numpy as np


def not_negative(label: str, value: int) -> int:
    """Return an integer of at least 0, or say what was received."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ValueError(f"{label} must be an integer of at least 0. Received: {value!r}")
    return int(value)


def ends_of(value_range: tuple[float, float]) -> tuple[float, float]:
    """Return the lowest and the highest value of a pixel."""
    low, high = value_range
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"value_range must be (low, high). Received: {value_range!r}")
    return low, high
